# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TCP from LAN to LAN of a lab of virtual machines, and the processor time that its gateways took for it.

Throughput on a busy machine is a matter of luck. The time that a gateway's process has spent for a gigabyte is less so,
and says the same: what a gateway with a core of its own could carry.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[1] / "shared"))
sys.path.insert(0, str(Path(__file__).parents[1] / "vm"))
from runs import eventually
from sites import BERLIN_LAN, GATEWAYS, INSTALL, LONDON_LAN, tunnel_works  # after the paths that lead there
from vmlab import Lab, lab_of_environment
from wires import LabError

if TYPE_CHECKING:
    from collections.abc import Iterable

TICKS = os.sysconf("SC_CLK_TCK")
WAYS = (("berlin-1", "london-1", LONDON_LAN), ("london-1", "berlin-1", BERLIN_LAN))


@dataclass(frozen=True)
class Sample:
    """What was measured once, in both directions together."""

    megabits: float  # a second
    seconds: float  # of processor time, of both gateways, for a gigabyte

    def __str__(self) -> str:
        return f"{self.megabits:.1f} Mbit/s, {self.seconds:.1f} s/GB"


def median(samples: Iterable[Sample]) -> Sample:
    known = list(samples)
    return Sample(
        statistics.median(one.megabits for one in known),
        statistics.median(one.seconds for one in known),
    )


def make(scenario: str) -> Lab:
    """Machines on which site.yml has run."""
    lab = lab_of_environment(f"{os.environ.get('CAUSEWAY_VM_PREFIX', 'bench')}-{scenario}", scenario)
    lab.up()
    done = lab.play()
    if done.status:
        raise LabError(done.why)
    for host in ("berlin-1", "london-1"):
        lab.ssh(host, f"{INSTALL} iperf3")
    return lab


def sample(lab: Lab, seconds: int) -> Sample:
    if not eventually(lambda: tunnel_works(lab), 30):
        raise LabError("the LANs do not reach each other")
    before = spent(lab)
    ends = [send(lab, *way, seconds) for way in WAYS]
    received = sum(end["bytes"] for end in ends)
    return Sample(
        sum(end["bits_per_second"] for end in ends) / len(ends) / 1e6,
        (spent(lab) - before) / (received / 1e9),
    )


def send(lab: Lab, client: str, server: str, address: str, seconds: int) -> dict[str, Any]:
    """What iperf3 says that the server has received."""
    listen = lab.ssh_command(server, f"timeout {seconds + 30} iperf3 -s -1 -B {address} --forceflush")
    with subprocess.Popen(listen, stdout=subprocess.PIPE, text=True) as process:
        if not any("listening" in line for line in process.stdout or ()):
            raise LabError(f"{server}: iperf3 does not listen on {address}")
        said = json.loads(lab.ssh(client, f"iperf3 -J -c {address} -t {seconds}", check=False))
        process.stdout.read() if process.stdout else None
    if "error" in said:
        raise LabError(f"{client}: {said['error']}")
    received: dict[str, Any] = said["end"]["sum_received"]
    return received


def spent(lab: Lab) -> float:
    """Seconds of processor time of the gateways' processes since they began: each machine is a session of its own."""
    sessions = {(lab.place / f"{host}.pid").read_text() for host in GATEWAYS}
    ticks = 0
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = file.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if fields[3] in sessions:
            ticks += sum(map(int, fields[11:15]))
    return ticks / TICKS
