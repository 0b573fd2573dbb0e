# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines that die before a run or in the middle of it: the others finish, the report says whom it could not reach and
which tunnels that leaves unproven, the run fails, and the next one mends it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from faultlab import GATEWAYS, ROOM
from runs import Run, eventually

if TYPE_CHECKING:
    import random

    from faultlab import Lab
    from playing import Controller

NEW = ("-e", f"@{ROOM / 'changed.yml'}")
# Not while new rules wait to be confirmed: then the role waits, too, until the old ones must be back.
OF_A_GATEWAY = (
    *("causeway.ipsec.strongswan : Look", "causeway.ipsec.firewall : Validating arguments"),
    *("causeway.ipsec.strongswan : Run the daemon", "causeway.ipsec.strongswan : Load the gateway's connections"),
    "causeway.ipsec.kernel : Hold the kernel settings of a gateway",
)


@pytest.fixture
def tunnels(lab: Lab, controller: Controller) -> None:
    """The old topology, proven."""
    controller.play().succeeded()


def losing(lab: Lab, controller: Controller, host: str, task: str) -> Run:
    """A changing run in which a machine dies when a task is announced."""
    print(f"\n{host} dies at {task!r}")
    playing = controller.start(*NEW)
    assert playing.reached(f"[{task}"), playing.said[-3000:]
    lab.stop(host)
    return playing.finished()


def mended(lab: Lab, controller: Controller, host: str) -> None:
    """The machine is back, and so are all tunnels after a run; another one has nothing to do."""
    lab.start(host)
    controller.play(*NEW).succeeded()
    assert eventually(lab.lans_reach_each_other)
    again = controller.play(*NEW).succeeded()
    assert set(again.changed.values()) == {0}, again.output


def said_of(run: Run, host: str) -> str:
    """The line of the report on a host that could not be reached."""
    return run.words.partition(f"{host} could not be reached: ")[2]


def told(run: Run, host: str) -> None:
    """The report was made, whoever was to make it, and says what is known of a gateway that died."""
    assert run.status != 0
    assert "Tunnel State" in run.words, run.output[-4000:]
    assert "not found. What it makes of its tunnels is not known" in said_of(run, host), run.output[-4000:]
    assert ": berlin-london, berlin-london-too. Run again when it is back." in said_of(run, host)


@pytest.mark.parametrize("host", GATEWAYS)
def test_a_gateway_that_dies_while_it_is_changed(
    lab: Lab, controller: Controller, tunnels: None, chance: random.Random, host: str
) -> None:
    run = losing(lab, controller, host, chance.choice(OF_A_GATEWAY))
    told(run, host)
    assert run.unreachable == {host}
    [other] = set(GATEWAYS) - {host}
    assert "cw-berlin-london-too" in lab.sh(other, "swanctl --list-conns")
    assert "10." in lab.sh("berlin-1", "ip route show proto 213")
    mended(lab, controller, host)


@pytest.mark.parametrize("host", GATEWAYS)
def test_a_gateway_that_dies_during_the_proof(lab: Lab, controller: Controller, tunnels: None, host: str) -> None:
    """One of them is the host that was to make the report."""
    run = losing(lab, controller, host, "Ping across the tunnels")
    told(run, host)
    mended(lab, controller, host)


def test_a_gateway_that_was_down_before(lab: Lab, controller: Controller, tunnels: None) -> None:
    lab.stop("london-gw")
    run = controller.play(*NEW)
    told(run, "london-gw")
    assert (run.unreachable, run.changed["berlin-1"]) == ({"london-gw"}, 1)
    assert "cw-berlin-london-too" in lab.sh("berlin-gw", "swanctl --list-conns")
    mended(lab, controller, "london-gw")


def test_a_lan_host_that_was_down_before_and_is_the_only_one(lab: Lab, controller: Controller, tunnels: None) -> None:
    lab.stop("berlin-1")
    run = controller.play(*NEW)
    assert run.status != 0
    assert run.unreachable == {"berlin-1"}
    assert min(run.changed[gateway] for gateway in GATEWAYS) > 0
    assert "berlin-london proven" in run.words
    assert "berlin-london-too unproven" in run.words
    unproven = (
        "Nothing was pinged from it or to it, which leaves that part unproven of berlin-london, berlin-london-too."
    )
    assert f"not found. {unproven}" in said_of(run, "berlin-1"), run.output[-4000:]
    mended(lab, controller, "berlin-1")
