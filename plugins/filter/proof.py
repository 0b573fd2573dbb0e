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

    from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.model import ConnectionIntent


def tunnel_connections(raw: object, host: str) -> list[dict[str, Any]]:
    """A gateway's connections, as the module tunnel takes them."""
    return [_to_dial(connection) for connection in gateway_intent(load_topology(raw), host).connections]


def _to_dial(connection: ConnectionIntent) -> dict[str, Any]:
    return {
        "name": connection.name,
        "children": [child.name for child in connection.children],
        "initiate": connection.initiator,
    }


def half_tunnels(raw: object, host: str, hostvars: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Those of tunnel_connections that a gateway has and its peer has not, to be dialled anew by this end."""
    ours = {str(plain(one["name"])): str(plain(one["state"])) for one in _raised(hostvars, host)}
    return [
        {**_to_dial(connection), "anew": True}
        for connection in gateway_intent(load_topology(raw), host).connections
        if connection.initiator and ours.get(connection.name) == "up"
        if (peer := connection.peer_host) and _state(hostvars, peer, connection.name) == "down"
    ]


def _state(hostvars: Mapping[str, Any], host: str, tunnel: str) -> str | None:
    """Of one tunnel of another gateway, which may have many that are nothing to us."""
    return next((str(plain(one["state"])) for one in _raised(hostvars, host) if one["name"] == tunnel), None)


def _raised(hostvars: Mapping[str, Any], host: str) -> Sequence[Mapping[str, Any]]:
    """What a gateway has said of its tunnels in this run."""
    raised = (hostvars[host].get("__ipsec_raised") or {}) if host in hostvars else {}
    return raised.get("tunnels") or ()


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
