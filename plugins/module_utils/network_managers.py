# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which program configures an interface at boot. `gather` asks the host, `manager_of` decides."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ansible_collections.causeway.ipsec.plugins.module_utils.host_network import HostError, Run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NETWORKD = "systemd-networkd"
IFUPDOWN = "ifupdown"

# Units of managers that we know by name only, in order to name them when we refuse.
_OTHERS = {
    "wickedd.service": "wicked",
    "connman.service": "ConnMan",
    "dhcpcd.service": "dhcpcd",
    "network.service": "network-scripts",
    "ifupdown2.service": "ifupdown2",
    "ifupdown-ng.service": "ifupdown-ng",
    "google-guest-agent.service": "google-guest-agent",
}


@dataclass(frozen=True)
class NetworkdLink:
    name: str
    state: str
    network_file: str


@dataclass(frozen=True)
class Managers:
    """What each manager on the host says it takes care of."""

    networkd: list[NetworkdLink] = field(default_factory=list)
    ifupdown: set[str] = field(default_factory=set)
    network_manager: set[str] = field(default_factory=set)
    others: list[str] = field(default_factory=list)


def gather(run: Run, find: Callable[[str], str | None]) -> Managers:
    """Asks the managers that run; `find` finds an executable."""
    systemctl, networkctl, nmcli, ifquery = (find(name) for name in ("systemctl", "networkctl", "nmcli", "ifquery"))
    units = _active_units(run, systemctl) if systemctl else set()
    return Managers(
        networkd=_networkd_links(run, networkctl) if networkctl and "systemd-networkd.service" in units else [],
        ifupdown=_ifupdown_interfaces(run, ifquery) if ifquery and "ifupdown2.service" not in units else set(),
        network_manager=_network_manager_devices(run, nmcli) if nmcli and "NetworkManager.service" in units else set(),
        others=sorted(name for unit, name in _OTHERS.items() if unit in units),
    )


def _active_units(run: Run, systemctl: str) -> set[str]:
    _status, out, _err = run([systemctl, "list-units", "--type=service", "--state=active", "--plain", "--no-legend"])
    return {line.split()[0] for line in out.splitlines() if line.strip()}


def _networkd_links(run: Run, networkctl: str) -> list[NetworkdLink]:
    status, out, err = run([networkctl, "--json=short", "list"])
    try:
        links = json.loads(out)["Interfaces"]
    except (ValueError, KeyError) as exc:
        raise HostError(f"networkctl does not list its interfaces as JSON: {err.strip() or status}") from exc
    if not all(map(state_of, links)):
        raise HostError(
            "systemd-networkd runs here, but is too old to tell which interfaces and routes are its own "
            "(`networkctl --json=short list` has neither AdministrativeState nor SetupState). systemd 249 can."
        )
    return [
        NetworkdLink(link["Name"], state_of(link), link["NetworkFile"]) for link in links if link.get("NetworkFile")
    ]


def tells_routes(link: Mapping[str, Any]) -> bool:
    """Whether this networkd tells of its routes: systemd 249 does not, and calls the state by another name."""
    return "SetupState" not in link


def state_of(link: Mapping[str, Any]) -> str:
    """What networkd has done for an interface, like configured, configuring or unmanaged; empty if it doesn't say."""
    return link.get("AdministrativeState") or link.get("SetupState") or ""


def _ifupdown_interfaces(run: Run, ifquery: str) -> set[str]:
    """Those that ifupdown brought up, and those that it will bring up at boot or when they appear."""
    found: set[str] = set()
    for arguments in (["--state"], ["--list"], ["--list", "--allow=hotplug"]):
        _status, out, _err = run([ifquery, *arguments])
        found.update(word.partition("=")[0] for word in out.split())
    return found


def _network_manager_devices(run: Run, nmcli: str) -> set[str]:
    _status, out, _err = run([nmcli, "--terse", "--escape", "no", "--fields", "DEVICE,STATE", "device"])
    pairs = (line.rpartition(":") for line in out.splitlines())
    return {device for device, _colon, state in pairs if state.startswith("connect") and "externally" not in state}


def manager_of(device: str, managers: Managers, asked: str = "auto") -> tuple[str, str]:
    """The manager that brings this interface up, and its .network file with networkd.

    A manager that routes can't be given to is an error.
    """
    link = next((item for item in managers.networkd if item.name == device and item.state != "unmanaged"), None)
    if link and asked in ("auto", NETWORKD):
        _check_only_one(link, managers)
        return NETWORKD, link.network_file
    if asked == NETWORKD:
        raise HostError(f"systemd-networkd does not manage {device}: it has no .network file for it, or does not run")
    if asked == IFUPDOWN or device in managers.ifupdown:
        return IFUPDOWN, ""
    raise HostError(_refusal(device, managers))


def _check_only_one(link: NetworkdLink, managers: Managers) -> None:
    """A drop-in counts on every interface of its file, and networkd waits for ever where a route can't work."""
    users = [item for item in managers.networkd if item.network_file == link.network_file]
    same = [item.name for item in users if item.state != "unmanaged"]
    if len(same) > 1:
        raise HostError(
            f"{link.network_file} configures {', '.join(sorted(same))}, but the routes belong to {link.name} alone. "
            f"Give {link.name} a .network file of its own (with a name that sorts earlier)."
        )


def _refusal(device: str, managers: Managers) -> str:
    if device in managers.network_manager:
        who = f"{device} is managed by NetworkManager"
    elif managers.others:
        running = ", ".join(managers.others)
        who = f"{device} is managed neither by systemd-networkd nor by ifupdown; this host runs {running}"
    else:
        who = (
            f"no network manager that we know configures {device} (something outside this host may, as for a container)"
        )
    return (
        f"{who}. Routes that survive a reboot are supported with systemd-networkd (netplan included) "
        "and with ifupdown. Nothing was changed."
    )
