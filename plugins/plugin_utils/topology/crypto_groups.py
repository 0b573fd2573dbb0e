# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry's rows: every Diffie-Hellman group and key encapsulation that a policy may name.

Sources as in crypto_data.py; strength after NIST SP 800-56A revision 3 appendix D for groups 14 to 18, the general
number field sieve estimate of the FIPS 140 implementation guidance (D.B) for the shorter ones, half the field's length
for curves, and FIPS 203's categories for ML-KEM.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .crypto_data import ACCEPTABLE, BROKEN, LEGACY, NOT_LISTED, RECOMMENDED, Algorithm, Standing

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class DhGroup(Algorithm):
    """A key exchange group, by IANA number."""

    number: int


@dataclass(frozen=True)
class Kem(Algorithm):
    """A key encapsulation that withstands quantum computers; stands beside a group, never in its place."""


# fmt: off
_UNKNOWN_PRIME: Final = (
    "nobody can tell where its prime comes from, and its small subgroups need checks that are often missing"
)
_SMALL = "its %d-bit prime gives about %d bits of security"
_GROUP_ROWS: Final = (
    # number, token, list-algs name, strength, RFC 8247, BSI, status, why
    (1, "modp768", "MODP_768", 70, "MUST NOT", "not recommended", BROKEN, _SMALL % (768, 70) + ": it can be broken"),
    (2, "modp1024", "MODP_1024", 80, "SHOULD NOT", "not recommended", BROKEN,
     _SMALL % (1024, 80) + ": within reach of a state (Logjam)"),
    (5, "modp1536", "MODP_1536", 97, "SHOULD NOT", "not recommended", LEGACY, _SMALL % (1536, 97)),
    (14, "modp2048", "MODP_2048", 112, "MUST", "until 2022", ACCEPTABLE,
     _SMALL % (2048, 112) + "; the BSI asks for 120 since 2023"),
    (15, "modp3072", "MODP_3072", 128, NOT_LISTED, "recommended", RECOMMENDED, "sound"),
    (16, "modp4096", "MODP_4096", 152, NOT_LISTED, "recommended", RECOMMENDED, "sound"),
    (17, "modp6144", "MODP_6144", 176, NOT_LISTED, NOT_LISTED, ACCEPTABLE, "sound but slow: prefer 20 or 21"),
    (18, "modp8192", "MODP_8192", 200, NOT_LISTED, NOT_LISTED, ACCEPTABLE, "sound but slow: prefer 20 or 21"),
    (19, "ecp256", "ECP_256", 128, "SHOULD", "recommended", RECOMMENDED, "sound and fast"),
    (20, "ecp384", "ECP_384", 192, NOT_LISTED, "recommended", RECOMMENDED, "sound and fast"),
    (21, "ecp521", "ECP_521", 256, NOT_LISTED, "recommended", RECOMMENDED, "sound"),
    (22, "modp1024s160", "MODP_1024_160", 80, "MUST NOT", "not recommended", BROKEN, _SMALL % (1024, 80)
     + ", and nobody can tell where it comes from"),
    (23, "modp2048s224", "MODP_2048_224", 112, "SHOULD NOT", "not recommended", LEGACY, _UNKNOWN_PRIME),
    (24, "modp2048s256", "MODP_2048_256", 112, "SHOULD NOT", "not recommended", LEGACY,
     _UNKNOWN_PRIME),
    (25, "ecp192", "ECP_192", 96, NOT_LISTED, "not recommended", LEGACY, "its curve gives about 96 bits of security"),
    (26, "ecp224", "ECP_224", 112, NOT_LISTED, "not recommended", ACCEPTABLE,
     "its curve gives about 112 bits of security"),
    (27, "ecp224bp", "ECP_224_BP", 112, NOT_LISTED, "not recommended", ACCEPTABLE,
     "its curve gives about 112 bits of security"),
    (28, "ecp256bp", "ECP_256_BP", 128, NOT_LISTED, "recommended", ACCEPTABLE, "sound, but few devices offer it"),
    (29, "ecp384bp", "ECP_384_BP", 192, NOT_LISTED, "recommended", ACCEPTABLE, "sound, but few devices offer it"),
    (30, "ecp512bp", "ECP_512_BP", 256, NOT_LISTED, "recommended", ACCEPTABLE, "sound, but few devices offer it"),
    (31, "curve25519", "CURVE_25519", 128, NOT_LISTED, NOT_LISTED, RECOMMENDED, "sound and the fastest (RFC 8031)"),
    (32, "x448", "CURVE_448", 224, NOT_LISTED, NOT_LISTED, ACCEPTABLE, "sound, but few devices offer it (RFC 8031)"),
)

_GROUP_PLUGINS: Final[Mapping[str, tuple[str, ...]]] = {
    "MODP": ("openssl", "gmp", "gcrypt"), "ECP": ("openssl",), "CURVE": ("openssl", "curve25519"),
}
_IANA_GROUPS: Final[Mapping[int, str]] = {
    1: "768-bit MODP Group", 2: "1024-bit MODP Group", 5: "1536-bit MODP Group", 14: "2048-bit MODP Group",
    15: "3072-bit MODP Group", 16: "4096-bit MODP Group", 17: "6144-bit MODP Group", 18: "8192-bit MODP Group",
    19: "256-bit random ECP group", 20: "384-bit random ECP group", 21: "521-bit random ECP group",
    22: "1024-bit MODP Group with 160-bit Prime Order Subgroup",
    23: "2048-bit MODP Group with 224-bit Prime Order Subgroup",
    24: "2048-bit MODP Group with 256-bit Prime Order Subgroup", 25: "192-bit Random ECP Group",
    26: "224-bit Random ECP Group", 27: "brainpoolP224r1", 28: "brainpoolP256r1", 29: "brainpoolP384r1",
    30: "brainpoolP512r1", 31: "Curve25519", 32: "Curve448",
}
_KEM_ROWS: Final = (
    # size, number, strength, BSI TR-02102-1, status
    (512, 35, 128, NOT_LISTED, ACCEPTABLE), (768, 36, 192, "recommended", RECOMMENDED),
    (1024, 37, 256, "recommended", RECOMMENDED),
)
# fmt: on


DH_GROUPS: Final[Mapping[int, DhGroup]] = {
    number: DhGroup(
        str(number),
        token,
        (_IANA_GROUPS[number], number),
        algorithm,
        strength,
        Standing(rfc8247, NOT_LISTED, bsi),
        status,
        why,
        _GROUP_PLUGINS[algorithm.partition("_")[0]],
        number,
    )
    for number, token, algorithm, strength, rfc8247, bsi, status, why in _GROUP_ROWS
}
# What may stand beside a group as an additional key exchange (RFC 9370), besides another group.
KEMS: Final[Mapping[str, Kem]] = {
    f"mlkem{size}": Kem(
        f"mlkem{size}",
        f"mlkem{size}",
        (f"ml-kem-{size}", number),
        f"ML_KEM_{size}",
        strength,
        Standing(NOT_LISTED, NOT_LISTED, bsi),
        status,
        "withstands quantum computers (FIPS 203)",
        ("openssl", "ml", "botan", "wolfssl"),
    )
    for size, number, strength, bsi, status in _KEM_ROWS
}
ADDITIONAL: Final[Mapping[str, Algorithm]] = {**KEMS, **{group.name: group for group in DH_GROUPS.values()}}
