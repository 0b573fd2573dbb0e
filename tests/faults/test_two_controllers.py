# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two controllers run site.yml at once, on the same hosts, each with a topology and with keys of its own.

All hosts end with what one of them wanted, whole, and who did not get that is told why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from faultlab import MANAGED, ROOM
from hoststate import State, look
from playing import Controller

if TYPE_CHECKING:
    import random

    from faultlab import Lab
    from hoststate import Files
    from playing import Playing
    from watching import Watch

CONTESTS = 4
WANTS: dict[str, tuple[str, ...]] = {"old": (), "new": ("-e", f"@{ROOM / 'changed.yml'}")}
OTHER = {"old": "new", "new": "old"}


@dataclass
class Rivals:
    """The controllers by the topology that each wants, and what hosts look like that have it."""

    lab: Lab
    controllers: dict[str, Controller]
    fresh: dict[str, Files]
    whole: dict[str, dict[str, State]]
    seconds: float = 0

    def look(self) -> dict[str, State]:
        keys = {f"{wish} {name}": key for wish, one in self.controllers.items() for name, key in one.keys().items()}
        return {host: look(self.lab, host, self.fresh[host], keys) for host in MANAGED}

    def start(self, wish: str) -> Playing:
        return self.controllers[wish].start(*WANTS[wish])

    def learn(self, wish: str) -> None:
        playing = self.start(wish)
        playing.finished().succeeded()
        self.seconds = playing.seconds
        self.whole[wish] = self.look()

    def winner(self, served: list[str]) -> str:
        """Which of these topologies all hosts have, from their files to their running programs."""
        now = self.look()
        wrong = {wish: {host: now[host].differences(self.whole[wish][host]) for host in MANAGED} for wish in served}
        right = [wish for wish, differences in wrong.items() if not any(differences.values())]
        assert len(right) == 1, wrong
        return right[0]


@pytest.fixture(scope="module")
def rivals(lab: Lab, fresh: dict[str, Files], watch: Watch) -> Rivals:
    rivals = Rivals(lab, {wish: Controller(lab, wish) for wish in WANTS}, fresh, {})
    rivals.learn("old")
    rivals.learn("new")
    return rivals


@pytest.mark.parametrize("number", range(CONTESTS))
def test_one_of_two_runs_at_once_has_all_hosts(
    rivals: Rivals, watch: Watch, chance: random.Random, number: int
) -> None:
    first = ("old", "new")[number % 2]
    later = 0.0 if number == 0 else (number - chance.random()) / (CONTESTS - 1) * rivals.seconds
    playing = {first: rivals.start(first)}
    playing[first].wait(later)
    where = playing[first].task
    playing[OTHER[first]] = rivals.start(OTHER[first])
    runs = {wish: run.finished() for wish, run in playing.items()}
    print(f"\n{later:.2f} s apart, the first in {where}: {', '.join(f'{w} {run.status}' for w, run in runs.items())}")

    served = [wish for wish, run in runs.items() if run.status == 0]
    assert served, "".join(run.output[-3000:] for run in runs.values())
    for wish, run in runs.items():
        if run.status:
            assert "another run (" in run.words, run.output[-6000:]
            assert f"process {playing[OTHER[wish]].process.pid}," in run.words, run.output[-6000:]
    winner = rivals.winner(served)
    rivals.controllers[winner].play(*WANTS[winner]).succeeded()
    again = rivals.controllers[winner].play(*WANTS[winner], "--skip-tags", "proof").succeeded()
    assert set(again.changed.values()) == {0}, again.output
    assert rivals.lab.lans_reach_each_other()
    assert rivals.winner(served) == winner
    assert watch.new_in_clear() == []
