# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies: named choices of cryptography for both halves of a tunnel, from what a user writes to proposals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from .crypto import Proposal, algorithms, plugins, proposals
from .ikev1 import refuse_in_ikev1, single_proposals
from .parameters import keys
from .policy_reader import Reader

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .problems import Problem

__all__ = [
    "BUILT_IN",
    "IkeHalf",
    "IpsecHalf",
    "Policy",
    "Proposal",
    "algorithms",
    "parse_policy",
    "plugins",
]

IKE_KEYS: Final = keys("ike")
ESP_KEYS: Final = keys("esp")
AH_KEYS: Final = keys("ah")
IKE_SUITE: Final = ("encryption", "integrity", "prf", "dh_group", "additional_key_exchanges")
ESP_SUITE: Final = ("encryption", "integrity", "pfs_group", "additional_key_exchanges")
AH_SUITE: Final = ESP_SUITE[1:]
AH_REFUSES: Final = {"encryption": "AH encrypts nothing; give esp with encryption and integrity instead, or remove it."}
IKE_LIFETIME: Final = 14400
IPSEC_LIFETIME: Final = 3600
MOST_PACKETS: Final = 2**32 - 1  # the numbers of a packet end there without extended ones
ESN: Final[Mapping[str, tuple[str, ...]]] = {"": (), "no": (), "yes": ("esn",), "both": ("esn", "noesn")}


@dataclass(frozen=True)
class IkeHalf:
    """Cryptography of the control channel; times in seconds."""

    version: int  # 0 (policy_reader.ANY_VERSION) for either
    proposals: tuple[Proposal, ...]
    lifetime: int
    aggressive: bool = False  # IKEv1 only
    rekey_margin: int = 0  # 0: a tenth of the lifetime
    reauth_lifetime: int = 0  # 0: never
    ranked: tuple[Proposal, ...] = ()  # the first of each set of algorithms, where they were written as several


@dataclass(frozen=True)
class IpsecHalf:
    """Cryptography of the traffic, in ``esp`` or ``ah``; times in seconds, 0 for no limit."""

    protocol: str
    proposals: tuple[Proposal, ...]
    lifetime: int
    rekey_margin: int = 0
    lifetime_bytes: int = 0
    lifetime_packets: int = 0
    ranked: tuple[Proposal, ...] = ()


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


@dataclass(frozen=True)
class _Negotiation:
    """What the IKE half says that the other one goes by."""

    version: int
    groups: tuple[int, ...]
    additional: tuple[str, ...]


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
    offered = ike.proposals if ike else ()
    if version != 2 and not top.has("esp", "ah"):
        top.problem("esp", "missing; with IKEv1 both halves must be given.")
    ipsec = _parse_ipsec(top, _negotiation(version, offered))
    if problems or ike is None or ipsec is None:
        return None, problems
    return Policy(ike, ipsec), problems


def _negotiation(version: int, offered: tuple[Proposal, ...]) -> _Negotiation:
    """What ESP and AH take from IKE: a key exchange that not every proposal has may be one that the peer has not."""
    if not offered:
        return _Negotiation(version, (), ())
    of_all = offered if version == 2 else offered[:1]
    groups = dict.fromkeys(group for one in of_all for group in one.dh_groups)
    additional = {one.additional for one in offered}
    return _Negotiation(version, tuple(groups), additional.pop() if len(additional) == 1 else ())


