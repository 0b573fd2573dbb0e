# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: throughput
short_description: Do one host's part in a measurement of throughput
version_added: 0.1.0
author:
  - causeway.ipsec contributors (@causeway-ipsec)
description:
  - A measurement takes several hosts. One listens, one sends, and gateways on the way watch how busy their processors
    are. Each calls this module for each of its steps; C(causeway.ipsec.benchmark) is the playbook that does.
  - O(step=look) tells whether the host has iperf3, and what limits encryption there.
  - O(step=watch) begins to watch the processor, and with O(address) it also starts an iperf3 that serves one client on
    that address. Both go on when the module has ended, as one process that leaves no file, until O(step=stop). They end
    by themselves O(limit) seconds later, if nobody asks.
  - O(step=send) measures, and watches this host's processor meanwhile.
  - What iperf3 could not do is returned as RV(error), and is no failure of the module.
  - TCP is measured. No firewall rule is changed.
options:
  step:
    description: What this host is to do now.
    type: str
    required: true
    choices: [look, watch, send, stop]
  address:
    description:
      - With O(step=watch), the address of this host that iperf3 is to listen on. Without one, it only watches.
      - With O(step=send), the server's address.
    type: str
  source:
    description: With O(step=send), the address of this host to send from.
    type: str
  port:
    description: TCP port of the server.
    type: int
    default: 5201
  seconds:
    description: How long to send, 1 to 3600.
    type: int
    default: 10
  streams:
    description: How many connections to send over at once, 1 to 128.
    type: int
    default: 1
  reverse:
    description: With O(step=send), whether the server sends and this host receives.
    type: bool
    default: false
  limit:
    description: With O(step=watch), the seconds after which watching and listening end in any case.
    type: int
    default: 120
  job:
    description: With O(step=stop), what O(step=watch) returned.
    type: str
requirements:
  - iperf3 3.9 or newer on hosts that listen or send
  - the program timeout (coreutils) on hosts that listen
attributes:
  check_mode:
    description: Nothing is measured.
    support: partial
    details: O(step=look) does what it always does, since it only looks; all other steps do nothing.
  diff_mode:
    description: It changes nothing, so there is no difference to show.
    support: none
  idempotent:
    description: It changes nothing.
    support: full
seealso:
  - module: causeway.ipsec.benchmark_plan
  - module: causeway.ipsec.benchmark_report
"""

EXAMPLES = r"""
- name: Listen on one host
  causeway.ipsec.throughput: {step: watch, address: 192.168.2.11}
  delegate_to: london-1
  register: listening

- name: Send from another
  causeway.ipsec.throughput: {step: send, address: 192.168.2.11, source: 192.168.1.11}
  delegate_to: berlin-1
  register: sent

- name: Stop listening
  causeway.ipsec.throughput: {step: stop, job: "{{ listening.job }}"}
  delegate_to: london-1
"""

RETURN = r"""
error:
  description: What iperf3 could not do, null if all went well.
  returned: for the steps V(watch), V(send) and V(stop)
  type: str
  sample: "unable to connect to server: Connection refused"
iperf3:
  description: Its version, null if it is not installed.
  returned: for the step V(look)
  type: str
  sample: "3.12"
processors:
  description: How many cores the host has.
  returned: for the step V(look)
  type: int
  sample: 2
aes:
  description: Whether the cores have instructions for AES.
  returned: for the step V(look)
  type: bool
  sample: true
drivers:
  description:
    - The kernel's code for each algorithm of ESP or AH that it has used since the boot, by the algorithm's name in
      C(/proc/crypto). Names with C(aesni), C(avx), C(vaes), C(ce) or C(neon) use a processor's instructions.
  returned: for the step V(look)
  type: dict
  sample: {"rfc4106(gcm(aes))": "rfc4106-gcm-aesni"}
job:
  description: What O(job) of the step V(stop) is to be, null if nothing was started.
  returned: for the step V(watch)
  type: str
  sample: 51c3d8a6e0b94f27
bits_per_second:
  description: What the receiver has received.
  returned: for the step V(send), without an error
  type: int
  sample: 941000000
bytes:
  description: What the receiver has received in all.
  returned: for the step V(send), without an error
  type: int
  sample: 1176250000
seconds:
  description: How long that took.
  returned: for the step V(send), without an error
  type: float
  sample: 10.0
retransmits:
  description: Segments that the sender had to send again.
  returned: for the step V(send), without an error
  type: int
  sample: 0
mss:
  description: Bytes of the largest TCP segment.
  returned: for the step V(send), without an error
  type: int
  sample: 1394
cores:
  description: The busiest core first, in the seconds in which most bytes passed this host.
  returned: for the steps V(send) and V(stop), without an error
  type: list
  elements: dict
  contains:
    core:
      description: Its name in C(/proc/stat).
      type: str
      returned: success
    busy:
      description: Percent of its time that it worked.
      type: float
      returned: success
    idle:
      description: Percent of its time that it had nothing to do.
      type: float
      returned: success
    steal:
      description: Percent of its time that it would have worked, and the hypervisor let it not.
      type: float
      returned: success
  sample: [{"core": "cpu0", "busy": 97.2, "idle": 2.8, "steal": 0.0}]
