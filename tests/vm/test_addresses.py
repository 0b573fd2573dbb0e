# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gateways of every kind of address, each version of IP in the other, and tunnels that carry some of the traffic only.

The tests build on one another, in this order.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from modules import module
from packets import ESP
from runs import eventually
from sites import BERLIN_LAN, GATEWAYS, LONDON_LAN, play_topology, states
from traffic import Capture, capturing, pings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runs import Run
    from vmlab import Lab

BERLIN, BERLIN_TOO, LONDON = "198.51.100.10", "198.51.100.11", "198.51.100.20"
BERLIN6, LONDON6 = "2001:db8:100::10", "2001:db8:100::20"
BERLIN_LAN6, LONDON_LAN6 = "2001:db8:1::11", "2001:db8:2::11"
NAME = "gw.london.example"
V4 = {"berlin": ["192.168.1.0/24"], "london": ["192.168.2.0/24"]}
V6 = {"berlin": ["2001:db8:1::/64"], "london": ["2001:db8:2::/64"]}
KEMS = {"ike": {"encryption": "aes256gcm16", "dh_group": 31, "additional_key_exchanges": "mlkem768"}}
WEB, OTHER = 443, 444  # ports at London, of which the tunnel carries one
LISTEN = "nohup python3 -m http.server --bind {} {} >/dev/null 2>&1 </dev/null & echo $!"
CONNECT = "python3 -c 'import socket; socket.create_connection((\"{}\", {}), 3)' && echo connected"


def topology(lab: Lab, berlin: Any, london: Any, *tunnels: dict[str, Any]) -> dict[str, Any]:
    """The sites at other addresses. LAN hosts go by their default routes, which both versions of IP have."""
    sites = lab.scenario.topology["sites"]
    on_the_wan = {"extra": {"interfaces_use": "wan0"}}
    found = {
        name: {
            "subnets": [*V4[name], *V6[name]],
            "gateways": [{**sites[name]["gateways"][0], "address": address, **on_the_wan}],
        }
        for name, address in (("berlin", berlin), ("london", london))
    }
    ends = {"sites": ["berlin", "london"]}
    return {"sites": found, "tunnels": [{**ends, "ids": ids(tunnel["name"]), **tunnel} for tunnel in tunnels]}


def ids(tunnel: str) -> dict[str, str]:
    return {site: f"{tunnel}.{site}.example" for site in ("berlin", "london")}


@pytest.fixture(scope="module")
def known_and_unknown(lab: Lab) -> Iterator[None]:
    """Berlin has a second address, and looks up that of London; in London there are two servers."""
    lab.ssh("berlin-gw", f"ip address add {BERLIN_TOO}/24 dev wan0; echo {LONDON} {NAME} >>/etc/hosts")
    servers = [lab.ssh("london-1", LISTEN.format(LONDON_LAN, port)).strip() for port in (WEB, OTHER)]
    yield
    lab.ssh("london-1", f"kill {' '.join(servers)}")
    lab.ssh("berlin-gw", f"ip address delete {BERLIN_TOO}/24 dev wan0; sed -i /{NAME}/d /etc/hosts")


def several_addresses(lab: Lab, *berlin: str) -> dict[str, Any]:
    """Berlin with some addresses, London with a name; IPv6 in one tunnel, and in the other some of IPv4 in UDP."""
    six = {"name": "six", "subnets": V6, "initiator": "berlin", "mobike": True}
    some = {
        "name": "some",
        "subnets": V4,
        "initiator": "berlin",
        "traffic": [{"protocol": "tcp", "ports": {"london": WEB}}, {"protocol": "icmp"}],
        "udp_encapsulation": "force",
    }
    return topology(lab, list(berlin), NAME, six, some)


@pytest.fixture(scope="module")
def run(lab: Lab, known_and_unknown: None) -> Run:
    return play_topology(lab, several_addresses(lab, BERLIN, BERLIN_TOO))


def addresses(seen: Capture) -> set[frozenset[str]]:
    """The two ends of what is protected."""
    return {frozenset((packet.source, packet.destination)) for packet in seen.protected}


@pytest.mark.parameters("gateway.address", "site.subnets", "tunnel.subnets", "tunnel.ids")
def test_ipv6_in_ipv4_to_a_gateway_that_is_known_by_name(lab: Lab, run: Run) -> None:
    with capturing(lab) as seen:
        assert pings(lab, "berlin-1", LONDON_LAN6, count=5) == 5
        assert pings(lab, "london-1", BERLIN_LAN6, count=5) == 5
    assert [packet.protocol for packet in seen.protected] == [ESP] * 20
    assert addresses(seen) == {frozenset((BERLIN, LONDON))}
    assert seen.unexpected == []


@pytest.mark.parameters("tunnel.udp_encapsulation", "tunnel.traffic")
def test_esp_in_udp_without_a_nat(lab: Lab, run: Run) -> None:
    with capturing(lab) as seen:
        assert pings(lab, "berlin-1", LONDON_LAN, count=5) == 5
    assert [packet.ports for packet in seen.protected] == [(4500, 4500)] * 10
    assert seen.unexpected == []


