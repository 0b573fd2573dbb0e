# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each host must ping to prove the tunnels that it uses."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

from ..topology import lan_host_intent
from ..topology.plain import Plain
from ..topology.traffic import PINGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ..topology.model import ConnectionIntent, GatewayIntent, Topology


@dataclass(frozen=True)
class Target:
    """One ping: a name that says which tunnel it proves, the address, and the source address if it matters."""

    name: str
    address: str
    source: str | None = None

    def as_dict(self) -> dict[str, str]:
        """As the module reachability takes it."""
        return {"name": self.name, "address": self.address, **({"source": self.source} if self.source else {})}


def target_name(tunnel: str, host: str) -> str:
    """Inventory names hold no slash, so the pair can be told apart again, whatever the tunnel's name holds."""
    return f"{tunnel}/{host}"


def split_name(name: str) -> tuple[str, str]:
    """The tunnel and the host that target_name was made of."""
    tunnel, _slash, host = name.rpartition("/")
    return tunnel, host


def gateway_targets(intent: GatewayIntent) -> list[Target]:
    """From a gateway's LAN address to its peers' LAN addresses, where the tunnel carries what is between them."""
    return [
        Target(
            target_name(connection.tunnel, connection.peer_host or connection.peer_site),
            remote,
            local,
        )
        for connection in intent.connections
        if (local := connection.local_lan_address) and (remote := connection.remote_lan_address)
        if _carries(connection, local, remote)
    ]


def _carries(connection: ConnectionIntent, local: str, remote: str) -> bool:
    """Whether pings between the two go through this tunnel; through a parallel one they would prove nothing of it."""
    return any(
        child.protocol in PINGS
        and first_inside([local], child.local_subnets)
        and first_inside([remote], child.remote_subnets)
        for child in connection.children
    )


@dataclass(frozen=True, slots=True)
class LanPeer(Plain):
    """LAN hosts that one reaches through a tunnel: from an address in the one subnets, at an address in the others."""

    tunnel: str
    local_subnets: Sequence[str]
    subnets: Sequence[str]
    hosts: Sequence[str]


def lan_peers(topology: Topology, host: str, own: Iterable[str], groups: Mapping[str, Sequence[str]]) -> list[LanPeer]:
    """Whom a LAN host can ping by the topology alone.

    own: the groups that it is in. groups: Ansible's groups, name to host names.
    """
    found = (
        (peer, tuple(name for name in expand(peer.lan_hosts, groups) if name not in topology.site_by_host))
        for peer in lan_host_intent(topology, host, own).peers
        if peer.pings
    )
    return [LanPeer(peer.tunnel, peer.local_subnets, peer.subnets, hosts) for peer, hosts in found if hosts]


def lan_host_targets(host: str, peers: Iterable[LanPeer], addresses: Mapping[str, Iterable[str]]) -> list[Target]:
    """From a LAN host to every LAN host that the topology lets it reach.

    addresses: host name to its addresses, as far as known.
    A host without a known address inside the tunnel's subnets is left out, on either side: the tunnel isn't for it.
    """
    return [
        Target(target_name(peer.tunnel, name), address)
        for peer in peers
        if first_inside(addresses.get(host, ()), peer.local_subnets)
        for name in peer.hosts
        if (address := first_inside(addresses.get(name, ()), peer.subnets))
    ]


def expand(lan_hosts: Iterable[str], groups: Mapping[str, Sequence[str]]) -> list[str]:
    """The hosts that a site's lan_hosts name, groups taken apart, each once."""
    members = (groups.get(entry, [entry]) for entry in lan_hosts)
    return sorted({name for names in members for name in names})


def first_inside(addresses: Iterable[str], subnets: Iterable[str]) -> str | None:
    """The first of a host's addresses that lies inside one of the subnets."""
    networks = [ip_network(subnet) for subnet in subnets]
    return next((text for text in addresses if any(ip_address(text) in network for network in networks)), None)
