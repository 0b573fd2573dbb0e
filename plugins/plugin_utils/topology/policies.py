# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies: named choices of cryptography for both halves of a tunnel, from what a user writes to proposals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .crypto import Proposal, algorithms, members, plugins, proposals, singly
from .crypto_data import BROKEN, LEGACY
from .policy_reader import Reader
from .problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = [
    "BUILT_IN",
    "IkeHalf",
    "IpsecHalf",
    "Policy",
    "Proposal",
    "algorithms",
    "parse_policy",
    "plugins",
    "policy_warnings",
]

IKE_KEYS: Final = ("version", "mode", "encryption", "integrity", "prf", "dh_group", "lifetime")
ESP_KEYS: Final = ("encryption", "integrity", "pfs_group", "lifetime")
AH_KEYS: Final = ("integrity", "pfs_group", "lifetime")
AH_REFUSES: Final = {"encryption": "AH encrypts nothing; give esp with encryption and integrity instead, or remove it."}
IKE_LIFETIME: Final = 14400
IPSEC_LIFETIME: Final = 3600
# IKEv1 sends every combination as a proposal of its own; more than this do not fit into a packet or two.
IKEV1_PROPOSALS: Final = 24


@dataclass(frozen=True)
class IkeHalf:
    """Cryptography of the control channel; ``lifetime`` in seconds."""

    version: int
    proposals: tuple[Proposal, ...]
    lifetime: int
    aggressive: bool = False  # IKEv1 only


@dataclass(frozen=True)
class IpsecHalf:
    """Cryptography of the traffic, in ``esp`` or ``ah``; ``lifetime`` in seconds."""

    protocol: str
    proposals: tuple[Proposal, ...]
    lifetime: int


@dataclass(frozen=True)
class Policy:
    """Both halves."""

    ike: IkeHalf
    ipsec: IpsecHalf


# 20 first: it matches AES-256. 15 last: for peers without elliptic curves. PFS with the same groups.
_GROUPS: Final = (20, 31, 19, 15)
_CIPHERS: Final = ("aes256gcm16", "aes128gcm16", "aes256", "aes128")
BUILT_IN: Final[Mapping[str, Policy]] = {
    "recommended": Policy(
        ike=IkeHalf(2, proposals(_CIPHERS, ("sha512", "sha256"), ("sha512", "sha256"), _GROUPS), IKE_LIFETIME),
        # The shorter tag first: every byte of it is missing in every packet.
        ipsec=IpsecHalf("esp", proposals(_CIPHERS, ("sha256", "sha512"), (), _GROUPS), IPSEC_LIFETIME),
    )
}


def parse_policy(raw: object, path: str) -> tuple[Policy | None, list[Problem]]:
    """A policy out of plain data, or None and every problem found. Never raises, whatever ``raw`` is.

    A half that is missing altogether is taken from ``recommended``; pieces of a half are not.
    """
    problems: list[Problem] = []
    top = Reader.of(raw, path, ("ike", "esp", "ah"), problems)
    if top is None:
        return None, problems
    if not top.has("ike", "esp", "ah"):
        top.problem(
            "",
            "says nothing: give ike, esp (or ah in its place), or both; what is missing is taken from 'recommended'.",
        )
    half = top.half("ike", IKE_KEYS) if top.has("ike") else None
    version = half.version() if half else 2
    ike = _parse_ike(half, version) if top.has("ike") else BUILT_IN["recommended"].ike
    groups = ike.proposals[0].dh_groups if ike else ()
    if version == 1 and not top.has("esp", "ah"):
        top.problem("esp", "missing; with IKEv1 both halves must be given.")
    ipsec = _parse_ipsec(top, version, groups)
    if problems or ike is None or ipsec is None:
        return None, problems
    return Policy(ike, ipsec), problems


def _parse_ike(half: Reader | None, version: int) -> IkeHalf | None:
    if half is None:
        return None
    aggressive = half.aggressive()
    ciphers = half.ciphers()
    integrity = half.integrity(ciphers)
    prf = half.prf()
    groups = half.groups("dh_group")
    if half.none("dh_group"):
        half.problem("dh_group", "missing; IKE needs a Diffie-Hellman group, for example 20 (ecp384) or 15 (modp3072).")
    lifetime = half.lifetime(IKE_LIFETIME)
    if version == 1:
        _refuse_in_ikev1(half, ciphers, groups, ike=True)
    if aggressive and len(groups) > 1:
        half.problem("dh_group", f"{len(groups)} groups; aggressive mode cannot negotiate them (RFC 2409), name one.")
    if half.failed or not (ciphers and groups):
        return None
    if version == 1:
        whole = _singly(half, proposals(ciphers, integrity, (), groups))
    else:
        whole = proposals(ciphers, integrity, prf or _default_prf(ciphers, integrity), groups)
    return IkeHalf(version, whole, lifetime, aggressive)


def _parse_ipsec(top: Reader, version: int, ike_groups: tuple[int, ...]) -> IpsecHalf | None:
    if top.has("esp") and top.has("ah"):
        top.problem(
            "ah", "stands beside esp, and a tunnel uses one of them; remove ah unless nothing is to be encrypted."
        )
    if top.has("esp"):
        return _parse_half("esp", top.half("esp", ESP_KEYS), version, ike_groups)
    if top.has("ah"):
        return _parse_half("ah", top.half("ah", AH_KEYS, AH_REFUSES), version, ike_groups)
    return BUILT_IN["recommended"].ipsec


