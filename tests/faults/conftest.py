# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One lab for each file of tests, and what its machines are like when nothing has happened to a run."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from faultlab import MANAGED, Lab, image_with_packages
from hoststate import read_files
from playing import Controller
from runs import ROOT
from watching import Watch, watching

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hoststate import Files

# The same seed makes the same moments, whichever tests run; another one tries others. In the environment, where
# pytest-xdist's processes find it.
SEED = os.environ.setdefault("CAUSEWAY_FAULTS_SEED", "1")
PREFIX = os.environ.get("CAUSEWAY_FAULTS_PREFIX", "faults")
PLACE = Path(os.environ.get("CAUSEWAY_BUILD", ROOT / ".build")) / "faults"


def pytest_report_header() -> str:
    return f"CAUSEWAY_FAULTS_SEED={SEED}"


@pytest.fixture(scope="module")
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    base = os.environ.get("CAUSEWAY_IMAGE_12")
    if not base:
        pytest.skip("CAUSEWAY_IMAGE_12 names no image of the lab")
    name = f"{PREFIX}-{request.path.stem.removeprefix('test_').replace('_', '-')}"
    lab = Lab(name, image_with_packages(base, PLACE), PLACE / name)
    try:
        lab.up()
        yield lab
    finally:
        lab.down()


@pytest.fixture(scope="module")
def watch(lab: Lab) -> Iterator[Watch]:
    with watching(lab) as watch:
        yield watch


@pytest.fixture(scope="module")
def fresh(lab: Lab) -> dict[str, Files]:
    """What is in /etc of machines that nobody has run anything on."""
    return {host: read_files(lab.root(host)) for host in MANAGED}


@pytest.fixture(scope="module")
def controller(lab: Lab) -> Controller:
    return Controller(lab, "controller")


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> random.Random:
    return random.Random(f"{SEED} {request.node.nodeid}")  # noqa: S311 - the same again for a seed, and no secret
