# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is allowed because a policy names it, and why it should not stay."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

from .crypto import members, proposal_token, strength
from .crypto_data import BROKEN, LEGACY
from .problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .crypto import Proposal
    from .policies import IpsecHalf, Policy


def policy_warnings(name: str, policy: Policy, path: str, *, psk: bool = True) -> list[Problem]:
    """What is weak in a policy, and why: each algorithm once per half. ``psk``: whether a tunnel may use one."""
    found = []
    if policy.ike.version != 2:
        uses = "uses" if policy.ike.version == 1 else "accepts"
        found.append(
            Problem(
                f"{path}.ike.version", f"policy {name!r} {uses} IKEv1, which RFC 9395 retired in 2023; use version 2."
            )
        )
    if policy.ike.aggressive:
        found.append(Problem(f"{path}.ike.mode", f"policy {name!r} uses aggressive mode, {_IN_CLEAR[psk]}"))
    found += [
        Problem(f"{path}.ike.{key}", f"policy {name!r} names {what}")
        for key, what in _weak(policy.ike.proposals, "dh_group")
    ]
    found += _order(name, policy.ike.ranked, f"{path}.ike")
    return [*found, *_ipsec_warnings(name, policy.ipsec, f"{path}.{policy.ipsec.protocol}")]


_IN_CLEAR: Final[Mapping[bool, str]] = {
    True: "which sends a hash made with the PSK in clear: who listens, or just asks, can try passwords offline; use "
    "main mode or version 2, or at least a long random PSK.",
    False: "which shows both ends' identities and certificates to who listens; use main mode or version 2.",
}


def _ipsec_warnings(name: str, half: IpsecHalf, path: str) -> Iterator[Problem]:
    if half.protocol == "ah":
        yield Problem(path, f"policy {name!r} uses AH, which encrypts nothing: who listens reads all traffic; use esp.")
    for key, what in _weak(half.proposals, "pfs_group"):
        yield Problem(f"{path}.{key}", f"policy {name!r} names {what}")
    yield from _order(name, half.ranked, path)
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


def _order(name: str, whole: tuple[Proposal, ...], path: str) -> Iterator[Problem]:
    """The first proposal that is stronger than one before it: the ends take the first that both have."""
    for before, after in pairwise(whole):
        if strength(after) > strength(before):
            tokens = f"{proposal_token(after)} after {proposal_token(before)}, which is weaker"
            message = f"policy {name!r} names {tokens}: the ends take the first that both have; put the stronger first."
            yield Problem(f"{path}.proposals", message)
            return
