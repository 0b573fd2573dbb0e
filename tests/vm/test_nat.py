# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A gateway behind a router that translates its address, with the identities and algorithms of a vendor's table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from runs import eventually
from sites import (
    GATEWAYS,
    LAN_HOSTS,
    OTHER_LAN,
    PROVEN,
    lans_talk,
    play_again,
    play_topology,
    tunnel_works,
    wan_while_lans_ping,
)
from traffic import capturing, pings

if TYPE_CHECKING:
    from runs import Run
    from vmlab import Lab

SCENARIO = "nat"
ROUTER, LONDON = "198.51.100.30", "198.51.100.20"

pytestmark = pytest.mark.usefixtures("first_run")


@pytest.mark.parameters("gateway.address", "gateway.local_address")
def test_a_run_proves_the_tunnel(lab: Lab, first_run: Run) -> None:
    assert PROVEN.search(first_run.output)
    for host in GATEWAYS:
        state = lab.ssh(host, "ip xfrm state")
        assert len(re.findall("encap type espinudp sport 4500 dport 4500", state)) == 2
        assert len(re.findall("enc cbc.aes.", state)) == len(re.findall("auth-trunc hmac.sha1.", state)) == 2
    said = lab.ssh("berlin-gw", "swanctl --list-sas --raw")
    assert f"local-host=10.23.228.173 local-port=4500 local-id={ROUTER} remote-host={LONDON}" in said
    assert "dh-group=MODP_1536" in said


def test_the_wan_sees_nothing_but_esp_in_udp(lab: Lab) -> None:
    seen = wan_while_lans_ping(lab)
    assert all(packet.ports == (4500, 4500) for packet in seen.protected)
    assert {frozenset((packet.source, packet.destination)) for packet in seen.protected} == {
        frozenset((ROUTER, LONDON))
    }


def test_a_second_run_changes_nothing(lab: Lab) -> None:
    play_again(lab)


@pytest.mark.parametrize("host", GATEWAYS)
def test_either_side_brings_the_tunnel_up(lab: Lab, host: str) -> None:
    """Both daemons have forgotten everything, and only one LAN has something to say."""
    for gateway in GATEWAYS:
        lab.ssh(gateway, "systemctl stop strongswan")
    for gateway in GATEWAYS:
        lab.ssh(gateway, "systemctl start strongswan")
    for gateway in GATEWAYS:  # whichever of them dials by itself
        lab.ssh(gateway, "swanctl --terminate --ike cw-berlin-london", check=False)
    with capturing(lab) as seen:
        assert eventually(lambda: pings(lab, LAN_HOSTS[host], OTHER_LAN[host]) == 1, 60)
    assert seen.clear == []
    first = next(packet for packet in seen.packets if packet.is_ike and packet.ports in {(500, 500), (4500, 4500)})
    assert first.source == {"berlin-gw": ROUTER, "london-gw": LONDON}[host]
    assert tunnel_works(lab)


def test_it_is_back_after_a_reboot(lab: Lab) -> None:
    with capturing(lab) as wan, capturing(lab, "dmz") as dmz, lans_talk(lab):
        lab.reboot("berlin-gw")
        assert eventually(lambda: tunnel_works(lab), 60)
    assert wan.clear == dmz.clear == []


@pytest.mark.parameters("gateway.forwarded")
def test_a_gateway_whose_router_forwards_may_be_dialled(lab: Lab) -> None:
    """Else who is behind NAT dials, and of two that can be reached the first by name: here that is London."""
    topology = lab.scenario.topology
    behind = {**topology["sites"]["berlin"]["gateways"][0], "forwarded": True}
    sites = {"zurich": {**topology["sites"]["berlin"], "gateways": [behind]}, "london": topology["sites"]["london"]}
    tunnels = [{**tunnel, "sites": list(sites)} for tunnel in topology["tunnels"]]
    done = play_topology(lab, {**topology, "sites": sites, "tunnels": tunnels})
    assert PROVEN.search(done.output), done.output[-3000:]
    begun = {host: "initiator=yes" in lab.ssh(host, "swanctl --list-sas --raw") for host in GATEWAYS}
    assert begun == {"berlin-gw": False, "london-gw": True}
    assert tunnel_works(lab)
