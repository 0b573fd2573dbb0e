# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel settings by what they do: each case passes with ours, and is shown to fail with what ours replaces.

The firewall filters nothing here, since it would stop some of what these settings are for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from packets import ICMP6, REDIRECTS
from runs import eventually
from sites import LONDON_LAN, PROVEN, play_topology, tunnel_works
from traffic import capturing, pings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runs import Run
    from vmlab import Lab

OURS = "sysctl -q -p /etc/sysctl.d/99-zz-causeway.conf"
BERLIN_GW, LONDON_GW = "198.51.100.10", "198.51.100.20"
LONDON_LAN6, INTERNET6 = "2001:db8:2::11", "2001:db8:113::80"


@pytest.fixture(scope="module", autouse=True)
def unfiltered(lab: Lab) -> Run:
    for gateway in ("berlin-gw", "london-gw"):  # as a tunnel of IPv6 may have left it, which stays until the next boot
        lab.ssh(gateway, "sysctl -q net.ipv6.conf.all.forwarding=0")
    done = play_topology(lab, lab.scenario.topology, firewall_backend="none")
    assert PROVEN.search(done.output)
    return done


@pytest.fixture
def berlin_sends_by(lab: Lab, request: pytest.FixtureRequest) -> Iterator[str]:
    """Another way for what Berlin sends to London's gateway than London's answers take."""
    way = f"{request.param} src {BERLIN_GW}"
    # charon looks for the way to the peer when it sets a tunnel up, and takes one from the tunnel's address.
    lab.ssh("berlin-gw", f"ip route add {LONDON_GW} {way}; systemctl restart strongswan")
    assert eventually(lambda: tunnel_works(lab), 60)
    yield way
    lab.ssh("berlin-gw", f"ip route delete {LONDON_GW} {way}; {OURS}; systemctl restart strongswan")
    lab.ssh("berlin-1", "ip route flush cache")  # what it learned from redirects
    assert eventually(lambda: tunnel_works(lab), 60)


def redirects(lab: Lab) -> list[str]:
    """Those that Berlin's LAN sees while its host talks to London, for as long as it still does."""
    with capturing(lab, "berlin") as seen:
        pings(lab, "berlin-1", LONDON_LAN, count=5)
    return [str(packet) for packet in seen.packets if (packet.protocol, packet.icmp_type) in REDIRECTS]


@pytest.mark.parametrize("berlin_sends_by", ["via 198.18.1.1 dev wan1"], indirect=True)
def test_two_uplinks_with_asymmetric_paths(lab: Lab, berlin_sends_by: str) -> None:
    with capturing(lab, "wan1") as seen:
        assert pings(lab, "berlin-1", LONDON_LAN, count=5) == 5
    assert len(seen.protected) == 5  # there, and back by the other one
    lab.ssh("berlin-gw", "sysctl -q net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.wan0.rp_filter=1")
    assert pings(lab, "berlin-1", LONDON_LAN, count=5) == 0
    # A strict `all`, as hardening guides want it, does not undo ours.
    lab.ssh("berlin-gw", OURS)
    assert lab.ssh("berlin-gw", "sysctl -n net.ipv4.conf.all.rp_filter").strip() == "1"
    assert pings(lab, "berlin-1", LONDON_LAN, count=5) == 5
    lab.ssh("berlin-gw", "sysctl -q net.ipv4.conf.all.rp_filter=0")


@pytest.mark.parametrize("berlin_sends_by", ["via 192.168.1.1 dev lan0"], indirect=True)
def test_no_redirects_past_the_gateway(lab: Lab, berlin_sends_by: str) -> None:
    """The next hop to London is a neighbour of the LAN's hosts, so to the kernel the gateway looks like a detour."""
    assert redirects(lab) == []
    lab.ssh("berlin-gw", "sysctl -q net.ipv4.conf.lan0.send_redirects=1")
    assert redirects(lab) != []


def test_a_tunnel_of_ipv4_makes_no_router_of_ipv6(lab: Lab) -> None:
    def leaves() -> bool:
        with capturing(lab, only=f"ip6 host {INTERNET6}") as seen:
            pings(lab, "berlin-1", INTERNET6, count=2)
        return bool(seen.those(lambda packet: packet.protocol == ICMP6))

    assert not leaves()
    lab.ssh("berlin-gw", "sysctl -q net.ipv6.conf.all.forwarding=1")
    assert leaves()
    lab.ssh("berlin-gw", "sysctl -q net.ipv6.conf.all.forwarding=0")


def test_a_tunnel_of_both_families_forwards_both(lab: Lab) -> None:
    topology = lab.scenario.topology
    sites = {
        name: {"subnets": [*site["subnets"], subnet], "gateways": site["gateways"]}  # whose LAN hosts need no routes
        for (name, site), subnet in zip(topology["sites"].items(), ("2001:db8:1::/64", "2001:db8:2::/64"))
    }
    play_topology(lab, {**topology, "sites": sites}, firewall_backend="none")
    with capturing(lab) as seen:
        assert pings(lab, "berlin-1", LONDON_LAN6, count=5) == 5
        assert pings(lab, "berlin-1", LONDON_LAN, count=5) == 5
    assert len(seen.protected) == 20
    assert seen.unexpected == []