def _parse_ike(half: Reader | None, version: int) -> IkeHalf | None:
    if half is None:
        return None
    aggressive = half.aggressive()
    suites = [(suite, _ike_suite(suite, version)) for suite in half.suites(IKE_SUITE, {})]
    whole, ranked = _together(half, suites)
    lifetime = half.lifetime(IKE_LIFETIME)
    margin = half.margin("ike", lifetime)
    reauth = half.reauthentication(margin or lifetime // 10, version)
    groups = {group for proposal in whole for group in proposal.dh_groups}
    if aggressive and len(groups) > 1:
        half.problem("dh_group", f"{len(groups)} groups; aggressive mode cannot negotiate them (RFC 2409), name one.")
    if version != 2:
        whole = single_proposals(half, whole, version, ike=True)
    if half.failed or not whole:
        return None
    return IkeHalf(version, tuple(dict.fromkeys(whole)), lifetime, aggressive, margin, reauth, ranked)


def _together(
    half: Reader, suites: list[tuple[Reader, tuple[Proposal, ...]]]
) -> tuple[list[Proposal], tuple[Proposal, ...]]:
    """The proposals of all sets of algorithms, and the first of each where there are several."""
    half.failed = half.failed or any(suite.failed for suite, _found in suites)
    found = [proposals for _suite, proposals in suites if proposals]
    ranked = tuple(first for first, *_rest in found) if half.has("proposals") else ()
    return [proposal for proposals in found for proposal in proposals], ranked


def _ike_suite(suite: Reader, version: int) -> tuple[Proposal, ...]:
    """The proposals of one set of algorithms; none if it could not be understood."""
    ciphers = suite.ciphers()
    integrity = suite.integrity(ciphers)
    prf = suite.prf()
    groups = suite.groups("dh_group")
    if suite.none("dh_group"):
        suite.problem(
            "dh_group", "missing; IKE needs a Diffie-Hellman group, for example 20 (ecp384) or 15 (modp3072)."
        )
    additional = suite.additional()
    if version == 1:
        refuse_in_ikev1(suite, ciphers, integrity, groups, ike=True)
    if suite.failed or not (ciphers and groups):
        return ()
    default = _default_prf(ciphers, integrity)
    if version == 2 or prf or not integrity:
        return proposals(ciphers, integrity, prf or default, groups, additional=additional)
    # In IKEv1 the integrity algorithm is the PRF too. AEAD has none: only IKEv2 takes it, strongSwan not without a PRF.
    found = proposals(ciphers, integrity, (), groups, additional=additional)
    return tuple(one if one.integrity else replace(one, prf=default) for one in found)


def _parse_ipsec(top: Reader, ike: _Negotiation) -> IpsecHalf | None:
    if top.has("esp") and top.has("ah"):
        top.problem(
            "ah", "stands beside esp, and a tunnel uses one of them; remove ah unless nothing is to be encrypted."
        )
    if top.has("esp"):
        return _parse_half("esp", top.half("esp", ESP_KEYS), ike)
    if top.has("ah"):
        return _parse_half("ah", top.half("ah", AH_KEYS, AH_REFUSES), ike)
    return BUILT_IN["recommended"].ipsec


def _parse_half(protocol: str, half: Reader | None, ike: _Negotiation) -> IpsecHalf | None:
    if half is None:
        return None
    esn = half.word(protocol, "esn")
    if ike.version != 2 and esn in {"yes", "both"}:
        half.problem("esn", "IKEv1 cannot negotiate extended sequence numbers; remove esn, or use version: 2.")
    keys_of_suite, refused = (ESP_SUITE, {}) if protocol == "esp" else (AH_SUITE, AH_REFUSES)
    suites = half.suites(keys_of_suite, refused)
    whole, ranked = _together(half, [(suite, _ipsec_suite(suite, protocol, ike, ESN[esn])) for suite in suites])
    lifetime = half.lifetime(IPSEC_LIFETIME)
    margin = half.margin(protocol, lifetime)
    most_bytes, most_packets = half.number(protocol, "lifetime_bytes"), half.number(protocol, "lifetime_packets")
    if most_packets > MOST_PACKETS and esn != "yes":
        half.problem("lifetime_packets", f"packets are numbered up to {MOST_PACKETS} only, unless esn is yes.")
    if ike.version != 2:
        whole = single_proposals(half, whole, ike.version, ike=False)
    if half.failed or not whole:
        return None
    return IpsecHalf(protocol, tuple(dict.fromkeys(whole)), lifetime, margin, most_bytes, most_packets, ranked)


def _ipsec_suite(suite: Reader, protocol: str, ike: _Negotiation, esn: tuple[str, ...]) -> tuple[Proposal, ...]:
    ciphers = suite.ciphers() if protocol == "esp" else ()
    integrity = suite.integrity(ciphers) if protocol == "esp" else suite.authentication()
    # Secure unless told otherwise: a policy that does not speak of PFS gets it, with the groups of its IKE half.
    groups = suite.groups("pfs_group") if suite.has("pfs_group") else ike.groups
    own = suite.has("additional_key_exchanges", "pfs_group")
    additional = suite.additional() if own else ike.additional
    if additional and not groups:
        suite.problem("additional_key_exchanges", "needs a pfs_group, which it follows (RFC 9370).")
    if ike.version == 1:
        refuse_in_ikev1(suite, ciphers, integrity, groups, ike=False)
    if suite.failed or not (ciphers or protocol == "ah"):
        return ()
    return proposals(ciphers, integrity, (), groups, additional=additional, esn=esn)


def _default_prf(ciphers: tuple[str, ...], integrity: tuple[str, ...]) -> tuple[str, ...]:
    """The hashes that the integrity algorithms use; for AEAD alone those that match the key lengths."""
    if integrity:
        return integrity
    long = [name for name in ciphers if "256" in name or "chacha" in name]
    return (*(("sha384",) if long else ()), *(("sha256",) if len(long) < len(ciphers) else ()))
