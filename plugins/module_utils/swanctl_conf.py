# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parser of swanctl.conf, as strict and as lenient as swanctl's own.

swanctl takes a file with a syntax error for an empty one and unloads everything that it used to hold, with exit
status 0. So whatever swanctl would read is read here first, and an error names file, line and remedy.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

NAME = re.compile(r'[^#{}:.,="\r\n\t ]+')
REFERENCE = re.compile(r'[^#{}:.,="\r\n\t ]+(?:\.[^#{}:.,="\r\n\t ]+)*')
INCLUDE = re.compile(r"include[\t ]+(?=[^=])")
BLANK = re.compile(r"(?:[\t\r\n ]+|#[^\n]*)*")
BARE_VALUE = re.compile(r'[^#}"\r\n\t ]+')
BARE_PATTERN = re.compile(r'(?:\\["#} ]|\\|[^"\\#}\r\n\t ])')
ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
MAX_INCLUDE_DEPTH = 16

Includer = Callable[[str, str], Iterable["tuple[str, str]"]]  # pattern, place of the include -> (file, text)…


class ConfigError(Exception):
    """Something in a configuration file that swanctl would stumble over."""


@dataclass
class Section:
    """A section of the file; a value of None hides what a reference would give."""

    values: dict[str, str | None] = field(default_factory=dict)
    sections: dict[str, Section] = field(default_factory=dict)
    references: list[str] = field(default_factory=list)
    places: list[str] = field(default_factory=list)

    def child(self, name: str) -> Section:
        """Return the subsection of that name, made if it is not there: later ones extend earlier ones."""
        return self.sections.setdefault(name, Section())


@dataclass
class _Text:
    file: str
    text: str
    at: int = 0
    _line: int = 1  # of _counted: places are asked for in order, and a gateway's file may have a thousand sections
    _counted: int = 0

    def match(self, pattern: re.Pattern[str]) -> str | None:
        found = pattern.match(self.text, self.at)
        if found is None:
            return None
        self.at = found.end()
        return found.group()

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def place(self, at: int | None = None) -> str:
        at = self.at if at is None else at
        if at < self._counted:
            self._line, self._counted = 1, 0
        self._line += self.text.count("\n", self._counted, at)
        self._counted = at
        return f"{self.file}:{self._line}"

    def error(self, message: str) -> ConfigError:
        return ConfigError(f"{self.place()}: {message}")


def _no_includes(pattern: str, place: str) -> Iterable[tuple[str, str]]:
    raise ConfigError(f"{place}: include {pattern}: this text must be complete in itself; put its content here.")


class Parser:
    """Builds a tree of sections from texts; `includer` yields what an include names."""

    def __init__(self, includer: Includer = _no_includes) -> None:
        self.root = Section()
        self._includer = includer
        self._stack: list[tuple[Section, str, str]] = []  # open sections, with name and place
        self._depth = 0

    def parse(self, file: str, text: str) -> Section:
        """Read a whole file with what it includes."""
        self._read(_Text(file, text))
        if self._stack:
            _unused, name, place = self._stack[-1]
            raise ConfigError(f"{place}: the section {name!r} is never closed; add a }} at its end.")
        return self.root

    def _current(self) -> Section:
        return self._stack[-1][0] if self._stack else self.root

    def _read(self, text: _Text) -> None:
        self._depth += 1
        if self._depth > MAX_INCLUDE_DEPTH:
            raise text.error(f"includes are nested more than {MAX_INCLUDE_DEPTH} deep; does a file include itself?")
        while True:
            text.match(BLANK)
            if not text.peek():
                break
            self._statement(text)
        self._depth -= 1

    def _statement(self, text: _Text) -> None:
        if text.peek() == "}":
            if not self._stack:
                raise text.error("this } closes nothing; remove it or look for a { that is missing above.")
            text.at += 1
            self._stack.pop()
        elif text.match(INCLUDE):
            self._include(text)
        else:
            self._named(text)

    def _named(self, text: _Text) -> None:
        start = text.at
        name = text.match(NAME)
        if name is None:
            raise text.error(
                f"unexpected {text.peek()!r}; a name, an include or a }} is expected. Names cannot hold "
                '# { } : . , = " or spaces; values that do need double quotes.'
            )
        text.match(BLANK)
        following = text.peek()
        if following == "=":
            text.at += 1
            self._current().values[name] = _value(text)
            return
        references = _references(text, name) if following == ":" else []
        if text.peek() != "{":
            got = repr(text.peek()) if text.peek() else "the end of the file"
            raise text.error(
                f"after the name {name!r}, = or {{ is expected, not {got}. "
                "Names cannot hold spaces, dots, commas or quotes."
            )
        text.at += 1
        place = text.place(start)
        section = self._current().child(name)
        section.references += [r for r in references if r not in section.references]
        section.places.append(place)
        self._stack.append((section, name, place))

    def _include(self, text: _Text) -> None:
        place = text.place()
        pattern = _pattern(text)
        if not pattern:
            return  # swanctl ignores it, too
        for file, content in self._includer(pattern, place):
            self._read(_Text(file, content))


def _references(text: _Text, name: str) -> list[str]:
    text.at += 1
    found: list[str] = []
    while True:
        text.match(BLANK)
        reference = text.match(REFERENCE)
        if reference is None:
            raise text.error(f"after {name!r} and its colon, the name of a section to refer to is expected.")
        found.append(reference)
        text.match(BLANK)
        if text.peek() != ",":
            return found
        text.at += 1


def _value(text: _Text) -> str | None:
    """Return what stands after the =, its parts joined by single spaces; None where nothing does."""
    parts: list[str] = []
    while True:
        while text.peek() in {" ", "\t", "\r"}:
            text.at += 1
        if text.peek() == '"':
            parts.append(_quoted(text))
            continue
        bare = text.match(BARE_VALUE)
        if bare is None:
            return " ".join(parts) if parts else None
        parts.append(bare)


def _quoted(text: _Text) -> str:
    start = text.at
    text.at += 1
    out: list[str] = []
    while True:
        char = text.peek()
        if not char or (char == "\\" and text.at + 1 >= len(text.text)):
            raise ConfigError(
                f'{text.place(start)}: this quoted value has no closing "; add it, or write \\" '
                "for a quote inside the value."
            )
        text.at += 1
        if char == '"':
            return "".join(out)
        if char == "\\":
            out.append(_escape(text))
        elif char != "\r":
            out.append(char)


def _escape(text: _Text) -> str:
    if text.text.startswith("\r\n", text.at):
        text.at += 2
        return ""
    char = text.peek()
    text.at += 1
    return "" if char == "\n" else ESCAPES.get(char, char)


def _pattern(text: _Text) -> str:
    """Return an include's file pattern, either quoted or up to the next space, # or }."""
    out: list[str] = []
    while True:
        if text.peek() == '"':
            return "".join(out) + _quoted(text)
        if text.peek() == "\r":
            text.at += 1
            continue
        piece = text.match(BARE_PATTERN)
        if piece is None:
            return "".join(out)
        out.append(piece[1:] if len(piece) == 2 else piece)


def parse_text(text: str, file: str) -> Section:
    """Parse a text that includes nothing."""
    return Parser().parse(file, text)


def quote(value: str) -> str:
    """Return a value in double quotes as swanctl reads it back (a carriage return inside needs its escape)."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\r", "\\r").replace("\n", "\\n")
    return f'"{escaped}"'


def read_file(path: str) -> str:
    """Read a file as swanctl does, bytes that are no UTF-8 kept."""
    with Path(path).open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        return file.read()
