# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What planning adds to a play on many hosts: each a site of one full mesh, against each with a peer of its own only.

    . lab/shell.sh; python tests/bench/many_hosts.py [200 [20]]

The fleet's size, and on how many of its hosts to play: all, unless said. The play plans as site.yml does, computes what
that asks of the topology for a gateway on which nothing has to change, and hands it to as many calls of Ansible's own
ping, on this machine. Prints the ratio of both plays, in seconds and in seconds of processors.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PLACE = Path(os.environ["CAUSEWAY_BUILD"]) / "bench" / "many-hosts"
ROUNDS = 3
_RUN = "run=__ipsec_plan.run"
# The roles' own expressions, by task: each is a template of its own, as it is there.
SHARES = {
    "look": ["_firewall_intent", "_kernel_wanted"],
    # packages, configuration and requirements, of which the conditions of the tasks that follow are made
    "compare": [*["_strongswan_intent.plugins"] * 2, *["_strongswan_intent.daemon"] * 2, "_strongswan_intent.requires"],
    "load": [
        f"ipsec_topology | causeway.ipsec.swanctl_config(inventory_hostname, {_RUN})",
        *(
            "_strongswan_secrets",
            "_strongswan_credentials",
            "_strongswan_intent.algorithms",
            "_strongswan_intent.tunnels",
        ),
    ],
    "prove": [f"ipsec_topology | causeway.ipsec.proof_targets(inventory_hostname, groups, hostvars, {_RUN})"],
}
DEFAULTS = {
    "strongswan_psk_directory": str(PLACE / "psk"),
    "strongswan_pki_directory": str(PLACE / "pki"),
    "strongswan_certificate_renewal_days": 30,
    "kernel_ipv6_forwarding": "auto",
    "kernel_rp_filter": "loose",
    "kernel_extra_settings": {},
    "kernel_sysctl_file": "/etc/sysctl.d/99-zz-causeway.conf",
}


def site(number: int, host: str | None) -> dict[str, Any]:
    gateway = {"host": host} if host else {}
    return {
        "subnets": [f"10.{number >> 8}.{number & 255}.0/24"],
        "gateways": [{**gateway, "address": f"198.18.{number >> 8}.{number & 255}"}],
    }


def full_mesh(count: int) -> dict[str, Any]:
    sites = {f"s{number}": site(number, f"gw{number}") for number in range(count)}
    return {"sites": sites, "meshes": [{"name": "m", "sites": list(sites)}]}


def pair(number: int) -> dict[str, Any]:
    """One tunnel, to somebody's gateway."""
    sites = {f"s{number}": site(number, f"gw{number}"), "peer": site(0xFFFF, None)}
    return {"sites": sites, "tunnels": [{"name": "m", "sites": list(sites), "psk": "x" * 48}]}


def play(name: str, hosts: int) -> tuple[float, float]:
    """Seconds, and seconds of processors."""
    before, used = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        ["ansible-playbook", "-i", str(PLACE / f"{name}.yml"), "-l", f"all[0:{hosts - 1}]", str(PLACE / "play.yml")],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stdout[-6000:] + done.stderr[-2000:])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.monotonic() - before, after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime


def write(count: int) -> None:
    """The play, and an inventory for each kind of topology."""
    PLACE.mkdir(parents=True, exist_ok=True)
    tasks: list[dict[str, Any]] = [
        {"name": "Plan", "causeway.ipsec.plan": None, "register": "__ipsec_plan", "run_once": True}
    ]
    tasks += [
        {
            "name": name,
            "ansible.builtin.ping": {"data": "{{ asked | to_json }}"},
            "vars": {"asked": [f"{{{{ {expression} }}}}" for expression in expressions]},
        }
        for name, expressions in SHARES.items()
    ]
    variables = [str(ROOT / "roles" / role / "vars" / "main.yml") for role in ("firewall", "strongswan", "kernel")]
    plays = [{"hosts": "all", "gather_facts": False, "vars_files": variables, "tasks": tasks}]
    (PLACE / "play.yml").write_text(json.dumps(plays))
    shared = {**DEFAULTS, "ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    hosts: dict[str, Any] = {f"gw{number}": {"ipsec_topology": pair(number)} for number in range(count)}
    (PLACE / "pairs.yml").write_text(json.dumps({"all": {"hosts": hosts, "vars": shared}}))
    shared |= {"ipsec_topology": full_mesh(count)}
    (PLACE / "mesh.yml").write_text(json.dumps({"all": {"hosts": dict.fromkeys(hosts), "vars": shared}}))


def main(count: int, hosts: int) -> None:
    write(count)
    play("mesh", hosts)  # makes the keys
    rounds = [(play("pairs", hosts), play("mesh", hosts)) for _round in range(ROUNDS)]
    for what, index in (("seconds", 0), ("seconds of processors", 1)):
        pairs, mesh = (statistics.median(each[kind][index] for each in rounds) for kind in (0, 1))
        print(f"{hosts} hosts of {count}, {what}: a tunnel each {pairs:.1f}, full mesh {mesh:.1f}, {mesh / pairs:.2f}x")


if __name__ == "__main__":
    SIZES = [int(word) for word in sys.argv[1:]] or [200]
    main(SIZES[0], SIZES[-1])
