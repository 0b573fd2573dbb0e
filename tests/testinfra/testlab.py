# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Handles for the machines of a molecule scenario, and for Ansible's runs on them."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import testinfra
from runs import ROOT, Run, eventually

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ROOT", "Lab", "Run", "eventually"]


@dataclass(frozen=True)
class Lab:
    """The scenario's containers."""

    name: str
    release: str
    inventory: Path

    def container(self, host: str) -> str:
        return f"causeway-{self.name}-{host}"

    def host(self, host: str) -> Any:
        return testinfra.get_host(f"podman://{self.container(host)}")

    def sh(self, host: str, command: str) -> str:
        """What a command prints; it must succeed."""
        return str(self.host(host).check_output(command))

    def pings(self, host: str, address: str, seconds: int = 1) -> bool:
        return bool(self.host(host).run(f"ping -n -c 1 -W {seconds} {address}").rc == 0)

    def restart(self, host: str) -> None:
        """Reboots a machine: its file system stays, everything else goes."""
        subprocess.run(["podman", "restart", "-t", "10", self.container(host)], check=True, capture_output=True)

    def play(self, *arguments: str, playbook: str = "site", **changed_environment: str) -> Run:
        """Runs site.yml, or another playbook, as a user does, by its full name."""
        named = f"causeway.ipsec.{playbook}"
        command = ["ansible-playbook", "-i", str(self.inventory), named, *self.extra_vars, *arguments]
        environment = {
            **os.environ,
            "ANSIBLE_CONFIG": str(ROOT / "lab" / "ansible.cfg"),
            "ANSIBLE_FORCE_COLOR": "0",
            "ANSIBLE_NOCOLOR": "1",
            **changed_environment,
        }
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=ROOT)
        return Run(done.returncode, done.stdout + done.stderr)

    @property
    def extra_vars(self) -> list[str]:
        return ["-e", f"lab_name={self.name}", "-e", f"lab_release={self.release}"]

    def spis(self, gateway: str) -> list[str]:
        """The SPIs of a gateway's SAs: they stay the same for as long as no tunnel is set up anew."""
        return sorted(
            re.findall(r"(?:spi\S*=|\b(?:in|out)\s+)([0-9a-f]{8,16})", self.sh(gateway, "swanctl --list-sas"))
        )
