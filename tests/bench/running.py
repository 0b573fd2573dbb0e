# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What site.yml costs on containers, as a multiple of the floor: facts and pings of Ansible's on the same hosts.

One ping for each of its plays that goes to the host; and, for comparison, a single one.

    . lab/shell.sh; . lab/images.sh; lab_image 12
    python tests/bench/running.py [--stale] [--unpipelined] [two-sites mesh-10 mesh-20]

The first run finds hosts on which nothing is installed. Their lists of packages are fresh, as apt-daily keeps them on a
host in use; with --stale it has to fetch them, as on a new container. The second run has nothing to change, and fails
here if it does.

The lab pipelines, which halves the floor and so makes all else look the worse; with --unpipelined each module is copied
to the host first, as Ansible does it unless told otherwise.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
LAB = ROOT / "playbooks" / "lab"
BUILD = Path(os.environ["CAUSEWAY_BUILD"]) / "bench"
PING = [{"ansible.builtin.ping": {}}]
FLOORS = {
    "ping-per-play": [
        {"hosts": "gw*", "gather_facts": True, "tasks": PING},  # Gateways
        {"hosts": "host*", "gather_facts": True, "tasks": PING},  # LAN hosts
        {"hosts": "lab", "gather_facts": False, "tasks": PING},  # Proof
    ],
    "one-ping": [{"hosts": "lab", "gather_facts": True, "tasks": PING}],
}
RUNS = 3
CHANGED = re.compile(r"^\S+\s+: ok=\d+\s+changed=([1-9]\d*)", re.MULTILINE)
REFRESH = [{"hosts": "gw*", "gather_facts": False, "tasks": [{"ansible.builtin.apt": {"update_cache": True}}]}]
PIPELINED = "--unpipelined" not in sys.argv
SCENARIOS = {"two-sites": (2, 2), "mesh-10": (10, 0), "mesh-20": (20, 0)}


def inventory(gateways: int, lan_hosts: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """The hosts and the topology of a full mesh."""
    numbers = range(1, gateways + 1)
    hosts: dict[str, Any] = {}
    for number in numbers:
        lan = f"lan{number}"
        hosts[f"gw{number}"] = {
            "lab_uplink": True,
            "lab_links": {
                "wan0": {"wire": "wan", "address": f"198.51.100.{number}/24"},
                "lan0": {"wire": lan, "address": f"192.168.{number}.5/24"},
            },
        }
        for host in range(1, lan_hosts + 1):
            hosts[f"host{number}-{host}"] = {
                "lab_links": {"lan0": {"wire": lan, "address": f"192.168.{number}.{10 + host}/24"}}
            }
    sites = {
        f"s{number}": {
            "subnets": [f"192.168.{number}.0/24"],
            "gateways": [
                {"host": f"gw{number}", "address": f"198.51.100.{number}", "lan_address": f"192.168.{number}.5"}
            ],
            "lan_hosts": [f"host{number}-{host}" for host in range(1, lan_hosts + 1)],
        }
        for number in numbers
    }
    mesh = {"name": "mesh", "sites": list(sites)}
    lab = {"hosts": hosts, "vars": {"lab_network_manager": "ifupdown", "lab_uplink": False}}
    return {"lab": lab}, {"ipsec_topology": {"sites": sites, "meshes": [mesh]}}


def play(place: Path, playbook: str) -> tuple[float, str]:
    """Seconds, and what it said."""
    before = time.monotonic()
    variables = {"lab_name": f"bench-{place.name}"} | ({} if PIPELINED else {"ansible_pipelining": False})
    done = subprocess.run(
        ["ansible-playbook", "-i", str(place / "hosts.yml"), "-e", json.dumps(variables), playbook],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stdout[-6000:] + done.stderr[-2000:])
    return time.monotonic() - before, done.stdout


def again(place: Path) -> float:
    seconds, said = play(place, "causeway.ipsec.site")
    if CHANGED.search(said):
        sys.exit(f"a second run changed something:\n{said}")
    return seconds


def measure(name: str, *, stale: bool) -> None:
    place = BUILD / name
    (place / "group_vars").mkdir(parents=True, exist_ok=True)
    hosts, variables = inventory(*SCENARIOS[name])
    (place / "hosts.yml").write_text(yaml.safe_dump(hosts))
    (place / "group_vars" / "all.yml").write_text(yaml.safe_dump(variables))
    (place / "group_vars" / "lab.yml").write_text((LAB / "inventory" / "group_vars" / "lab.yml").read_text())
    for floor, plays in FLOORS.items():
        (place / f"{floor}.yml").write_text(yaml.safe_dump(plays))
    try:
        play(place, str(LAB / "create.yml"))
        if not stale:
            (place / "refresh.yml").write_text(yaml.safe_dump(REFRESH))
            play(place, str(place / "refresh.yml"))
        per_play, single = (
            statistics.median(play(place, str(place / f"{floor}.yml"))[0] for _run in range(RUNS)) for floor in FLOORS
        )
        first, _said = play(place, "causeway.ipsec.site")
        second = statistics.median(again(place) for _run in range(RUNS))
    finally:
        play(place, str(LAB / "destroy.yml"))
    print(f"{name}: floor {per_play:.1f} s, with a single ping {single:.1f} s", end="")
    for run, seconds in (("first", first), ("second", second)):
        print(f"; {run} run {seconds:.1f} s, {seconds / per_play:.2f}x, {seconds / single:.2f}x", end="")
    print(flush=True)


if __name__ == "__main__":
    stale = "--stale" in sys.argv
    for scenario in [word for word in sys.argv[1:] if not word.startswith("--")] or SCENARIOS:
        measure(scenario, stale=stale)
