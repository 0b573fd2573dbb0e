# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Few rows that have every two values of different factors together, unless these contradict each other.

Values that are alike (the key lengths and tags of one cipher) form a family: rows have each two families together, and
each value at least once. The same factors give the same rows.
"""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

Value = Hashable
Row = dict[str, Value]
Item = frozenset[tuple[str, Value]]  # two families together, or one value

CANDIDATES = 12  # rows of which the one is taken that has the most that no row had before


@dataclass(frozen=True)
class Space:
    """The factors with their values, what is alike, and whether two values of different factors can be in one row."""

    factors: Mapping[str, Sequence[Value]]
    family: Callable[[str, Value], Value]
    contradict: Callable[[Row], bool]  # of two factors

    def items(self, row: Row) -> set[Item]:
        """What a row covers, or a part of one."""
        kinds = [(name, ("family", self.family(name, value))) for name, value in row.items()]
        return {frozenset(pair) for pair in itertools.combinations(kinds, 2)} | {
            frozenset({one}) for one in row.items()
        }

    def beginnings(self) -> list[Row]:
        """What some row must begin with: a value of each of two families, and each value by itself."""
        pairs: list[Row] = [
            {one: value, other: another}
            for one, other in itertools.combinations(self.factors, 2)
            for value in self._families(one)
            for another in self._families(other)
        ]
        singles: list[Row] = [{name: value} for name, values in self.factors.items() for value in values]
        return [pair for pair in pairs if not self.contradict(pair)] + singles

    def _families(self, name: str) -> list[Value]:
        """A value of each family."""
        return list({self.family(name, value): value for value in reversed(self.factors[name])}.values())

    def open_to(self, row: Row, name: str) -> list[Value]:
        """The values of a factor that a row can have besides what it has."""
        return [
            value
            for value in self.factors[name]
            if not any(self.contradict({key: had, name: value}) for key, had in row.items())
        ]


def covering(space: Space, seed: int) -> list[Row]:
    """The rows: for each beginning that none has yet, the best of some that have it."""
    chance = random.Random(seed)  # noqa: S311 - the same every time, and no secret
    rows: list[Row] = []
    covered: set[Item] = set()
    used: Counter[tuple[str, Value]] = Counter()
    for beginning in space.beginnings():
        if _wanted(space, beginning) in covered:
            continue
        found = [_extended(space, chance, beginning, covered, used) for _attempt in range(CANDIDATES)]
        row = max(found, key=lambda candidate: len(space.items(candidate) - covered))
        rows.append(row)
        covered |= space.items(row)
        used.update(row.items())
    return rows


def _wanted(space: Space, beginning: Row) -> Item:
    """What a beginning is there for: its pair of families, or its only value."""
    return next(item for item in space.items(beginning) if len(item) == len(beginning))


def _extended(
    space: Space, chance: random.Random, beginning: Row, covered: set[Item], used: Counter[tuple[str, Value]]
) -> Row:
    """A whole row: factor after factor, in any order, what brings the most that is new, and of that what is rare."""
    row = dict(beginning)
    for name in chance.sample(list(space.factors), len(space.factors)):
        if name not in row:
            values = space.open_to(row, name)
            worth = {value: len(space.items({**row, name: value}) - covered) for value in values}
            row[name] = max(values, key=lambda value: (worth[value], -used[name, value], chance.random()))
    return {name: row[name] for name in space.factors}
