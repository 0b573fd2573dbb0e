# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters, with the tagged, lazy and vaulted data that Ansible really hands to them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

Play = Callable[..., subprocess.CompletedProcess[str]]

WRITE = """
- ansible.builtin.copy:
    content: "{{ answers | to_json }}"
    dest: "{{ playbook_dir }}/answers.json"
    mode: "0600"
  vars:
    answers:
      intent: "{{ ipsec_topology | causeway.ipsec.gateway_intent('berlin-gw') }}"
      host: "{{ ipsec_topology | causeway.ipsec.host_intent('berlin-gw') }}"
      lan: "{{ ipsec_topology | causeway.ipsec.lan_host_intent('london-1', ['all', 'london_lan_hosts']) }}"
      secrets: "{{ ipsec_topology | causeway.ipsec.gateway_secrets('berlin-gw', made={'berlin-london': 'm' * 64}) }}"
      config: "{{ ipsec_topology | causeway.ipsec.swanctl_config(inventory_hostname) }}"
      packages: "{{ ['openssl', 'xcbc'] | causeway.ipsec.strongswan_packages('12') }}"
      hosts: "{{ ipsec_topology | causeway.ipsec.topology_hosts }}"
      unmet: "{{ needed | causeway.ipsec.strongswan_unmet('gw', '5.9.8', plugins=['ml'], userspace=false) }}"
    needed: [{feature: per_cpu_sas, tunnel: t, key: "tunnels[t].per_cpu_sas", version: 6.0.2}]
"""


@pytest.fixture
def answers(play: Play, tmp_path: Path) -> dict[str, Any]:
    done = play(WRITE)
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads((tmp_path / "answers.json").read_text(encoding="utf-8"))
    return found


def test_answers(answers: dict[str, Any]) -> None:
    london, office = answers["intent"]["connections"]
    assert (london["name"], london["ike_proposals"][0]["encryption"]) == ("cw-berlin-london", ["aes128ctr"])
    assert london["children"][0]["remote_subnets"] == ["192.168.2.0/24"]
    assert (office["name"], office["peer_host"]) == ("cw-berlin-office", None)
    assert answers["host"]["tunnels"] == {one["name"]: one["tunnel"] for one in (london, office)}
    assert answers["host"]["made_psks"] == ["berlin-london"]
    assert answers["lan"]["routes"] == [{"destination": "192.168.1.0/24", "via": "192.168.2.5"}]
    assert [secret["psk"] for secret in answers["secrets"]] == ["m" * 64, f"given-in-vault-{'x' * 32}"]
    assert 'proposals = "aes128ctr-sha256-prfsha256-modp3072"' in answers["config"]
    assert answers["packages"] == ["libstrongswan", "libstrongswan-standard-plugins"]
    assert answers["unmet"] == [
        (
            "gw: tunnels[t].per_cpu_sas asks for per_cpu_sas, which needs strongSwan 6.0.2 or later, and here is "
            "5.9.8; leave it out, or upgrade the host. Tunnels: t."
        )
    ]
    assert answers["hosts"] == {"gateways": ["berlin-gw", "london-gw"], "lan_hosts": ["berlin-1", "london_lan_hosts"]}


