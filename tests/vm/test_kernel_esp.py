# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A policy-based tunnel whose ESP the gateways' own kernels make. The tests build on one another, in this order."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from packets import ESP
from runs import eventually
from sites import (
    BERLIN_LAN,
    GATEWAYS,
    LONDON_LAN,
    PROVEN,
    play_again,
    play_topology,
    states,
    tunnel_works,
    wan_while_lans_ping,
)
from traffic import capturing, pings

if TYPE_CHECKING:
    from runs import Run
    from vmlab import Lab

pytestmark = pytest.mark.usefixtures("first_run")


@pytest.mark.parameters(
    "top.sites",
    "top.tunnels",
    "site.gateways",
    "site.lan_hosts",
    "gateway.host",
    "gateway.address",
    "gateway.lan_address",
    "tunnel.name",
    "tunnel.sites",
)
def test_a_run_proves_the_tunnel(lab: Lab, first_run: Run) -> None:
    assert PROVEN.search(first_run.output)
    for host in GATEWAYS:
        assert len(re.findall("proto esp spi", lab.ssh(host, "ip xfrm state"))) == 2


def test_lans_reach_each_other_and_the_wan_sees_nothing_but_esp(lab: Lab) -> None:
    assert {packet.protocol for packet in wan_while_lans_ping(lab).protected} == {ESP}


def test_a_second_run_changes_nothing(lab: Lab) -> None:
    assert PROVEN.search(play_again(lab).output)


@pytest.mark.parameters("tunnel.start")
@pytest.mark.parametrize("host", GATEWAYS)
def test_traffic_brings_a_tunnel_up_that_was_ended(lab: Lab, host: str) -> None:
    before = states(lab)
    lab.ssh(host, "swanctl --terminate --ike cw-berlin-london")
    assert eventually(lambda: tunnel_works(lab), 60)
    assert set(states(lab)).isdisjoint(before)


def test_without_strongswan_nothing_passes(lab: Lab) -> None:
    lab.ssh("london-gw", "systemctl stop strongswan")
    with capturing(lab) as seen:
        assert pings(lab, "berlin-1", LONDON_LAN, count=3) == 0
        assert pings(lab, "london-1", BERLIN_LAN, count=3) == 0
    assert seen.clear == []
    lab.ssh("london-gw", "systemctl start strongswan")
    assert eventually(lambda: tunnel_works(lab), 60)


@pytest.mark.parameters("top.tunnels")
def test_a_tunnel_that_left_the_topology_leaves_nothing_behind(lab: Lab) -> None:
    play_topology(lab, {**lab.scenario.topology, "tunnels": []})
    for host in GATEWAYS:
        assert lab.ssh(host, "ip xfrm state") == ""
        assert "tmpl" not in lab.ssh(host, "ip xfrm policy")
        assert "192.168." not in lab.ssh(host, "ip route show table 220", check=False)
    for host in ("berlin-1", "london-1"):
        assert "proto 213" not in lab.ssh(host, "ip route")
