# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The path MTU: the largest packet is the one that was computed, and TCP keeps to it where no router may say so."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from modules import module
from runs import eventually
from sites import BERLIN_LAN, GATEWAYS, LONDON_LAN, forget_paths, play_topology
from traffic import pings, transfer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runs import Run
    from vmlab import Lab

CBC = {
    "ike": {"version": 2, "encryption": "aes256", "integrity": "sha256", "dh_group": 15, "lifetime": 14400},
    "esp": {"encryption": "aes256", "integrity": "sha256", "pfs_group": 15, "lifetime": 3600},
}
SUBNETS6 = {"berlin": "2001:db8:1::/64", "london": "2001:db8:2::/64"}
# Each LAN's host, as the sender, with the other's host and its address.
WAYS = {
    4: (("berlin-1", "london-1", LONDON_LAN), ("london-1", "berlin-1", BERLIN_LAN)),
    6: (("berlin-1", "london-1", "2001:db8:2::11"), ("london-1", "berlin-1", "2001:db8:1::11")),
}
PROVEN_MTU = re.compile(r"^berlin-london +proven .* (\d+)$", re.MULTILINE)
BLOCKED = (
    "nft 'table inet blocked { chain out { type filter hook output priority 0;"
    " icmp type destination-unreachable drop; icmpv6 type packet-too-big drop; }; }'"
)
SIZE = 2_000_000


@dataclass(frozen=True)
class Case:
    """A policy, the versions of IP that the tunnel carries, and the largest packet in it at a WAN MTU of 1500."""

    name: str
    policy: dict[str, Any] | None
    versions: tuple[int, ...]
    mtu: int

    def __str__(self) -> str:
        return self.name


@pytest.fixture(
    scope="module",
    params=[Case("recommended", None, (4,), 1446), Case("cbc-sha256", CBC, (4, 6), 1438)],
    ids=str,
)
def tunnel(lab: Lab, request: pytest.FixtureRequest) -> Case:
    case: Case = request.param
    topology = lab.scenario.topology
    if case.policy:
        topology = {**topology, "policies": {"tested": case.policy}, "defaults": {"policy": "tested"}}
    if 6 in case.versions:
        # LAN hosts go by their default routes: ours over IPv6 would need another lan_address.
        both = {
            name: {"subnets": [*site["subnets"], SUBNETS6[name]], "gateways": site["gateways"]}
            for name, site in topology["sites"].items()
        }
        topology = {**topology, "sites": both}
    play_topology(lab, topology)
    return case


@pytest.fixture
def ways(lab: Lab, tunnel: Case) -> list[tuple[str, str, str]]:
    """Both directions of each IP version, with hosts that have learned nothing yet."""
    forget_paths(lab)
    return [way for version in tunnel.versions for way in WAYS[version]]


@contextlib.contextmanager
def without_icmp(lab: Lab) -> Iterator[None]:
    """Gateways that tell nobody what is too large."""
    for host in GATEWAYS:
        lab.ssh(host, BLOCKED)
    try:
        yield
    finally:
        for host in GATEWAYS:
            lab.ssh(host, "nft delete table inet blocked")


@contextlib.contextmanager
def without_clamp(lab: Lab, hosts: tuple[str, ...] = GATEWAYS) -> Iterator[None]:
    for host in hosts:
        lab.ssh(host, "nft flush chain inet causeway clamp")
    try:
        yield
    finally:
        for host in hosts:
            lab.ssh(host, "systemctl restart causeway-firewall")


@pytest.mark.parameters("top.defaults", "defaults.policy", "site.subnets")
def test_the_largest_packet_is_the_computed_one(lab: Lab, tunnel: Case, ways: list[tuple[str, str, str]]) -> None:
    for sender, _receiver, address in ways:
        headers = 48 if ":" in address else 28
        fits = tunnel.mtu - headers
        assert pings(lab, sender, address, "-M do", f"-s {fits}", count=3), address
        assert pings(lab, sender, address, "-M do", f"-s {fits + 1}", count=3) == 0, address


def proven_mtu(run: Run) -> int:
    """What the proof says of the tunnel."""
    shown = PROVEN_MTU.search(run.output)
    assert shown, run.output[-3000:]
    return int(shown.group(1))


def test_the_proof_and_the_gateways_say_the_same(lab: Lab, tunnel: Case) -> None:
    # The first proof after a change can still measure packets of the tunnel that was there before.
    assert eventually(lambda: proven_mtu(lab.play("--tags", "proof")) == tunnel.mtu, 30)
    for host in GATEWAYS:
        info = module(lab, host, "causeway.ipsec.tunnel_info")
        assert set(re.findall(r"'mtu': (\d+)", str(info))) == {str(tunnel.mtu)}, info


def test_bulk_tcp_without_icmp_needs_the_clamp(lab: Lab, ways: list[tuple[str, str, str]]) -> None:
    with without_icmp(lab):
        for sender, receiver, address in ways:
            assert transfer(lab, sender, receiver, address, size=SIZE) == SIZE, address
        with without_clamp(lab):
            for sender, receiver, address in ways:
                assert transfer(lab, sender, receiver, address, size=SIZE, seconds=3) < SIZE, address
        for sender, receiver, address in ways:
            assert transfer(lab, sender, receiver, address, size=SIZE) == SIZE, address


@pytest.mark.parametrize("idle", GATEWAYS)
def test_either_gateway_alone_clamps_both_directions(lab: Lab, idle: str, ways: list[tuple[str, str, str]]) -> None:
    with without_icmp(lab), without_clamp(lab, (idle,)):
        for sender, receiver, address in ways:
            assert transfer(lab, sender, receiver, address, size=SIZE) == SIZE, address
