# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Telling networkd of our routes without losing anybody else's."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.causeway.ipsec.plugins.module_utils import networkd
from ansible_collections.causeway.ipsec.plugins.module_utils.host_network import HostError
from ansible_collections.causeway.ipsec.plugins.module_utils.routes import Route

LONDON = Route("192.168.2.0/24", "192.168.1.5", "eth0")
THEIRS = "10.99.0.0/16 via 192.168.1.9"


def entry(source: str = "static", protocol: int = 213) -> dict[str, Any]:
    return {
        "Destination": [192, 168, 2, 0],
        "DestinationPrefixLength": 24,
        "Gateway": [192, 168, 1, 5],
        "Protocol": protocol,
        "ConfigSource": source,
    }


class Networkd:
    """A host whose networkd takes our route over after so many looks, and drops a route of somebody else's."""

    def __init__(self, looks: int, state: str = "configured", reload_status: int = 0, version: int = 252) -> None:
        self.looks, self.state, self.reload_status, self.version = looks, state, reload_status, version
        self.lines = [
            f"{THEIRS} linkdown",
            "192.168.2.0/24 via 192.168.1.5 proto 213",
            "192.168.1.0/24 proto kernel scope link",
        ]
        self.put_back: list[str] = []
        self.slept = 0.0

    def sleep(self, seconds: float) -> None:
        self.slept += seconds

    def run(self, command: list[str], **_options: Any) -> tuple[int, str, str]:
        text = " ".join(command)
        if text == "networkctl reload":
            self.lines = self.lines[1:]
            return self.reload_status, "", "Failed to connect to bus"
        if text == "networkctl --json=short status eth0":
            self.looks -= 1
            if self.version == 249:
                return 0, json.dumps({"SetupState": "configuring" if self.looks > 0 else self.state}), ""
            routes = [entry("foreign" if self.looks > 0 else "static"), entry(protocol=4)]
            return 0, json.dumps({"AdministrativeState": self.state, "Routes": routes}), ""
        if text == "ip -4 route show table main dev eth0":
            return 0, "\n".join(self.lines), ""
        if command[:2] == ["ip", "-4"]:
            self.put_back.append(text)
        return 0, "", ""


def test_routes_in_networkds_own_configuration_are_told_from_those_it_only_sees() -> None:
    assert networkd.configured_routes({"Routes": [entry(), entry("foreign"), entry(protocol=4)]}) == {
        ("192.168.2.0/24", "192.168.1.5")
    }
    assert networkd.configured_routes({}) == set()


def test_a_reload_waits_for_our_routes_and_puts_others_back() -> None:
    host = Networkd(looks=3)
    networkd.reload(host.run, ["eth0"], [LONDON], host.sleep)
    assert host.put_back == [f"ip -4 route append {THEIRS} dev eth0"]
    assert 0 < host.slept < 1


def test_an_interface_that_waits_for_a_dhcp_server_is_not_waited_for_long() -> None:
    host = Networkd(looks=1, state="configuring")
    networkd.reload(host.run, ["eth0"], [LONDON], host.sleep)
    assert 2 < host.slept < 4


def test_routes_that_networkd_does_not_take_over_are_an_error() -> None:
    host = Networkd(looks=1000, state="failed")
    with pytest.raises(HostError, match="did not take over the routes on eth0 within 15 s; the interface is failed"):
        networkd.reload(host.run, ["eth0"], [LONDON], host.sleep)


@pytest.mark.parametrize(("looks", "least", "most"), [(1, 0.9, 1.1), (20, 1.8, 2.1), (1000, 2.9, 3.1)])
def test_a_networkd_that_does_not_tell_its_routes_is_given_time(looks: int, least: float, most: float) -> None:
    """That of systemd 249: at first it still says "configured" of what was."""
    host = Networkd(looks=looks, version=249)
    networkd.reload(host.run, ["eth0"], [LONDON], host.sleep)
    assert least < host.slept < most
    assert host.put_back == [f"ip -4 route append {THEIRS} dev eth0"]


def test_an_interface_that_fails_is_an_error_though_its_routes_are_not_told() -> None:
    host = Networkd(looks=1, state="failed", version=249)
    with pytest.raises(HostError, match="did not take over the routes on eth0 within 15 s; the interface is failed"):
        networkd.reload(host.run, ["eth0"], [LONDON], host.sleep)


def test_a_reload_that_fails_is_an_error() -> None:
    host = Networkd(looks=1, reload_status=1)
    with pytest.raises(HostError, match="networkctl reload: Failed to connect to bus"):
        networkd.reload(host.run, ["eth0"], [LONDON], host.sleep)


def test_a_route_that_cannot_be_put_back_is_named() -> None:
    def run(command: list[str], **_options: Any) -> tuple[int, str, str]:
        return (2, "", "Nexthop has invalid gateway.") if "append" in command else (0, "", "")

    with pytest.raises(HostError, match=rf"removed the route '{THEIRS}' on eth0; putting it back failed: Nexthop"):
        networkd.restore(run, "eth0", 4, [THEIRS])
