# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a topology, as values: collected all, raised once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

LONGEST_SHOWN = 80
MOST_COMPARISONS = 100_000  # about half a second of looking for near names
MOST_LISTED = 16
MOST_UNKNOWN_KEYS = 10  # of one mapping; a file of another kind altogether has thousands


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    path: str  # "tunnels[berlin-london].sites[1]"
    message: str  # what is wrong, what was got, what is allowed, the remedy

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class TopologyError(ValueError):
    """A topology that cannot be planned, with every problem found in it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class UnknownHostError(TopologyError, LookupError):
    """A host was asked for that the topology does not name."""


def shown(value: object) -> str:
    """A value as a message shows it: short and printable, whatever it is."""
    if isinstance(value, str):
        return repr(value) if len(value) <= LONGEST_SHOWN else f"{value[: LONGEST_SHOWN - 3]!r}..."
    if isinstance(value, int) and value.bit_length() > 128:  # Python refuses to print one of more than 4300 digits
        return f"a number of {value.bit_length()} bits"
    if value is None or isinstance(value, (bool, float, int)):
        return "null" if value is None else str(value).lower()
    if isinstance(value, Mapping):
        return f"a mapping of {len(value)}"
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value)}"
    return f"a value of type {type(value).__name__}"


def suggestion(name: object, known: Iterable[str]) -> str:
    """` Did you mean 'x'?` for a misspelt name, nothing when no known name is near."""
    if not isinstance(name, str) or len(name) > LONGEST_SHOWN:
        return ""
    lowered = {word.lower(): word for word in known}
    near = get_close_matches(name.lower(), lowered, n=1)
    return f" Did you mean {lowered[near[0]]!r}?" if near else ""


def unknown_key(path: str, key: object, known: Collection[str]) -> Problem:
    """A key that its object does not have."""
    return Problem(path, f"unknown key {shown(key)}.{suggestion(key, known)} Allowed: {', '.join(known)}.")


def unknown_keys(path: str, raw: Mapping[object, object], known: Collection[str]) -> list[Problem]:
    """Every key of a mapping that its object does not have."""
    keys = [key for key in raw if not isinstance(key, str) or key not in known]
    problems = [unknown_key(path, key, known) for key in keys[:MOST_UNKNOWN_KEYS]]
    if len(keys) > MOST_UNKNOWN_KEYS:
        problems.append(Problem(path, f"{len(keys) - MOST_UNKNOWN_KEYS} more unknown keys."))
    return problems


class Names:
    """Known names of one kind, and what to say of one that is not among them.

    Near names are looked for as long as that is quick: a file that misspells thousands needs no hint for each.
    """

    def __init__(self, kind: str, known: Iterable[str], *, readable: bool = True) -> None:
        self._kind = kind
        self._readable = readable  # if not, no name is said to be unknown: that would hide the cause
        self._known = dict.fromkeys(known)
        self._left = MOST_COMPARISONS

    def __contains__(self, name: str) -> bool:
        return not self._readable or name in self._known

    def unknown(self, name: str) -> str:
        self._left -= len(self._known)
        hint = suggestion(name, self._known) if self._left >= 0 else ""
        if not hint and 0 < len(self._known) <= MOST_LISTED:
            hint = f" Known: {', '.join(self._known)}."
        return f"unknown {self._kind} {shown(name)}.{hint}"
