# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The limits of the platforms whose VPN services stand at tunnels' ends. No rule knows a platform by its name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .expand import identity, selectors
from .fleet import Fleet, bracketed, path_of
from .parse_tunnels import bad_psk
from .platform_data import PLATFORMS
from .platforms import platform_ends
from .problems import Problem
from .validate_platform_policies import policy_faults

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .blocks import Block
    from .model import Site, Topology, Tunnel
    from .platform_types import Platform, Psk

Fault = tuple[str, str]  # the key of the tunnel, and what is wrong with it
_PLAIN_ID: Final = re.compile(r"[A-Za-z0-9._:-]+")


@dataclass(frozen=True, slots=True)
class Stand:
    """A platform at one end of a tunnel."""

    topology: Topology
    tunnel: Tunnel
    site: str  # of that end
    name: str
    platform: Platform


def _stands(fleet: Fleet) -> Iterator[Stand]:
    topology = fleet.topology
    if not any(site.platform for site in topology.sites.values()) and not any(t.platform for t in topology.tunnels):
        return
    for tunnel in fleet.tunnels:
        for site, name in platform_ends(topology, tunnel):
            yield Stand(topology, tunnel, site, name, PLATFORMS[name])


def platform_limits(fleet: Fleet) -> Iterator[Problem]:
    """What a tunnel has that the platform at its end does not take. Of a mesh, each fault once."""
    said: set[tuple[str, str]] = set()
    policies: dict[tuple[str, str], tuple[Fault, ...]] = {}  # a policy is held against a platform once
    for stand in _stands(fleet):
        tunnel = stand.tunnel
        both = (tunnel.policy, stand.name)
        if both not in policies:
            policy = stand.topology.policies.get(tunnel.policy)
            policies[both] = tuple(policy_faults(tunnel.policy, policy, stand.name) if policy else ())
        for key, message in (*(fault for check in CHECKS for fault in check(stand)), *policies[both]):
            if tunnel.mesh is None:
                yield Problem(f"{path_of(tunnel)}{key}", message)
            elif (tunnel.mesh.name, message) not in said:
                said.add((tunnel.mesh.name, message))
                yield Problem(path_of(tunnel), f"{tunnel.name}: {message}")


def _name(stand: Stand) -> Iterator[Fault]:
    longest = stand.platform.longest_name
    if longest is not None and len(stand.tunnel.name) > longest:
        yield (
            ".name",
            (
                f"{len(stand.tunnel.name)} characters; {stand.platform.title} gives a tunnel a name of at most "
                f"{longest}. Rename it."
            ),
        )


def _psk(stand: Stand) -> Iterator[Fault]:
    rule, psk = stand.platform.psk, stand.tunnel.psk
    if rule is None or not psk or bad_psk(psk, stand.topology.limits.psk_min_length):
        return  # the last was said where the key was read
    wrong = _bad_for(rule, psk, f"a {stand.platform.words.psk} of {stand.platform.title}")
    if wrong:
        yield ".psk", f"{wrong} ({rule.made_by} makes one)."


def _bad_for(rule: Psk, psk: str, called: str) -> str:
    """What keeps a key from being one of a platform's. Nothing of the key is told but its length."""
    if rule.length is not None and len(psk) not in rule.length:
        return f"{len(psk)} characters; {called} has {rule.length}"
    if rule.allowed is not None and not rule.allowed.issuperset(psk):
        return f"has a character that {called} cannot have; allowed are {rule.spelled}"
    if psk[0] in rule.not_first:
        return f"must not begin with {', '.join(rule.not_first)} to be {called}"
    kinds = len({_kind(char) for char in psk})
    if kinds < rule.kinds:
        return f"has {kinds} of the kinds upper case, lower case, digits and others; {called} has at least {rule.kinds}"
    return ""


def _kind(char: str) -> str:
    return "upper" if char.isupper() else "lower" if char.islower() else "digit" if char.isdigit() else "other"


def _subnets(stand: Stand) -> Iterator[Fault]:
    platform = stand.platform
    for site, limit, word in (
        (stand.site, platform.local_subnets, platform.words.local),
        (stand.tunnel.other(stand.site), platform.remote_subnets, platform.words.remote),
    ):
        count = len(selectors(stand.topology, stand.tunnel, site))
        if limit is not None and count > limit:
            yield (
                ".subnets",
                f"{count} subnets of {site}; {platform.title} takes {limit} as {word} of a tunnel. Summarise them.",
            )


