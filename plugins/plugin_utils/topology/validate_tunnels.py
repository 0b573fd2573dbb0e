# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one tunnel must have, and what the tunnels of one gateway must not share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..wording import first_few
from .authentication import authentication_faults
from .behaviour import behaviour_faults
from .blocks import meet
from .children import in_pairs
from .expand import identity, selectors
from .fleet import Fleet, bracketed, path_of
from .identities import same_as
from .parameters import MOST_SUBNETS
from .problems import Problem
from .validate_peers import dialling_faults, identity_faults, nat_faults

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .blocks import Block
    from .model import Topology, Tunnel
    from .policies import Policy


def unusable_tunnels(fleet: Fleet) -> Iterator[Problem]:
    """Tunnels that could not come up or carry nothing. Of a mesh, whose tunnels are alike, each fault once."""
    said: set[tuple[str, str]] = set()
    for tunnel in fleet.tunnels:
        for key, message in _faults(fleet.topology, tunnel):
            if tunnel.mesh is None:
                yield Problem(f"{path_of(tunnel)}{key}", message)
            elif (tunnel.mesh.name, key) not in said:
                said.add((tunnel.mesh.name, key))
                yield Problem(path_of(tunnel), f"{tunnel.name}: {message}")


def _faults(topology: Topology, tunnel: Tunnel) -> Iterator[tuple[str, str]]:
    one, other = tunnel.sites
    unmanaged = [site for site in tunnel.sites if topology.sites[site].gateway.host is None]
    if len(unmanaged) == 2:
        yield (
            ".sites",
            f"neither the gateway of {one} nor that of {other} has a host, so we manage none; remove the tunnel.",
        )
    yield from authentication_faults(topology, tunnel)
    near, far = (topology.sites[site].gateway.address for site in tunnel.sites)
    if tunnel.mesh is None and near and far and near.version != far.version:
        families = f"the gateway of {one} has {near} and that of {other} has {far}"
        yield ".sites", f"{families}; both need addresses of one family, IPv4 or IPv6."
    yield from nat_faults(topology, tunnel)
    yield from dialling_faults(topology, tunnel)
    policy = topology.policies.get(tunnel.policy)
    if policy:
        yield from behaviour_faults(tunnel.behaviour, tunnel.policy, policy)
        yield from _port_faults(tunnel, policy)
    yield from identity_faults(topology, tunnel)
    yield from _selector_faults(topology, tunnel)


def _port_faults(tunnel: Tunnel, policy: Policy) -> Iterator[tuple[str, str]]:
    if policy.ike.version == 2:
        return
    for index, traffic in enumerate(tunnel.traffic):
        for site, ports in traffic.ports:
            if "-" in ports:
                yield (
                    f".traffic[{index}].ports[{site}]",
                    f"{ports}: IKEv1, which policy {tunnel.policy!r} uses, can name one port or all, no range.",
                )


def _selector_faults(topology: Topology, tunnel: Tunnel) -> Iterator[tuple[str, str]]:
    one, other = tunnel.sites
    near, far = selectors(topology, tunnel, one), selectors(topology, tunnel, other)
    limit = topology.limits.subnets_per_tunnel
    for site, blocks in ((one, near), (other, far)):
        if limit is not None and len(blocks) > limit:
            yield (
                ".subnets",
                f"{len(blocks)} subnets of {site}; limits.subnets_per_tunnel allows {limit}. Summarise them.",
            )
    if near and far and not _families(near) & _families(far):
        yield (
            ".subnets",
            f"{one} has only {_family(near)} and {other} only {_family(far)} subnets; nothing could cross the tunnel.",
        )
    if in_pairs(topology, tunnel) and len(near) * len(far) * len(tunnel.traffic) > MOST_SUBNETS:
        yield ".subnets", _too_many_pairs(tunnel, len(near), len(far))


