# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fresh machines for the tests, removed with whatever became of them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from vmlab import Lab, UnavailableError, lab_of_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runs import Run

# What begins the names of these labs: two runs at a time need two of them, and so do two processes of one run.
PREFIX = f"{os.environ.get('CAUSEWAY_VM_PREFIX', 'test')}{os.environ.get('PYTEST_XDIST_WORKER', '')}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files of the same scenario one after another, the slowest first: with xdist they are given out in this order."""
    items.sort(key=scenario_of, reverse=True)


def scenario_of(item: pytest.Item) -> str:
    name: str = getattr(getattr(item, "module", None), "SCENARIO", "base")
    return name


@pytest.fixture(scope="session")
def labs() -> Iterator[dict[str, Lab]]:
    """Those that are up, by scenario: one at a time, since each needs a gigabyte."""
    up: dict[str, Lab] = {}
    yield up
    for lab in up.values():
        lab.down()


@pytest.fixture(scope="module")
def lab(request: pytest.FixtureRequest, labs: dict[str, Lab]) -> Lab:
    """The machines of the scenario that a test file names (SCENARIO), as the files before it left them."""
    scenario = scenario_of(request.node)
    if scenario not in labs:
        try:
            lab = lab_of_environment(f"{PREFIX}-{scenario}", scenario)
        except UnavailableError as reason:
            pytest.skip(str(reason))
        for name in list(labs):
            labs.pop(name).down()
        labs[scenario] = lab
        lab.up()
    return labs[scenario]


@pytest.fixture(scope="module")
def first_run(lab: Lab) -> Run:
    """What a user does: with the scenario's own topology, whatever was there before."""
    return lab.play().succeeded()
