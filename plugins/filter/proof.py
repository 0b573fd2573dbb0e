# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of the proof: what to bring up, what to ping."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ansible_collections.causeway.ipsec.plugins.plugin_utils.boundary import HostAddresses, load_topology, plain
from ansible_collections.causeway.ipsec.plugins.plugin_utils.host_shares import GatewayShare, LanHostShare, kept
from ansible_collections.causeway.ipsec.plugins.plugin_utils.proof import targets
from ansible_collections.causeway.ipsec.plugins.plugin_utils.proof.dialling import dials
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology import gateway_intent

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence


def tunnel_connections(
    raw: object,
    host: str,
    names: Collection[str] | None = None,
    *,
    anew: bool = False,
    gateways: Collection[str] | None = None,
) -> list[dict[str, Any]]:
    """A gateway's connections (those of these names, unless all), as the module tunnel takes them.

    gateways: those of this run. The other ends that are ours, and would initiate, can't if they are not among them.
    """
    wanted, present = (None if given is None else {str(plain(name)) for name in given} for given in (names, gateways))
    topology = load_topology(raw)
    return [
        {
            "name": connection.name,
            "children": [child.name for child in connection.children],
            "initiate": dials(topology, connection, present),
            "anew": anew,
        }
        for connection in gateway_intent(topology, host).connections
        if wanted is None or connection.name in wanted
    ]


def proof_targets(
    raw: object, host: str, groups: Mapping[str, Sequence[str]], hostvars: Mapping[str, Any], run: object = None
) -> list[dict[str, str]]:
    """What a gateway or LAN host pings, as the module reachability takes it."""
    if (found := kept(GatewayShare.proof_targets, host, run)) is not None:
        return found
    if (peers := kept(LanHostShare.lan_peers, host, run)) is None:
        topology = load_topology(raw)
        if host in topology.site_by_host:
            return GatewayShare(topology, host).proof_targets()
        names = {name: list(members) for name, members in groups.items()}
        own = [name for name, members in names.items() if host in members]
        peers = LanHostShare(topology, host, own, names).lan_peers()
    reached = [targets.LanPeer(**peer) for peer in peers]
    return [one.as_dict() for one in targets.lan_host_targets(host, reached, HostAddresses(hostvars))]


class FilterModule:
    """Filters of the proof."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "tunnel_connections": tunnel_connections,
            "proof_targets": proof_targets,
        }
