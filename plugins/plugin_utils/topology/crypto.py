# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Crypto registry: look algorithms up by the names people type, put proposals together, say what they need.

The rows and their sources are in crypto_data.py and crypto_groups.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from itertools import product
from typing import TYPE_CHECKING, Final, TypeVar

from .crypto_data import ENCRYPTION, INTEGRITY, PLUGIN_PACKAGES, PRF, RELEASES, Algorithm
from .crypto_groups import ADDITIONAL, DH_GROUPS, KEMS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = [
    "ADDITIONAL",
    "DH_GROUPS",
    "ENCRYPTION",
    "INTEGRITY",
    "KEMS",
    "KINDS",
    "PRF",
    "Proposal",
    "algorithms",
    "group_number",
    "hint",
    "members",
    "packages",
    "plugins",
    "proposal_token",
    "proposals",
    "split",
    "strength",
]

# As swanctl --list-algs and VICI's get-algorithms name them (strongSwan before 6.0 calls the last one "dh").
KINDS: Final = ("encryption", "aead", "integrity", "prf", "ke")

# fmt: off
# What people and vendors' pages call the groups, besides their number and strongSwan's token.
_GROUP_NAMES: Final[Mapping[str, int]] = {
    **{group.token: number for number, group in DH_GROUPS.items()},
    "p256": 19, "nistp256": 19, "secp256r1": 19, "prime256v1": 19,
    "p384": 20, "nistp384": 20, "secp384r1": 20,
    "p521": 21, "nistp521": 21, "secp521r1": 21,
    "brainpoolp224r1": 27, "brainpoolp256r1": 28, "brainpoolp384r1": 29, "brainpoolp512r1": 30,
    "x25519": 31, "curve448": 32,
}

# What people and vendors' pages call the algorithms, without "-", "_", "/", "." and spaces.
_OTHER_NAMES: Final[Mapping[str, str]] = {
    "aes": "aes128", "des3": "3des", "tripledes": "3des", "3descbc": "3des", "chacha20": "chacha20poly1305",
    "chachapoly": "chacha20poly1305", "hmacmd5": "md5", "hmacmd596": "md5", "sha": "sha1", "hmacsha1": "sha1",
    "hmacsha196": "sha1", "sha2": "sha256", "camellia": "camellia128",
    **{f"camellia{order}": f"camellia{bits}" for bits in (128, 192, 256) for order in (f"{bits}cbc", f"cbc{bits}")},
    **{f"{name}{tag}": name for name in ("aesxcbc", "aescmac") for tag in ("96", "mac", "mac96")},
    **{f"aes{mode}": f"aes{mode}" for mode in ("xcbc", "cmac")}, "aesxcbcmac": "aesxcbc",
    **{f"{prefix}{size}": f"mlkem{size}" for size in (512, 768, 1024) for prefix in ("kyber", "ml", "ke1mlkem")},
    **{f"{prefix}{bits}": f"sha{bits}" for bits in (256, 384, 512) for prefix in ("sha2", "hmacsha", "hmacsha2")},
    **{f"hmacsha{bits}{bits // 2}": f"sha{bits}" for bits in (256, 384, 512)},
    **{f"prf{name}": name for name in PRF}, **{f"prfhmac{name}": name for name in PRF},
    **{f"aes{order}": f"aes{bits}" for bits in (128, 192, 256) for order in (f"{bits}cbc", f"cbc{bits}")},
    **{f"aes{mode}{bits}": f"aes{bits}{mode}" + ("16" if mode != "ctr" else "")
       for bits in (128, 192, 256) for mode in ("gcm", "ccm", "ctr")},
    **{f"aes{bits}{mode}{tag}": f"aes{bits}{mode}{octets}" for bits in (128, 192, 256) for mode in ("gcm", "ccm")
       for tag, octets in (("", 16), ("128", 16), ("96", 12), ("64", 8))},
}
# fmt: on


@dataclass(frozen=True)
class Proposal:
    """Algorithms by their names in the registry, best first: all AEAD (no integrity) or all classic.

    ``encryption`` is empty for AH, which has none.
    ``prf`` is empty for ESP and AH, and for IKEv1, where the integrity algorithm is the PRF too.
    ``dh_groups`` is empty for ESP and AH without perfect forward secrecy.
    ``additional`` key exchanges follow one after the other (RFC 9370): each of them must be agreed on.
    ``esn`` says which sequence numbers ESP and AH may have: ``esn``, ``noesn`` or both; empty means ``noesn``.
    """

    encryption: tuple[str, ...]
    integrity: tuple[str, ...]
    prf: tuple[str, ...]
    dh_groups: tuple[int, ...]
    additional: tuple[str, ...] = ()
    esn: tuple[str, ...] = ()


def hint(table: Mapping[str, Algorithm], name: str) -> str:
    """The name in the table that ``name`` was probably meant to be, or an empty string."""
    plain = "".join(char for char in name[:64].lower() if char.isalnum())
    meant = _OTHER_NAMES.get(plain, plain)
    if meant in table:
        return meant
    near = get_close_matches(plain, table, n=1)
    return near[0] if near else ""


