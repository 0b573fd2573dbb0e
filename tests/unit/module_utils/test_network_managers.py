# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who configures an interface, and who is refused."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from ansible_collections.causeway.ipsec.plugins.module_utils.host_network import HostError
from ansible_collections.causeway.ipsec.plugins.module_utils.network_managers import (
    Managers,
    NetworkdLink,
    gather,
    manager_of,
)

UNIT = "/run/systemd/network/10-netplan-eth0.network"


def a_host(units: str = "", **outputs: str) -> Managers:
    """What gather finds on a host with these active units, where these tools print this."""
    tools = {"systemctl", *outputs}

    def run(command: list[str], **_options: Any) -> tuple[int, str, str]:
        if command[0] == "systemctl":
            return 0, "".join(f"{unit}.service loaded active running x\n" for unit in units.split()), ""
        return 0, outputs[command[0]] if command[-1] in ("--state", "list", "device") else "", ""

    return gather(run, lambda name: name if name in tools else None)


def test_networkd_with_netplan_is_networkd() -> None:
    links = [
        {"Name": "lo", "AdministrativeState": "unmanaged", "NetworkFile": None},
        {"Name": "eth0", "AdministrativeState": "configured", "NetworkFile": UNIT},
    ]
    managers = a_host("systemd-networkd", networkctl=json.dumps({"Interfaces": links}))
    assert managers.networkd == [NetworkdLink("eth0", "configured", UNIT)]
    assert manager_of("eth0", managers) == ("systemd-networkd", UNIT)
    assert manager_of("eth0", managers, "systemd-networkd") == ("systemd-networkd", UNIT)
    assert manager_of("eth0", managers, "ifupdown") == ("ifupdown", "")


def test_ifupdown_is_what_ifquery_knows() -> None:
    managers = a_host("networking", ifquery="lo=lo\neth0=home\n")
    assert manager_of("eth0", managers) == ("ifupdown", "")


def test_networkd_that_does_not_run_manages_nothing() -> None:
    assert a_host("networking", networkctl="{}").networkd == []


def test_networkd_that_does_not_answer_is_an_error() -> None:
    with pytest.raises(HostError, match="networkctl does not list its interfaces as JSON"):
        a_host("systemd-networkd", networkctl="IDX LINK TYPE")


def test_networkd_that_tells_too_little_is_an_error() -> None:
    link = '{"Index": 2, "Name": "eth0", "Type": "ether", "NetworkFile": "/etc/systemd/network/eth0.network"}'
    with pytest.raises(HostError, match="too old to tell which interfaces and routes are its own"):
        a_host("systemd-networkd", networkctl=f'{{"Interfaces": [{link}]}}')


@pytest.mark.parametrize(("state", "manager"), [("configured", "systemd-networkd"), ("unmanaged", "ifupdown")])
def test_networkd_of_systemd_249_has_another_name_for_the_state(state: str, manager: str) -> None:
    link = {"Name": "eth0", "SetupState": state, "NetworkFile": UNIT}
    managers = a_host("systemd-networkd networking", networkctl=json.dumps({"Interfaces": [link]}), ifquery="eth0\n")
    assert manager_of("eth0", managers)[0] == manager


def test_a_link_that_networkd_leaves_alone_is_not_its_own() -> None:
    managers = Managers(networkd=[NetworkdLink("eth0", "unmanaged", UNIT)], ifupdown={"eth0"})
    assert manager_of("eth0", managers) == ("ifupdown", "")


def test_a_unit_of_several_interfaces_is_refused() -> None:
    managers = Managers(networkd=[NetworkdLink(name, "configured", "/etc/en.network") for name in ("eth1", "eth0")])
    message = (
        "/etc/en.network configures eth0, eth1, but the routes belong to eth1 alone. "
        "Give eth1 a .network file of its own (with a name that sorts earlier)."
    )
    with pytest.raises(HostError, match=f"^{re.escape(message)}$"):
        manager_of("eth1", managers)


SUPPORTED = (
    "Routes that survive a reboot are supported with systemd-networkd (netplan included) and with ifupdown. "
    "Nothing was changed."
)


@pytest.mark.parametrize(
    ("managers", "who"),
    [
        (a_host("NetworkManager", nmcli="eth0:connected\nlo:unmanaged\n"), "eth0 is managed by NetworkManager"),
        (
            a_host("NetworkManager wickedd", nmcli="eth0:connected (externally)\n"),
            "eth0 is managed neither by systemd-networkd nor by ifupdown; this host runs wicked",
        ),
        (
            a_host("ifupdown2", ifquery="eth0=eth0\n"),
            "eth0 is managed neither by systemd-networkd nor by ifupdown; this host runs ifupdown2",
        ),
        (
            Managers(),
            "no network manager that we know configures eth0 (something outside this host may, as for a container)",
        ),
    ],
)
def test_other_managers_are_refused_by_name(managers: Managers, who: str) -> None:
    with pytest.raises(HostError, match=f"^{re.escape(f'{who}. {SUPPORTED}')}$"):
        manager_of("eth0", managers)


def test_networkd_is_not_taken_for_granted() -> None:
    with pytest.raises(HostError, match="systemd-networkd does not manage eth0"):
        manager_of("eth0", Managers(ifupdown={"eth0"}), "systemd-networkd")


def test_a_host_without_systemd_has_no_units() -> None:
    assert gather(lambda _command: (1, "", ""), lambda _name: None) == Managers()
