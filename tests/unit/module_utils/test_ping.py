# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ping's command line and output."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.causeway.ipsec.plugins.module_utils.ping import (
    PingError,
    Target,
    parse_output,
    parse_target,
    ping_command,
)

LONDON = Target("london-1", "192.168.2.11")
REPLIES = """PING 192.168.2.11 (192.168.2.11) 56(84) bytes of data.

--- 192.168.2.11 ping statistics ---
3 packets transmitted, 3 received, 0% packet loss, time 403ms
rtt min/avg/max/mdev = 0.075/0.190/0.306/0.115 ms
"""
SILENCE = """PING 192.168.2.11 (192.168.2.11) 56(84) bytes of data.

--- 192.168.2.11 ping statistics ---
10 packets transmitted, 0 received, +4 errors, 100% packet loss, time 1833ms

"""


def test_a_command_asks_for_so_many_replies_until_the_deadline() -> None:
    command = ping_command("ping", Target("x", "192.168.2.11", "192.168.1.5"), 3, 5)
    assert command == ["ping", "-n", "-q", "-i", "0.05", "-c", "3", "-w", "5", "-I", "192.168.1.5", "192.168.2.11"]


def test_others_than_root_ping_as_often_as_they_may() -> None:
    assert ping_command("ping", Target("x", "192.0.2.1"), 3, 5, root=False)[3:5] == ["-i", "0.2"]
    assert "-I" not in ping_command("ping", LONDON, 3, 5)


def test_replies_are_counted_and_timed() -> None:
    assert parse_output(LONDON, REPLIES, "") == {
        "name": "london-1",
        "address": "192.168.2.11",
        "source": None,
        "sent": 3,
        "received": 3,
        "rtt_ms": 0.19,
        "error": None,
    }


@pytest.mark.parametrize(
    ("out", "err", "sent", "error"),
    [
        (SILENCE, "", 10, "no reply to 10 packets"),
        ("", "/usr/bin/ping: connect: Network is unreachable\n", 0, "connect: Network is unreachable"),
        ("", "ping did not end within 7 s", 0, "ping did not end within 7 s"),
        ("", "", 0, "ping sent nothing"),
    ],
)
def test_silence_is_a_result_with_its_reason(out: str, err: str, sent: int, error: str) -> None:
    result = parse_output(LONDON, out, err)
    assert (result["sent"], result["received"], result["rtt_ms"], result["error"]) == (sent, 0, None, error)


def test_targets_are_addresses() -> None:
    raw = {"name": "x", "address": "FD00:0::1", "source": "fd00:1::1"}
    assert parse_target(raw) == Target("x", "fd00::1", "fd00:1::1")
    assert parse_target({"name": "x", "address": "192.0.2.1", "source": None}) == Target("x", "192.0.2.1")


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"name": "x", "address": "-c1"}, "target x: '-c1' does not appear to be an IPv4 or IPv6 address"),
        (
            {"name": "x", "address": "192.0.2.1", "source": "fd00::1"},
            "target x: 192.0.2.1 and the source fd00::1 are not of one IP version",
        ),
    ],
)
def test_anything_else_is_refused(raw: dict[str, Any], message: str) -> None:
    with pytest.raises(PingError, match=f"^{message}$"):
        parse_target(raw)


def test_the_size_of_pings_own_packets() -> None:
    assert (LONDON.usual_size, Target("x", "fd00::1").usual_size) == (84, 104)
