# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tunnels that both ends have need nothing; one that an end has lost is dialled anew by the end that dials."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.causeway.ipsec.plugins.filter.proof import tunnel_connections
from ansible_collections.causeway.ipsec.plugins.plugin_utils.proof.dialling import halves, unsettled
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology import load

TOPOLOGY: dict[str, Any] = {
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
LONDON, OFFICE = "cw-berlin-london", "cw-berlin-office"
ANYWHERE = "0.0.0.0"  # noqa: S104 - a peer's address
BOTH = ("berlin-gw", "london-gw")


@pytest.mark.parametrize(
    ("gateways", "up", "wanting"),
    [
        pytest.param(BOTH, {"berlin-gw": {LONDON, OFFICE}, "london-gw": {LONDON}}, {}, id="all is up"),
        pytest.param(BOTH, {}, {"berlin-gw": [LONDON, OFFICE], "london-gw": [LONDON]}, id="nobody has looked"),
        pytest.param(
            BOTH,
            {"berlin-gw": {LONDON, OFFICE}, "london-gw": set()},
            {"berlin-gw": [LONDON], "london-gw": [LONDON]},
            id="one end has lost it",
        ),
        pytest.param(
            BOTH, {"berlin-gw": {LONDON}, "london-gw": {LONDON}}, {"berlin-gw": [OFFICE]}, id="a peer that isn't ours"
        ),
        pytest.param(BOTH, {"berlin-gw": {LONDON, OFFICE}}, {"london-gw": [LONDON]}, id="the peer has not looked"),
        pytest.param(["berlin-gw"], {"berlin-gw": {LONDON, OFFICE}}, {}, id="the peer is not in this run"),
    ],
)
def test_what_is_up_at_both_ends_is_left_alone(
    gateways: tuple[str, ...], up: dict[str, set[str]], wanting: dict[str, list[str]]
) -> None:
    assert unsettled(load(TOPOLOGY), gateways, up) == wanting


@pytest.mark.parametrize(
    ("ours", "theirs", "wanting"),
    [
        ("up", "down", {"berlin-gw": [LONDON]}),
        ("half", "down", {"berlin-gw": [LONDON]}),
        ("half", "connecting", {}),  # the other knows of it: they are at it still
        ("connecting", "down", {}),  # nobody answers
        ("up", "up", {}),
        ("up", "connecting", {}),
        ("down", "down", {}),
        ("down", "up", {}),  # the other end only answers
    ],
)
def test_only_what_the_dialling_end_has_and_the_other_has_not(
    ours: str, theirs: str, wanting: dict[str, list[str]]
) -> None:
    states = {"berlin-gw": {LONDON: ours, OFFICE: "up"}, "london-gw": {LONDON: theirs}}
    assert halves(load(TOPOLOGY), states) == wanting


@pytest.mark.parametrize("silent", [{}, {"london-gw": {}}])
def test_an_end_that_has_said_nothing_has_lost_nothing(silent: dict[str, dict[str, str]]) -> None:
    assert halves(load(TOPOLOGY), {"berlin-gw": {LONDON: "up", OFFICE: "up"}, **silent}) == {}


def test_it_is_as_the_module_takes_it() -> None:
    [half] = tunnel_connections(TOPOLOGY, "berlin-gw", [LONDON], anew=True)
    assert half == {"name": LONDON, "children": [LONDON], "initiate": True, "anew": True}
    assert [one["name"] for one in tunnel_connections(TOPOLOGY, "berlin-gw")] == [LONDON, OFFICE]


def initiates(host: str, gateways: list[str] | None, berlin: dict[str, Any] | None = None) -> list[bool]:
    sites = TOPOLOGY["sites"]
    gateway = {**sites["berlin"]["gateways"][0], **(berlin or {})}
    tunnels = [{**tunnel, "ids": {"berlin": "berlin.example"}} for tunnel in TOPOLOGY["tunnels"]]
    topology = {"sites": {**sites, "berlin": {**sites["berlin"], "gateways": [gateway]}}, "tunnels": tunnels}
    return [one["initiate"] for one in tunnel_connections(topology, host, gateways=gateways)]


def test_an_end_that_answers_dials_where_the_other_is_not_in_the_run() -> None:
    assert initiates("london-gw", None) == initiates("london-gw", list(BOTH)) == [False]
    assert initiates("london-gw", ["london-gw"]) == [True]
    assert initiates("berlin-gw", ["berlin-gw"]) == [True, True]  # nobody else ever dials
    assert initiates("london-gw", ["london-gw"], {"local_address": "10.0.0.5"}) == [False]  # nothing gets there
    assert initiates("london-gw", ["london-gw"], {"address": ANYWHERE}) == [False]
