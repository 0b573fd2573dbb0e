# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Meshes as the tunnels they stand for, and what lies behind each end of a tunnel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .model import Mesh, Site, Topology, Tunnel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .blocks import Block


def size(mesh: Mesh) -> int:
    """How many tunnels a mesh stands for."""
    sites = len(mesh.sites)
    return sites if mesh.hub else sites * (sites - 1) // 2


def count(topology: Topology) -> int:
    """How many tunnels a topology stands for, without making them."""
    return len(topology.tunnels) + sum(size(mesh) for mesh in topology.meshes)


def mesh_tunnel(mesh: Mesh, one: str, other: str) -> Tunnel:
    """The tunnel between two sites of a mesh; named with the hub first, or else in the order of the names."""
    if other == mesh.hub or (one != mesh.hub and other < one):
        one, other = other, one
    name = f"{mesh.name}-{one}-{other}"
    return Tunnel(name, (one, other), mesh.policy, mesh.routing, mesh.description, mesh=mesh, behaviour=mesh.behaviour,
                  extra=mesh.extra, auth=mesh.auth)  # fmt: skip


def all_tunnels(topology: Topology) -> Iterator[Tunnel]:
    """Every tunnel of the topology."""
    yield from topology.tunnels
    for mesh in topology.meshes:
        if mesh.hub:
            yield from (mesh_tunnel(mesh, mesh.hub, site) for site in mesh.sites)
            continue
        for index, one in enumerate(mesh.sites):
            yield from (mesh_tunnel(mesh, one, other) for other in mesh.sites[index + 1 :])


def tunnels_of(topology: Topology, site: str) -> Iterator[Tunnel]:
    """The tunnels of one site, at the cost of these alone."""
    yield from topology.tunnels_by_site.get(site, ())
    for mesh in topology.meshes_by_site.get(site, ()):
        if mesh.hub and site != mesh.hub:
            yield mesh_tunnel(mesh, mesh.hub, site)
        else:
            yield from (mesh_tunnel(mesh, site, other) for other in mesh.sites if other != site)


def behind(topology: Topology, tunnel: Tunnel, end: str) -> Iterator[tuple[Site, tuple[Block, ...]]]:
    """The sites that lie behind one end of a tunnel, with their subnets: a transit hub's other spokes too."""
    site = topology.sites[end]
    yield site, tunnel.subnets.get(end, site.subnets)
    mesh = tunnel.mesh
    if mesh and mesh.transit and end == mesh.hub:
        spoke = tunnel.other(end)
        for name in mesh.sites:
            if name != spoke:
                yield topology.sites[name], topology.sites[name].subnets


def selectors(topology: Topology, tunnel: Tunnel, end: str) -> tuple[Block, ...]:
    """The subnets that one end of a tunnel announces, sorted."""
    mesh = tunnel.mesh
    if mesh and mesh.transit and end == mesh.hub:
        return tuple(sorted({block for _site, blocks in behind(topology, tunnel, end) for block in blocks}))
    return tunnel.subnets.get(end, topology.sites[end].subnets)


def identity(topology: Topology, tunnel: Tunnel, end: str) -> str:
    """What one end of a tunnel calls itself; empty where nobody can know."""
    own = tunnel.ids.get(end)
    if own:
        return own
    dial = topology.sites[end].gateway.dial
    return dial[0] if dial else ""
