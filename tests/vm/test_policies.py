# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Other protocols and algorithms than the recommended ones: each is a changed topology on the same machines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from packets import AH, ESP, Packet
from sites import BERLIN_LAN, GATEWAYS, LONDON_LAN, PROVEN, play_topology, states
from traffic import capturing, pings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vmlab import Lab

IKE: dict[str, Any] = {"encryption": "aes256", "integrity": "sha256", "dh_group": 14, "lifetime": 14400}
CBC: dict[str, Any] = {"encryption": "aes256", "integrity": "sha256", "pfs_group": 14, "lifetime": 3600}
CBC_STATE = ("proto esp", "auth-trunc hmac(sha256)", "enc cbc(aes)")
MAIN_MODE, AGGRESSIVE_MODE, IKE_SA_INIT = (1, 2), (1, 4), (2, 34)


@dataclass(frozen=True)
class Case:
    """A policy, and what shows that it is in force: words of the kernels' states, how the daemons began, packets."""

    name: str
    policy: dict[str, Any]
    state: tuple[str, ...]
    began: tuple[int, int] = IKE_SA_INIT
    protocol: int = ESP

    def __str__(self) -> str:
        return self.name


CASES = [
    Case(
        "ah",
        {"ike": {**IKE, "version": 2}, "ah": {"integrity": "sha256", "pfs_group": 14, "lifetime": 3600}},
        ("proto ah", "auth-trunc hmac(sha256)"),
        protocol=AH,
    ),
    Case("ikev1-main", {"ike": {**IKE, "version": 1}, "esp": CBC}, CBC_STATE, MAIN_MODE),
    Case(
        "ikev1-aggressive", {"ike": {**IKE, "version": 1, "mode": "aggressive"}, "esp": CBC}, CBC_STATE, AGGRESSIVE_MODE
    ),
    Case("cbc", {"ike": {**IKE, "version": 2}, "esp": CBC}, CBC_STATE),
    Case(
        "chacha20poly1305",
        {
            "ike": {**IKE, "version": 2, "dh_group": 31},
            "esp": {"encryption": "chacha20poly1305", "pfs_group": 31, "lifetime": 3600},
        },
        ("proto esp", "aead rfc7539esp(chacha20,poly1305)"),
    ),
]


def with_policy(lab: Lab, policy: dict[str, Any]) -> dict[str, Any]:
    topology = lab.scenario.topology
    tunnels = [{**tunnel, "policy": "tested"} for tunnel in topology["tunnels"]]
    return {**topology, "policies": {"tested": policy}, "tunnels": tunnels}


def beginning(packet: Packet) -> tuple[int, int]:
    """The version of IKE and the type of the exchange."""
    header = packet.payload[8:]
    return header[17] >> 4, header[18]


def begun(packets: list[Packet]) -> list[tuple[int, int]]:
    """How IKE SAs were set up, among all that IKE said on port 500."""
    said = [beginning(packet) for packet in packets if packet.ports == (500, 500)]
    return [how for how in said if how in {MAIN_MODE, AGGRESSIVE_MODE, IKE_SA_INIT}]


@pytest.mark.parameters(
    "top.policies", "tunnel.policy", "ike.version", "ike.mode", "esp.encryption", "esp.integrity", "ah.integrity"
)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_policy_is_in_force(lab: Lab, case: Case) -> None:
    with capturing(lab) as seen:
        done = play_topology(lab, with_policy(lab, case.policy))
    assert PROVEN.search(done.output), done.output[-3000:]
    # Before that, the gateway that had not been told yet may have tried the old way.
    assert begun(seen.packets)[-1] == case.began
    for host in GATEWAYS:
        state = lab.ssh(host, "ip xfrm state")
        assert [state.count(word) for word in case.state] == [2] * len(case.state), state
    with capturing(lab) as seen:
        assert pings(lab, "berlin-1", LONDON_LAN, count=5) == 5
        assert pings(lab, "london-1", BERLIN_LAN, count=5) == 5
    assert [packet.protocol for packet in seen.protected] == [case.protocol] * 20
    assert seen.unexpected == []


@pytest.mark.parametrize("case", [case for case in CASES if case.name in {"ah", "ikev1-aggressive"}], ids=str)
def test_a_second_run_changes_nothing(lab: Lab, case: Case) -> None:
    topology = with_policy(lab, case.policy)
    play_topology(lab, topology)
    before = states(lab)
    again = play_topology(lab, topology)
    assert set(again.changed.values()) == {0}
    assert states(lab) == before


@pytest.fixture
def second_subnet(lab: Lab) -> Iterator[str]:
    """London has another network on the same wire; the address of its host in there."""
    lab.ssh("london-gw", "ip address add 192.168.3.5/24 dev lan0")
    lab.ssh("london-1", "ip address add 192.168.3.11/24 dev lan0")
    yield "192.168.3.11"
    lab.ssh("london-gw", "ip address delete 192.168.3.5/24 dev lan0")
    lab.ssh("london-1", "ip address delete 192.168.3.11/24 dev lan0")


@pytest.mark.parameters("site.subnets")
def test_ikev1_carries_two_subnets(lab: Lab, second_subnet: str) -> None:
    """There, each pair of subnets needs SAs of its own."""
    topology = with_policy(lab, {"ike": {**IKE, "version": 1}, "esp": CBC})
    london = topology["sites"]["london"]
    sites = {**topology["sites"], "london": {**london, "subnets": [*london["subnets"], "192.168.3.0/24"]}}
    done = play_topology(lab, {**topology, "sites": sites})
    assert PROVEN.search(done.output) or " proven " in done.output, done.output[-3000:]
    for host in GATEWAYS:
        assert lab.ssh(host, "ip xfrm state").count("proto esp") == 4
    with capturing(lab) as seen:
        for address in (LONDON_LAN, second_subnet):
            assert pings(lab, "berlin-1", address, count=5) == 5
        assert pings(lab, "london-1", BERLIN_LAN, "-I", second_subnet, count=5) == 5
    assert [packet.protocol for packet in seen.protected] == [ESP] * 30
    assert seen.unexpected == []
