# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines that die before a run or in the middle of it: the others finish, the report says whom it could not reach and
which tunnels that leaves unproven, the run fails, and the next one mends it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from faultlab import GATEWAYS, ROOM
from runs import Run, eventually

if TYPE_CHECKING:
    import random

    from faultlab import Lab
    from playing import Controller


@dataclass(frozen=True)
class Change:
    """What a run is to change the sites to."""

    arguments: tuple[str, ...]
    tunnels: str
    routes: int

    def is_on(self, lab: Lab, gateway: str) -> bool:
        names = [
            line.partition(":")[0] for line in lab.sh(gateway, "swanctl --list-conns").splitlines() if line[0] != " "
        ]
        return sorted(names) == [f"cw-{tunnel}" for tunnel in self.tunnels.split(", ")]


Changes = Iterator[Change]
OLD = Change((), "berlin-london", 1)
NEW = Change(("-e", f"@{ROOM / 'changed.yml'}"), "berlin-london, berlin-london-too", 2)
# Not while new rules wait to be confirmed: then the role waits, too, until the old ones must be back.
OF_A_GATEWAY = (
    *("causeway.ipsec.strongswan : Look", "causeway.ipsec.firewall : Validating arguments"),
    *("causeway.ipsec.strongswan : Run the daemon", "causeway.ipsec.strongswan : Load the gateway's connections"),
    "causeway.ipsec.kernel : Hold the kernel settings of a gateway",
)


@pytest.fixture(scope="module")
def changes(controller: Controller) -> Changes:
    """In turn, so that each run has something to change."""
    controller.play().succeeded()
    return itertools.cycle((NEW, OLD))


def losing(lab: Lab, controller: Controller, change: Change, host: str, task: str) -> Run:
    """A changing run in which a machine dies when a task is announced."""
    print(f"\n{host} dies at {task!r}")
    playing = controller.start(*change.arguments)
    assert playing.reached(f"[{task}"), playing.said[-3000:]
    lab.stop(host)
    return playing.finished()


def mended(lab: Lab, controller: Controller, change: Change, host: str) -> None:
    """The machine is back, and so are all tunnels after a run; another one has nothing to do."""
    lab.start(host)
    controller.play(*change.arguments).succeeded()
    assert eventually(lab.lans_reach_each_other)
    assert all(change.is_on(lab, gateway) for gateway in GATEWAYS)
    again = controller.play(*change.arguments, "--skip-tags", "proof").succeeded()
    assert set(again.changed.values()) == {0}, again.output


def said_of(run: Run, host: str) -> str:
    """What the report says of a host that could not be reached."""
    return run.words.partition(f"{host} could not be reached: ")[2]


def told(run: Run, change: Change, host: str) -> None:
    """The report was made, whoever was to make it, and says what is known of a gateway that died."""
    assert run.status != 0
    assert run.unreachable == {host}, run.output[-4000:]
    assert "Tunnel State" in run.words, run.output[-4000:]
    unknown = "What it makes of its tunnels is not known, nor whether it has what this run changes"
    assert f"not found. {unknown}: {change.tunnels}. Run again when it is back." in said_of(run, host), run.output[
        -4000:
    ]


@pytest.mark.parametrize("host", GATEWAYS)
def test_a_gateway_that_dies_while_it_is_changed(
    lab: Lab, controller: Controller, changes: Changes, chance: random.Random, host: str
) -> None:
    change = next(changes)
    run = losing(lab, controller, change, host, chance.choice(OF_A_GATEWAY))
    told(run, change, host)
    [other] = set(GATEWAYS) - {host}
    assert change.is_on(lab, other)
    assert len(lab.sh("berlin-1", "ip route show proto 213").splitlines()) == change.routes
    mended(lab, controller, change, host)


@pytest.mark.parametrize("host", GATEWAYS)
def test_a_gateway_that_dies_during_the_proof(lab: Lab, controller: Controller, changes: Changes, host: str) -> None:
    """One of them is the host that was to make the report."""
    change = next(changes)
    told(losing(lab, controller, change, host, "Ping across the tunnels"), change, host)
    mended(lab, controller, change, host)


def test_a_gateway_that_was_down_before(lab: Lab, controller: Controller, changes: Changes) -> None:
    change = next(changes)
    lab.stop("london-gw")
    run = controller.play(*change.arguments)
    told(run, change, "london-gw")
    assert run.changed["berlin-1"] == 1
    assert change.is_on(lab, "berlin-gw")
    mended(lab, controller, change, "london-gw")


def test_a_lan_host_that_was_down_before_and_is_the_only_one(
    lab: Lab, controller: Controller, changes: Changes
) -> None:
    change = next(changes)
    lab.stop("berlin-1")
    run = controller.play(*change.arguments)
    assert run.status != 0
    assert run.unreachable == {"berlin-1"}
    assert min(run.changed[gateway] for gateway in GATEWAYS) > 0
    assert "berlin-london proven" in run.words  # by the gateways' own pings
    unproven = f"Nothing was pinged from it or to it, which leaves that part unproven of {change.tunnels}."
    assert f"not found. {unproven}" in said_of(run, "berlin-1"), run.output[-4000:]
    mended(lab, controller, change, "berlin-1")
