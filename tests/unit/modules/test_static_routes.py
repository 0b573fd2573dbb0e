# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module on a stand-in for a host with systemd-networkd or ifupdown."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.causeway.ipsec.plugins.module_utils import network_managers, networkd, route_files
from ansible_collections.causeway.ipsec.plugins.module_utils.host_network import HostError
from ansible_collections.causeway.ipsec.plugins.modules import static_routes

if TYPE_CHECKING:
    from pathlib import Path

LONDON = {"destination": "192.168.2.0/24", "via": "192.168.1.5"}
OSLO = {"destination": "192.168.3.0/24", "via": "192.168.1.5"}
LINKS = [{"ifname": "eth0", "addr_info": [{"local": "192.168.1.11", "prefixlen": 24}]}]
UNIT = "20-lan.network"


class Host:
    """A kernel with IPv4 routes, and one network manager."""

    def __init__(self) -> None:
        self.routes: list[dict[str, Any]] = []
        self.managers = network_managers.Managers(ifupdown={"eth0"})
        self.reloads: list[list[str]] = []
        self.networkd_fails = False

    def use_networkd(self) -> None:
        link = network_managers.NetworkdLink("eth0", "configured", f"/run/systemd/network/{UNIT}")
        self.managers = network_managers.Managers(networkd=[link])

    def run(self, command: list[str], data: str = "", **_options: Any) -> tuple[int, str, str]:
        if command[-1] == "-":
            for line in data.splitlines():
                self._route(line)
            return 0, "", ""
        if "get" in command:
            on_link = command[-1].startswith("192.168.1.")
            return 0, json.dumps([{"dev": "eth0", **({} if on_link else {"gateway": "192.168.1.1"})}]), ""
        if "route" in command:
            return 0, json.dumps([] if "-6" in command else self.routes), ""
        return 0, json.dumps(LINKS), ""

    def _route(self, line: str) -> None:
        found = re.fullmatch(
            r"route (add|replace|del) (\S+) (?:proto 213 metric 0 )?via (\S+) dev (\S+)(?: proto 213)?", line
        )
        assert found, line
        self.routes = [
            route
            for route in self.routes
            if (route["dst"], route["protocol"]) != (found[2], "213") or found[1] == "add"
        ]
        if found[1] != "del":
            self.routes.append({"dst": found[2], "gateway": found[3], "dev": found[4], "protocol": "213"})

    def reload(self, _run: Any, devices: list[str], _routes: Any) -> None:
        if self.networkd_fails:
            raise HostError("networkctl reload: no")
        self.reloads.append(devices)

    def hold(self, *routes: dict[str, str], check_mode: bool = False) -> static_routes.Plan:
        """What main() does, without a process of its own."""
        params = {"routes": list(routes), "manager": "auto"}
        module = SimpleNamespace(params=params, run_command=self.run, get_bin_path=lambda _name: None)
        plan = static_routes.make_plan(module)
        if plan.changed and not check_mode:
            static_routes.apply(self.run, plan)
            static_routes.verify(self.run, plan)
        return plan


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    made = Host()
    monkeypatch.setattr(route_files, "NETWORKD_DIRECTORY", str(tmp_path))
    monkeypatch.setattr(route_files, "IFUPDOWN_SCRIPT", str(tmp_path / "causeway-routes"))
    monkeypatch.setattr(static_routes, "UNFINISHED", str(tmp_path / "unfinished"))
    monkeypatch.setattr(network_managers, "gather", lambda _run, _find: made.managers)
    monkeypatch.setattr(networkd, "reload", made.reload)
    return made


@pytest.fixture
def script(tmp_path: Path) -> Path:
    return tmp_path / "causeway-routes"


@pytest.fixture
def dropin(tmp_path: Path) -> Path:
    return tmp_path / f"{UNIT}.d" / "causeway.conf"


