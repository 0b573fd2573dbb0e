# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scenario's lab, as molecule's environment names it."""

from __future__ import annotations

import os

import pytest
from testlab import ROOT, Lab


@pytest.fixture(scope="session")
def lab() -> Lab:
    scenario = os.environ.get("MOLECULE_SCENARIO_NAME", "default")
    release = os.environ.get("LAB_RELEASE", "12")
    own = ROOT / "molecule" / scenario / "inventory"
    inventory = own if own.is_dir() else ROOT / "playbooks" / "lab" / "inventory"
    return Lab(os.environ.get("LAB_NAME", f"{scenario}-{release}"), release, inventory)