def test_vaulted_values_are_decrypted(play: Play, tmp_path: Path) -> None:
    psk = "vaulted-" + "y" * 32
    vaulted = subprocess.run(
        [sys.executable, "-m", "ansible", "vault", "encrypt_string", "--vault-password-file", "vault", psk],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    (tmp_path / "group_vars" / "all.yml").open("a", encoding="utf-8").write(f"vault_office_psk: {vaulted}\n")
    task = f"""
- ansible.builtin.assert:
    that: secrets[1].psk == '{psk}'
  vars:
    made: {{berlin-london: {"m" * 64}}}
    secrets: "{{{{ ipsec_topology | causeway.ipsec.gateway_secrets('berlin-gw', made) }}}}"
"""
    done = play(task, "--vault-password-file", "vault")
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_problem_is_shown(play: Play) -> None:
    done = play("""
- ansible.builtin.debug:
    msg: "{{ {'sites': {}, 'tunels': []} | causeway.ipsec.gateway_intent('x') }}"
""")
    assert done.returncode == 2
    said = done.stdout + done.stderr
    assert "unknown key 'tunels'. Did you mean 'tunnels'?" in said


def test_unknown_host(play: Play) -> None:
    done = play("""
- ansible.builtin.debug:
    msg: "{{ ipsec_topology | causeway.ipsec.swanctl_config('berlin-gx') }}"
""")
    assert done.returncode == 2
    said = done.stdout + done.stderr
    assert "berlin-gx: is not the host of any gateway of the topology. Did you mean 'berlin-gw'?" in said


@pytest.mark.parametrize(
    ("plugins", "release", "message"),
    [
        (["openssl"], "11", "release '11' is not known; known are 12, 13."),
        (["openssl", "opensl"], "12", "no package is known for the plugins opensl."),
    ],
)
def test_packages_of_what_is_not_known(play: Play, plugins: list[str], release: str, message: str) -> None:
    done = play(f"""
- ansible.builtin.debug:
    msg: "{{{{ {plugins} | causeway.ipsec.strongswan_packages('{release}') }}}}"
""")
    assert done.returncode == 2
    assert message in done.stdout + done.stderr


def test_plan(play: Play) -> None:
    done = play("""
- causeway.ipsec.plan:
  register: plan
- ansible.builtin.assert:
    that:
      - plan.gateways == ['berlin-gw', 'london-gw']
      - plan.lan_hosts == ['berlin-1', 'london_lan_hosts']
      - plan.tunnels == 2
      - not plan.changed
      - "plan.msg == 'No problems. Gateways: 2, tunnels: 2, LAN hosts (or groups): 2.'"
""")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (
        "policies[tutorial].esp.integrity: policy 'tutorial' names sha1, which is legacy" in done.stdout + done.stderr
    )


def test_plan_lists_every_problem_and_shows_no_key(play: Play, tmp_path: Path) -> None:
    (tmp_path / "bad.yml").write_text(
        """
ipsec_topology:
  sites: {berlin: {subnet: 192.168.1.0/24}}
  tunnels: [{name: x, sites: [berlin, brlin], psk: Zq-too-short-Zq}]
""",
        encoding="utf-8",
    )
    done = play("- causeway.ipsec.plan:", "-e", "@bad.yml", "-vvvv")
    said = done.stdout + done.stderr
    assert done.returncode == 2
    assert "unknown key 'subnet'. Did you mean 'subnets'?" in said
    assert "unknown site 'brlin'. Did you mean 'berlin'?" in said
    assert "tunnels[x].psk: 15 characters" in said
    assert "Zq-too-short-Zq" not in said


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        (
            {"strongswan_dataplane": "kernl"},
            "berlin-gw, london-gw: value of strongswan_dataplane must be one of: kernel, auto, userspace, got: kernl",
        ),
        ({"firewall_ssh_ports": ["ssh"]}, "berlin-gw, london-gw: Elements value for option 'firewall_ssh_ports'"),
        ({"kernel_rp_filter": "{{ nowhere }}"}, "berlin-gw, london-gw: kernel_rp_filter can't be told before the run"),
        ({"lan_routes_manager": "netplan"}, "london-1: value of lan_routes_manager must be one of"),
    ],
)
def test_plan_refuses_a_wrong_variable_of_a_role(play: Play, variables: dict[str, Any], message: str) -> None:
    done = play("- causeway.ipsec.plan:", "-e", json.dumps(variables), hosts="all")
    assert done.returncode == 2
    assert message in " ".join((done.stdout + done.stderr).split())


def test_plan_warns_of_a_variable_that_nobody_reads(play: Play) -> None:
    variables = {"firewall_wan_mut": 1400, "firewall_zone": "theirs", "strongswan_dataplane": "auto"}
    done = play("- causeway.ipsec.plan:", "-e", json.dumps(variables))
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == 0, said
    assert "berlin-gw: the roles have no variable 'firewall_wan_mut'. Did you mean 'firewall_wan_mtu'?" in said
    assert "firewall_zone" not in said


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        ("- causeway.ipsec.plan: {topology: x}", "takes no arguments: it reads the variable ipsec_topology."),
        ("- causeway.ipsec.plan:\n  vars: {ipsec_topology: '{{ nowhere }}'}", "'nowhere' is undefined"),
    ],
)
def test_plan_refuses(play: Play, tasks: str, message: str) -> None:
    done = play(tasks)
    assert done.returncode == 2
    assert message in done.stdout + done.stderr
