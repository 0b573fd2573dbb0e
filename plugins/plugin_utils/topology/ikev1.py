# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What IKEv1 can't say: one algorithm of each kind per proposal, and none that came after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .crypto import INTEGRITY, Proposal, singly

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .policy_reader import Reader

# IKEv1 sends every combination as a proposal of its own; more than this do not fit into a packet or two.
MOST_PROPOSALS: Final = 24
LAST_GROUP: Final = 30
_HASHES: Final = tuple(name for name, row in INTEGRITY.items() if row.algorithm.startswith("HMAC"))


def refuse_in_ikev1(
    half: Reader, ciphers: Iterable[str], integrity: Iterable[str], groups: Iterable[int], *, ike: bool
) -> None:
    """IKEv1 has no numbers for what came after it (RFC 2409 and its IANA registries, RFC 7634, RFC 8031)."""
    for name in ciphers:
        if not _has_cipher(name, ike=ike):
            half.problem("encryption", f"IKEv1 cannot negotiate {name} here; use aes256 or aes128, or version: 2.")
    for name in integrity:
        if not _has_integrity(name, ike=ike):
            half.problem("integrity", f"IKEv1 cannot negotiate {name} here; use sha256, or version: 2.")
    for group in groups:
        if group > LAST_GROUP:
            half.problem(
                "dh_group" if ike else "pfs_group", f"IKEv1 has no group {group}; use 20 or 15, or version: 2."
            )
    if ike and half.has("prf"):
        half.problem("prf", "IKEv1 uses the integrity algorithm as its PRF; remove prf.")
    if half.has("additional_key_exchanges"):
        half.problem(
            "additional_key_exchanges", "IKEv1 has one key exchange and no more; remove it, or use version: 2."
        )


def _has_cipher(name: str, *, ike: bool) -> bool:
    counter = any(mode in name for mode in ("gcm", "ccm", "ctr"))
    return not name.startswith("chacha") and not (ike and counter)


def _has_integrity(name: str, *, ike: bool) -> bool:
    return name in _HASHES or (name == "aesxcbc" and not ike)


def _fits(proposal: Proposal, *, ike: bool) -> bool:
    """Whether IKEv1 can negotiate a proposal with one algorithm of each kind."""
    return (
        all(_has_cipher(name, ike=ike) for name in proposal.encryption)
        and all(_has_integrity(name, ike=ike) for name in proposal.integrity)
        and all(group <= LAST_GROUP for group in proposal.dh_groups)
        and proposal.prf in {(), proposal.integrity}
        and not proposal.additional
    )


def single_proposals(half: Reader, whole: Iterable[Proposal], version: int, *, ike: bool) -> list[Proposal]:
    """One proposal for each combination. Where IKEv2 may be spoken too, what only that can say stays whole."""
    found: list[Proposal] = []
    fitting = 0
    for proposal in whole:
        singles = singly([proposal])
        fit = [one for one in singles if version == 1 or _fits(one, ike=ike)]
        fitting += len(fit)
        found += singles if fit else [proposal]
    if version != 1 and not fitting and not half.failed:
        half.problem("", "names nothing that IKEv1 could negotiate, and version: any offers both; use version: 2.")
    if fitting > MOST_PROPOSALS:
        half.problem(
            "", f"{fitting} combinations, each a proposal of its own in IKEv1; at most {MOST_PROPOSALS} are allowed."
        )
    if version == 1 or not ike:
        return found
    return [Proposal(one.encryption, one.integrity, one.prf or one.integrity, *_rest(one)) for one in found]


def _rest(proposal: Proposal) -> tuple[tuple[int, ...], tuple[str, ...], tuple[str, ...]]:
    return proposal.dh_groups, proposal.additional, proposal.esn
