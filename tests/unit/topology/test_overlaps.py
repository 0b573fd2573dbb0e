# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sweep for overlaps finds exactly what a comparison of everything with everything finds."""

from __future__ import annotations

import itertools
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology import check
from hypothesis import given, settings
from hypothesis import strategies as st

Network = IPv4Network | IPv6Network


@st.composite
def crowded(draw: st.DrawFn) -> dict[str, Any]:
    """Topologies in so little address space that about half of them have overlaps, and no other fault."""
    count = draw(st.integers(2, 5))
    addresses = draw(st.lists(st.integers(0, 63), min_size=count, max_size=count, unique=True))
    sites = {}
    for number, address in enumerate(addresses):
        networks: list[Network] = []
        for _unused in range(draw(st.integers(1, 3))):
            network = draw(_networks())
            if not any(network.overlaps(other) for other in networks if other.version == network.version):
                networks.append(network)
        gateway: dict[str, Any] = {"host": f"gw{number}", "address": f"10.0.0.{address}"}
        if draw(st.integers(0, 3)) == 0:
            gateway |= {"local_address": f"10.0.0.{draw(st.integers(0, 255))}", "forwarded": True}
        # A network that all have, so that something could cross every tunnel.
        common = f"172.16.{number}.0/24"
        sites[f"s{number}"] = {"subnets": [common, *map(str, networks)], "gateways": [gateway]}
    pairs = draw(st.sets(st.sampled_from(list(itertools.combinations(sites, 2)))))
    if draw(st.booleans()):
        return {"sites": sites, "tunnels": [{"name": f"{a}-{b}", "sites": [a, b]} for a, b in sorted(pairs)]}
    return {
        "sites": sites,
        "meshes": [{"name": "m", "hub": "s0", "sites": list(sites)[1:], "transit": draw(st.booleans())}],
    }


@st.composite
def _networks(draw: st.DrawFn) -> Network:
    length = draw(st.sampled_from([25, 26, 28, 30, 32]))
    base = draw(st.sampled_from(["10.0.0.0", "10.0.1.0", "10.0.2.0", "10.0.3.0", "fd00::"]))
    return ip_network(
        (int(ip_address(base)) + draw(st.integers(0, 255)), length + (96 if ":" in base else 0)), strict=False
    )


def collides(raw: dict[str, Any]) -> bool:
    """Whether any gateway could not tell where a packet belongs."""
    sites = raw["sites"]
    spokes = {name: list(sites) for mesh in raw.get("meshes", []) if mesh["transit"] for name in mesh["sites"]}
    peers: dict[str, set[str]] = {name: set() for name in sites}
    pairs = [tunnel["sites"] for tunnel in raw.get("tunnels", [])]
    pairs += [(mesh["hub"], spoke) for mesh in raw.get("meshes", []) for spoke in mesh["sites"]]
    for one, other in pairs:
        peers[one].add(other)
        peers[other].add(one)
    for name, direct in peers.items():
        if not direct:
            continue
        reached = {site: _nets(sites[site]) for site in {name, *direct, *spokes.get(name, [])}}
        for one, other in itertools.combinations(reached, 2):
            if any(a.version == b.version and a.overlaps(b) for a in reached[one] for b in reached[other]):
                return True
        gateway = sites[name]["gateways"][0]
        outside = [gateway["address"], *(sites[peer]["gateways"][0]["address"] for peer in direct)]
        if gateway.get("local_address"):
            outside.append(gateway["local_address"])
        far = [network for site, networks in reached.items() if site != name for network in networks]
        if any(ip_address(address) in network for address in outside for network in far):
            return True
    return False


def _nets(site: dict[str, Any]) -> list[Network]:
    return [ip_network(text) for text in site["subnets"]]


@settings(max_examples=400)
@given(crowded())
def test_sweep_finds_what_comparison_finds(raw: dict[str, Any]) -> None:
    problems = check(raw)
    assert bool(problems) == collides(raw)
    assert all("overlaps" in problem.message or "contains" in problem.message for problem in problems)
