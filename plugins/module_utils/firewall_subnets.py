# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Subnets as nft's interval sets take them: merged, and pairs of them without overlap. Pure."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any, Union

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]


def merged(networks: Iterable[str | None], version: int) -> list[Network]:
    """Those of one IP version, sorted; what lies in another is left out, and neighbours become one."""
    found: list[Any] = [net for text in networks if text and (net := ipaddress.ip_network(text)).version == version]
    return list(ipaddress.collapse_addresses(found))


def tunnel_pairs(tunnels: Iterable[Mapping[str, Any]], version: int) -> list[tuple[Network, Network]]:
    """Each local subnet with each remote one, for all tunnels. The kernel takes no two that overlap."""
    by_remote: dict[Network, list[str]] = {}
    for tunnel in tunnels:
        for remote in map(ipaddress.ip_network, tunnel["remote_subnets"]):
            if remote.version == version:
                by_remote.setdefault(remote, []).extend(tunnel["local_subnets"])
    locals_of = {remote: merged(subnets, version) for remote, subnets in by_remote.items()}
    pairs = (
        (piece, remote)
        for remote, locals_there in locals_of.items()
        for local in locals_there
        for piece in _without(local, [net for outer in _around(remote) for net in locals_of.get(outer, [])])
    )
    return sorted(pairs, key=lambda pair: [(int(net.network_address), net.prefixlen) for net in pair])


def _around(network: Network) -> Iterator[Network]:
    """The subnets that this one lies in, not itself."""
    return (network.supernet(new_prefix=length) for length in range(network.prefixlen))


def _without(network: Network, holes: Iterable[Network]) -> list[Network]:
    pieces = [network]
    for hole in holes:
        pieces = [left for piece in pieces for left in _cut(piece, hole)]
    return pieces


def _cut(piece: Any, hole: Any) -> list[Network]:
    if piece.subnet_of(hole):
        return []
    return list(piece.address_exclude(hole)) if hole.subnet_of(piece) else [piece]


def shown(network: Network) -> str:
    """As nft prints it: one address has no prefix length."""
    return str(network.network_address) if network.prefixlen == network.max_prefixlen else str(network)
