# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A topology is checked once a run, however many processes read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from ansible import constants
from ansible.errors import AnsibleError
from ansible_collections.causeway.ipsec.plugins.plugin_utils import boundary, topology

if TYPE_CHECKING:
    from pathlib import Path

SITES: dict[str, Any] = {
    name: {"subnets": [f"10.{number}.0.0/16"], "gateways": [{"host": name, "address": f"198.18.0.{number}"}]}
    for number, name in enumerate(("one", "two", "three"), 1)
}
GOOD: dict[str, Any] = {"sites": SITES, "tunnels": [{"name": "t", "sites": ["one", "two"], "psk": "p" * 64}]}
OVERLAPPING = {**GOOD, "sites": {**SITES, "two": {**SITES["two"], "subnets": ["10.1.1.0/24"]}}}


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Any]:
    """What the rules over the whole fleet were asked about, by a run whose directory is tmp_path."""
    asked: list[Any] = []
    validate = vars(topology)["validate"]

    def counted(fleet: topology.Topology) -> Any:
        asked.append(fleet)
        return validate(fleet)

    monkeypatch.setattr(constants, "DEFAULT_LOCAL_TMP", str(tmp_path))
    monkeypatch.setattr(topology, "validate", counted)
    return asked


def test_a_good_one_is_checked_once(checks: list[Any], tmp_path: Path) -> None:
    first, second = boundary.load_topology(GOOD), boundary.load_topology(GOOD)
    assert first == second
    assert first is not second
    assert len(checks) == 1
    (mark,) = tmp_path.iterdir()
    assert (mark.stat().st_size, mark.stat().st_mode & 0o777) == (0, 0o600)


def test_another_one_is_another(checks: list[Any]) -> None:
    boundary.load_topology(GOOD)
    boundary.load_topology({**GOOD, "tunnels": []})
    assert len(checks) == 2


def test_a_bad_one_stays_bad(checks: list[Any]) -> None:
    for _again in range(2):
        with pytest.raises(AnsibleError, match=r"ipsec_topology has 1 problem"):
            boundary.load_topology(OVERLAPPING)
    assert len(checks) == 2


def test_without_a_place_for_marks_each_is_checked(checks: list[Any], tmp_path: Path) -> None:
    tmp_path.rmdir()
    assert boundary.load_topology(GOOD) == boundary.load_topology(GOOD)
    assert len(checks) == 2
