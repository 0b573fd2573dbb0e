# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tunnels and meshes, from what a user wrote."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from .authentication import MAKES_ONE, PSK
from .behaviour import STANDARD, Behaviour, read_behaviour
from .blocks import Block, listed
from .entry import Entry, bad_text, label
from .extra import Extra, read_extra
from .identities import parse_identity
from .model import Limits, Mesh, Site, Tunnel
from .parameters import LONGEST_PSK, MOST_SUBNETS, keys
from .parse_credentials import read_auth, read_method
from .parse_sites import LONGEST_DESCRIPTION, read_subnets
from .platforms import read_platform
from .problems import Names, Problem, shown
from .traffic import read_traffic

TUNNEL_KEYS: Final = keys("tunnel")
MESH_KEYS: Final = keys("mesh")
DEFAULT_KEYS: Final = keys("defaults")
# From vendors' tutorials, where everyone can read them and many have copied them.
PUBLISHED: Final = frozenset({"test.1231", "1231", "vPabcdefg123435hij565k7lmno8pq="})
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Defaults:
    policy: str = "recommended"
    routing: str = "policy"
    description: str = ""
    behaviour: Behaviour = STANDARD
    extra: Extra | None = None
    auth: str = PSK


@dataclass(frozen=True, slots=True)
class Context:
    """What the tunnels of a topology refer to."""

    sites: Mapping[str, Site]  # the usable ones
    site_names: Names  # all of them
    policy_names: Names
    limits: Limits
    defaults: Defaults
    problems: list[Problem]


def read_common(entry: Entry, defaults: Defaults, policies: Names, *, by_site: bool = False) -> Defaults:
    """Policy, routing, description and behaviour of a tunnel, a mesh or the defaults.

    ``by_site``: whether it may say of each site how it proves who it is.
    """
    policy = entry.text("policy")
    if policy is not None and policy not in policies:
        entry.say("policy", policies.unknown(policy))
    routing = entry.get("routing")
    if routing not in (None, "policy"):
        entry.say("routing", f"must be policy, got {shown(routing)}; other kinds are not supported yet.")
    description = entry.prose("description", LONGEST_DESCRIPTION) or defaults.description
    behaviour = read_behaviour(entry, defaults.behaviour)
    extra = read_extra(entry, defaults.extra)
    auth = defaults.auth if by_site and isinstance(entry.get("auth"), Mapping) else read_auth(entry, defaults.auth)
    return Defaults(policy or defaults.policy, defaults.routing, description, behaviour, extra, auth)


def read_name(entry: Entry, taken: dict[str, int], index: int, what: str) -> str | None:
    """The name of an entry of a list, if it has one that no other has."""
    name = entry.text("name")
    entry.missing("name", f"every {what} needs one, and it stays the same for the {what}'s life.")
    if name is not None and taken.setdefault(name, index) != index:
        entry.say(
            "name", f"{name!r} is the name of entries {taken[name] + 1} and {index + 1}; give each {what} its own."
        )
        return None
    return name


def parse_tunnel(raw: object, index: int, taken: dict[str, int], context: Context) -> Tunnel | None:
    """A tunnel, or None if its name or its ends cannot be told."""
    name = raw.get("name") if isinstance(raw, Mapping) else None
    entry = Entry(raw, f"tunnels[{label(name, index)}]", TUNNEL_KEYS, context.problems)
    name = read_name(entry, taken, index, "tunnel")
    common = read_common(entry, context.defaults, context.policy_names, by_site=True)
    sites = _ends(entry, context)
    ids = _ids(entry, sites)
    subnets = _subnets(entry, sites, context)
    psk = _psk(entry, context.limits.psk_min_length)
    platform = read_platform(entry)
    initiator = _initiator(entry, sites)
    traffic = read_traffic(entry, sites)
    auths = _auths(entry, sites) if isinstance(entry.get("auth"), Mapping) else {}
    if name is None or len(sites) != 2 or any(site not in context.sites for site in sites):
        return None
    return Tunnel(
        name, (sites[0], sites[1]), common.policy, common.routing, common.description, psk, ids, subnets,
        platform=platform, behaviour=common.behaviour, initiator=initiator, traffic=traffic, extra=common.extra,
        auth=common.auth, auths=auths,
    )  # fmt: skip


