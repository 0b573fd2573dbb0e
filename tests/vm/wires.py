# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wires: bridges in a network namespace, with the near ends of the machines' interfaces and the boxes on them."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from machine import Box, Scenario


class LabError(Exception):
    """The lab can't be made, or a command in it failed."""


def run(*command: str) -> str:
    """What a command prints; its failure is told with what it said."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LabError(f"{' '.join(command)}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def lay(namespace: str, scenario: Scenario, controller: str) -> None:
    """Makes the scenario's wires, and the controller's end of the one that leads to all machines."""
    run("ip", "netns", "add", namespace)
    ip = ("ip", "-n", namespace)
    run(*ip, "link", "set", "lo", "up")
    # The namespace itself says nothing on a wire, where it would be taken for somebody.
    run("ip", "netns", "exec", namespace, "sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1")
    for wire in scenario.wires:
        run(*ip, "link", "add", f"br-{wire}", "type", "bridge")
        run(*ip, "link", "set", f"br-{wire}", "up")
    run(*ip, "address", "add", f"{controller}/24", "dev", "br-mgmt")
    for machine in scenario.machines:
        for index, link in enumerate(machine.links):
            run(*ip, "tuntap", "add", "dev", machine.tap(index), "mode", "tap")
            run(*ip, "link", "set", machine.tap(index), "master", f"br-{link.wire}", "up")
    for box in scenario.boxes:
        _put(namespace, box)


def _put(namespace: str, box: Box) -> None:
    inside = f"{namespace}-{box.name}"
    run("ip", "netns", "add", inside)
    ip = ("ip", "-n", inside)
    run(*ip, "link", "set", "lo", "up")
    for link in box.links:
        end = f"{box.name}-{link.name}"
        run("ip", "-n", namespace, "link", "add", end, "type", "veth", "peer", "name", link.name, "netns", inside)
        run("ip", "-n", namespace, "link", "set", end, "master", f"br-{link.wire}", "up")
        for address in link.addresses:
            run(*ip, "address", "add", address, "dev", link.name, *(["nodad"] if ":" in address else []))
        run(*ip, "link", "set", link.name, "up")
        for gateway in link.gateways:
            run(*ip, "route", "add", "default", "via", gateway)
    for command in box.commands:
        run("ip", "netns", "exec", inside, *shlex.split(command))


def remove(namespace: str) -> None:
    """Removes the wires, with whatever runs on them."""
    known = [line.split()[0] for line in run("ip", "netns", "list").splitlines()]
    for name in known:
        if name == namespace or name.startswith(f"{namespace}-"):
            for pid in run("ip", "netns", "pids", name).split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            run("ip", "netns", "delete", name)
