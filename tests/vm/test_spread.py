# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every two kinds of cryptography together, between gateways of ours on real kernels: one run, one topology.

What a tunnel asks for is what both ends then have agreed on, and packets cross it. See docs/parameters.md.
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from modules import modules
from packets import AH, ESP, UDP
from sites import play_topology
from spread import SITES, Tunnel, lans, topology, tunnels
from suites import agreed_ike, agreed_ipsec, ike_version
from traffic import capturing, crossing
from vmlab import eventually

if TYPE_CHECKING:
    from packets import Packet
    from vmlab import Lab, Run

SCENARIO = "spread"
WAN = {site: f"198.51.100.{number}0" for number, site in enumerate(SITES, 1)}
Shown = dict[str, dict[str, Any]]  # of one gateway, what the module tunnel_info says, by connection


@pytest.fixture(scope="module")
def run(lab: Lab) -> Run:
    """All tunnels, in one run."""
    commands = {site: "".join(f"ip address add {one}/24 dev lans; " for one in lans(site)) for site in SITES}
    each_site(lambda site: lab.ssh(host(site), f"ip link add lans up type dummy; {commands[site]}"))
    return play_topology(lab, topology(lab.scenario.topology))


@pytest.fixture(scope="module")
def shown(lab: Lab, run: Run) -> dict[str, Shown]:
    """What the gateways say of their tunnels, by site, when keys have been exchanged for all IPsec SAs."""
    each_site(lambda site: exchange_keys(lab, site))
    eventually(lambda: all(agreed(tunnel, seen) for seen in [read(lab)] for tunnel in tunnels()), 60)
    return read(lab)


def host(site: str) -> str:
    return f"{site}-gw"


def each_site(what: Any) -> list[Any]:
    with ThreadPoolExecutor() as pool:
        return list(pool.map(what, SITES))


def exchange_keys(lab: Lab, site: str) -> None:
    """IKEv2's first IPsec SA has the keys of the IKE SA: a group is agreed on when it is made anew (RFC 7296, 1.2)."""
    first = [one for one in tunnels() if one.ends[0] == site and ike_version(one.row) == 2]
    borrowed = [one.connection for one in first if one.row["childless"] == "allow" and one.row["pfs_group"] != "none"]
    lab.ssh(host(site), "; ".join(f"swanctl --rekey --child {name} >/dev/null" for name in borrowed))


def read(lab: Lab) -> dict[str, Shown]:
    """What the gateways say of their tunnels."""
    answers = modules(lab, [host(site) for site in SITES], "causeway.ipsec.tunnel_info")
    return {site: {one["name"]: one for one in answers[host(site)]["tunnels"]} for site in SITES}


def agreed(tunnel: Tunnel, seen: dict[str, Shown]) -> bool:
    """Whether both ends have the IPsec SA that was asked for."""
    return all(children(tunnel, seen[end]) for end in tunnel.ends)


def children(tunnel: Tunnel, of_gateway: Shown) -> list[dict[str, Any]]:
    """Its IPsec SAs that have the wanted algorithms."""
    wanted = agreed_ipsec(tunnel.row)
    return [one for one in of_gateway[tunnel.connection]["children"] if one["proposal"] == wanted]


@pytest.mark.parameters(
    "ike.version",
    "ike.mode",
    "ike.encryption",
    "ike.integrity",
    "ike.prf",
    "ike.dh_group",
    "ike.additional_key_exchanges",
    "esp.encryption",
    "esp.integrity",
    "esp.pfs_group",
    "ah.integrity",
    "ah.pfs_group",
    "tunnel.udp_encapsulation",
    "tunnel.childless",
    "tunnel.initiator",
)
@pytest.mark.parametrize("tunnel", tunnels(), ids=str)
def test_both_ends_agree_on_what_was_asked(shown: dict[str, Shown], tunnel: Tunnel) -> None:
    for end in tunnel.ends:
        seen = shown[end][tunnel.connection]
        assert (seen["state"], seen["ike_version"]) == ("up", ike_version(tunnel.row)), seen
        assert seen["initiator"] == (end == tunnel.ends[0])
        assert seen["ike_proposal"] == agreed_ike(tunnel.row)
        found = children(tunnel, shown[end])
        assert found, seen["children"]
        assert {one["protocol"] for one in found} == {str(tunnel.row["protocol"]).upper()}
        assert {one["encapsulation"] for one in found} == {tunnel.row["udp_encapsulation"] == "force"}


@pytest.fixture(scope="module")
def states(lab: Lab, shown: dict[str, Shown]) -> dict[str, dict[str, str]]:
    """The kernels' IPsec SAs, by site and SPI."""
    said = dict(zip(SITES, each_site(lambda site: lab.ssh(host(site), "ip -d xfrm state"))))
    return {site: dict(re.findall(r"spi 0x(\w+)(.*?)(?=\nsrc|\Z)", text, re.DOTALL)) for site, text in said.items()}


@pytest.mark.parameters("esp.esn", "ah.esn")
@pytest.mark.parametrize("tunnel", tunnels(), ids=str)
def test_the_kernels_count_as_was_asked(
    shown: dict[str, Shown], states: dict[str, dict[str, str]], tunnel: Tunnel
) -> None:
    """Extended sequence numbers are those of ``both``, too, since they come first there."""
    for end in tunnel.ends:
        for child in children(tunnel, shown[end]):
            for spi in (child["spi_in"], child["spi_out"]):
                state = states[end][spi]
                assert ("esn" in state.split()) == (tunnel.row["esn"] != "no"), state


@pytest.fixture(scope="module")
def crossed(lab: Lab, shown: dict[str, Shown]) -> tuple[set[tuple[str, str]], list[Packet]]:
    """On which ways pings and their answers cross, all at once, and what the WAN sees of it."""
    by_site = {site: [one.way for one in tunnels() if one.ends[0] == site] for site in SITES}
    with capturing(lab) as seen:
        answered = each_site(lambda site: crossing(lab, host(site), by_site[site]))
    assert seen.unexpected == []
    return set().union(*answered), seen.protected


@pytest.mark.parameters("tunnel.subnets", "tunnel.ids")
@pytest.mark.parametrize("tunnel", tunnels(), ids=str)
def test_packets_cross(crossed: tuple[set[tuple[str, str]], list[Packet]], tunnel: Tunnel) -> None:
    assert tunnel.way in crossed[0]


def test_the_wan_sees_what_was_asked_and_nothing_else(crossed: tuple[set[tuple[str, str]], list[Packet]]) -> None:
    for one in SITES:
        for other in SITES:
            seen = [
                packet.protocol
                for packet in crossed[1]
                if (packet.source, packet.destination) == (WAN[one], WAN[other])
            ]
            assert sorted(seen) == sorted(protocol(tunnel) for tunnel in tunnels() if set(tunnel.ends) == {one, other})


def protocol(tunnel: Tunnel) -> int:
    """What its packets travel in."""
    if tunnel.row["protocol"] == "ah":
        return AH
    return UDP if tunnel.row["udp_encapsulation"] == "force" else ESP


def test_a_second_run_changes_nothing(lab: Lab, crossed: object) -> None:
    before = read(lab)
    again = play_topology(lab, topology(lab.scenario.topology))
    assert set(again.changed.values()) == {0}
    assert spis(read(lab)) == spis(before)


def spis(seen: dict[str, Shown]) -> dict[str, set[str]]:
    """They stay for as long as no tunnel is set up anew."""
    return {site: {child["spi_in"] for one in of.values() for child in one["children"]} for site, of in seen.items()}
