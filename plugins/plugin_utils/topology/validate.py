# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules over the whole fleet; each takes it and yields what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .authentication import PSK, methods
from .blocks import meet
from .built_in_policies import BUILT_IN_POLICIES
from .expand import selectors, tunnels_of
from .fleet import bracketed, fleet
from .policy_warnings import policy_warnings
from .problems import Problem
from .validate_ikev1 import ikev1_rivals
from .validate_names import duplicate_addresses, duplicate_hosts, duplicate_lan_hosts, duplicate_sections
from .validate_overlaps import overlaps
from .validate_platforms import ambiguous_platforms, platform_limits, platform_sites
from .validate_tunnels import (
    crowded_gateways,
    duplicate_identities,
    mixed_meshes,
    unroutable_families,
    unusable_tunnels,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .model import Mesh, Site, Topology, Tunnel

RULES = (
    duplicate_hosts,
    duplicate_lan_hosts,
    duplicate_addresses,
    duplicate_sections,
    unusable_tunnels,
    mixed_meshes,
    unroutable_families,
    crowded_gateways,
    duplicate_identities,
    ikev1_rivals,
    overlaps,
    ambiguous_platforms,
    platform_sites,
    platform_limits,
)


def validate(topology: Topology) -> Iterator[Problem]:
    """Everything that is wrong between the entries of a topology."""
    whole = fleet(topology)
    for rule in RULES:
        yield from rule(whole)


def warnings(topology: Topology) -> list[Problem]:
    """What is allowed because a policy or a site names it, and why it should not stay."""
    used = {tunnel.policy for tunnel in topology.tunnels} | {mesh.policy for mesh in topology.meshes}
    keyed = {tunnel.policy for tunnel in topology.tunnels if PSK in methods(tunnel)}
    keyed |= {mesh.policy for mesh in topology.meshes if mesh.auth == PSK}
    return [
        *(
            warning
            for name, policy in topology.policies.items()
            if name not in BUILT_IN_POLICIES or name in used
            for warning in policy_warnings(
                name, policy, bracketed("policies", name), psk=name in keyed or name not in used
            )
        ),
        *(
            warning
            for rule in (_swallowed_management, _open_to_all, _moving_anywhere)
            for site in topology.sites.values()
            for warning in rule(topology, site)
        ),
    ]


def _open_to_all(topology: Topology, site: Site) -> Iterator[Problem]:
    """Where the firewalls of a site's peers cannot tell its packets by their source."""
    gateway = site.gateway
    managed = any(topology.sites[one.other(site.name)].gateway.host for one in tunnels_of(topology, site.name))
    if gateway.fixed or not managed:
        return
    what = "its address is not known" if gateway.anywhere else "the address of a DNS name may change at any time"
    yield Problem(
        f"{bracketed('sites', site.name)}.gateways[0].address",
        f"{what}: the firewalls of its peers let IKE, ESP and AH in from everywhere, and leave the rest to IKE.",
    )


def _moving_anywhere(topology: Topology, site: Site) -> Iterator[Problem]:
    """Where a tunnel may leave the WAN.

    MOBIKE tells the peer of all addresses (RFC 4555, 3.4). When the path is lost, strongSwan tries all of them at once,
    and the first answer wins: seen on a management network that both gateways are on.
    """
    gateway, name = site.gateway, site.name
    if not gateway.host or not gateway.extra.keys().isdisjoint(("interfaces_use", "interfaces_ignore")):
        return
    entries: list[Tunnel | Mesh] = [*topology.tunnels_by_site.get(name, ()), *topology.meshes_by_site.get(name, ())]
    first = next((entry.name for entry in entries if entry.behaviour.mobike), None)
    if first is not None:
        yield Problem(
            f"{bracketed('sites', name)}.gateways[0].extra",
            f"with mobike, {first!r} may move to any address that {gateway.host} has, on its LAN and on a network for "
            "management, too, and its peer is told of them all. Name the WAN's interface in interfaces_use.",
        )


def _swallowed_management(topology: Topology, site: Site) -> Iterator[Problem]:
    """Where a gateway's answers to SSH would leave by a tunnel, whichever way SSH came."""
    own = next(iter(site.gateway.own_addresses), None)
    if own is None or not site.management or not any(subnet.contains(own) for subnet in site.subnets):
        return
    for tunnel in tunnels_of(topology, site.name):
        swallowed = meet(site.management, selectors(topology, tunnel, tunnel.other(site.name)))
        if swallowed and any(subnet.contains(own) for subnet in selectors(topology, tunnel, site.name)):
            yield Problem(
                f"{bracketed('sites', site.name)}.management",
                f"{swallowed} and the gateway's own address {own} are at the two ends of {tunnel.name!r}: SSH that "
                "comes from there by any other way gets no answer. Narrow the tunnel by its subnets.",
            )