def _too_many_pairs(tunnel: Tunnel, near: int, far: int) -> str:
    by_choice = tunnel.behaviour.selectors == "pairs"
    cause = "selectors: pairs makes" if by_choice else "IKEv1 needs"
    remedy = "let them be together" if by_choice else "use a policy with version 2"
    times = f" and {len(tunnel.traffic)} kinds of traffic" if len(tunnel.traffic) > 1 else ""
    return (
        f"{near} by {far} subnets{times}; {cause} a child for each pair, at most {MOST_SUBNETS}. "
        f"Summarise them, or {remedy}."
    )


def _families(blocks: tuple[Block, ...]) -> set[int]:
    return {block.version for block in blocks}


def _family(blocks: tuple[Block, ...]) -> str:
    return f"IPv{blocks[0].version}"


def mixed_meshes(fleet: Fleet) -> Iterator[Problem]:
    sites = fleet.topology.sites
    for mesh in fleet.topology.meshes:
        families: dict[int, list[str]] = {}
        for name in (*([mesh.hub] if mesh.hub else []), *mesh.sites):
            address = sites[name].gateway.address
            if address:
                families.setdefault(address.version, []).append(name)
        if len(families) > 1:
            groups = " and ".join(f"IPv{version} for {first_few(names)}" for version, names in sorted(families.items()))
            message = f"gateways have addresses of two families, {groups}; make it two meshes or give them one family."
            yield Problem(bracketed("meshes", mesh.name), message)


def unroutable_families(fleet: Fleet) -> Iterator[Problem]:
    """LAN hosts that would need routes of a family in which their gateway has no LAN address."""
    for site in fleet.topology.sites.values():
        lan = site.gateway.lan_address
        others = _families(site.subnets) - {lan.version} if lan and site.lan_hosts else set()
        for tunnel in fleet.by_site[site.name] if others else ():
            needed = others & _families(selectors(fleet.topology, tunnel, tunnel.other(site.name)))
            if needed and lan:
                yield Problem(
                    f"{bracketed('sites', site.name)}.gateways[0].lan_address",
                    f"{lan} cannot be the next hop of the IPv{needed.pop()} routes that lan_hosts would need for "
                    f"{tunnel.name!r}: a gateway has one lan_address for now. Make the other family a site of its own.",
                )
                break


def crowded_gateways(fleet: Fleet) -> Iterator[Problem]:
    limit = fleet.topology.limits.tunnels_per_gateway
    for site, tunnels in fleet.by_site.items():
        if limit is not None and len(tunnels) > limit:
            message = f"its gateway has {len(tunnels)} tunnels; limits.tunnels_per_gateway allows {limit}."
            yield Problem(bracketed("sites", site), message)


def _same_pairs(topology: Topology, tunnel: Tunnel, other: Tunnel) -> bool:
    if set(tunnel.sites) != set(other.sites):
        return False
    return all(meet(selectors(topology, tunnel, end), selectors(topology, other, end)) for end in tunnel.sites)


def duplicate_identities(fleet: Fleet) -> Iterator[Problem]:
    """Two tunnels of a gateway with the same two identities: it could not tell which one a peer means."""
    said: set[tuple[str, str]] = set()
    for site, tunnels in fleet.by_site.items():
        first: dict[tuple[str, str], Tunnel] = {}
        for tunnel in tunnels:
            ours, theirs = (identity(fleet.topology, tunnel, end) for end in (site, tunnel.other(site)))
            other = first.setdefault((same_as(ours), same_as(theirs)), tunnel)
            if (
                other is tunnel
                or not (ours and theirs)
                or (path_of(other), path_of(tunnel)) in said
                or _same_pairs(fleet.topology, tunnel, other)
            ):
                continue  # the last is said of their subnets
            said.add((path_of(other), path_of(tunnel)))
            same = f"{tunnel.name!r} has the same identities as {other.name!r}, {ours} and {theirs}"
            message = f"{same}; give one of them other ids."
            yield Problem(f"{path_of(tunnel)}{'' if tunnel.mesh else '.ids'}", message)
