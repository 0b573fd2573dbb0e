# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what a user wrote to a topology, with every problem that one entry alone can have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from .built_in_policies import BUILT_IN_POLICIES
from .entry import MOST_ENTRIES, ROOT, Entry
from .expand import size
from .model import Limits, Mesh, Site, Topology, Tunnel
from .parameters import LONGEST_PSK, MOST_SUBNETS, MOST_TUNNELS, keys
from .parse_credentials import parse_authorities
from .parse_sites import parse_site
from .parse_tunnels import DEFAULT_KEYS, Context, Defaults, parse_mesh, parse_tunnel, read_common
from .policies import Policy, parse_policy
from .problems import Names, Problem

KEYS: Final = keys("top")
LIMIT_KEYS: Final = keys("limits")


def parse(raw: object) -> tuple[Topology, list[Problem]]:
    """What can be understood of a topology, and what cannot. Never raises."""
    problems: list[Problem] = []
    entry = Entry(raw, "", KEYS, problems)
    limits = _limits(entry)
    policies, policy_names = _policies(entry)
    defaults = _defaults(entry, policy_names)
    authorities, authority_names = parse_authorities(entry)
    sites, site_names = _sites(entry, authority_names)
    context = Context(sites, site_names, policy_names, limits, defaults, problems)
    tunnels = _tunnels(entry, context)
    meshes = _meshes(entry, context, len(tunnels))
    return replace(_indexed(sites, tunnels, meshes, policies, limits), authorities=authorities), problems


def _limits(top: Entry) -> Limits:
    if top.get("limits") is None:
        return Limits()
    entry = Entry(top.get("limits"), "limits", LIMIT_KEYS, top.problems)
    return Limits(
        entry.number("tunnels_per_gateway", 1, MOST_TUNNELS),
        entry.number("subnets_per_tunnel", 1, MOST_SUBNETS),
        entry.number("psk_min_length", 1, LONGEST_PSK) or Limits().psk_min_length,
    )


def _policies(top: Entry) -> tuple[dict[str, Policy], Names]:
    """The usable policies, and the names of all of them: a broken one is not unknown."""
    policies: dict[str, Policy] = dict(BUILT_IN_POLICIES)
    names = list(BUILT_IN_POLICIES)
    for name, path, raw in top.named("policies", "name to policy"):
        if name in BUILT_IN_POLICIES:
            top.problems.append(
                Problem(path, f"{name!r} is built in; choose another name and set it in defaults.policy.")
            )
            continue
        names.append(name)
        policy, problems = parse_policy(raw, path)
        top.problems.extend(problems)
        if policy:
            policies[name] = policy
    return policies, Names("policy", names)


def _defaults(top: Entry, policies: Names) -> Defaults:
    if top.get("defaults") is None:
        return Defaults()
    return read_common(Entry(top.get("defaults"), "defaults", DEFAULT_KEYS, top.problems), Defaults(), policies)


def _sites(top: Entry, authorities: Names) -> tuple[dict[str, Site], Names]:
    """The usable sites, and the names of all of them: a broken one is not unknown."""
    names = []
    sites = {}
    top.missing("sites", "a topology needs sites: a mapping from name to subnets and gateways.")
    for name, path, raw in top.named("sites", "name to site"):
        names.append(name)
        site = parse_site(name, raw, path, top.problems, authorities)
        if site:
            sites[name] = site
    written = top.get("sites")
    readable = isinstance(written, Mapping) and len(written) <= MOST_ENTRIES
    return sites, Names("site", names, readable=readable)


def _tunnels(top: Entry, context: Context) -> tuple[Tunnel, ...]:
    taken: dict[str, int] = {}
    items = top.items("tunnels", "tunnels, like [{name: berlin-london, sites: [berlin, london]}]")
    found = [parse_tunnel(raw, index, taken, context) for index, raw in enumerate(items)]
    return tuple(tunnel for tunnel in found if tunnel)


def _meshes(top: Entry, context: Context, count: int) -> tuple[Mesh, ...]:
    taken: dict[str, int] = {}
    items = top.items("meshes", "meshes, like [{name: backbone, sites: [a, b, c]}]")
    found = [parse_mesh(raw, index, taken, context) for index, raw in enumerate(items)]
    meshes = tuple(mesh for mesh in found if mesh)
    count += sum(size(mesh) for mesh in meshes)
    if count > MOST_TUNNELS:
        top.problems.append(
            Problem(ROOT, f"{count} tunnels; at most {MOST_TUNNELS} can be planned. Split the topology.")
        )
        return ()
    return meshes


def _indexed(
    sites: dict[str, Site],
    tunnels: tuple[Tunnel, ...],
    meshes: tuple[Mesh, ...],
    policies: Mapping[str, Policy],
    limits: Limits,
) -> Topology:
    by_site: dict[str, list[Tunnel]] = {}
    for tunnel in tunnels:
        for name in tunnel.sites:
            by_site.setdefault(name, []).append(tunnel)
    meshes_by_site: dict[str, list[Mesh]] = {}
    for mesh in meshes:
        for name in (*mesh.sites, *([mesh.hub] if mesh.hub else [])):
            meshes_by_site.setdefault(name, []).append(mesh)
    by_lan_host: dict[str, list[str]] = {}
    for site in sites.values():
        for host in site.lan_hosts:
            by_lan_host.setdefault(host, []).append(site.name)
    return Topology(
        sites=sites,
        tunnels=tunnels,
        meshes=meshes,
        policies=policies,
        limits=limits,
        authorities={},
        site_by_host={site.gateway.host: site.name for site in sites.values() if site.gateway.host},
        sites_by_lan_host={host: tuple(names) for host, names in by_lan_host.items()},
        tunnels_by_site={name: tuple(found) for name, found in by_site.items()},
        meshes_by_site={name: tuple(found) for name, found in meshes_by_site.items()},
    )
