# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that bring our routes back after a reboot, for each network manager that we know."""

from __future__ import annotations

import shlex
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from ansible_collections.causeway.ipsec.plugins.module_utils.files import FileChange, change_for
from ansible_collections.causeway.ipsec.plugins.module_utils.network_managers import IFUPDOWN, NETWORKD, NetworkdLink
from ansible_collections.causeway.ipsec.plugins.module_utils.routes import PROTOCOL, Route

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

IFUPDOWN_SCRIPT = "/etc/network/if-up.d/causeway-routes"
NETWORKD_DIRECTORY = "/etc/systemd/network"
NETWORKD_DROPIN = "causeway.conf"

_OWNER = "# The Ansible collection causeway.ipsec owns this file: changes made here are lost.\n"

# `add` and not `replace`, so that a route of somebody else's to the same destination stays. The script always succeeds,
# because ifup takes an interface for broken when one of its scripts fails.
_SCRIPT = """#!/bin/sh
# Routes through an IPsec gateway, put in when ifupdown brings up the interface towards it.
{owner}
add() {{
    said=$(ip "-$1" route add "$2" via "$3" dev "$IFACE" proto {protocol} 2>&1) && return
    case $said in
        *"File exists"*) ;;
        *) echo "causeway-routes: $2 via $3: $said" >&2 ;;
    esac
}}

case $IFACE in
{cases}esac
exit 0
"""


def networkd_dropin_path(network_file: str) -> str:
    """A drop-in counts wherever its .network file is: /etc, /usr/lib, or /run, where netplan makes it at boot."""
    return f"{NETWORKD_DIRECTORY}/{PurePath(network_file).name}.d/{NETWORKD_DROPIN}"


def networkd_dropin(routes: Iterable[Route]) -> str:
    sections = [
        f"\n[Route]\nDestination={route.destination}\nGateway={route.via}\nProtocol={PROTOCOL}\n"
        for route in sorted(routes)
    ]
    return "# Routes through an IPsec gateway.\n" + _OWNER + "".join(sections)


def ifupdown_script(routes: Iterable[Route]) -> str:
    by_device: dict[str, list[Route]] = {}
    for route in sorted(routes):
        by_device.setdefault(route.device, []).append(route)
    cases = ""
    for device, its_routes in sorted(by_device.items()):
        lines = "".join(f"        add {route.family} {route.destination} {route.via}\n" for route in its_routes)
        cases += f"    {shlex.quote(device)})\n{lines}        ;;\n"
    return _SCRIPT.format(owner=_OWNER, protocol=PROTOCOL, cases=cases)


def wanted_files(routes: list[Route], managers: Mapping[str, tuple[str, str]]) -> dict[str, tuple[str, int]]:
    """Text and mode of each file that should be there."""
    files: dict[str, tuple[str, int]] = {}
    for device, (manager, network_file) in managers.items():
        if manager == NETWORKD:
            text = networkd_dropin(route for route in routes if route.device == device)
            files[networkd_dropin_path(network_file)] = (text, 0o644)
    script = [route for route in routes if managers[route.device][0] == IFUPDOWN]
    if script:
        files[IFUPDOWN_SCRIPT] = (ifupdown_script(script), 0o755)
    return files


def plan_files(wanted: Mapping[str, tuple[str, int]]) -> list[FileChange]:
    """Steps to these files, and away from any other of ours, whichever manager it was for."""
    present = [str(path) for path in Path(NETWORKD_DIRECTORY).glob(f"*.network.d/{NETWORKD_DROPIN}")]
    present += [IFUPDOWN_SCRIPT] if Path(IFUPDOWN_SCRIPT).exists() else []
    changes = []
    for path in sorted({*present, *wanted}):
        text, mode = wanted.get(path, (None, 0o644))
        changes.append(change_for(path, text, mode))
    return [change for change in changes if change]


def plan_reload(links: list[NetworkdLink], files: list[FileChange], unfinished: bool = False) -> list[str]:
    """Interfaces that networkd configures with a file that changes; all if it may not have read what changed last time.

    Drift at run time needs no reload: networkd still has the route in its configuration, and `ip route` mends the rest.
    """
    touched = {change.path for change in files}
    return sorted(
        link.name
        for link in links
        if link.state != "unmanaged" and (unfinished or networkd_dropin_path(link.network_file) in touched)
    )


def files_of_ours() -> list[str]:
    """Where files of ours are or may come to be."""
    directories = Path(NETWORKD_DIRECTORY).glob("*.network.d")
    return [IFUPDOWN_SCRIPT, *(str(directory / NETWORKD_DROPIN) for directory in directories)]
