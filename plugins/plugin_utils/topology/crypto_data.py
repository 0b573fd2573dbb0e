# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry's rows: every algorithm and Diffie-Hellman group that a policy may name.

Sources, column by column:

* IANA numbers and names: "Internet Key Exchange Version 2 (IKEv2) Parameters", transform types 1 to 4
  (https://www.iana.org/assignments/ikev2-parameters). Groups have the same numbers in IKEv1.
* strongSwan tokens: https://docs.strongswan.org/docs/latest/config/proposals.html.
* Names as ``swanctl --list-algs`` (VICI get-algorithms) prints them, plugins and Debian packages: measured on
  Debian 12 (strongSwan 5.9.8-5+deb12u6) and Debian 13 (6.0.1-6+deb13u7), charon-systemd run once per plugin with
  ``load_modular = no``. The openssl plugin alone offers every row on both, so its package is the one named here:
  it does not depend on the processor, whereas aesni (first in the list on amd64) does. Every row, in a connection of
  its own, then negotiated an IKE_SA and a CHILD_SA (userspace ESP) between the two, with aesni and without it.
* Standing: RFC 8247 section 2 (IKEv2), RFC 8221 sections 5 and 6 (ESP), BSI TR-02102-3 (since 2023 it asks for 120
  bits of security; it has a new edition each year, against which its column is to be compared: nothing is decided by
  it). What an RFC does not mention is "not listed": allowed, not advised.
* Strength: key length for ciphers, NIST SP 800-56A revision 3 appendix D for groups 14 to 18, the general number
  field sieve estimate of the FIPS 140 implementation guidance (D.B) for the shorter ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

RECOMMENDED: Final = "recommended"
ACCEPTABLE: Final = "acceptable"
LEGACY: Final = "legacy"
BROKEN: Final = "broken"

NOT_LISTED: Final = "not listed"

# The plugin that serves every row, and the package that holds it in each Debian release.
OPENSSL_PACKAGES: Final[Mapping[str, str]] = {"12": "libstrongswan-standard-plugins", "13": "libstrongswan"}


@dataclass(frozen=True)
class Standing:
    """What the usual authorities say of an algorithm, in their own words."""

    rfc8247: str
    rfc8221: str
    bsi: str


@dataclass(frozen=True)
class Algorithm:
    """What every row has. ``plugins``: any one of them serves the algorithm."""

    name: str
    token: str
    iana: tuple[str, int]
    algorithm: str
    strength_bits: int
    standing: Standing
    status: str
    why: str
    plugins: tuple[str, ...]

    @property
    def debian(self) -> Mapping[str, str]:
        """The package to install, by Debian release, so that the algorithm is there on any processor."""
        return OPENSSL_PACKAGES


@dataclass(frozen=True)
class Encryption(Algorithm):
    """A cipher: ``classic`` ones need an integrity algorithm beside them, ``aead`` ones refuse it."""

    kind: str
    bits: int


@dataclass(frozen=True)
class Integrity(Algorithm):
    """A keyed hash; ``tag_bits`` is what is left of it on the wire."""

    tag_bits: int


@dataclass(frozen=True)
class Prf(Algorithm):
    """A pseudo-random function for IKE's key derivation."""


@dataclass(frozen=True)
class DhGroup(Algorithm):
    """A key exchange group, by IANA number."""

    number: int


# fmt: off
_SHORT_TAG: Final = "its authentication tag is short (%d bits): a forged packet passes sooner than with 128 bits"
_AES_MODES: Final = (
    # suffix, IANA name and number, list-algs name, kind, standing, status, why, plugins
    ("", "ENCR_AES_CBC", 12, "AES_CBC", "classic", Standing("MUST", "MUST", "recommended"), RECOMMENDED,
     "sound and offered everywhere", ("openssl", "aesni", "aes", "gcrypt")),
    ("ctr", "ENCR_AES_CTR", 13, "AES_CTR", "classic", Standing(NOT_LISTED, NOT_LISTED, "ESP only"), ACCEPTABLE,
     "sound with an integrity algorithm; nobody prefers it to GCM", ("openssl", "aesni", "ctr", "gcrypt")),
    ("gcm16", "ENCR_AES_GCM_16", 20, "AES_GCM_16", "aead", Standing("SHOULD", "MUST", "recommended"), RECOMMENDED,
     "encrypts and authenticates in one pass; fast on every current processor", ("openssl", "aesni", "gcm")),
    ("gcm12", "ENCR_AES_GCM_12", 19, "AES_GCM_12", "aead", Standing(NOT_LISTED, NOT_LISTED, "recommended"),
     ACCEPTABLE, _SHORT_TAG % 96, ("openssl", "aesni", "gcm")),
    ("gcm8", "ENCR_AES_GCM_8", 18, "AES_GCM_8", "aead", Standing(NOT_LISTED, NOT_LISTED, "not recommended"),
     ACCEPTABLE, _SHORT_TAG % 64, ("openssl", "aesni", "gcm")),
    ("ccm16", "ENCR_AES_CCM_16", 16, "AES_CCM_16", "aead", Standing(NOT_LISTED, NOT_LISTED, "recommended"),
     ACCEPTABLE, "sound; made for small devices, slower than GCM here", ("openssl", "aesni", "ccm")),
    ("ccm12", "ENCR_AES_CCM_12", 15, "AES_CCM_12", "aead", Standing(NOT_LISTED, NOT_LISTED, "recommended"),
     ACCEPTABLE, _SHORT_TAG % 96, ("openssl", "aesni", "ccm")),
    ("ccm8", "ENCR_AES_CCM_8", 14, "AES_CCM_8", "aead", Standing("SHOULD (IoT)", "SHOULD (IoT)", "not recommended"),
     ACCEPTABLE, _SHORT_TAG % 64, ("openssl", "aesni", "ccm")),
)


def _aes(bits: int) -> tuple[Encryption, ...]:
    """All modes of AES with one key length. 192 bits are sound, but rare in other vendors' devices."""
    return tuple(
        Encryption(
            f"aes{bits}{suffix}", f"aes{bits}{suffix}", (iana, number), algorithm, bits, standing,
            ACCEPTABLE if bits == 192 else status, why, plugins, kind, bits,
        )
        for suffix, iana, number, algorithm, kind, standing, status, why, plugins in _AES_MODES
    )


_CIPHERS: Final = (
    Encryption(
        "3des", "3des", ("ENCR_3DES", 3), "3DES_CBC", 112, Standing("MAY", "SHOULD NOT", "not recommended"), LEGACY,
        "64-bit blocks leak plaintext after some gigabytes under one key (Sweet32), and it is slow",
        ("openssl", "gcrypt"), "classic", 192,
    ),
    *_aes(128), *_aes(192), *_aes(256),
    Encryption(
        "chacha20poly1305", "chacha20poly1305", ("ENCR_CHACHA20_POLY1305", 28), "CHACHA20_POLY1305", 256,
        Standing("SHOULD", "SHOULD", "not listed"), RECOMMENDED,
        "encrypts and authenticates in one pass; fast without AES instructions", ("openssl", "chapoly"), "aead", 256,
    ),
)

_HASH_ROWS: Final = (
    # name, integrity token's IANA name and number, list-algs name, tag bits, standing, status, why
    ("md5", "AUTH_HMAC_MD5_96", 1, "HMAC_MD5_96", 96, Standing("MUST NOT", "MUST NOT", "not recommended"), BROKEN,
     "collisions are made in seconds, and RFC 8247 and RFC 8221 forbid it"),
    ("sha1", "AUTH_HMAC_SHA1_96", 2, "HMAC_SHA1_96", 96, Standing("MUST-", "MUST-", "not recommended"), LEGACY,
     "SHA-1 is being withdrawn everywhere, and its tag has only 96 bits"),
    ("sha256", "AUTH_HMAC_SHA2_256_128", 12, "HMAC_SHA2_256_128", 128, Standing("MUST", "MUST", "recommended"),
     RECOMMENDED, "sound and offered everywhere"),
    ("sha384", "AUTH_HMAC_SHA2_384_192", 13, "HMAC_SHA2_384_192", 192,
     Standing(NOT_LISTED, NOT_LISTED, "recommended"), RECOMMENDED, "sound"),
    ("sha512", "AUTH_HMAC_SHA2_512_256", 14, "HMAC_SHA2_512_256", 256, Standing("SHOULD", "SHOULD", "recommended"),
     RECOMMENDED, "sound; a tag of 32 bytes in every packet"),
)

_PRF_ROWS: Final = (
    ("md5", "PRF_HMAC_MD5", 1, 128, "MUST NOT", "not recommended", BROKEN,
     "collisions are made in seconds, and RFC 8247 forbids it"),
    ("sha1", "PRF_HMAC_SHA1", 2, 160, "MUST-", "not recommended", LEGACY, "SHA-1 is being withdrawn everywhere"),
    ("sha256", "PRF_HMAC_SHA2_256", 5, 256, "MUST", "recommended", RECOMMENDED, "sound and offered everywhere"),
    ("sha384", "PRF_HMAC_SHA2_384", 6, 384, NOT_LISTED, "recommended", RECOMMENDED, "sound"),
    ("sha512", "PRF_HMAC_SHA2_512", 7, 512, "SHOULD+", "recommended", RECOMMENDED, "sound"),
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
    (24, "modp2048s256", "MODP_2048_256", 112, "SHOULD NOT", "not recommended", LEGACY,
     "nobody can tell where its prime comes from, and its small subgroups need checks that are often missing"),
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
    24: "2048-bit MODP Group with 256-bit Prime Order Subgroup", 31: "Curve25519", 32: "Curve448",
}
# fmt: on


ENCRYPTION: Final[Mapping[str, Encryption]] = {cipher.name: cipher for cipher in _CIPHERS}
INTEGRITY: Final[Mapping[str, Integrity]] = {
    name: Integrity(name, name, (iana, number), algorithm, tag, standing, status, why, ("openssl", "hmac"), tag)
    for name, iana, number, algorithm, tag, standing, status, why in _HASH_ROWS
}
PRF: Final[Mapping[str, Prf]] = {
    name: Prf(
        name,
        f"prf{name}",
        (iana, number),
        iana,
        bits,
        Standing(rfc8247, NOT_LISTED, bsi),
        status,
        why,
        ("openssl", "hmac"),
    )
    for name, iana, number, bits, rfc8247, bsi, status, why in _PRF_ROWS
}
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
