# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must be unique in the whole topology: hosts, addresses, names of connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .fleet import Fleet, bracketed, path_of
from .model import Tunnel, section_name
from .problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator


def duplicate_hosts(fleet: Fleet) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for site in fleet.topology.sites.values():
        host = site.gateway.host
        if host is not None and first.setdefault(host, site.name) != site.name:
            message = f"{host!r} is already the gateway of site {first[host]!r}; a host is the gateway of one site."
            yield Problem(f"{bracketed('sites', site.name)}.gateways[0].host", message)


def duplicate_lan_hosts(fleet: Fleet) -> Iterator[Problem]:
    topology = fleet.topology
    for host, sites in topology.sites_by_lan_host.items():
        gateway_of = topology.site_by_host.get(host)
        if gateway_of is not None:
            message = f"{host!r} is the gateway of site {gateway_of!r}; a gateway needs no routes, remove it here."
            yield Problem(f"{bracketed('sites', sites[0])}.lan_hosts", message)
        for site in sites[1:]:
            message = f"{host!r} is already a LAN host of site {sites[0]!r}; a host belongs to one site."
            yield Problem(f"{bracketed('sites', site)}.lan_hosts", message)


def duplicate_addresses(fleet: Fleet) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for site in fleet.topology.sites.values():
        for address in site.gateway.dial:
            if first.setdefault(address, site.name) == site.name:
                continue
            message = f"{address} is already the address of the gateway of site {first[address]!r}; give each its own."
            yield Problem(f"{bracketed('sites', site.name)}.gateways[0].address", message)


def duplicate_sections(fleet: Fleet) -> Iterator[Problem]:
    """Two names that lead to one connection: hosts would merge what belongs to two tunnels."""
    first: dict[str, Tunnel] = {}
    for tunnel in fleet.tunnels:
        section = section_name(tunnel.name)
        other = first.setdefault(section, tunnel)
        if other is not tunnel:
            yield Problem(
                path_of(tunnel),
                f"{_called(tunnel)} and {_called(other)} would be one connection, {section}; rename one.",
            )


def _called(tunnel: Tunnel) -> str:
    between = f"{tunnel.name!r} (sites {tunnel.sites[0]} and {tunnel.sites[1]}"
    return f"{between}, of mesh {tunnel.mesh.name!r})" if tunnel.mesh else f"{between})"