def _initiator(entry: Entry, sites: tuple[str, ...]) -> str | None:
    site = entry.text("initiator")
    if site is not None and sites and site not in sites:
        entry.say("initiator", f"{shown(site)} is no end of this tunnel; its ends are {sites[0]} and {sites[1]}.")
        return None
    return site


def _ends(entry: Entry, context: Context) -> tuple[str, ...]:
    """The two sites of a tunnel; none if they are not two different ones. They need not exist: that is said."""
    if entry.missing("sites", "name the two sites that it connects, like [berlin, london]."):
        return ()
    names = _site_names(entry, context)
    listed_sites = entry.get("sites")
    count = len(listed_sites) if isinstance(listed_sites, (list, tuple)) else 2
    if count != 2:
        entry.say("sites", f"must name two sites, got {count}; three or more make a mesh.")
        return ()
    if len(names) == 2 and names[0] == names[1]:
        entry.say("sites", f"both ends are {names[0]!r}; a tunnel connects two different sites.")
        return ()
    return tuple(names) if len(names) == 2 else ()


def _site_names(entry: Entry, context: Context) -> list[str]:
    names = []
    for index, item in enumerate(entry.items("sites", "names of sites, like [berlin, london]")):
        wrong = bad_text(item)
        if not wrong:
            names.append(str(item))
            wrong = "" if str(item) in context.site_names else context.site_names.unknown(str(item))
        if wrong:
            entry.say(f"sites[{index}]", wrong)
    return names


def _of_ends(entry: Entry, key: str, what: str, sites: tuple[str, ...]) -> list[tuple[str, str, object]]:
    """The entries of a mapping by site, without those of sites that are not an end of the tunnel."""
    found = []
    for site, path, value in entry.named(key, what):
        if sites and site not in sites:
            entry.say(key, f"{shown(site)} is no end of this tunnel; its ends are {sites[0]} and {sites[1]}.")
        else:
            found.append((site, path, value))
    return found


def _ids(entry: Entry, sites: tuple[str, ...]) -> dict[str, str]:
    ids = {}
    for site, path, value in _of_ends(entry, "ids", "site to identity", sites):
        text, wrong = parse_identity(value)
        if wrong:
            entry.problems.append(Problem(path, wrong))
        else:
            ids[site] = text
    return ids


def _auths(entry: Entry, sites: tuple[str, ...]) -> dict[str, str]:
    """How each end proves who it is, where a tunnel says so of one."""
    read = {site: read_method(entry, f"auth[{site}]", value)
            for site, _path, value in _of_ends(entry, "auth", "site to method", sites)}  # fmt: skip
    return {site: method for site, method in read.items() if method}


def _subnets(entry: Entry, sites: tuple[str, ...], context: Context) -> dict[str, tuple[Block, ...]]:
    """The subnets of each end that differs from its site; none where they could not be read."""
    subnets: dict[str, tuple[Block, ...]] = {}
    for site, path, value in _of_ends(entry, "subnets", "site to subnets", sites):
        if not isinstance(value, (list, tuple)) or not value:
            wrong = f"must list some of the site's subnets, got {shown(value)}; or leave it out."
            entry.problems.append(Problem(path, wrong))
            subnets[site] = ()
            continue
        blocks = read_subnets(list(value), path, entry.problems)
        whole = context.sites[site].subnets if site in context.sites else ()
        outside = [block for block in blocks if whole and not any(subnet.contains(block) for subnet in whole)]
        for block in outside:
            wrong = f"{block} is in none of the subnets of site {site!r} ({listed(whole)}); add it there too."
            entry.problems.append(Problem(path, wrong))
        subnets[site] = () if outside else blocks
    return subnets


def _psk(entry: Entry, least: int) -> str | None:
    """The pre-shared key. No message shows it, nor any part of it."""
    psk = entry.get("psk")
    if psk is None:
        return None
    wrong = bad_psk(psk, least)
    if wrong:
        entry.say("psk", wrong)
    return psk if isinstance(psk, str) else ""


