# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every two kinds of cryptography together, between gateways of ours on real kernels: many tunnels in a few runs.

What a tunnel asks for is what both ends then have agreed on, and packets cross it. See docs/parameters.md.
"""

from __future__ import annotations

import itertools
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from modules import modules
from packets import AH, ESP, UDP
from sites import play_topology
from spread import SITES, Tunnel, lans, rounds, topology, tunnels
from suites import agreed_ike, agreed_ipsec, ike_version
from traffic import Capture, Way, capturing, crossing

if TYPE_CHECKING:
    from collections.abc import Callable

    from vmlab import Lab

SCENARIO = "spread"
WAN = {site: f"198.51.100.{number}0" for number, site in enumerate(SITES, 1)}
SPIS = ("spi_in", "spi_out")
Round = tuple[Tunnel, ...]
Shown = dict[str, dict[str, dict[str, Any]]]  # what the module tunnel_info says, by site and connection
Answer = TypeVar("Answer")


@dataclass
class Seen:
    """What was seen of each round: both ends of the tunnels, the kernels' SAs, pings that were answered, the WAN."""

    ends: dict[Tunnel, dict[str, dict[str, Any]]] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)  # by SPI
    answered: set[Way] = field(default_factory=set)
    wan: list[tuple[Round, Capture]] = field(default_factory=list)


@pytest.fixture(scope="module")
def seen(lab: Lab) -> Seen:
    """A run for each round, and then a look at it."""
    commands = {site: "".join(f"ip address add {one}/24 dev lans; " for one in lans(site)) for site in SITES}
    each_site(lambda site: lab.ssh(host(site), f"ip link add lans up type dummy; {commands[site]}"))
    found = Seen()
    for wanted in rounds():
        play_topology(lab, topology(lab.scenario.topology, wanted))
        each_site(lambda site: exchange_keys(lab, site, wanted))  # noqa: B023 - it is done before the next round
        look(lab, wanted, found)
    return found


def host(site: str) -> str:
    return f"{site}-gw"


def each_site(what: Callable[[str], Answer]) -> list[Answer]:
    """The same at all sites, side by side."""
    with ThreadPoolExecutor() as pool:
        return list(pool.map(what, SITES))


def exchange_keys(lab: Lab, site: str, wanted: Round) -> None:
    """IKEv2's first IPsec SA has the keys of the IKE SA: a group is agreed on when it is made anew (RFC 7296, 1.2)."""
    shown = lab.ssh(host(site), "swanctl --list-sas")
    children = [
        child
        for one in wanted
        if one.ends[0] == site and ike_version(one.row) == 2 and one.row["childless"] == "allow"
        for child in re.findall(rf"^  ({one.connection}[\w-]*): #", shown, re.MULTILINE)
    ]
    lab.ssh(host(site), "; ".join(["true", *(f"swanctl --rekey --child {child} >/dev/null" for child in children)]))


def look(lab: Lab, wanted: Round, found: Seen) -> None:
    """At all tunnels of a round, when both ends have what was asked for, or should have."""
    with capturing(lab) as wan:
        for answered in each_site(lambda site: crossing(lab, host(site), [o.way for o in wanted if o.ends[0] == site])):
            found.answered |= answered
    found.wan.append((wanted, wan))
    shown = settled(lab, wanted)
    found.ends |= {one: {end: shown[end][one.connection] for end in one.ends} for one in wanted}
    for said in each_site(lambda site: lab.ssh(host(site), "ip xfrm state")):
        found.states |= dict(re.findall(r"spi 0x(\w+)(.*?)(?=\nsrc|\Z)", said, re.DOTALL))


def settled(lab: Lab, wanted: Round) -> Shown:
    """What the gateways say of their tunnels, once keys are exchanged and what they replace is gone: seconds later."""
    for _attempt in range(5):
        shown = read(lab)
        if all(agreed(one, shown) for one in wanted):
            break
    return shown