def group_number(value: object) -> int | None:
    """The number in ``15``, ``"15"``, ``"group 15"``, ``"dh15"`` or ``"modp3072"``; None when there is none."""
    if isinstance(value, int):
        return None if isinstance(value, bool) else value
    if not isinstance(value, str) or len(value) > 64:
        return None
    plain = "".join(char for char in value.lower() if char.isalnum())
    for prefix in ("dhgroup", "group", "dh", "grp"):
        plain = plain.removeprefix(prefix)
    if plain.isascii() and plain.isdigit():
        return int(plain)
    return _GROUP_NAMES.get(plain)


def split(names: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The AEAD ciphers among ``names`` and the classic ones, each in the order given."""
    ciphers = tuple(names)
    aead = tuple(name for name in ciphers if ENCRYPTION[name].kind == "aead")
    return aead, tuple(name for name in ciphers if name not in aead)


def proposals(
    encryption: Sequence[str],
    integrity: Sequence[str],
    prf: Sequence[str],
    dh_groups: Sequence[int],
    *,
    additional: Sequence[str] = (),
    esn: Sequence[str] = (),
) -> tuple[Proposal, ...]:
    """One proposal for the AEAD ciphers, then one for the classic ones: they cannot stand in the same."""
    aead, classic = split(encryption)
    rest = (tuple(prf), tuple(dh_groups), tuple(additional), tuple(esn))
    whole = [Proposal(aead, (), *rest)] if aead else []
    if classic or not aead:  # AH has no cipher at all
        whole.append(Proposal(classic, tuple(integrity), *rest))
    return tuple(whole)


def singly(whole: Iterable[Proposal]) -> tuple[Proposal, ...]:
    """The same choice with one algorithm of each kind per proposal: all that IKEv1 can say."""
    return tuple(
        Proposal(cipher, integrity, prf, group, proposal.additional, proposal.esn)
        for proposal in whole
        for cipher, integrity, prf, group in product(
            _each(proposal.encryption), _each(proposal.integrity), _each(proposal.prf), _each(proposal.dh_groups)
        )
    )


Item = TypeVar("Item")


def _each(items: tuple[Item, ...]) -> tuple[tuple[Item, ...], ...]:
    """``items`` one at a time; nothing once when there are none."""
    return tuple((item,) for item in items) or ((),)


def members(proposal: Proposal) -> Iterator[tuple[str, Algorithm]]:
    """Each algorithm of a proposal with its kind (one of KINDS)."""
    for name in proposal.encryption:
        cipher = ENCRYPTION[name]
        yield ("aead" if cipher.kind == "aead" else "encryption"), cipher
    yield from (("integrity", INTEGRITY[name]) for name in proposal.integrity)
    yield from (("prf", PRF[name]) for name in proposal.prf)
    yield from (("ke", DH_GROUPS[number]) for number in proposal.dh_groups)
    yield from (("ke", ADDITIONAL[name]) for name in proposal.additional)


def proposal_token(proposal: Proposal) -> str:
    """The proposal in strongSwan's words, for example ``aes256gcm16-prfsha384-ecp384-ke1_mlkem768``."""
    tokens = [row.token for _kind, row in members(proposal)]
    first = len(tokens) - len(proposal.additional)
    following = (f"ke{number}_{token}" for number, token in enumerate(tokens[first:], 1))
    return "-".join((*tokens[:first], *following, *proposal.esn))


def strength(proposal: Proposal) -> tuple[int, int]:
    """Bits of security of the weakest cipher and group that may be agreed on, and how many key exchanges follow."""
    bits = [ENCRYPTION[name].strength_bits for name in proposal.encryption]
    bits += [DH_GROUPS[number].strength_bits for number in proposal.dh_groups]
    return min(bits or [INTEGRITY[name].strength_bits for name in proposal.integrity]), len(proposal.additional)


def algorithms(ike: Iterable[Proposal], ipsec: Iterable[Proposal]) -> dict[str, tuple[str, ...]]:
    """By kind, the names that the IKE daemon's get-algorithms must list for these proposals to work.

    strongSwan loads proposals whose algorithms no plugin serves without a word, and fails at negotiation.
    """
    wanted: dict[str, set[str]] = {kind: set() for kind in KINDS}
    for proposal in ike:
        if not proposal.prf:
            wanted["prf"].update(PRF[name].algorithm for name in proposal.integrity)
        for kind, row in members(proposal):
            wanted[kind].add(row.algorithm)
    for proposal in ipsec:
        for kind, row in members(proposal):
            wanted[kind].add(row.algorithm)
    return {kind: tuple(sorted(names)) for kind, names in wanted.items()}


def plugins(ike: Iterable[Proposal], ipsec: Iterable[Proposal]) -> tuple[str, ...]:
    """The strongSwan plugins that together serve every algorithm of these proposals on any processor."""
    return tuple(sorted({row.plugins[0] for proposal in (*ike, *ipsec) for _kind, row in members(proposal)}))


def packages(needed: Iterable[str], release: str) -> tuple[str, ...]:
    """The packages that hold these plugins in a Debian release ("12", "13"); ValueError for another, and for others."""
    if release not in RELEASES:
        raise ValueError(f"release {release!r} is not known; known are {', '.join(RELEASES)}.")
    wanted = set(needed)
    if unknown := wanted.difference(PLUGIN_PACKAGES):
        raise ValueError(f"no package is known for the plugins {', '.join(sorted(unknown))}.")
    return tuple(sorted({PLUGIN_PACKAGES[plugin][release] for plugin in wanted}))