def bad_psk(psk: object, least: int) -> str:
    """What keeps a value from being a pre-shared key; empty if nothing does."""
    if not isinstance(psk, str):
        return "must be text; put it in quotes."
    if psk in PUBLISHED:
        return f"is published in a vendor's tutorial, so everyone knows it; choose another ({MAKES_ONE})."
    if psk != psk.strip():
        return "has blanks or line breaks at an end, which the other side will hardly have; remove them."
    if not least <= len(psk) <= LONGEST_PSK:
        needed = f"at least {least} are required" if len(psk) < least else f"at most {LONGEST_PSK} are allowed"
        return f"{len(psk)} characters; {needed} ({MAKES_ONE})."
    return f"has a character that is no valid Unicode; choose another ({MAKES_ONE})." if _SURROGATE.search(psk) else ""


def parse_mesh(raw: object, index: int, taken: dict[str, int], context: Context) -> Mesh | None:
    """A mesh of the sites that can be part of one, or None if its name or its shape cannot be told."""
    name = raw.get("name") if isinstance(raw, Mapping) else None
    entry = Entry(raw, f"meshes[{label(name, index)}]", MESH_KEYS, context.problems)
    name = read_name(entry, taken, index, "mesh")
    common = read_common(entry, context.defaults, context.policy_names)
    hub = _hub(entry, context)
    transit = entry.flag("transit")
    if transit and entry.ok and entry.get("hub") is None:
        entry.say("transit", "only a mesh with a hub has it: without one, its sites reach each other directly.")
    sites = _members(entry, hub, context)
    if name is None or (hub is None and entry.get("hub") is not None) or not sites:
        return None
    if transit and hub and not _selectors_fit(entry, hub, sites, context):
        return None
    return Mesh(
        name, sites, hub, transit and hub is not None, common.policy, common.routing, common.description,
        common.behaviour, common.extra, common.auth,
    )  # fmt: skip


def _hub(entry: Entry, context: Context) -> str | None:
    hub = entry.text("hub")
    if hub is not None and hub not in context.site_names:
        entry.say("hub", context.site_names.unknown(hub))
    elif hub is not None and _manageable(entry, "hub", hub, context):
        return hub
    return None


def _members(entry: Entry, hub: str | None, context: Context) -> tuple[str, ...]:
    """The usable sites of a mesh, sorted."""
    least = 1 if entry.get("hub") is not None else 2
    if entry.missing("sites", "name the sites that it connects, like [a, b, c]."):
        return ()
    listed_sites = entry.get("sites")
    count = len(listed_sites) if isinstance(listed_sites, (list, tuple)) else least
    if count < least:
        entry.say(
            "sites", f"must name at least {'one site besides the hub' if least == 1 else 'two sites'}, got {count}."
        )
    usable: set[str] = set()
    seen: set[str] = set()
    for name in _site_names(entry, context):
        if name in seen:
            entry.say("sites", f"{name!r} is listed twice; remove one.")
        elif name == hub:
            entry.say("sites", f"{name!r} is the hub; list only the others here.")
        elif _manageable(entry, "sites", name, context):
            usable.add(name)
        seen.add(name)
    return tuple(sorted(usable))


def _manageable(entry: Entry, key: str, name: str, context: Context) -> bool:
    """Whether a site can be part of a mesh; it is said why not, unless that was said of the site itself."""
    site = context.sites.get(name)
    if site is None:
        return False
    if site.gateway.host is None:
        entry.say(
            key,
            f"site {name!r} has a gateway that we do not manage, and a mesh holds no PSK to agree on with it; "
            "connect it by an entry under tunnels with a psk.",
        )
    return site.gateway.host is not None


def _selectors_fit(entry: Entry, hub: str, sites: tuple[str, ...], context: Context) -> bool:
    count = sum(len(context.sites[name].subnets) for name in (hub, *sites))
    if count > MOST_SUBNETS:
        entry.say(
            "transit", f"its tunnels would carry {count} subnets; IKE can carry {MOST_SUBNETS}. Summarise or split it."
        )
    return count <= MOST_SUBNETS
