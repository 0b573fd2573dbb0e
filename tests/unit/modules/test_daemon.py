# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module on a stand-in for a host with systemd: four runs, drift, and runs that die half-way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.causeway.ipsec.plugins.module_utils.host_network import HostError
from ansible_collections.causeway.ipsec.plugins.modules import daemon

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Host:
    """systemd, and a daemon that has read its files when it was started."""

    def __init__(self, root: Path) -> None:
        self.conf, self.drop_in = root / "causeway.conf", root / "unit.d" / "causeway.conf"
        self.link = root / "strongswan-starter.service"
        self.active, self.enabled = "active", "enabled"
        self.told: list[str] = []
        self.dies_at = self.fails_at = ""

    def run(self, command: list[str], **_options: Any) -> tuple[int, str, str]:
        if command[1] == "show":
            return 0, f"ActiveState={self.active}\nUnitFileState={self.enabled}\n", ""
        self.told.append(" ".join(command[1:]))
        if self.dies_at == command[1]:
            raise KeyboardInterrupt
        if self.fails_at == command[1]:
            return 1, "", "Job for strongswan.service failed."
        self.active = "active" if command[1] in {"start", "restart"} else self.active
        self.enabled = "enabled" if command[1] == "enable" else self.enabled
        return 0, "", ""

    def hold(self, text: str = "charon {}\n", check_mode: bool = False) -> daemon.Plan:
        """What main() does, without a process of its own."""
        files = {str(self.conf): text, str(self.drop_in): "[Unit]\n"}
        plan = daemon.make_plan(self.run, files, "strongswan", ["strongswan-starter"])
        if plan.changed and not check_mode:
            daemon.apply(self.run, plan, "strongswan")
        return plan


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    monkeypatch.setattr(daemon, "UNFINISHED", str(tmp_path / "run" / "unfinished"))
    monkeypatch.setattr(daemon, "UNITS", str(tmp_path))
    return Host(tmp_path)


RESTARTED = ["daemon-reload", "restart strongswan"]


def test_h31_four_runs_restart_it_once(host: Host) -> None:
    foretold = host.hold(check_mode=True)
    assert (foretold.changed, foretold.restart, host.told, host.conf.exists()) == (True, True, [], False)
    assert host.hold() == foretold
    assert host.told == RESTARTED
    assert host.conf.stat().st_mode & 0o777 == 0o644
    assert not host.hold(check_mode=True).changed
    assert not host.hold().changed
    assert host.told == RESTARTED


@pytest.mark.parametrize("step", ["daemon-reload", "restart"])
def test_h31_a_run_that_died_before_the_restart_is_made_good_by_the_next(host: Host, step: str) -> None:
    host.hold()
    host.dies_at = step
    with pytest.raises(KeyboardInterrupt):
        host.hold("charon { plugins {} }\n")
    host.told, host.dies_at = [], ""
    again = host.hold("charon { plugins {} }\n")
    assert (again.changed, again.files, host.told) == (True, (), RESTARTED)
    assert not host.hold("charon { plugins {} }\n").changed


def test_h22_nothing_reloads_it(host: Host) -> None:
    host.active, host.enabled = "inactive", "disabled"
    host.hold()
    host.hold("charon { plugins {} }\n")
    assert {command.split()[0] for command in host.told} == {"daemon-reload", "enable", "restart"}


def test_one_that_is_stopped_is_started_and_one_that_is_disabled_enabled(host: Host) -> None:
    host.hold()
    host.told, host.active, host.enabled = [], "failed", "disabled"
    plan = host.hold()
    assert (plan.changed, plan.restart) == (True, False)
    assert host.told == ["enable --quiet strongswan", "start strongswan"]


def test_a_restart_that_fails_is_said_and_tried_again(host: Host) -> None:
    host.fails_at = "restart"
    with pytest.raises(HostError, match=r"systemctl restart strongswan: Job for strongswan.service failed\."):
        host.hold()
    host.fails_at = ""
    assert host.hold().restart
    assert not host.hold().changed


def by_hand(host: Host) -> None:
    host.link.unlink(missing_ok=True)
    host.link.write_text("[Service]\n")


@pytest.mark.parametrize("undo", [lambda host: host.link.unlink(), by_hand], ids=["gone", "a unit by hand"])
def test_the_rival_stays_masked_and_nothing_is_restarted_for_it(host: Host, undo: Callable[[Host], None]) -> None:
    host.hold()
    assert str(host.link.readlink()) == "/dev/null"
    undo(host)
    host.told = []
    foretold = host.hold(check_mode=True)
    assert (foretold.changed, foretold.restart, foretold.links) == (True, False, (str(host.link),))
    assert [one["after_header"] for one in foretold.as_diff()] == [str(host.link)]
    assert host.hold() == foretold
    assert (str(host.link.readlink()), host.told) == ("/dev/null", [])
    assert not host.hold().changed