def _parse_half(protocol: str, half: Reader | None, version: int, ike_groups: tuple[int, ...]) -> IpsecHalf | None:
    if half is None:
        return None
    ciphers = half.ciphers() if protocol == "esp" else ()
    integrity = half.integrity(ciphers) if protocol == "esp" else half.authentication()
    # Secure unless told otherwise: a policy that does not speak of PFS gets it, with the groups of its IKE half.
    groups = half.groups("pfs_group") if half.has("pfs_group") else ike_groups
    lifetime = half.lifetime(IPSEC_LIFETIME)
    if version == 1:
        _refuse_in_ikev1(half, ciphers, groups, ike=False)
    if half.failed or not (ciphers or protocol == "ah"):
        return None
    whole = proposals(ciphers, integrity, (), groups) if ciphers else (Proposal((), integrity, (), groups),)
    return IpsecHalf(protocol, _singly(half, whole) if version == 1 else whole, lifetime)


def _default_prf(ciphers: tuple[str, ...], integrity: tuple[str, ...]) -> tuple[str, ...]:
    """The hashes that the integrity algorithms use; for AEAD alone those that match the key lengths."""
    if integrity:
        return integrity
    long = [name for name in ciphers if "256" in name or "chacha" in name]
    return (*(("sha384",) if long else ()), *(("sha256",) if len(long) < len(ciphers) else ()))


def _refuse_in_ikev1(half: Reader, ciphers: tuple[str, ...], groups: tuple[int, ...], *, ike: bool) -> None:
    """IKEv1 has no numbers for what came after it (RFC 2409 and its IANA registries, RFC 7634, RFC 8031)."""
    for name in ciphers:
        if name.startswith("chacha") or (ike and ("gcm" in name or "ccm" in name or "ctr" in name)):
            half.problem("encryption", f"IKEv1 cannot negotiate {name} here; use aes256 or aes128, or version: 2.")
    for group in groups:
        if group > 30:
            half.problem(
                "dh_group" if ike else "pfs_group", f"IKEv1 has no group {group}; use 20 or 15, or version: 2."
            )
    if ike and half.has("prf"):
        half.problem("prf", "IKEv1 uses the integrity algorithm as its PRF; remove prf.")


def _singly(half: Reader, whole: tuple[Proposal, ...]) -> tuple[Proposal, ...]:
    single = singly(whole)
    if len(single) > IKEV1_PROPOSALS:
        half.problem(
            "",
            f"{len(single)} combinations, each a proposal of its own in IKEv1; at most {IKEV1_PROPOSALS} are allowed.",
        )
    return single


def policy_warnings(name: str, policy: Policy, path: str) -> list[Problem]:
    """What is weak in a policy, and why: each algorithm once per half."""
    found = []
    if policy.ike.version == 1:
        found.append(
            Problem(
                f"{path}.ike.version", f"policy {name!r} uses IKEv1, which RFC 9395 retired in 2023; use version 2."
            )
        )
    if policy.ike.aggressive:
        found.append(
            Problem(
                f"{path}.ike.mode",
                f"policy {name!r} uses aggressive mode, which sends a hash made with the PSK in clear: who listens, or "
                "just asks, can try passwords offline; use main mode or version 2, or at least a long random PSK.",
            )
        )
    found += [
        Problem(f"{path}.ike.{key}", f"policy {name!r} names {what}")
        for key, what in _weak(policy.ike.proposals, "dh_group")
    ]
    return [*found, *_ipsec_warnings(name, policy.ipsec, f"{path}.{policy.ipsec.protocol}")]


def _ipsec_warnings(name: str, half: IpsecHalf, path: str) -> Iterator[Problem]:
    if half.protocol == "ah":
        yield Problem(path, f"policy {name!r} uses AH, which encrypts nothing: who listens reads all traffic; use esp.")
    for key, what in _weak(half.proposals, "pfs_group"):
        yield Problem(f"{path}.{key}", f"policy {name!r} names {what}")
    if not all(proposal.dh_groups for proposal in half.proposals):
        danger = "reads all traffic" if half.protocol == "esp" else "can forge all traffic"
        yield Problem(
            f"{path}.pfs_group",
            f"policy {name!r} has no perfect forward secrecy: who breaks one IKE key {danger}; "
            "use 20 (ecp384) or 15 (modp3072).",
        )


_INSTEAD: Final[Mapping[str, str]] = {
    "encryption": "aes256gcm16 or aes256",
    "integrity": "sha256",
    "prf": "sha256",
    "ke": "20 (ecp384) or 15 (modp3072)",
}


def _weak(whole: tuple[Proposal, ...], group_key: str) -> Iterator[tuple[str, str]]:
    """The key that names each weak algorithm of these proposals, and what to say of it."""
    rows = dict.fromkeys((kind, row) for proposal in whole for kind, row in members(proposal))
    for kind, row in rows:
        if row.status in (LEGACY, BROKEN):
            label = f"group {row.name} ({row.token})" if kind == "ke" else row.name
            yield (
                (group_key if kind == "ke" else kind),
                f"{label}, which is {row.status}: {row.why}; use {_INSTEAD[kind]}.",
            )
