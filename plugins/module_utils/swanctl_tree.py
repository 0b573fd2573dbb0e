# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that swanctl would read on this host: the main file, what it includes, and what its references add."""

from __future__ import annotations

import fnmatch
import glob
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ansible_collections.causeway.ipsec.plugins.module_utils.swanctl_conf import (
    ConfigError,
    Parser,
    Section,
    read_file,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_REFERENCE_DEPTH = 16


@dataclass
class Tree:
    """The sections of all files together, and which files they came from."""

    root: Section
    files: list[str] = field(default_factory=list)


def read_tree(main: str, substitutes: Mapping[str, str]) -> Tree:
    """Parse `main` and its includes, each substitute's text standing for the file of that path, on disk or not yet."""
    files: list[str] = []

    def included(pattern: str, place: str) -> Iterator[tuple[str, str]]:
        for path in _matching(str(Path(place.rpartition(":")[0]).parent / pattern), substitutes):
            text = _text_of(path, substitutes)
            if text is not None:
                files.append(path)
                yield path, text

    try:
        text = read_file(main)
    except OSError as exc:
        raise ConfigError(
            f"{main}: cannot be read ({exc.strerror}), so swanctl would load nothing at the next boot. "
            "Reinstall it: apt-get install --reinstall -o Dpkg::Options::=--force-confmiss "
            "strongswan-swanctl"
        ) from exc
    files.append(main)
    return Tree(Parser(included).parse(main, text), files)


def _matching(pattern: str, substitutes: Mapping[str, str]) -> list[str]:
    """Return the sorted paths that glob(3) finds, and those of ours that it will find once they are written."""
    ours = {Path(path).resolve(): path for path in substitutes}
    found = glob.glob(pattern)  # noqa: PTH207 - Path.glob takes no absolute pattern
    named = {ours.get(Path(path).resolve(), path) for path in found}
    return sorted(named | {path for path in substitutes if _fits(path, pattern)})


def _fits(path: str, pattern: str) -> bool:
    """Whether a path that need not exist matches; unlike in fnmatch a star does not cross a slash."""
    ours, theirs = (Path(os.path.normpath(each)).parts for each in (path, pattern))
    return len(ours) == len(theirs) and all(fnmatch.fnmatchcase(a, b) for a, b in zip(ours, theirs))


def _text_of(path: str, substitutes: Mapping[str, str]) -> str | None:
    """Return the text of a file; None for what swanctl skips (a directory, an unreadable file)."""
    if path in substitutes:
        return substitutes[path]
    try:
        return read_file(path) if Path(path).is_file() else None
    except OSError:
        return None


def resolved(root: Section, section: Section) -> Section:
    """Return the section with what its references add: its own values win, then those of the first reference."""
    return _resolved(root, [section], 0)


def _resolved(root: Section, layers: list[Section], depth: int) -> Section:
    if depth > MAX_REFERENCE_DEPTH:
        raise ConfigError(
            f"{_place(layers)}: sections refer to each other more than {MAX_REFERENCE_DEPTH} deep; "
            "does one refer to itself?"
        )
    layers = _with_references(root, layers)
    merged = Section(places=[place for layer in layers for place in layer.places])
    for layer in layers:
        for key, value in layer.values.items():
            merged.values.setdefault(key, value)
    for name in dict.fromkeys(name for layer in layers for name in layer.sections):
        inner = [layer.sections[name] for layer in layers if name in layer.sections]
        merged.sections[name] = _resolved(root, inner, depth + 1)
    return merged


def _with_references(root: Section, layers: list[Section]) -> list[Section]:
    """Return the sections, each followed by those that it refers to, each once: a circle ends by itself."""
    found: list[Section] = []
    pending = list(layers)
    while pending:
        layer = pending.pop(0)
        if not any(layer is other for other in found):
            found.append(layer)
            targets = (_at(root, reference) for reference in layer.references)
            pending[:0] = [target for target in targets if target is not None]
    return found


def _at(root: Section, path: str) -> Section | None:
    current: Section | None = root
    for name in path.split("."):
        current = current.sections.get(name) if current else None
    return current


def _place(layers: list[Section]) -> str:
    return next((place for layer in layers for place in layer.places), "swanctl.conf")