def read(lab: Lab) -> Shown:
    answers = modules(lab, [host(site) for site in SITES], "causeway.ipsec.tunnel_info")
    return {site: {one["name"]: one for one in answers[host(site)]["tunnels"]} for site in SITES}


def agreed(tunnel: Tunnel, shown: Shown) -> bool:
    """Whether both ends have the IPsec SA that was asked for, and no other any more."""
    return all(
        {child["proposal"] for child in shown[end][tunnel.connection]["children"]} == {agreed_ipsec(tunnel.row)}
        for end in tunnel.ends
    )


@pytest.mark.parameters(
    "ike.version", "ike.mode", "ike.encryption", "ike.integrity", "ike.prf", "ike.dh_group",
    "ike.additional_key_exchanges", "esp.additional_key_exchanges", "ah.additional_key_exchanges", "esp.encryption",
    "esp.integrity", "esp.pfs_group", "ah.integrity", "ah.pfs_group", "tunnel.udp_encapsulation", "tunnel.childless",
    "tunnel.initiator",
)  # fmt: skip
@pytest.mark.parametrize("tunnel", tunnels(), ids=str)
def test_both_ends_agree_on_what_was_asked(seen: Seen, tunnel: Tunnel) -> None:
    for end, shown in seen.ends[tunnel].items():
        assert (shown["state"], shown["ike_version"]) == ("up", ike_version(tunnel.row)), shown
        assert shown["initiator"] == (end == tunnel.ends[0])
        assert shown["ike_proposal"] == agreed_ike(tunnel.row)
        assert {child["proposal"] for child in shown["children"]} == {agreed_ipsec(tunnel.row)}
        assert {child["protocol"] for child in shown["children"]} == {str(tunnel.row["protocol"]).upper()}
        assert {child["encapsulation"] for child in shown["children"]} == {tunnel.row["udp_encapsulation"] == "force"}


@pytest.mark.parameters("esp.esn", "ah.esn")
@pytest.mark.parametrize("tunnel", tunnels(), ids=str)
def test_the_kernels_count_as_was_asked(seen: Seen, tunnel: Tunnel) -> None:
    """With ``both``, extended numbers come first."""
    found = set().union(*map(spis, seen.ends[tunnel].values()))
    assert found
    for spi in found:
        extended = re.search(r"\bflag\b[^\n]* esn\b", seen.states[spi]) is not None
        assert extended == (tunnel.row["esn"] != "no"), seen.states[spi]


@pytest.mark.parameters("tunnel.subnets", "tunnel.ids")
@pytest.mark.parametrize("tunnel", tunnels(), ids=str)
def test_packets_cross(seen: Seen, tunnel: Tunnel) -> None:
    assert tunnel.way in seen.answered


def test_the_wan_sees_what_was_asked_and_nothing_else(seen: Seen) -> None:
    """A ping of each tunnel, and its answer."""
    for wanted, wan in seen.wan:
        assert wan.unexpected == []
        for one, other in itertools.permutations(SITES, 2):
            said = [packet for packet in wan.protected if (packet.source, packet.destination) == (WAN[one], WAN[other])]
            expected = [protocol(tunnel) for tunnel in wanted if set(tunnel.ends) == {one, other}]
            assert sorted(packet.protocol for packet in said) == sorted(expected)


def protocol(tunnel: Tunnel) -> int:
    """What its packets travel in."""
    if tunnel.row["protocol"] == "ah":
        return AH
    return UDP if tunnel.row["udp_encapsulation"] == "force" else ESP


def test_a_second_run_changes_nothing(lab: Lab, seen: Seen) -> None:
    last = rounds()[-1]
    again = play_topology(lab, topology(lab.scenario.topology, last))
    assert set(again.changed.values()) == {0}
    shown = read(lab)
    assert {one: spis(shown[one.ends[0]][one.connection]) for one in last} == {
        one: spis(seen.ends[one][one.ends[0]]) for one in last
    }


def spis(shown: dict[str, Any]) -> set[str]:
    """They stay for as long as a tunnel is not set up anew."""
    return {child[spi] for child in shown["children"] for spi in SPIS}
