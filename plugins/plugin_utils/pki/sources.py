# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where certificates and keys come from: text in the topology, or files on the controller."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ..topology.authentication import PEM

if TYPE_CHECKING:
    from collections.abc import Callable


class SourceError(ValueError):
    """A text cannot be had or is not what it should be; the message shows nothing of it."""


class ContentError(ValueError):
    """What a text is, in place of what it should be; the message begins with a verb."""


Thing = TypeVar("Thing")


class Sources:
    """Reads what a topology names; a path is relative to the directory of the inventory.

    ``decrypt`` turns what a file of a path holds into clear text, if it is in a vault; ``refuse`` says why a file is
    where none may be, or nothing.
    """

    def __init__(
        self, directory: Path, decrypt: Callable[[Path, bytes], bytes], refuse: Callable[[Path], str] = lambda _path: ""
    ) -> None:
        self._directory = directory
        self._decrypt = decrypt
        self._refuse = refuse
        self._texts: dict[str, str] = {}

    def read(self, source: str) -> str:
        """The text in PEM form; SourceError where there is none."""
        if source.lstrip().startswith(PEM):
            return source
        if source not in self._texts:
            self._texts[source] = self._file(source)
        return self._texts[source]

    def load(self, source: str, parse: Callable[[str], Thing]) -> Thing:
        """What a source's text stands for; SourceError, with the source's name, where that cannot be had."""
        try:
            return parse(self.read(source))
        except ContentError as error:
            raise SourceError(f"{named(source)}{error}") from error

    def _file(self, source: str) -> str:
        path = self._directory / Path(source).expanduser()
        if wrong := self._refuse(path):
            raise SourceError(wrong)
        try:
            return self._decrypt(path, path.read_bytes()).decode("utf-8")
        except OSError as error:
            raise SourceError(f"{path} cannot be read ({error.strerror}).") from error
        except UnicodeDecodeError as error:
            raise SourceError(f"{path} is not text in PEM form (openssl x509 -inform DER converts it).") from error


def named(source: str) -> str:
    """What a message calls a source; never its text."""
    return "" if source.lstrip().startswith(PEM) else f"{source}: "
