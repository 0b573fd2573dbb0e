# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many pings at once, by a stand-in for ping."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest
from ansible_collections.causeway.ipsec.plugins.module_utils.path_mtu import Answer
from ansible_collections.causeway.ipsec.plugins.module_utils.ping import Target
from ansible_collections.causeway.ipsec.plugins.modules import reachability

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT = """#!/bin/sh
for last; do :; done
reply() {
    echo "1 packets transmitted, 1 received"
    echo "rtt min/avg/max/mdev = 0.1/0.2/0.3/0.0 ms"
}
case $last in
    192.0.2.1) sleep 0.5; echo "3 packets transmitted, 3 received"; echo "rtt min/avg/max/mdev = 0.1/0.2/0.3/0.0 ms" ;;
    192.0.2.4) reply ;;
    192.0.2.2) echo "ping: connect: Network is unreachable" >&2; exit 2 ;;
    *) exec sleep 30 ;;
esac
"""


@pytest.fixture
def ping(tmp_path: Path) -> str:
    path = tmp_path / "ping"
    path.write_text(SCRIPT, encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def test_targets_are_pinged_side_by_side_and_told_in_their_order(ping: str) -> None:
    targets = [Target(str(number), f"192.0.2.{1 + number % 2}") for number in range(20)]
    start = time.monotonic()
    results = asyncio.run(reachability.ping_all(reachability.Request(ping, 3, 5, False), targets))
    assert time.monotonic() - start < 3
    assert [result["name"] for result in results] == [target.name for target in targets]
    assert [result["rtt_ms"] for result in results] == [0.2, None] * 10
    assert results[1]["error"] == "connect: Network is unreachable"


def test_a_ping_that_does_not_end_is_killed(ping: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reachability, "GRACE", -0.8)
    start = time.monotonic()
    result = asyncio.run(reachability.ping_all(reachability.Request(ping, 3, 1, False), [Target("x", "192.0.2.3")]))[0]
    assert time.monotonic() - start < 3
    assert result["error"] == "ping did not end within 0 s"


def test_the_path_mtu_of_what_answers_is_measured(ping: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def probe(version: int, address: str, source: str | None, size: int, patience: float) -> Answer:
        assert (version, address, source) == (4, "192.0.2.4", "192.0.2.9")
        assert patience == pytest.approx(reachability.PATIENCE + 0.0004)
        return Answer(size <= 1438)

    monkeypatch.setattr(reachability, "probe", probe)
    targets = [Target("x", "192.0.2.4", "192.0.2.9"), Target("y", "192.0.2.2")]
    results = asyncio.run(reachability.ping_all(reachability.Request(ping, 3, 5, True), targets))
    assert [result["mtu"] for result in results] == [1438, None]


def test_who_may_not_measure_hears_the_rest(ping: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def probe(*_arguments: object) -> Answer:
        raise PermissionError

    monkeypatch.setattr(reachability, "probe", probe)
    request = reachability.Request(ping, 3, 5, True)
    (result,) = asyncio.run(reachability.ping_all(request, [Target("x", "192.0.2.4")]))
    assert (result["received"], result["mtu"], result["error"]) == (1, None, None)


def test_a_measurement_that_takes_too_long_is_given_up(ping: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def probe(*_arguments: object) -> Answer:
        time.sleep(0.4)
        return Answer(False)

    monkeypatch.setattr(reachability, "MEASURE_SECONDS", 0.2)
    monkeypatch.setattr(reachability, "probe", probe)
    start = time.monotonic()
    request = reachability.Request(ping, 3, 5, True)
    (result,) = asyncio.run(reachability.ping_all(request, [Target("x", "192.0.2.4")]))
    assert (result["received"], result["mtu"]) == (1, None)
    assert time.monotonic() - start < 2


def test_nothing_is_measured_unless_asked(ping: str) -> None:
    request = reachability.Request(ping, 3, 5, False)
    assert asyncio.run(reachability.ping_all(request, [Target("x", "192.0.2.4")]))[0]["mtu"] is None
