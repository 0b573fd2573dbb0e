# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Of two runs at once on a host, the one that began last has it, whatever order their steps come in."""

from __future__ import annotations

import fcntl
import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.causeway.ipsec.plugins.module_utils import turn as module
from ansible_collections.causeway.ipsec.plugins.module_utils.turn import (
    SupersededError,
    read_mark,
    refuse_if_superseded,
    turn,
)


class Clock:
    """Seconds since boot."""

    CLOCK_BOOTTIME = 7

    def __init__(self) -> None:
        self.now = 1000.0

    def clock_gettime(self, _clock: int) -> float:
        return self.now


@pytest.fixture
def clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(module, "LOCK", str(tmp_path / "run" / "lock"))
    monkeypatch.setattr(module, "MARK", str(tmp_path / "run" / "run.json"))
    monkeypatch.setattr(module, "time", made)
    return made


def step(run: str, **options: Any) -> None:
    with turn({"id": run, "who": f"run {run}"}, check_mode=False, **options):
        pass


def test_a_later_run_has_the_host_and_the_earlier_one_stops(clock: Clock) -> None:
    step("1")
    step("2")
    with pytest.raises(SupersededError, match=r"another run \(run 2\) came to this host after this one did"):
        step("1")
    clock.now += 10000
    with pytest.raises(SupersededError):
        step("1")
    step("2")


def test_an_earlier_run_that_comes_later_finds_the_later_one_at_work(clock: Clock) -> None:
    step("2")
    clock.now += 3
    with pytest.raises(SupersededError, match=r"\(run 2\), which began later than this one, was at work .* 3 s ago"):
        step("1")
    step("2")


def test_a_run_that_has_long_been_silent_is_in_nobodys_way(clock: Clock) -> None:
    """Else a controller whose clock is ahead would keep all others out."""
    step("2")
    clock.now += module.AT_WORK_SECONDS
    step("1")
    with pytest.raises(SupersededError):
        step("2")


def test_a_run_that_was_killed_is_in_nobodys_way(clock: Clock) -> None:
    step("1")
    step("2")
    step("3")
    mark = read_mark()
    assert mark is not None
    assert (mark.run, mark.who, mark.past) == ("3", "run 3", ("1", "2"))


def test_who_only_looks_takes_no_host_and_is_told_of_a_later_run(clock: Clock) -> None:
    looking = {"id": "3", "who": "run 3"}
    refuse_if_superseded(looking)
    step("1")
    refuse_if_superseded(looking)
    step("2")
    with pytest.raises(SupersededError, match=r"another run \(run 2\)"):
        refuse_if_superseded({"id": "1", "who": "run 1"})
    refuse_if_superseded(None)


def test_only_so_many_runs_are_remembered(clock: Clock) -> None:
    for number in range(module.REMEMBERED + 20):
        step(f"{number:05}")
    mark = read_mark()
    assert mark is not None
    assert len(mark.past) == module.REMEMBERED


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"run": "1", "who": "x", "at": "soon", "past": []}'])
def test_a_mark_that_is_none_of_ours_counts_for_nothing(clock: Clock, text: str) -> None:
    step("2")
    Path(module.MARK).write_text(text)
    step("1")


def test_the_mark_is_whole_and_roots_own(clock: Clock) -> None:
    step("1")
    path = Path(module.MARK)
    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(path.read_text()) == {"run": "1", "who": "run 1", "at": 1000.0, "past": []}
    assert {entry.name for entry in path.parent.iterdir()} == {"lock", "run.json"}


def test_nobody_else_is_at_work_within_a_turn(clock: Clock) -> None:
    with turn(None, check_mode=False), Path(module.LOCK).open() as other, pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_check_mode_leaves_no_trace(clock: Clock, tmp_path: Path) -> None:
    (tmp_path / ".file.abcdefgh.new").touch()
    with turn({"id": "1", "who": "x"}, check_mode=True, files=[str(tmp_path / "file")]):
        pass
    assert [path.name for path in tmp_path.iterdir()] == [".file.abcdefgh.new"]


def test_what_a_killed_run_left_beside_the_files_goes(clock: Clock, tmp_path: Path) -> None:
    (tmp_path / ".file.abcdefgh.new").touch()
    step("1", files=[str(tmp_path / "file")])
    assert not (tmp_path / ".file.abcdefgh.new").exists()
