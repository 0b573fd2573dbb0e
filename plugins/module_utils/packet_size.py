# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a packet becomes in a tunnel, and the longest that fits: RFC 4303 (ESP), 4302 (AH), 3948 (UDP). Pure.

Algorithms have the names that strongSwan's get-algorithms and list-sas give them.
"""

from __future__ import annotations

from dataclasses import dataclass

IP_HEADER = {4: 20, 6: 40}
TCP_HEADER = 20
UDP_HEADER = 8
ESP_HEADER = 8  # SPI and sequence number
ESP_TRAILER = 2  # pad length and next header, inside the padded part
AH_HEADER = 12  # next header, length, reserved, SPI, sequence number
ESP_ALIGNMENT = 4  # RFC 4303: also for ciphers that need no padding
AH_ALIGNMENT = {4: 4, 6: 8}  # RFC 4302


@dataclass(frozen=True)
class Cipher:
    """Bytes of a cipher in each packet; `icv` is what an AEAD adds itself, None where an integrity algorithm does."""

    iv: int
    block: int
    icv: int | None = None


_CBC_8, _CBC_16, _COUNTER = Cipher(8, 8), Cipher(16, 16), Cipher(8, 1)
CIPHERS = {
    "NULL": Cipher(0, 1),
    "DES_CBC": _CBC_8,
    "3DES_CBC": _CBC_8,
    "BLOWFISH_CBC": _CBC_8,
    "CAST_CBC": _CBC_8,
    "AES_CBC": _CBC_16,
    "CAMELLIA_CBC": _CBC_16,
    "SERPENT_CBC": _CBC_16,
    "TWOFISH_CBC": _CBC_16,
    "AES_CTR": _COUNTER,
    "CAMELLIA_CTR": _COUNTER,
    "CHACHA20_POLY1305": Cipher(8, 1, 16),
    "NULL_AES_GMAC": Cipher(8, 1, 16),
    **{f"{mode}_{icv}": Cipher(8, 1, icv) for mode in ("AES_GCM", "AES_CCM", "CAMELLIA_CCM") for icv in (8, 12, 16)},
}
ICVS = {
    "HMAC_MD5_96": 12,
    "HMAC_MD5_128": 16,
    "HMAC_SHA1_96": 12,
    "HMAC_SHA1_128": 16,
    "HMAC_SHA1_160": 20,
    "HMAC_SHA2_256_96": 12,
    "HMAC_SHA2_256_128": 16,
    "HMAC_SHA2_384_192": 24,
    "HMAC_SHA2_512_256": 32,
    "AES_XCBC_96": 12,
    "AES_CMAC_96": 12,
    "AES_128_GMAC": 16,
    "AES_192_GMAC": 16,
    "AES_256_GMAC": 16,
}
# What is assumed of an algorithm that isn't known: too small a packet always passes.
_LARGEST_ICV = max(ICVS.values())
_LARGEST_CIPHER = Cipher(max(one.iv for one in CIPHERS.values()), max(one.block for one in CIPHERS.values()))


def outer_size(inner: int, outer_version: int, protocol: str, encryption: str, integrity: str, *, udp: bool) -> int:
    """Return the size on the wire of an inner packet of so many bytes."""
    if protocol == "ah":
        return inner + _ah_overhead(outer_version, integrity)
    padded = _round_up(inner + ESP_TRAILER, _alignment(encryption))
    return padded + _esp_overhead(outer_version, encryption, integrity, udp=udp)


def inner_mtu(outer_mtu: int, outer_version: int, protocol: str, encryption: str, integrity: str, *, udp: bool) -> int:
    """Return the size of the largest packet that needs no fragments in a tunnel over a path of outer_mtu."""
    if protocol == "ah":
        return max(0, outer_mtu - _ah_overhead(outer_version, integrity))
    room = outer_mtu - _esp_overhead(outer_version, encryption, integrity, udp=udp)
    return max(0, room - room % _alignment(encryption) - ESP_TRAILER)


def mss(inner: int, inner_version: int) -> int:
    """Return the largest TCP segment in packets of so many bytes; the host subtracts its own TCP options."""
    return max(0, inner - IP_HEADER[inner_version] - TCP_HEADER)


def _ah_overhead(outer_version: int, integrity: str) -> int:
    header = AH_HEADER + ICVS.get(integrity, _LARGEST_ICV)
    return IP_HEADER[outer_version] + _round_up(header, AH_ALIGNMENT[outer_version])


def _esp_overhead(outer_version: int, encryption: str, integrity: str, *, udp: bool) -> int:
    """All but what is padded: the inner packet, the padding and the trailer."""
    cipher = CIPHERS.get(encryption, _LARGEST_CIPHER)
    icv = ICVS.get(integrity, _LARGEST_ICV) if cipher.icv is None else cipher.icv
    return IP_HEADER[outer_version] + (UDP_HEADER if udp else 0) + ESP_HEADER + cipher.iv + icv


def _alignment(encryption: str) -> int:
    return max(ESP_ALIGNMENT, CIPHERS.get(encryption, _LARGEST_CIPHER).block)


def _round_up(size: int, alignment: int) -> int:
    return -(-size // alignment) * alignment
