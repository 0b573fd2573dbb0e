# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What it costs to plan a fleet whole: check and load it, and every gateway's intent, firewall and configuration.

    . lab/shell.sh; python tests/bench/planning.py

Prints seconds of one core, the largest memory, and what four times the tunnels cost: 4.0 is linear.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from typing import Any

from ansible_collections.causeway.ipsec.plugins.plugin_utils import topology as core
from ansible_collections.causeway.ipsec.plugins.plugin_utils.render import swanctl

RUNS = 3
FLEETS = {
    "full mesh of 200 sites, 19,900 tunnels": (("mesh", 100), ("mesh", 200)),
    "hub with 4,000 spokes": (("hub", 1000), ("hub", 4000)),
}


def fleet(kind: str, count: int) -> dict[str, Any]:
    """Sites that are alike, in a full mesh or around a hub."""
    names = [f"s{number}" for number in range(count + (kind == "hub"))]
    sites = {
        name: {
            "subnets": [f"10.{number >> 8}.{number & 255}.0/24"],
            "gateways": [{"host": f"gw{number}", "address": f"198.18.{number >> 8}.{number & 255}"}],
        }
        for number, name in enumerate(names)
    }
    hub = {"hub": "s0"} if kind == "hub" else {}
    return {"sites": sites, "meshes": [{"name": "m", "sites": names[len(hub) :], **hub}]}


def plan(raw: dict[str, Any]) -> int:
    """Everything; returns the number of connections, at both ends."""
    assert core.check(raw) == []
    topology = core.load(raw)
    connections = 0
    for host in topology.site_by_host:
        intent = core.gateway_intent(topology, host)
        connections += len(intent.connections)
        swanctl.render(intent)
        core.firewall_intent(topology, host)
    return connections


def measure(kind: str, count: int) -> dict[str, float]:
    """Seconds and megabytes, in a process of its own."""
    done = subprocess.run([sys.executable, __file__, kind, str(count)], stdout=subprocess.PIPE, check=True)
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


def main() -> None:
    for what, sizes in FLEETS.items():
        runs = [[measure(*size) for size in sizes] for _run in range(RUNS)]
        one, four = (min(run[index]["seconds"] for run in runs) for index in (0, 1))
        memory = max(run[1]["megabytes"] for run in runs)
        print(f"{what}: {four:.2f} s, {memory:.0f} MB; four times the tunnels take {four / one:.1f} times as long")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        RAW = fleet(sys.argv[1], int(sys.argv[2]))
        BEFORE = time.process_time()
        plan(RAW)
        SECONDS = time.process_time() - BEFORE
        print(json.dumps({"seconds": SECONDS, "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
    else:
        main()
