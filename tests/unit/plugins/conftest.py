# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plugins are tried in real runs of ansible-playbook: only there are values tagged, lazy and vaulted."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.causeway.ipsec.plugins import plugin_utils

COLLECTIONS = Path(next(iter(plugin_utils.__path__))).parents[4]
VARIABLES = """
ansible_python_interpreter: "{{ ansible_playbook_python }}"
vault_office_psk: given-in-vault-{{ 'x' * 32 }}
london_lan: 192.168.2.0/24
ipsec_topology:
  policies:
    tutorial:
      ike: {encryption: aes128ctr, integrity: sha256, dh_group: 15, lifetime: 86400}
      esp: {encryption: aes128ctr, integrity: sha1, pfs_group: 15, lifetime: 3600}
  sites:
    berlin:
      subnets: [192.168.1.0/24]
      gateways: [{host: berlin-gw, address: 198.51.100.10, lan_address: 192.168.1.5}]
      lan_hosts: [berlin-1]
    london:
      subnets: ["{{ london_lan }}"]
      gateways: [{host: london-gw, address: 198.51.100.20, lan_address: 192.168.2.5}]
      lan_hosts: [london_lan_hosts]
    office:
      subnets: [172.16.0.0/16]
      gateways: [{address: 198.51.100.30}]
  tunnels:
    - {name: berlin-london, sites: [berlin, london], policy: tutorial}
    - {name: berlin-office, sites: [berlin, office], psk: "{{ vault_office_psk }}"}
"""

Play = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """Run tasks (YAML, of any number of hosts on this machine) and return what ansible-playbook said."""
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars" / "all.yml").write_text(VARIABLES, encoding="utf-8")
    (tmp_path / "vault").write_text("open sesame\n", encoding="utf-8")
    (tmp_path / "hosts").write_text(
        "".join(f"{host} ansible_connection=local\n" for host in ("berlin-gw", "london-gw", "berlin-1", "london-1"))
        + "[london_lan_hosts]\nlondon-1\n[many]\n"
        + "".join(f"many{number:02} ansible_connection=local\n" for number in range(20)),
        encoding="utf-8",
    )

    def run(tasks: str, *options: str, hosts: str = "berlin-gw") -> subprocess.CompletedProcess[str]:
        head = f"- hosts: {hosts}\n  gather_facts: false\n  tasks:\n"
        book = tmp_path / "playbook.yml"
        book.write_text(head + "".join(f"    {line}\n" for line in tasks.strip("\n").splitlines()), encoding="utf-8")
        return subprocess.run(
            [sys.executable, "-m", "ansible", "playbook", "-i", "hosts", "playbook.yml", *options],
            cwd=tmp_path,
            env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), "ANSIBLE_NOCOLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    return run
