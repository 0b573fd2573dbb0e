# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SIGKILL to ansible-playbook and all that it started, at moments all over a changing run and all over a first run.

After each: no file of ours is half old and half new, no key can be read by others, and no packet for the other site was
in clear on the WAN. A clean run then makes it as if nothing had happened, and one more changes nothing.

Only the gateways are managed here, since that is where nearly all happens, and there are many runs.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from faultlab import GATEWAYS, ROOM
from hoststate import State, look, read_files, readable_keys, torn
from runs import eventually

if TYPE_CHECKING:
    import random

    from faultlab import Lab
    from hoststate import Files
    from playing import Controller
    from runs import Run
    from watching import Watch

MOMENTS = int(os.environ.get("CAUSEWAY_FAULTS_MOMENTS", "2"))  # of each kind of run
OLD = ("-e", "ipsec_hosts=gateways")
TOPOLOGIES: dict[str, tuple[str, ...]] = {"old": OLD, "new": (*OLD, "-e", f"@{ROOM / 'changed.yml'}")}
OTHER = {"old": "new", "new": "old"}


@dataclass
class Course:
    """What goes on in the lab: which topology it has, what it is to look like, how long a run takes."""

    lab: Lab
    controller: Controller
    watch: Watch
    fresh: dict[str, Files]
    whole: dict[str, dict[str, State]] = field(default_factory=dict)  # by topology and host
    announced: dict[str, list[float]] = field(default_factory=dict)  # by kind of run, the beginnings of its tasks
    seconds: dict[str, float] = field(default_factory=dict)  # by kind of run, all that it takes
    has: str = ""

    def learn(self, topology: str, kind: str) -> None:
        """A run to which nothing happens."""
        playing = self.controller.start(*TOPOLOGIES[topology])
        self.announced[kind] = playing.announcements()
        self.proven(playing.finished())
        self.seconds[kind] = playing.seconds
        self.whole[topology] = self.look()
        self.has = topology

    def begin_anew(self) -> None:
        """Fresh machines, and a controller that has made no key yet."""
        self.lab.renew(GATEWAYS)
        self.controller.forget()

    def look(self) -> dict[str, State]:
        keys = self.controller.keys()
        return {host: look(self.lab, host, self.fresh[host], keys) for host in GATEWAYS}

    def proven(self, run: Run) -> None:
        run.succeeded()
        assert "berlin-london" in run.output
        assert self.lab.lans_reach_each_other()

    def cut_short(self, topology: str, kind: str, part: float, modules: bool) -> bool:
        """Kills a run towards a topology when so much of its time is over, and says so; False if it was faster."""
        moment = part * self.seconds[kind]
        # By the tasks, since a machine that has other things to do, too, is now faster and now slower.
        before = [seconds for seconds in self.announced[kind] if seconds <= moment]
        playing = self.controller.start(*TOPOLOGIES[topology])
        playing.wait_for(len(before), moment - max(before, default=0))
        killed = playing.kill(modules=modules)
        if killed:
            how = f"killed {'with' if modules else 'without'} its modules"
        else:
            how, self.seconds[kind], self.has = "was over", self.seconds[kind] * 0.9, topology
        print(
            f"\n{kind} run {how} after {playing.seconds:.2f} s, at {moment:.2f} s of the undisturbed, in {playing.task}"
        )
        return killed

    def check_wreck(self, *before_or_after: str) -> None:
        """What must be so whenever a run between these topologies ends; "" is none, a fresh machine."""
        keys = self.controller.keys()
        for host in GATEWAYS:
            root = self.lab.root(host)
            now = read_files(root, keys=keys)
            whole = [self.whole[name][host].files if name else {} for name in before_or_after]
            assert torn(now, self.fresh[host], *whole) == []
            assert readable_keys(root, keys.values()) == []
        assert self.watch.new_in_clear() == []
        modes = {path.name: path.stat().st_mode & 0o077 for path in self.controller.psk.glob("*")}
        assert not any(modes.values()), modes

    def mend(self, topology: str) -> None:
        """A clean run does it all and proves it, and another finds nothing to do."""
        self.proven(self.controller.play(*TOPOLOGIES[topology]))
        self.has = topology
        again = self.controller.play(*TOPOLOGIES[topology], "--skip-tags", "proof").succeeded()
        assert set(again.changed.values()) == {0}, again.output
        self.check_whole()
        assert {path.suffix for path in self.controller.psk.iterdir()} == {".psk"}

    def check_whole(self) -> None:
        now = self.look()
        differences = {host: now[host].differences(self.whole[self.has][host]) for host in GATEWAYS}
        assert not any(differences.values()), differences
        assert self.watch.new_in_clear() == []


@pytest.fixture(scope="module")
def course(lab: Lab, controller: Controller, fresh: dict[str, Files], watch: Watch) -> Course:
    """The lab with the new topology, after a first run and a changing run."""
    course = Course(lab, controller, watch, fresh)
    course.learn("old", "first")
    course.learn("new", "changing")
    return course


@pytest.mark.parametrize("number", range(MOMENTS))
def test_a_changing_run(course: Course, chance: random.Random, number: int) -> None:
    part, modules = (number + chance.random()) / MOMENTS, bool(number % 2)
    while not course.cut_short(OTHER[course.has], "changing", part, modules):
        pass
    course.check_wreck("old", "new")
    course.mend(OTHER[course.has])


@pytest.mark.parametrize("number", range(MOMENTS))
def test_a_first_run(course: Course, chance: random.Random, number: int) -> None:
    part, modules = (number + chance.random()) / MOMENTS, bool(number % 2)
    course.begin_anew()
    while not course.cut_short("old", "first", part, modules):
        course.begin_anew()
    course.check_wreck("", "old")
    course.mend("old")


def test_the_watch_sees_what_leaves_in_clear(course: Course) -> None:
    """Else the tests above could not fail."""
    assert course.watch.protected > MOMENTS
    course.begin_anew()
    course.lab.sh("berlin-gw", "sysctl -qw net.ipv4.ip_forward=1")
    assert eventually(lambda: bool(course.watch.new_in_clear()))