def test_four_runs_with_ifupdown(host: Host, script: Path) -> None:
    foretold = host.hold(LONDON, check_mode=True)
    assert foretold.changed
    assert host.routes == []
    assert not script.exists()
    done = host.hold(LONDON)
    assert done == foretold
    assert done.manager == "ifupdown"
    assert [part["after"] for part in done.as_diff()][1] == "192.168.2.0/24 via 192.168.1.5 dev eth0\n"
    assert script.stat().st_mode & 0o777 == 0o755
    assert not host.hold(LONDON, check_mode=True).changed
    assert not host.hold(LONDON).changed
    assert host.reloads == []


def test_with_networkd_only_a_changed_file_is_told(host: Host, dropin: Path) -> None:
    host.use_networkd()
    assert host.hold(LONDON).reload == ["eth0"]
    assert dropin.exists()
    host.routes.clear()
    drift = host.hold(LONDON)
    assert (drift.changed, drift.files, drift.reload) == (True, [], [])
    assert host.reloads == [["eth0"]]


def test_a_networkd_that_refuses_is_told_again_next_time(host: Host, dropin: Path) -> None:
    host.use_networkd()
    host.hold(LONDON)
    host.networkd_fails = True
    with pytest.raises(HostError, match="networkctl reload: no"):
        host.hold(LONDON, OSLO)
    host.networkd_fails = False
    again = host.hold(LONDON, OSLO)
    assert (again.changed, again.files, again.reload) == (True, [], ["eth0"])
    assert not host.hold(LONDON, OSLO).changed


def test_networkd_is_told_of_a_file_that_a_run_wrote_before_it_died(
    host: Host, dropin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.use_networkd()

    def dies(*_unused: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(networkd, "reload", dies)
        with pytest.raises(KeyboardInterrupt):
            host.hold(LONDON)
    assert dropin.exists()
    assert host.hold(LONDON).reload == ["eth0"]
    assert not host.hold(LONDON).changed


def test_routes_that_are_no_longer_wanted_go_with_their_files(host: Host, dropin: Path) -> None:
    host.use_networkd()
    host.hold(LONDON, OSLO)
    host.routes.append({"dst": "10.0.0.0/8", "gateway": "192.168.1.1", "dev": "eth0", "protocol": "4"})
    plan = host.hold()
    assert len(plan.routes.removed) == 2
    assert plan.manager == ""
    assert [route["dst"] for route in host.routes] == ["10.0.0.0/8"]
    assert not dropin.parent.exists()
    assert not host.hold().changed


def test_somebody_elses_dropins_stay(host: Host, dropin: Path) -> None:
    host.use_networkd()
    host.hold(LONDON)
    other = dropin.parent / "other.conf"
    other.write_text("", encoding="utf-8")
    host.hold()
    assert list(dropin.parent.iterdir()) == [other]


def test_a_host_that_changed_its_manager_keeps_no_file_of_the_old_one(host: Host, script: Path, dropin: Path) -> None:
    host.hold(LONDON)
    host.use_networkd()
    plan = host.hold(LONDON)
    assert not plan.routes
    assert not script.exists()
    assert dropin.exists()


def test_refusals_come_before_any_change(host: Host, script: Path) -> None:
    host.routes.append({"dst": "192.168.3.0/24", "gateway": "192.168.1.1", "dev": "eth0", "protocol": "16"})
    with pytest.raises(HostError, match="not ours to change"):
        host.hold(LONDON, OSLO)
    with pytest.raises(HostError, match=r"10\.9\.9\.9 is on no network of this host, only through 192\.168\.1\.1"):
        host.hold(LONDON, {"destination": "10.0.0.0/8", "via": "10.9.9.9"})
    host.managers = network_managers.Managers(network_manager={"eth0"})
    with pytest.raises(HostError, match="eth0 is managed by NetworkManager"):
        host.hold(LONDON)
    assert len(host.routes) == 1
    assert not script.exists()


def test_a_kernel_that_does_not_hold_the_routes_is_an_error(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Host, "_route", lambda _self, _line: None)
    with pytest.raises(
        HostError, match=r"does not hold the routes that were put in: 192\.168\.2\.0/24 via 192\.168\.1\.5"
    ):
        host.hold(LONDON)
