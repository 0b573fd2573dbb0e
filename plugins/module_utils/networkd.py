# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets a running systemd-networkd know of our routes, and keeps it from taking others' routes along.

Without a reload networkd would bring our routes back after a reboot only, not after the link lost its carrier, when it
removes the interface's addresses and the kernel the routes with them. Measured with 249, 252 and 257: a reload
configures the interfaces again whose drop-in changed, which keeps routes that it is to configure and removes all others
that it does not know; 249 and 252 also take the interface's IPv4 addresses away for about 10 ms, 257 does not. 249 does
not tell its routes, so others' are back only when it must have begun: after a second.
"""

from __future__ import annotations

import ipaddress
import json
import time
from typing import TYPE_CHECKING, Any

from ansible_collections.causeway.ipsec.plugins.module_utils.host_network import HostError, Run
from ansible_collections.causeway.ipsec.plugins.module_utils.network_managers import state_of, tells_routes
from ansible_collections.causeway.ipsec.plugins.module_utils.routes import PROTOCOL, Route

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_PATIENCE = 15.0  # seconds
_SETTLING = 3.0  # duplicate address detection of IPv6 takes one or two
_BEGINNING = 1.0  # by then it has begun to configure again what a reload says
_STEP = 0.1

# Routes that the kernel and networkd itself see to, and words that `ip route show` prints but does not read.
_MANAGED = ("proto kernel", "proto ra", "proto dhcp", f"proto {PROTOCOL}", "expires")
_STATE_WORDS = {"linkdown", "dead", "offload", "trap", "rt_offload", "rt_trap"}


def configured_routes(link: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Destination and next hop of our routes in networkd's own configuration, out of `networkctl status`."""
    found = set()
    for entry in link.get("Routes", []):
        if entry.get("Protocol") == PROTOCOL and entry.get("ConfigSource") == "static" and "Gateway" in entry:
            destination = ipaddress.ip_address(bytes(entry["Destination"]))
            gateway = ipaddress.ip_address(bytes(entry["Gateway"]))
            found.add((f"{destination}/{entry['DestinationPrefixLength']}", str(gateway)))
    return found


def wanted_on(device: str, routes: Iterable[Route]) -> set[tuple[str, str]]:
    return {(route.destination, route.via) for route in routes if route.device == device}


def read_link(run: Run, device: str) -> dict[str, Any]:
    status, out, err = run(["networkctl", "--json=short", "status", device])
    try:
        link: dict[str, Any] = json.loads(out)
    except ValueError as exc:
        raise HostError(f"networkctl says nothing of {device}: {err.strip() or status}") from exc
    return link


def reload(
    run: Run, devices: Iterable[str], routes: Iterable[Route], sleep: Callable[[float], None] = time.sleep
) -> None:
    """Returns when networkd holds exactly these routes on these interfaces, with everybody else's in place again."""
    devices, routes = sorted(devices), list(routes)
    before = {(device, family): foreign_routes(run, device, family) for device in devices for family in (4, 6)}
    status, _out, err = run(["networkctl", "reload"])
    if status != 0:
        raise HostError(f"networkctl reload: {err.strip()}")
    for device in devices:
        _wait(run, device, wanted_on(device, routes), sleep)
    for (device, family), lines in before.items():
        restore(run, device, family, lines)


def _wait(run: Run, device: str, wanted: set[tuple[str, str]], sleep: Callable[[float], None]) -> None:
    """Waits for the routes, and a while for the interface, which nobody's DHCP may answer."""
    state = ""
    for step in range(int(_PATIENCE / _STEP)):
        link, seconds = read_link(run, device), step * _STEP
        state = state_of(link)
        if _has_taken(link, wanted, seconds) and (state == "configured" or seconds >= _SETTLING):
            return
        sleep(_STEP)
    raise HostError(
        f"systemd-networkd did not take over the routes on {device} within {_PATIENCE:.0f} s; "
        f"the interface is {state or 'unknown'}. See: journalctl -u systemd-networkd"
    )


def _has_taken(link: Mapping[str, Any], wanted: set[tuple[str, str]], seconds: float) -> bool:
    """Whether it has these routes so long after a reload. Where it doesn't tell, the caller will ask the kernel."""
    if tells_routes(link):
        return configured_routes(link) == wanted
    return seconds >= _BEGINNING and state_of(link) != "failed"


def foreign_routes(run: Run, device: str, family: int) -> list[str]:
    """Lines of `ip route show` for routes that a reload of networkd removes, although they are not ours."""
    _status, out, _err = run(["ip", f"-{family}", "route", "show", "table", "main", "dev", device])
    lines = [" ".join(word for word in line.split() if word not in _STATE_WORDS) for line in out.splitlines()]
    return [line for line in lines if line and not any(words in f"{line} " for words in _MANAGED)]


def restore(run: Run, device: str, family: int, before: list[str]) -> None:
    """Puts routes back that are gone. IPv4 takes a second route to a destination of ours by `append` only."""
    after = foreign_routes(run, device, family)
    for line in before:
        if line not in after:
            verb = "append" if family == 4 else "add"
            status, _out, err = run(["ip", f"-{family}", "route", verb, *line.split(), "dev", device])
            if status != 0 and "File exists" not in err:
                raise HostError(
                    f"systemd-networkd removed the route {line!r} on {device}; putting it back failed: {err.strip()}"
                )
