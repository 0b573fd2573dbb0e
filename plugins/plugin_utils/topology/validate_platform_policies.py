# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A policy held against a platform: what it offers must leave at least one choice that the platform takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .crypto import DH_GROUPS, ENCRYPTION, INTEGRITY, PRF
from .platform_data import PLATFORMS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .crypto import Proposal
    from .platform_types import Algorithms, Platform, Range
    from .policies import Policy

Fault = tuple[str, str]
Names = tuple[object, ...]
_REGISTRY: Final[Mapping[str, Names]] = {
    "encryption": tuple(ENCRYPTION),
    "integrity": tuple(INTEGRITY),
    "prf": tuple(PRF),
    "group": tuple(DH_GROUPS),
}


def policy_faults(name: str, policy: Policy, platform_name: str) -> Iterator[Fault]:
    """Why tunnels with this policy cannot end at this platform."""
    platform = PLATFORMS[platform_name]
    remedy = f"or use the built-in policy {platform_name!r}."
    for message in (*_kind_faults(policy, platform), *_choice_faults(policy, platform), *_lifetimes(policy, platform)):
        yield ".policy", f"{name!r} {message}, {remedy}"


def _kind_faults(policy: Policy, platform: Platform) -> Iterator[str]:
    versions = _versions(policy)
    if platform.ike and not any(version in platform.ike for version in versions):
        taken = " and ".join(f"IKEv{version}" for version in platform.ike)
        yield f"uses IKEv{versions[0]}; {platform.title} takes {taken} only. Set ike.version"
    mode = "aggressive" if policy.ike.aggressive else "main"
    if 1 in versions and mode not in platform.modes:
        taken = " and ".join(platform.modes)
        yield f"uses IKEv1's {mode} mode; {platform.title} takes {taken} mode only. Set ike.mode"
    if policy.ipsec.protocol not in platform.protocols:
        taken = " and ".join(protocol.upper() for protocol in platform.protocols)
        yield (
            f"uses {policy.ipsec.protocol.upper()}; {platform.title} takes {taken} only. "
            f"Give {platform.protocols[0]} in its place"
        )


def _versions(policy: Policy) -> tuple[int, ...]:
    """The versions of IKE that a policy may end up with, the best one first."""
    return (policy.ike.version,) if policy.ike.version in (1, 2) else (2, 1)


def _choice_faults(policy: Policy, platform: Platform) -> Iterator[str]:
    """What is wrong by the version of IKE that has the least against it."""
    found = [tuple(_by_version(policy, platform, version)) for version in _versions(policy) if version in platform.ike]
    yield from min(found, key=len, default=())


def _by_version(policy: Policy, platform: Platform, version: int) -> Iterator[str]:
    where = (platform.title, platform.words.ike)
    yield from _no_choice("ike", policy.ike.proposals, platform.ike[version], where)
    protocol = policy.ipsec.protocol
    if protocol in platform.protocols:
        where = (platform.title, platform.words.ipsec)
        yield from _no_choice(protocol, policy.ipsec.proposals, platform.ipsec[version], where)


def _no_choice(half: str, proposals: tuple[Proposal, ...], taken: Algorithms, where: tuple[str, str]) -> Iterator[str]:
    """Nothing if one proposal has a combination that the platform takes; else what the closest one lacks."""
    title, word = where
    closest = min(reversed(proposals), key=lambda proposal: len(_lacking(proposal, taken)))
    for kind in _lacking(closest, taken):
        allowed = [name for name in _REGISTRY[kind] if name in _taken(taken)[kind]]
        offered = dict.fromkeys(name for proposal in proposals for name in _offered(proposal)[kind])
        refused = [name for name in offered if name not in allowed]
        key = f"{half}.{_key(kind, half)}"
        has = f"has {key} {_listed(refused)}, which {title} does not take in its {word}"
        has = has if refused else f"has no {key}, and {title} requires one in its {word}"
        yield f"{has}; allowed are {_listed(allowed)}. Name one of them"


def _lacking(proposal: Proposal, taken: Algorithms) -> list[str]:
    """The kinds of which a proposal has nothing that the platform takes."""
    names = _taken(taken)
    return [
        kind
        for kind, offered in _offered(proposal).items()
        if (offered and names[kind] and not set(offered) & set(names[kind]))
        or (kind == "group" and not offered and taken.pfs)
    ]


def _offered(proposal: Proposal) -> dict[str, Names]:
    return {
        "encryption": proposal.encryption,
        "integrity": proposal.integrity,
        "prf": proposal.prf,
        "group": proposal.dh_groups,
    }


def _taken(taken: Algorithms) -> dict[str, Names]:
    return {"encryption": taken.encryption, "integrity": taken.integrity, "prf": taken.prf, "group": taken.groups}


def _key(kind: str, half: str) -> str:
    """What a policy calls this kind."""
    if kind != "group":
        return kind
    return "dh_group" if half == "ike" else "pfs_group"


def _listed(names: list[object]) -> str:
    return ", ".join(map(str, names))


def _lifetimes(policy: Policy, platform: Platform) -> Iterator[str]:
    words = platform.words
    ike, ipsec = policy.ike.lifetime, policy.ipsec.lifetime
    protocol = policy.ipsec.protocol
    yield from _lifetime("ike.lifetime", ike, platform.ike_lifetime, f"{platform.title} takes %s in its {words.ike}")
    yield from _lifetime(
        f"{protocol}.lifetime", ipsec, platform.ipsec_lifetime, f"{platform.title} takes %s in its {words.ipsec}"
    )
    if platform.ipsec_first and ipsec >= ike:
        yield (
            f"has {protocol}.lifetime {ipsec} and ike.lifetime {ike}; {platform.title} wants that of {words.ipsec} to "
            f"be shorter than that of {words.ike}. Change one"
        )


def _lifetime(key: str, value: int, span: Range | None, says: str) -> Iterator[str]:
    if span is not None and value not in span:
        yield f"has {key} {value}; {says % f'{span} seconds'}. Change it"