@pytest.mark.parameters("tunnel.traffic")
def test_a_tunnel_carries_the_ports_that_it_names_and_the_rest_goes_nowhere(lab: Lab, run: Run) -> None:
    with capturing(lab) as seen:
        assert "connected" in lab.ssh("berlin-1", CONNECT.format(LONDON_LAN, WEB))
    assert len(seen.protected) > 5
    assert seen.unexpected == []
    assert "connected" in lab.ssh("london-gw", CONNECT.format(LONDON_LAN, OTHER))  # where no tunnel is in between
    with capturing(lab) as seen:
        assert "connected" not in lab.ssh("berlin-1", CONNECT.format(LONDON_LAN, OTHER), check=False)
    assert (seen.protected, seen.unexpected) == ([], [])


@pytest.fixture
def without_the_first_address(lab: Lab) -> Iterator[None]:
    """Berlin's line has got another address."""
    lab.ssh("berlin-gw", "sysctl -qw net.ipv4.conf.wan0.promote_secondaries=1")
    lab.ssh("berlin-gw", f"ip address delete {BERLIN}/24 dev wan0")
    yield
    lab.ssh("berlin-gw", f"ip address add {BERLIN}/24 dev wan0")


@pytest.mark.parameters("tunnel.mobike", "gateway.extra")
def test_a_tunnel_moves_along_with_its_gateway(lab: Lab, run: Run, request: pytest.FixtureRequest) -> None:
    """It is the same one still, and on the WAN. Which of the paths there it takes is the daemons' to choose."""
    before = spis(lab, "cw-six")
    with capturing(lab, "mgmt", only="udp port 4500 or ip proto 50 or ip6 proto 50") as elsewhere:
        request.getfixturevalue("without_the_first_address")
        assert eventually(lambda: pings(lab, "berlin-1", LONDON_LAN6) == 1, 30)
        with capturing(lab) as seen:
            assert pings(lab, "london-1", BERLIN_LAN6, count=5) == 5
    assert elsewhere.packets == []
    assert len(seen.protected) == 10
    assert {frozenset((BERLIN, LONDON))}.isdisjoint(addresses(seen))
    assert spis(lab, "cw-six") == before


def spis(lab: Lab, connection: str) -> list[str]:
    said = lab.ssh("berlin-gw", f"swanctl --list-sas --raw --ike {connection}")
    return sorted(re.findall(r"spi-(?:in|out)=(\w+)", said))


@pytest.mark.parameters("gateway.address")
def test_a_gateway_of_several_addresses_may_come_from_each(lab: Lab, run: Run) -> None:
    """As after the loss of the first: London, which knows both, is not told."""
    moved = {"ipsec_topology": several_addresses(lab, BERLIN_TOO, BERLIN)}
    lab.play("--limit", "berlin-gw", "-e", json.dumps(moved)).succeeded()
    with capturing(lab, only="ip proto 50") as seen:
        assert eventually(lambda: pings(lab, "berlin-1", LONDON_LAN6) == 1, 30)
        assert pings(lab, "london-1", BERLIN_LAN6, count=5) == 5
    assert addresses(seen) == {frozenset((BERLIN_TOO, LONDON))}


@pytest.mark.parameters("gateway.address", "tunnel.ids")
def test_ipv4_in_ipv6_from_a_gateway_that_is_anywhere(lab: Lab, run: Run) -> None:
    play_topology(lab, topology(lab, "any", LONDON6, {"name": "four", "subnets": V4}))
    with capturing(lab) as seen:
        assert pings(lab, "berlin-1", LONDON_LAN, count=5) == 5
        assert pings(lab, "london-1", BERLIN_LAN, count=5) == 5
    assert [packet.protocol for packet in seen.protected] == [ESP] * 20
    assert addresses(seen) == {frozenset((BERLIN6, LONDON6))}
    assert seen.unexpected == []
    (tunnel,) = module(lab, "london-gw", "causeway.ipsec.tunnel_info")["tunnels"]
    assert (tunnel["initiator"], tunnel["remote_id"]) == (False, "four.berlin.example")


@pytest.mark.parameters("ike.additional_key_exchanges")
def test_a_key_exchange_that_a_release_has_not_is_refused_before_anything_changes(lab: Lab, run: Run) -> None:
    """strongSwan 5.9 would drop the connection; 6.0.1 would take it, and then no negotiation would succeed."""
    before = states(lab)
    asking = topology(lab, "any", LONDON6, {"name": "four", "subnets": V4, "policy": "kem"})
    done = lab.play("-e", json.dumps({"ipsec_topology": {**asking, "policies": {"kem": KEMS}}}))
    assert done.status != 0
    said = " ".join(done.output.split())
    for host in GATEWAYS:
        assert (
            f"{host}: policies[kem].ike.additional_key_exchanges asks for ML-KEM, which needs strongSwan 6.0.2" in said
        )
    (has,) = re.findall(r"strongSwan swanctl ([\d.]+)", lab.ssh("berlin-gw", "swanctl --version"))
    assert f"asks for additional_key_exchanges, which needs strongSwan 6.0.0 or later, and here is {has}" in said
    assert set(done.changed.values()) == {0}
    assert states(lab) == before
