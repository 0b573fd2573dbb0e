# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads one mapping of what a user wrote; notes what is wrong and goes on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sized
from typing import Final

from .problems import Problem, shown, unknown_keys

LONGEST_NAME: Final = 255
LONGEST_LABEL: Final = 80
MOST_ENTRIES: Final = 100_000  # of one list or mapping: each costs time, and a problem of its own if all are wrong
ROOT: Final = "ipsec_topology"  # the path of what concerns the topology as a whole


def label(name: object, fallback: object) -> str:
    """What stands in the brackets of a path: the name when it can be read there."""
    return name if isinstance(name, str) and 0 < len(name) <= LONGEST_LABEL and name.isprintable() else str(fallback)


def bad_text(value: object, most: int = LONGEST_NAME) -> str:
    """What keeps a value from being a name or a line of text; empty if nothing does."""
    if not isinstance(value, str):
        return f"must be text, got {shown(value)}; put it in quotes."
    if not 1 <= len(value) <= most:
        return f"must have 1 to {most} characters, got {len(value)}."
    if not value.isprintable() or value != value.strip():
        return f"{shown(value)} has control characters or blanks at an end; remove them."
    return ""


class Entry:
    """A mapping at a path. Null is the same as absent, as elsewhere in YAML."""

    def __init__(self, raw: object, path: str, known: tuple[str, ...], problems: list[Problem]) -> None:
        self.path = path
        self.problems = problems
        self.ok = isinstance(raw, Mapping)
        self._raw: Mapping[object, object] = raw if isinstance(raw, Mapping) else {}
        self.given = {key for key, value in self._raw.items() if isinstance(key, str) and value is not None}
        if not self.ok:
            self.say("", f"must be a mapping with the keys {', '.join(known)}, got {shown(raw)}.")
        elif not self._raw.keys() <= set(known):
            problems.extend(unknown_keys(path or ROOT, self._raw, known))

    def say(self, key: str, message: str) -> None:
        self.problems.append(Problem(self.at(key), message))

    def at(self, key: str) -> str:
        """The path of one of its keys; its own for no key."""
        return ".".join(part for part in (self.path, key) if part) or ROOT

    def get(self, key: str) -> object:
        return self._raw.get(key)

    def missing(self, key: str, remedy: str) -> bool:
        """Whether a key that is needed is absent; then that is said, but not of what is no mapping at all."""
        if self._raw.get(key) is not None:
            return False
        if self.ok:
            self.say(key, f"missing; {remedy}")
        return True

    def text(self, key: str, most: int = LONGEST_NAME) -> str | None:
        value = self._raw.get(key)
        if value is None:
            return None
        wrong = bad_text(value, most)
        if wrong:
            self.say(key, wrong)
            return None
        return str(value)

    def prose(self, key: str, most: int) -> str:
        """Text for people, of any number of lines, as one line."""
        value = self._raw.get(key)
        if value is None:
            return ""
        line = " ".join(value.split()) if isinstance(value, str) else value
        wrong = bad_text(line, most) if line != "" else ""
        if wrong:
            self.say(key, wrong)
            return ""
        return str(line)

    def flag(self, key: str) -> bool:
        value = self._raw.get(key)
        if value is not None and not isinstance(value, bool):
            self.say(key, f"must be true or false, got {shown(value)}.")
        return value is True

    def number(self, key: str, least: int, most: int) -> int | None:
        value = self._raw.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.say(key, f"must be a whole number from {least} to {most}, got {shown(value)}.")
            return None
        return value

    def items(self, key: str, what: str) -> list[object]:
        value = self._raw.get(key)
        if value is None:
            return []
        if not isinstance(value, (list, tuple)):
            self.say(key, f"must be a list of {what}, got {shown(value)}.")
            return []
        return list(value) if self._few(key, value) else []

    def named(self, key: str, what: str) -> Iterator[tuple[str, str, object]]:
        """The pairs of a mapping: name, path and value of each whose name is one."""
        value = self._raw.get(key)
        if value is not None and not isinstance(value, Mapping):
            self.say(key, f"must be a mapping from {what}, got {shown(value)}.")
        if not isinstance(value, Mapping) or not self._few(key, value):
            return
        for index, (name, item) in enumerate(value.items()):
            wrong = bad_text(name)
            if wrong:
                self.say(key, f"name of entry {index + 1} {wrong}" if isinstance(name, str) else f"a name {wrong}")
            else:
                yield name, f"{self.at(key)}[{label(name, index)}]", item

    def _few(self, key: str, value: Sized) -> bool:
        """Whether there are no more entries than can be looked at one by one; else that is said, and they are not."""
        if len(value) > MOST_ENTRIES:
            self.say(key, f"{len(value)} entries; at most {MOST_ENTRIES} can be planned. Split the topology.")
        return len(value) <= MOST_ENTRIES
