# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry's rows: every cipher, integrity algorithm and PRF that a policy may name.

The groups are in crypto_groups.py.

Sources, column by column:

* IANA numbers and names: "Internet Key Exchange Version 2 (IKEv2) Parameters", transform types 1 to 4
  (https://www.iana.org/assignments/ikev2-parameters). Groups have the same numbers in IKEv1.
* strongSwan tokens: https://docs.strongswan.org/docs/latest/config/proposals.html.
* Names as ``swanctl --list-algs`` (VICI get-algorithms) prints them, plugins and Debian packages: measured on
  Debian 12 (strongSwan 5.9.8-5+deb12u6), Debian 13 (6.0.1-6+deb13u7) and testing, which becomes 14 (6.1.0-2),
  charon-systemd run once per plugin with ``load_modular = no``. The openssl plugin alone offers every row on all of
  them but AES-XCBC and AES-CMAC, which have plugins of their own, and ML-KEM, which no package of 12 and 13 offers. The
  plugin named first does not depend on the processor, whereas aesni (first in the list on amd64) does. Rows negotiated
  an IKE_SA and a CHILD_SA (userspace ESP) in tests/live: between two of Debian 12, two of 13; ML-KEM between two of 14.
* Standing: RFC 8247 section 2 (IKEv2), RFC 8221 sections 5 and 6 (ESP), BSI TR-02102-3 (since 2023 it asks for 120
  bits of security; it has a new edition each year, against which its column is to be compared: nothing is decided by
  it). What an RFC does not mention is "not listed": allowed, not advised.
* Strength: key length for ciphers.
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

RELEASES: Final = ("12", "13")
# The plugins that rows need, and the package that holds each, by Debian release.
PLUGIN_PACKAGES: Final[Mapping[str, Mapping[str, str]]] = {
    **{
        name: {"12": "libstrongswan", "13": "libstrongswan"}
        for name in ("pem", "pkcs1", "pubkey", "revocation", "x509")
    },
    "openssl": {"12": "libstrongswan-standard-plugins", "13": "libstrongswan"},
    "xcbc": {"12": "libstrongswan", "13": "libstrongswan-extra-plugins"},
    "curl": {"12": "libstrongswan-extra-plugins", "13": "libstrongswan-extra-plugins"},
    "cmac": {"12": "libstrongswan-extra-plugins", "13": "libstrongswan-extra-plugins"},
}


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
        return PLUGIN_PACKAGES[self.plugins[0]]


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
    *(
        Encryption(
            f"camellia{bits}", f"camellia{bits}", ("ENCR_CAMELLIA_CBC", 23), "CAMELLIA_CBC", bits,
            Standing(NOT_LISTED, NOT_LISTED, NOT_LISTED), ACCEPTABLE, "sound, but few devices offer it",
            ("openssl", "gcrypt"), "classic", bits,
        )
        for bits in (128, 192, 256)
    ),
    Encryption(
        "chacha20poly1305", "chacha20poly1305", ("ENCR_CHACHA20_POLY1305", 28), "CHACHA20_POLY1305", 256,
        Standing("SHOULD", "SHOULD", "not listed"), RECOMMENDED,
        "encrypts and authenticates in one pass; fast without AES instructions", ("openssl", "chapoly"), "aead", 256,
    ),
)

_OPENSSL: Final = ("openssl", "hmac")
_XCBC: Final = ("xcbc", "aesni")
_CMAC: Final = ("cmac", "aesni")
_HASH_ROWS: Final = (
    # name and token, IANA name and number, list-algs name, tag bits, standing, status, why, plugins
    ("md5", "AUTH_HMAC_MD5_96", 1, "HMAC_MD5_96", 96, Standing("MUST NOT", "MUST NOT", "not recommended"), BROKEN,
     "collisions are made in seconds, and RFC 8247 and RFC 8221 forbid it", _OPENSSL),
    ("sha1", "AUTH_HMAC_SHA1_96", 2, "HMAC_SHA1_96", 96, Standing("MUST-", "MUST-", "not recommended"), LEGACY,
     "SHA-1 is being withdrawn everywhere, and its tag has only 96 bits", _OPENSSL),
    ("sha256", "AUTH_HMAC_SHA2_256_128", 12, "HMAC_SHA2_256_128", 128, Standing("MUST", "MUST", "recommended"),
     RECOMMENDED, "sound and offered everywhere", _OPENSSL),
    ("sha384", "AUTH_HMAC_SHA2_384_192", 13, "HMAC_SHA2_384_192", 192,
     Standing(NOT_LISTED, NOT_LISTED, "recommended"), RECOMMENDED, "sound", _OPENSSL),
    ("sha512", "AUTH_HMAC_SHA2_512_256", 14, "HMAC_SHA2_512_256", 256, Standing("SHOULD", "SHOULD", "recommended"),
     RECOMMENDED, "sound; a tag of 32 bytes in every packet", _OPENSSL),
    ("aesxcbc", "AUTH_AES_XCBC_96", 5, "AES_XCBC_96", 96, Standing("SHOULD (IoT)", "SHOULD (IoT)", NOT_LISTED),
     ACCEPTABLE, _SHORT_TAG % 96, _XCBC),
    ("aescmac", "AUTH_AES_CMAC_96", 8, "AES_CMAC_96", 96, Standing(NOT_LISTED, NOT_LISTED, NOT_LISTED),
     ACCEPTABLE, _SHORT_TAG % 96, _CMAC),
)

_PRF_ROWS: Final = (
    # name, IANA name and number, strength, RFC 8247, BSI, status, why, plugins
    ("md5", "PRF_HMAC_MD5", 1, 128, "MUST NOT", "not recommended", BROKEN,
     "collisions are made in seconds, and RFC 8247 forbids it", _OPENSSL),
    ("sha1", "PRF_HMAC_SHA1", 2, 160, "MUST-", "not recommended", LEGACY, "SHA-1 is being withdrawn everywhere",
     _OPENSSL),
    ("sha256", "PRF_HMAC_SHA2_256", 5, 256, "MUST", "recommended", RECOMMENDED, "sound and offered everywhere",
     _OPENSSL),
    ("sha384", "PRF_HMAC_SHA2_384", 6, 384, NOT_LISTED, "recommended", RECOMMENDED, "sound", _OPENSSL),
    ("sha512", "PRF_HMAC_SHA2_512", 7, 512, "SHOULD+", "recommended", RECOMMENDED, "sound", _OPENSSL),
    ("aesxcbc", "PRF_AES128_XCBC", 4, 128, "SHOULD (IoT)", NOT_LISTED, ACCEPTABLE, "sound; made for small devices",
     _XCBC),
    ("aescmac", "PRF_AES128_CMAC", 8, 128, NOT_LISTED, NOT_LISTED, ACCEPTABLE, "sound; made for small devices", _CMAC),
)
# fmt: on


ENCRYPTION: Final[Mapping[str, Encryption]] = {cipher.name: cipher for cipher in _CIPHERS}
INTEGRITY: Final[Mapping[str, Integrity]] = {
    name: Integrity(name, name, (iana, number), algorithm, tag, standing, status, why, plugins, tag)
    for name, iana, number, algorithm, tag, standing, status, why, plugins in _HASH_ROWS
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
        plugins,
    )
    for name, iana, number, bits, rfc8247, bsi, status, why, plugins in _PRF_ROWS
}