def _pairs(stand: Stand) -> Iterator[Fault]:
    policy = stand.topology.policies.get(stand.tunnel.policy)
    limit = stand.platform.ikev1_pairs
    if limit is None or policy is None or policy.ike.version == 2:
        return
    near, far = (len(selectors(stand.topology, stand.tunnel, site)) for site in stand.tunnel.sites)
    if near * far > limit:
        yield (
            ".subnets",
            (
                f"{near} by {far} subnets; IKEv1 makes a security association for each pair, and "
                f"{stand.platform.title} keeps {limit} per tunnel. Summarise them, or use a policy with version 2."
            ),
        )


def _reserved(stand: Stand) -> Iterator[Fault]:
    platform = stand.platform
    other = stand.tunnel.other(stand.site)
    for block in selectors(stand.topology, stand.tunnel, other) if platform.reserved else ():
        for reserved in platform.reserved:
            if block.overlaps(reserved):
                yield (
                    ".subnets",
                    (
                        f"subnet {block} of {other} overlaps {reserved}, which {platform.title} keeps for itself and "
                        f"refuses among its {platform.words.remote}; renumber it, or narrow the tunnel by its subnets."
                    ),
                )


def _families(stand: Stand) -> Iterator[Fault]:
    for site in stand.tunnel.sites:
        other = [
            address
            for address in stand.topology.sites[site].gateway.addresses
            if address.version not in stand.platform.families
        ]
        if other:
            yield (
                ".sites",
                (
                    f"the gateway of {site} has {other[0]}; {stand.platform.title} reaches its peers by "
                    f"{' and '.join(f'IPv{version}' for version in stand.platform.families)} only. "
                    "Give it such an address."
                ),
            )
            return


def _ids(stand: Stand) -> Iterator[Fault]:
    for site in stand.tunnel.sites if stand.platform.plain_ids else ():
        text = identity(stand.topology, stand.tunnel, site)
        if not _PLAIN_ID.fullmatch(text):
            yield (
                ".ids",
                (
                    f"{text!r} of {site} is neither an IP address nor a domain name, and {stand.platform.title} takes "
                    "only these; give it another identity."
                ),
            )


CHECKS: Final[tuple[Callable[[Stand], Iterator[Fault]], ...]] = (
    *(_name, _psk, _subnets, _pairs, _reserved, _families, _ids),
)


def ambiguous_platforms(fleet: Fleet) -> Iterator[Problem]:
    """Tunnels whose platform could stand at either end."""
    for tunnel in fleet.topology.tunnels:
        if tunnel.platform is not None and not platform_ends(fleet.topology, tunnel):
            one, other = tunnel.sites
            yield Problem(
                f"{path_of(tunnel)}.platform",
                f"{tunnel.platform!r} could stand at {one} or at {other}; name it at the site whose gateway it is.",
            )


def platform_sites(fleet: Fleet) -> Iterator[Problem]:
    """What the site of a platform's gateway must have, and how many tunnels may end there."""
    ends: dict[tuple[str, str], int] = {
        (site.name, site.platform): 0 for site in fleet.topology.sites.values() if site.platform
    }
    for stand in _stands(fleet):
        ends[stand.site, stand.name] = ends.get((stand.site, stand.name), 0) + 1
    for (name, platform), count in ends.items():
        yield from _site_problems(fleet.topology.sites[name], PLATFORMS[platform], count)


def _site_problems(site: Site, platform: Platform, tunnels: int) -> Iterator[Problem]:
    path = bracketed("sites", site.name)
    if platform.tunnels is not None and tunnels > platform.tunnels:
        message = f"its gateway has {tunnels} tunnels; {platform.title} has at most {platform.tunnels} per gateway."
        yield Problem(path, f"{message} Divide them between two gateways, each a site of its own.")
    for key, what in platform.needs.items():
        if not getattr(site, key):
            yield Problem(f"{path}.{key}", f"missing; {platform.title} needs {what}.")
    lan = site.gateway.lan_address
    if platform.lan_octet and lan and lan.version == 4 and lan.first % 256 not in platform.lan_octet:
        yield Problem(f"{path}.gateways[0].lan_address", _wrong_octet(lan, platform))


def _wrong_octet(lan: Block, platform: Platform) -> str:
    network = lan.text.rpartition(".")[0]
    span = platform.lan_octet
    least = span.least if span else 0
    return (
        f"{lan}; the LAN address of {platform.title} ends in {span}, outside its DHCP pool. "
        f"Give it one like {network}.{least}."
    )
