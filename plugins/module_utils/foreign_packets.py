# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The packets that stand for an opening, with the interfaces that they come in by and leave by, as the routes say."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from ansible_collections.causeway.ipsec.plugins.module_utils.foreign_match import Packet
from ansible_collections.causeway.ipsec.plugins.module_utils.host_network import run_batch

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ansible_collections.causeway.ipsec.plugins.module_utils.host_network import Run
    from ansible_collections.causeway.ipsec.plugins.module_utils.openings import Opening

Route = dict[str, Any]
# Traffic of a tunnel can be anything; these show what a ruleset does to what it does not name.
_SOME_PORT = 49999


def routes_to(run: Run, networks: Iterable[str]) -> dict[str, Route]:
    """How this host reaches each network, by one call of `ip`. What it has no route to is left out."""
    asked = {address: network for network in sorted(set(networks)) for address in _some_addresses(network)}
    found: dict[str, Route] = {}
    for family, version in (("-4", 4), ("-6", 6)):
        addresses = [address for address in asked if ipaddress.ip_address(address).version == version]
        answers = run_batch(run, [f"route get {address}" for address in addresses], family) if addresses else []
        for address, route in ((address, route) for address, answer in zip(addresses, answers) for route in answer):
            # An address of this host itself says nothing about where the network is.
            if route.get("type") != "local":
                found.setdefault(asked[address], route)
    return found


def _some_addresses(network: str) -> list[str]:
    """Two addresses of a network, since this host may have one of them itself."""
    net = ipaddress.ip_network(network, strict=False)
    return [str(net[0])] if net.num_addresses == 1 else [str(net[1]), str(net[min(2, net.num_addresses - 1)])]


def packets(opening: Opening, routes: Mapping[str, Route]) -> list[Packet]:
    """First packets of what the opening lets in."""
    source = routes.get(opening.source or "", {})
    target = routes.get(opening.destination or "", {})
    forward = opening.hook == "forward"
    icmp = "icmp" if opening.version == 4 else "ipv6-icmp"
    kinds: list[tuple[str, int | None]] = [(opening.protocol, port) for port in opening.ports or (None,)]
    if opening.protocol == "any":
        kinds = [("tcp", _SOME_PORT), ("udp", _SOME_PORT), (icmp, None)]
    return [
        Packet(
            hook=opening.hook,
            version=opening.version,
            protocol=protocol,
            port=port,
            source=opening.source,
            destination=opening.destination or source.get("prefsrc"),
            iif=source.get("dev"),
            oif=target.get("dev") if forward else None,
        )
        for protocol, port in kinds
    ]
