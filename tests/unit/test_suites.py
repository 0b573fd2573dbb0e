# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pairwise spread that runs on machines is whole: nothing is left out without being named."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.crypto import (
    DH_GROUPS,
    ENCRYPTION,
    INTEGRITY,
    KEMS,
    PRF,
)
from pairwise import covering
from suites import FACTORS, NOT_RUN, SEED, SPACE, contradict, family, rows, spelled, valid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pairwise import Row

PAIRS = list(itertools.combinations(FACTORS, 2))


def contradictions(row: Row) -> Iterator[Row]:
    return (pair for one, other in PAIRS if contradict(pair := {one: row[one], other: row[other]}))


def neighbours() -> Iterator[Row]:
    """Each row with each other value of each factor."""
    return ({**row, name: value} for row in rows() for name, values in FACTORS.items() for value in values)


def twice(row: Row) -> bool:
    """What the planner takes and the spread has once: IKEv1's PRF is its integrity algorithm, said or not."""
    return row["version"] == "any" and row["prf"] is not None


def test_the_same_every_time() -> None:
    assert tuple(covering(SPACE, SEED)) == rows()


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_every_two_families_that_can_are_together(pair: tuple[str, str]) -> None:
    one, other = pair
    together = {(family(one, row[one]), family(other, row[other])) for row in rows()}
    possible = {
        (family(one, this), family(other, that))
        for this, that in itertools.product(FACTORS[one], FACTORS[other])
        if not contradict({one: this, other: that})
    }
    assert together == possible


@pytest.mark.parametrize("name", FACTORS)
def test_every_value_is_in_a_row(name: str) -> None:
    assert {row[name] for row in rows()} == set(FACTORS[name])


def test_every_algorithm_is_in_a_row_or_said_not_to_be() -> None:
    values = set(itertools.chain.from_iterable(FACTORS.values()))
    registry = {*ENCRYPTION, *INTEGRITY, *PRF, *DH_GROUPS, *KEMS}
    assert registry - values == set(NOT_RUN)


def test_the_planner_takes_every_row() -> None:
    assert [spelled(row) for row in rows() if not valid(row)] == []


def test_what_is_left_out_is_what_the_planner_refuses() -> None:
    taken = [row for row in neighbours() if valid(row)]
    assert [spelled(row) for row in taken if list(contradictions(row)) and not twice(row)] == []
    refused = [row for row in neighbours() if not valid(row)]
    assert [spelled(row) for row in refused if not list(contradictions(row))] == []
    assert refused
