# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Large fleets are planned in a second or two; the limit leaves room for a machine that does other things too."""

from __future__ import annotations

import itertools
import time
from typing import Any

import pytest
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology import check, gateway_intent, load

LIMIT = 6.0  # seconds of one core; 0.7 to 1.5 were measured


def sites(count: int, **more: Any) -> dict[str, Any]:
    return {
        f"s{number}": {
            "subnets": [f"10.{number >> 8}.{number & 255}.0/24"],
            "gateways": [{"host": f"gw{number}", "address": f"198.18.{number >> 8}.{number & 255}"}],
            **more,
        }
        for number in range(count)
    }


def mesh(count: int, **more: Any) -> dict[str, Any]:
    names = sites(count)
    return {"sites": names, "meshes": [{"name": "m", "sites": [n for n in names if n != more.get("hub")], **more}]}


def written_out(count: int) -> dict[str, Any]:
    names = sites(count)
    pairs = itertools.combinations(names, 2)
    return {
        "sites": names,
        "tunnels": [{"name": f"{a}-{b}", "sites": [a, b], "psk": "p" * 64, "ids": {a: f"{a}.org"}} for a, b in pairs],
    }


@pytest.mark.parametrize(
    ("raw", "connections"),
    [
        pytest.param(mesh(200), 39_800, id="full mesh of 200"),
        pytest.param(written_out(200), 39_800, id="the same, tunnel by tunnel"),
        pytest.param(mesh(4001, hub="s0"), 8_000, id="hub with 4000 spokes"),
        pytest.param(mesh(250, hub="s0", transit=True), 498, id="transit hub with 249 spokes"),
    ],
)
def test_good_fleets(raw: dict[str, Any], connections: int) -> None:
    before = time.process_time()
    assert check(raw) == []
    topology = load(raw)
    assert sum(len(gateway_intent(topology, host).connections) for host in topology.site_by_host) == connections
    assert time.process_time() - before < LIMIT


@pytest.mark.parametrize(
    ("raw", "problems"),
    [
        pytest.param({**mesh(300), "sites": sites(300, subnets=["10.0.0.0/8"])}, 299, id="one subnet everywhere"),
        pytest.param({**mesh(4001, hub="s0"), "sites": sites(4001, subnets=["10.0.0.0/8"])}, 4000, id="at every spoke"),
        pytest.param(
            {"sites": sites(4000), "tunnels": [{"name": f"t{n}", "sites": [f"x{n}", f"sx{n}"]} for n in range(9000)]},
            18_000,
            id="unknown sites",
        ),
        pytest.param(
            {"sites": sites(2), "tunnels": [{"name": f"t{n}", "sites": ["s0", "s1"]} for n in range(20_000)]},
            1,
            id="the same tunnel again and again",
        ),
    ],
)
def test_bad_fleets(raw: dict[str, Any], problems: int) -> None:
    before = time.process_time()
    assert len(check(raw)) == problems
    assert time.process_time() - before < LIMIT
