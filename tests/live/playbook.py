# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole runs of site.yml on the containers, as a user would begin them."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

from runs import ROOT, Run

if TYPE_CHECKING:
    from pathlib import Path

# As in playbooks/lab/inventory: a container's kernel is the machine's, which may have no ESP for it.
REACHED = {
    "ansible_connection": "containers.podman.podman",
    "ansible_user": "root",
    "ansible_become": False,
    "ansible_python_interpreter": "/usr/bin/python3",
    "strongswan_dataplane": "auto",
}


def play(topology: dict[str, Any], place: Path, *arguments: str) -> Run:
    """A run on the gateways of a topology, whose hosts are named as their containers; its files stay in `place`."""
    hosts = [gateway["host"] for site in topology["sites"].values() for gateway in site["gateways"]]
    inventory = {"all": {"hosts": {host: {} for host in hosts}, "vars": {**REACHED, "ipsec_topology": topology}}}
    (place / "hosts.json").write_text(json.dumps(inventory))
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "lab" / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
    done = subprocess.run(
        ["ansible-playbook", "-i", str(place / "hosts.json"), *arguments, "causeway.ipsec.site"],
        cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    return Run(done.returncode, done.stdout + done.stderr)
