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
    "EspHalf",
    "IkeHalf",
    "Policy",
    "Proposal",
    "algorithms",
    "parse_policy",
    "plugins",
    "policy_warnings",
]

IKE_KEYS: Final = ("version", "encryption", "integrity", "prf", "dh_group", "lifetime")
ESP_KEYS: Final = ("encryption", "integrity", "pfs_group", "lifetime")
IKE_LIFETIME: Final = 14400
ESP_LIFETIME: Final = 3600
# IKEv1 sends every combination as a proposal of its own; more than this do not fit into a packet or two.
IKEV1_PROPOSALS: Final = 24


@dataclass(frozen=True)
class IkeHalf:
    """Cryptography of the control channel; ``lifetime`` in seconds."""

    version: int
    proposals: tuple[Proposal, ...]
    lifetime: int


@dataclass(frozen=True)
class EspHalf:
    """Cryptography of the traffic; ``lifetime`` in seconds."""

    proposals: tuple[Proposal, ...]
    lifetime: int


@dataclass(frozen=True)
class Policy:
    """Both halves."""

    ike: IkeHalf
    esp: EspHalf


# 20 first: it matches AES-256. 15 last: for peers without elliptic curves. PFS with the same groups.
_GROUPS: Final = (20, 31, 19, 15)
_CIPHERS: Final = ("aes256gcm16", "aes128gcm16", "aes256", "aes128")
BUILT_IN: Final[Mapping[str, Policy]] = {
    "recommended": Policy(
        ike=IkeHalf(2, proposals(_CIPHERS, ("sha512", "sha256"), ("sha512", "sha256"), _GROUPS), IKE_LIFETIME),
        # The shorter tag first: every byte of it is missing in every packet.
        esp=EspHalf(proposals(_CIPHERS, ("sha256", "sha512"), (), _GROUPS), ESP_LIFETIME),
    )
}


def parse_policy(raw: object, path: str) -> tuple[Policy | None, list[Problem]]:
    """A policy out of plain data, or None and every problem found. Never raises, whatever ``raw`` is.

    A half that is missing altogether is taken from ``recommended``; pieces of a half are not.
    """
    problems: list[Problem] = []
    top = Reader.of(raw, path, ("ike", "esp"), problems)
    if top is None:
        return None, problems
    if not top.has("ike") and not top.has("esp"):
        top.problem("", "says nothing: give ike, esp or both (the one that is missing is taken from 'recommended').")
    half = top.half("ike", IKE_KEYS) if top.has("ike") else None
    version = half.version() if half else 2
    ike = _parse_ike(half, version) if top.has("ike") else BUILT_IN["recommended"].ike
    groups = ike.proposals[0].dh_groups if ike and top.has("ike") else _GROUPS
    if version == 1 and not top.has("esp"):
        top.problem("esp", "missing; with IKEv1 both halves must be given.")
    esp = _parse_esp(top.half("esp", ESP_KEYS), version, groups) if top.has("esp") else BUILT_IN["recommended"].esp
    if problems or ike is None or esp is None:
        return None, problems
    return Policy(ike, esp), problems


def _parse_ike(half: Reader | None, version: int) -> IkeHalf | None:
    if half is None:
        return None
    ciphers = half.ciphers()
    integrity = half.integrity(ciphers)
    prf = half.prf()
    groups = half.groups("dh_group")
    if half.none("dh_group"):
        half.problem("dh_group", "missing; IKE needs a Diffie-Hellman group, for example 20 (ecp384) or 15 (modp3072).")
    lifetime = half.lifetime(IKE_LIFETIME)
    if version == 1:
        _refuse_in_ikev1(half, ciphers, groups, ike=True)
    if half.failed or not (ciphers and groups):
        return None
    if version == 1:
        whole = _singly(half, proposals(ciphers, integrity, (), groups))
    else:
        whole = proposals(ciphers, integrity, prf or _default_prf(ciphers, integrity), groups)
    return IkeHalf(version, whole, lifetime)


def _parse_esp(half: Reader | None, version: int, ike_groups: tuple[int, ...]) -> EspHalf | None:
    if half is None:
        return None
    ciphers = half.ciphers()
    integrity = half.integrity(ciphers)
    # Secure unless told otherwise: a policy that does not speak of PFS gets it, with the groups of its IKE half.
    groups = half.groups("pfs_group") if half.has("pfs_group") else ike_groups
    lifetime = half.lifetime(ESP_LIFETIME)
    if version == 1:
        _refuse_in_ikev1(half, ciphers, groups, ike=False)
    if half.failed or not ciphers:
        return None
    whole = proposals(ciphers, integrity, (), groups)
    return EspHalf(_singly(half, whole) if version == 1 else whole, lifetime)


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
    found += [
        Problem(f"{path}.ike.{key}", f"policy {name!r} names {what}")
        for key, what in _weak(policy.ike.proposals, "dh_group")
    ]
    found += [
        Problem(f"{path}.esp.{key}", f"policy {name!r} names {what}")
        for key, what in _weak(policy.esp.proposals, "pfs_group")
    ]
    if not all(proposal.dh_groups for proposal in policy.esp.proposals):
        found.append(
            Problem(
                f"{path}.esp.pfs_group",
                f"policy {name!r} has no perfect forward secrecy: who breaks one IKE key reads all traffic; "
                "use 20 (ecp384) or 15 (modp3072).",
            )
        )
    return found


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
