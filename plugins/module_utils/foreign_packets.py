# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The packets that stand for an opening, with the interfaces that they come in by and leave by, as the routes say."""

from __future__ import annotations

import ipaddress
import json
from typing import TYPE_CHECKING, Any

from ansible_collections.causeway.ipsec.plugins.module_utils.foreign_match import Packet

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

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
        lines = [f"route get {address}\n" for address in asked if ipaddress.ip_address(address).version == version]
        if lines:
            _status, out, _err = run(["ip", "-j", family, "-force", "-batch", "-"], data="".join(lines))
            for route in _routes(out):
                # An address of this host itself says nothing about where the network is.
                if route.get("type") != "local" and route.get("dst") in asked:
                    found.setdefault(asked[route["dst"]], route)
    return found


def _some_addresses(network: str) -> list[str]:
    """Two addresses of a network, since this host may have one of them itself."""
    net = ipaddress.ip_network(network, strict=False)
    return [str(net[0])] if net.num_addresses == 1 else [str(net[1]), str(net[min(2, net.num_addresses - 1)])]


def _routes(out: str) -> Iterator[Route]:
    """The answers of a batch are JSON lists one after the other."""
    decoder, at = json.JSONDecoder(), 0
    while (at := out.find("[", at)) >= 0:
        try:
            answer, at = decoder.raw_decode(out, at)
        except ValueError:
            return
        yield from (route for route in answer if isinstance(route, dict))


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
