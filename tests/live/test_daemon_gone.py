# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A daemon that hangs, stopped or lost its socket: an error that says so, in time, and nothing is left behind."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from tunnels import STARTED, Pair, Settings, established, options_for, quiet, up

if TYPE_CHECKING:
    from gateways import Gateway

ONE = [{"name": "cw-one"}]
CHANGED: dict[str, Settings] = {"cw-one": {**STARTED, "rekey_time": "7200s"}, "cw-two": STARTED}
HANGS = "strongSwan's daemon did not answer at /run/charon.vici in time; it may hang. "
LOST = "strongSwan's daemon cannot be reached: there is no control socket at /run/charon.vici. "
LIMIT = 120.0  # seconds, on a machine that has other things to do; a module waits 30 for one answer


def asked(pair: Pair) -> dict[str, dict[str, Any]]:
    """What each module answers that speaks with the daemon, all at the same time."""
    here, there = pair
    calls: dict[str, dict[str, Any]] = {
        "connections": options_for(here, there, CHANGED),
        "tunnel": {"connections": ONE},
        "tunnel_info": {"names": ["cw-one"]},
    }
    begun = time.monotonic()
    with ThreadPoolExecutor() as pool:
        jobs = {name: pool.submit(here.module, name, **options) for name, options in calls.items()}
        answers = {name: job.result() for name, job in jobs.items()}
    assert time.monotonic() - begun < LIMIT
    assert all(answer["failed"] for answer in answers.values()), answers
    return answers


def processes(gateway: Gateway) -> list[str]:
    """The names of all, but for those that look."""
    names = gateway.sh("cat /proc/[0-9]*/comm 2>/dev/null || true").split()
    return sorted(name for name in names if name not in {"sh", "cat", "(udev-worker)"})


def settle(gateway: Gateway, expected: list[str]) -> None:
    """Wait until no more processes than these are there: what somebody else's timer starts ends by itself."""
    deadline = time.monotonic() + 60
    while Counter(processes(gateway)) - Counter(expected):
        assert time.monotonic() < deadline, (processes(gateway), expected)
        time.sleep(0.5)


def heals(pair: Pair, options: dict[str, Any]) -> None:
    """A run does what it could not do, tunnels are up, and one more run does nothing."""
    here, there = pair
    there.connections(**options_for(there, here, {"cw-one": {}, "cw-two": {}}))
    assert not here.connections(**options).get("failed")
    established(here, "cw-one", "cw-two")
    assert quiet(here.connections(**options))
    assert here.module("tunnel", connections=ONE)["changed"] is False
    assert here.pings(there)


def test_one_that_hangs(pair: Pair) -> None:
    options = up(pair, "cw-one")
    here, there = pair
    before, running = established(here, "cw-one"), processes(here)
    files = here.sh("cat /etc/swanctl/conf.d/*")
    here.sh("pkill -STOP -x charon-systemd")
    try:
        for answer in asked(pair).values():
            assert answer["msg"].startswith(HANGS)
            assert "`systemctl restart strongswan.service`" in answer["msg"]
        looked = here.module("gateway_info", units=["strongswan"])  # it asks systemd alone
        assert looked["units"]["strongswan"]["active"] == "active"
    finally:
        here.sh("pkill -CONT -x charon-systemd")
    settle(here, running)
    assert established(here, "cw-one") == before
    assert (here.loaded(), here.sh("cat /etc/swanctl/conf.d/*")) == ({"cw-one"}, files)
    assert here.pings(there)
    assert quiet(here.connections(**options))
    heals(pair, options_for(here, there, CHANGED))


def test_one_whose_socket_somebody_removed(pair: Pair) -> None:
    up(pair, "cw-one")
    here, there = pair
    before, running = established(there, "cw-one"), processes(here)
    here.sh("rm /run/charon.vici")
    for answer in asked(pair).values():
        assert answer["msg"].startswith(LOST)
        assert "only `systemctl restart strongswan.service` makes a new one" in answer["msg"]
    settle(here, running)
    assert established(there, "cw-one") == before
    assert here.pings(there)
    here.sh("systemctl restart strongswan")
    heals(pair, options_for(here, there, CHANGED))


def test_one_that_was_stopped_and_one_that_was_killed(pair: Pair) -> None:
    up(pair, "cw-one")
    here, there = pair
    here.sh("systemctl stop strongswan")
    without = processes(here)
    assert here.connections(check=True, **options_for(here, there, CHANGED))["loaded"] == ["cw-one", "cw-two"]
    for answer in asked(pair).values():
        assert "`systemctl start strongswan.service` starts it" in answer["msg"]
    here.sh("systemctl start strongswan; systemctl kill -s KILL strongswan; systemctl stop strongswan")
    for answer in asked(pair).values():  # its socket may be there still
        assert "`systemctl start strongswan.service` starts it" in answer["msg"]
    settle(here, without)
    here.sh("systemctl start strongswan")
    heals(pair, options_for(here, there, CHANGED))