octets:
  description: The bytes that passed this host meanwhile, received and sent.
  returned: for the steps V(send) and V(stop), without an error
  type: int
  sample: 2480000000
watched:
  description: The seconds that RV(cores) and RV(octets) are about.
  returned: for the steps V(send) and V(stop), without an error
  type: float
  sample: 10.0
"""

import ipaddress
import os
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.causeway.ipsec.plugins.module_utils.cpu_info import drivers, has_aes
from ansible_collections.causeway.ipsec.plugins.module_utils.iperf import (
    CONNECT_SECONDS,
    Sending,
    client_command,
    parse_client,
    parse_version,
    server_command,
)
from ansible_collections.causeway.ipsec.plugins.module_utils.throughput_watch import (
    INTERVAL,
    Watch,
    WatchError,
    begin,
    end,
    read_sample,
    summary,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SPEC = {
    "step": {"type": "str", "required": True, "choices": ["look", "watch", "send", "stop"]},
    "address": {"type": "str"},
    "source": {"type": "str"},
    "port": {"type": "int", "default": 5201},
    "seconds": {"type": "int", "default": 10},
    "streams": {"type": "int", "default": 1},
    "reverse": {"type": "bool", "default": False},
    "limit": {"type": "int", "default": 120},
    "job": {"type": "str"},
}
REQUIRED_IF = [("step", "send", ("address", "source")), ("step", "stop", ("job",))]
RANGES = {"port": (1, 65535), "seconds": (1, 3600), "streams": (1, 128), "limit": (1, 7200)}
# What iperf3 may take beyond the time that it sends, before it is killed.
GRACE = CONNECT_SECONDS + 15.0


def complaints(params: Mapping[str, Any]) -> list[str]:
    """What is wrong with the options."""
    found = [
        f"{name} is {params[name]}; {low} to {high} are possible."
        for name, (low, high) in RANGES.items()
        if not low <= params[name] <= high
    ]
    for name in ("address", "source"):
        try:
            ipaddress.ip_address(params[name] or "::")
        except ValueError:
            found.append(f"{name} is {params[name]!r}, which is no IP address.")
    return found


def look(module: AnsibleModule, iperf3: str | None) -> dict[str, Any]:
    said = module.run_command([iperf3, "--version"])[1] if iperf3 else ""
    crypto = Path("/proc/crypto")
    return {
        "iperf3": parse_version(said),
        "processors": os.cpu_count(),
        "aes": has_aes(Path("/proc/cpuinfo").read_text(encoding="utf-8")),
        "drivers": drivers(crypto.read_text(encoding="utf-8")) if crypto.exists() else {},
    }


def watch(params: Mapping[str, Any], iperf3: str | None) -> dict[str, Any]:
    server = server_command(str(iperf3), params["address"], params["port"]) if params["address"] else ()
    try:
        return {"error": None, "job": begin(Watch(params["seconds"], params["limit"], server))}
    except WatchError as exc:
        return {"error": str(exc), "job": None}


def send(params: Mapping[str, Any], iperf3: str | None) -> dict[str, Any]:
    asked = (params[name] for name in ("address", "source", "port", "seconds", "streams", "reverse"))
    return measure(client_command(str(iperf3), Sending(*asked)), params["seconds"])


def measure(command: Sequence[str], seconds: float) -> dict[str, Any]:
    """Run iperf3's client, and look at the processor meanwhile."""
    samples = [read_sample()]
    deadline = time.monotonic() + seconds + GRACE
    # run_command would wait for its end, with nobody to look.
    process = subprocess.Popen(  # pylint: disable=ansible-bad-function
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "LC_ALL": "C"},
    )
    try:
        while True:
            try:
                out, err = process.communicate(timeout=INTERVAL)
                break
            except subprocess.TimeoutExpired:
                samples.append(read_sample())
                if time.monotonic() > deadline:
                    return {"error": f"iperf3 does not end, {GRACE:.0f} s after the {seconds} s that it should take"}
    finally:
        process.kill()
        process.wait()
    samples.append(read_sample())
    result = parse_client(out, err)
    return result if result["error"] else {**result, **summary(samples, seconds)}


def stop(params: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return {"error": None, **end(params["job"])}
    except WatchError as exc:
        return {"error": str(exc)}


def main() -> None:
    module = AnsibleModule(argument_spec=SPEC, required_if=REQUIRED_IF, supports_check_mode=True)
    module.run_command_environ_update = {"LC_ALL": "C"}
    params = module.params
    if wrong := complaints(params):
        module.fail_json(msg=" ".join(wrong))
    needs_iperf3 = params["step"] == "send" or (params["step"] == "watch" and params["address"])
    iperf3 = module.get_bin_path("iperf3", required=bool(needs_iperf3))
    if params["step"] == "look":
        module.exit_json(changed=False, **look(module, iperf3))
    if module.check_mode:
        module.exit_json(changed=False, skipped=True)
    if params["step"] == "watch":
        module.exit_json(changed=False, **watch(params, iperf3))
    if params["step"] == "send":
        module.exit_json(changed=False, **send(params, iperf3))
    module.exit_json(changed=False, **stop(params))


if __name__ == "__main__":
    main()
