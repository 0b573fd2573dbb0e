# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Echo requests: their bytes, what errors tell, and real ones to this machine itself."""

from __future__ import annotations

import errno
import struct

import pytest
from ansible_collections.causeway.ipsec.plugins.module_utils.echo_probe import (
    FAMILIES,
    checksum,
    probe,
    request,
    told_mtus,
)
from ansible_collections.causeway.ipsec.plugins.module_utils.path_mtu import Answer
from hypothesis import given
from hypothesis import strategies as st


@given(st.integers(16, 2000), st.binary(min_size=8, max_size=8))
def test_a_request_has_its_size_and_a_checksum_that_holds(size: int, token: bytes) -> None:
    packet = request(FAMILIES[4], token, size)
    assert len(packet) == size
    assert packet[0] == 8
    assert packet[4:8] == token[:4]
    assert packet[8:16] == token
    assert checksum(packet) == 0


def test_the_checksum_is_that_of_the_rfc() -> None:
    assert checksum(bytes.fromhex("0001f203f4f5f6f7")) == 0x220D  # RFC 1071, section 3: sum ddf2


def error(number: int, mtu: int, origin: int = 2) -> bytes:
    return struct.pack("=IBBBBII", number, origin, 3, 4, 0, mtu, 0) + bytes(16)


def test_only_errors_about_the_size_tell_an_mtu() -> None:
    ancillary = [(0, 11, error(errno.EMSGSIZE, 1438)), (0, 11, error(errno.EHOSTUNREACH, 0)), (1, 29, bytes(16))]
    assert told_mtus(FAMILIES[4], ancillary, True) == [1438]
    assert told_mtus(FAMILIES[6], [(41, 25, error(errno.EMSGSIZE, 1280))], True) == [1280]


def test_errors_of_others_packets_tell_nothing_and_our_own_kernels_are_ours() -> None:
    ancillary = [(0, 11, error(errno.EMSGSIZE, 1438)), (0, 11, error(errno.EMSGSIZE, 1500, origin=1))]
    assert told_mtus(FAMILIES[4], ancillary, False) == [1500]


@pytest.mark.parametrize(("version", "address"), [(4, "127.0.0.1"), (6, "::1")])
def test_this_machine_answers_itself(version: int, address: str) -> None:
    try:
        assert probe(version, address, address, 1400, 1) == Answer(passed=True)
    except OSError as exc:
        pytest.skip(f"no such sockets here: {exc}")
