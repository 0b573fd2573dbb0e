# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tunnel that one end has lost is dialled anew by the end that dials, and by nobody else."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.causeway.ipsec.plugins.filter.proof import half_tunnels

TOPOLOGY = {
    "sites": {
        "berlin": {
            "subnets": ["192.168.1.0/24"],
            "gateways": [{"host": "berlin-gw", "address": "198.51.100.1"}],
        },
        "london": {
            "subnets": ["192.168.2.0/24"],
            "gateways": [{"host": "london-gw", "address": "198.51.100.2"}],
        },
        "office": {"subnets": ["172.16.0.0/16"], "gateways": [{"address": "198.51.100.3"}]},
    },
    "tunnels": [
        {"name": "berlin-london", "sites": ["berlin", "london"]},
        {"name": "berlin-office", "sites": ["berlin", "office"], "psk": "p" * 64},
    ],
}


def saying(*states: str) -> dict[str, Any]:
    """What a gateway has said of its tunnels."""
    names = ("cw-berlin-london", "cw-berlin-office")
    tunnels = [{"name": name, "state": state} for name, state in zip(names, states, strict=False)]
    return {"__ipsec_raised": {"tunnels": tunnels}}


@pytest.mark.parametrize(
    ("ours", "theirs", "halves"),
    [
        ("up", "down", ["cw-berlin-london"]),
        ("up", "up", []),
        ("up", "connecting", []),
        ("down", "down", []),
        ("down", "up", []),
    ],
)
def test_only_what_this_end_has_and_the_other_has_not(ours: str, theirs: str, halves: list[str]) -> None:
    said = {"berlin-gw": saying(ours, "up"), "london-gw": saying(theirs)}
    assert [connection["name"] for connection in half_tunnels(TOPOLOGY, "berlin-gw", said)] == halves


def test_it_is_as_the_module_takes_it() -> None:
    [half] = half_tunnels(TOPOLOGY, "berlin-gw", {"berlin-gw": saying("up"), "london-gw": saying("down")})
    assert (half["initiate"], half["anew"]) == (True, True)
    assert set(half) == {"name", "children", "initiate", "anew"}


def test_the_end_that_answers_leaves_it_to_the_other() -> None:
    assert half_tunnels(TOPOLOGY, "london-gw", {"london-gw": saying("up"), "berlin-gw": saying("down")}) == []


@pytest.mark.parametrize("peer", [{}, {"__ipsec_raised": {"failed": True}}, {"__ipsec_raised": {"skipped": True}}])
def test_an_end_that_has_said_nothing_has_lost_nothing(peer: dict[str, Any]) -> None:
    assert half_tunnels(TOPOLOGY, "berlin-gw", {"berlin-gw": saying("up", "up"), "london-gw": peer}) == []
    assert half_tunnels(TOPOLOGY, "berlin-gw", {"berlin-gw": saying("up", "up")}) == []
