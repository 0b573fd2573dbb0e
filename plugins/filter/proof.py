# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of the proof: what to bring up, what to ping."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ansible_collections.causeway.ipsec.plugins.plugin_utils.boundary import HostAddresses, load_topology, plain
from ansible_collections.causeway.ipsec.plugins.plugin_utils.proof import targets
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology import gateway_intent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def tunnel_connections(raw: object, host: str) -> list[dict[str, Any]]:
    """A gateway's connections, as the module tunnel takes them."""
    return [
        {
            "name": connection.name,
            "children": [child.name for child in connection.children],
            "initiate": connection.initiator,
        }
        for connection in gateway_intent(load_topology(raw), host).connections
    ]


def half_tunnels(raw: object, host: str, hostvars: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Those of tunnel_connections that a gateway has and its peer has not, to be dialled anew by this end."""
    topology = load_topology(raw)
    peers = {connection.name: connection.peer_host for connection in gateway_intent(topology, host).connections}
    ours = _states(hostvars, host)
    return [
        {**connection, "anew": True}
        for connection in tunnel_connections(raw, host)
        if connection["initiate"] and ours.get(connection["name"]) == "up"
        if (peer := peers[connection["name"]]) and _state(hostvars, peer, connection["name"]) == "down"
    ]


def _state(hostvars: Mapping[str, Any], host: str, tunnel: str) -> str | None:
    raised = (hostvars[host].get("__ipsec_raised") or {}) if host in hostvars else {}
    return next((str(plain(one["state"])) for one in raised.get("tunnels") or () if one["name"] == tunnel), None)


def _states(hostvars: Mapping[str, Any], host: str) -> dict[str, str]:
    """What a gateway has said of its tunnels in this run."""
    raised = (hostvars[host].get("__ipsec_raised") or {}) if host in hostvars else {}
    return {str(plain(one["name"])): str(plain(one["state"])) for one in raised.get("tunnels") or ()}


def proof_targets(
    raw: object, host: str, groups: Mapping[str, Sequence[str]], hostvars: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """What a gateway or LAN host pings, as the module reachability takes it."""
    topology = load_topology(raw)
    names = {name: list(members) for name, members in groups.items()}
    if host in topology.site_by_host:
        found = targets.gateway_targets(topology, host)
    else:
        found = targets.lan_host_targets(topology, host, names, HostAddresses(hostvars))
    return [{key: value for key, value in asdict(target).items() if value} for target in found]


class FilterModule:
    """Filters of the proof."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "tunnel_connections": tunnel_connections,
            "half_tunnels": half_tunnels,
            "proof_targets": proof_targets,
        }
