# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packet sizes in tunnels: what was measured with kernel ESP and AH, and what must hold for every algorithm."""

from __future__ import annotations

import pytest
from ansible_collections.causeway.ipsec.plugins.module_utils.packet_size import (
    CIPHERS,
    ICVS,
    inner_mtu,
    mss,
    outer_size,
)
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.crypto_data import ENCRYPTION, INTEGRITY
from hypothesis import given
from hypothesis import strategies as st

VERSION = st.sampled_from([4, 6])
PROTOCOL = st.sampled_from(["esp", "ah"])
CIPHER = st.sampled_from([*sorted(CIPHERS), "", "SOMETHING_NEW"])
ICV = st.sampled_from([*sorted(ICVS), "", "SOMETHING_NEW"])


@pytest.mark.parametrize(
    ("protocol", "encryption", "integrity", "largest"),
    [
        ("esp", "AES_CBC", "HMAC_SHA2_256_128", 1438),
        ("esp", "AES_GCM_16", "", 1446),
        ("esp", "AES_CTR", "HMAC_SHA2_256_128", 1446),
        ("esp", "3DES_CBC", "HMAC_SHA1_96", 1446),
        ("esp", "AES_CBC", "HMAC_SHA2_512_256", 1422),
        ("ah", "", "HMAC_SHA2_256_128", 1452),
    ],
)
def test_the_largest_packet_is_the_one_measured_on_a_real_kernel(
    protocol: str, encryption: str, integrity: str, largest: int
) -> None:
    assert inner_mtu(1500, 4, protocol, encryption, integrity, udp=False) == largest


def test_udp_and_an_ipv6_header_cost_their_bytes() -> None:
    assert inner_mtu(1500, 4, "esp", "AES_GCM_16", "", udp=True) == 1438
    assert inner_mtu(1500, 6, "esp", "AES_GCM_16", "", udp=False) == 1426
    assert inner_mtu(1500, 6, "ah", "", "HMAC_SHA2_256_128", udp=False) == 1428  # 12 + 16, padded to 32 in IPv6


@given(st.integers(576, 9216), st.tuples(VERSION, PROTOCOL, CIPHER, ICV), st.booleans())
def test_a_packet_of_that_size_fits_and_one_byte_more_does_not(
    mtu: int, tunnel: tuple[int, str, str, str], udp: bool
) -> None:
    largest = inner_mtu(mtu, *tunnel, udp=udp)
    assert outer_size(largest, *tunnel, udp=udp) <= mtu
    assert outer_size(largest + 1, *tunnel, udp=udp) > mtu


@given(VERSION, PROTOCOL, CIPHER, ICV, st.booleans())
def test_no_algorithm_leaves_less_room_than_an_unknown_one(
    version: int, protocol: str, encryption: str, integrity: str, udp: bool
) -> None:
    unknown = inner_mtu(1500, version, protocol, "SOMETHING_NEW", "SOMETHING_NEW", udp=udp)
    assert inner_mtu(1500, version, protocol, encryption, integrity, udp=udp) >= unknown


def test_a_path_too_narrow_for_the_overhead_leaves_nothing() -> None:
    assert inner_mtu(40, 4, "esp", "AES_CBC", "HMAC_SHA2_256_128", udp=False) == 0
    assert inner_mtu(40, 4, "ah", "", "HMAC_SHA2_256_128", udp=False) == 0
    assert mss(0, 4) == 0


def test_segments_leave_room_for_the_headers_of_their_family() -> None:
    assert mss(1438, 4) == 1398
    assert mss(1438, 6) == 1378


def test_every_cipher_of_the_registry_is_known_with_its_tag() -> None:
    for cipher in ENCRYPTION.values():
        known = CIPHERS[cipher.algorithm]
        assert (known.icv is not None) == (cipher.kind == "aead"), cipher.name
        if known.icv is not None and cipher.algorithm != "CHACHA20_POLY1305":
            assert cipher.name.endswith(str(known.icv))


def test_every_integrity_algorithm_of_the_registry_is_known_with_its_tag() -> None:
    assert {one.algorithm: one.tag_bits // 8 for one in INTEGRITY.values()}.items() <= ICVS.items()
