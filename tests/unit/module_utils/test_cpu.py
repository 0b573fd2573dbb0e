# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What /proc says of a processor."""

from __future__ import annotations

import pytest
from ansible_collections.causeway.ipsec.plugins.module_utils.cpu_info import drivers, has_aes
from ansible_collections.causeway.ipsec.plugins.module_utils.cpu_load import (
    Sample,
    Ticks,
    busiest,
    loads,
    parse_cores,
    parse_octets,
)

STAT = """\
cpu  300 0 5411 13717 110 0 6 40 0 0
cpu0 100 10 200 400 50 3 7 30 20 5
cpu1 200 0 0 800 0 0 0 0
cpu12 1 2 3 4
intr 17531 0 0 8902
ctxt 1234
"""
NET_DEV = """\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls
    lo: 5000000   100    0    0    0     0          0         0  5000000     100    0    0    0     0       0          0
  wan0: 1000      10    0    0    0     0          0         0     200       2    0    0    0     0       0          0
eth0.5:30         1    0    0    0     0          0         0       4       1    0    0    0     0       0          0
"""
CRYPTO = """\
name         : rfc4106(gcm(aes))
driver       : rfc4106(gcm_base(ctr(aes-generic),ghash-generic))
priority     : 100
type         : aead

name         : rfc4106(gcm(aes))
driver       : rfc4106-gcm-aesni
priority     : 400
type         : aead

name         : authenc(hmac(sha256),cbc(aes))
driver       : authenc(hmac-sha256-ni,cbc-aes-aesni)
priority     : 4600

name         : seqiv(rfc4106(gcm(aes)))
driver       : seqiv(rfc4106-gcm-aesni)
priority     : 400

name         : hmac(sha256)
driver       : hmac-sha256-ni
priority     : 300

name         : crc32c
driver       : crc32c-intel
priority     : 200

"""


def test_cores_are_told_apart_by_their_numbers_and_guests_are_not_counted_twice() -> None:
    assert parse_cores(STAT) == {
        "cpu0": Ticks(busy=320, idle=450, steal=30),
        "cpu1": Ticks(busy=200, idle=800, steal=0),
        "cpu12": Ticks(busy=6, idle=4, steal=0),
    }


def test_loopback_is_not_counted() -> None:
    assert parse_octets(NET_DEV) == 1234


def sample(seconds: float, octets: int, busy: int = 0) -> Sample:
    return Sample(seconds, octets, {"cpu0": Ticks(busy, 100 * int(seconds) - busy, 0)})


def test_a_measurement_is_found_by_its_packets() -> None:
    # It is watched for ten seconds, and something is sent from the third to the sixth.
    sent = {0: 0, 1: 1, 2: 2, 3: 3, 4: 1000, 5: 2000, 6: 3000, 7: 3001, 8: 3002, 9: 3003}
    first, last = busiest([sample(at, octets) for at, octets in sent.items()], 3)
    assert (first.seconds, last.seconds) == (3, 6)


def test_watching_that_was_shorter_than_the_measurement_counts_as_a_whole() -> None:
    first, last = busiest([sample(0, 0), sample(1, 5), sample(2, 9)], 60)
    assert (first.seconds, last.seconds) == (0, 2)


def test_a_single_look_tells_nothing() -> None:
    first, last = busiest([sample(1, 5)], 60)
    assert loads(first, last) == [{"core": "cpu0", "busy": 0.0, "idle": 0.0, "steal": 0.0}]


def test_the_busiest_core_comes_first_and_what_was_stolen_counts() -> None:
    before = Sample(0, 0, {f"cpu{number}": Ticks(10, 10, 10) for number in range(3)})
    after = Sample(
        1,
        0,
        {"cpu0": Ticks(20, 100, 10), "cpu1": Ticks(40, 20, 70), "cpu2": Ticks(90, 30, 10), "cpu3": Ticks(0, 1, 0)},
    )
    assert loads(before, after) == [
        {"core": "cpu1", "busy": 30.0, "idle": 10.0, "steal": 60.0},
        {"core": "cpu2", "busy": 80.0, "idle": 20.0, "steal": 0.0},
        {"core": "cpu0", "busy": 10.0, "idle": 90.0, "steal": 0.0},
    ]


@pytest.mark.parametrize(
    ("cpuinfo", "aes"),
    [
        ("processor\t: 0\nflags\t\t: fpu aes avx\n\nprocessor\t: 1\nflags\t\t: fpu aes avx\n", True),
        ("processor\t: 0\nflags\t\t: fpu aes avx\n\nprocessor\t: 1\nflags\t\t: fpu avx\n", False),
        ("processor\t: 0\nFeatures\t: fp asimd aes pmull sha1\n", True),
        ("processor\t: 0\nflags\t\t: fpu vaes\n", False),
        ("processor\t: 0\n", False),
    ],
)
def test_instructions_for_aes(cpuinfo: str, aes: bool) -> None:
    assert has_aes(cpuinfo) == aes


def test_the_kernel_takes_the_driver_of_the_highest_priority() -> None:
    assert drivers(CRYPTO) == {
        "authenc(hmac(sha256),cbc(aes))": "authenc(hmac-sha256-ni,cbc-aes-aesni)",
        "hmac(sha256)": "hmac-sha256-ni",
        "rfc4106(gcm(aes))": "rfc4106-gcm-aesni",
    }
