# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: reachability
short_description: Ping many addresses at once
version_added: 0.1.0
author:
  - causeway.ipsec contributors (@causeway-ipsec)
description:
  - Pings all targets in parallel and returns what came back. An address that does not answer is a result, no failure.
  - Each target is pinged every 0.2 seconds until O(count) replies came or O(timeout) is over. So the first packets may
    get lost, while a tunnel is set up on demand, and an address that answers costs little time.
  - Then it finds the path MTU to each target that answered, by packets that must not be fragmented. That takes well
    under a second where routers tell their MTU, and some seconds where they are silent or what they say is filtered.
options:
  targets:
    description: What to ping.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: What the result is to be called.
        type: str
        required: true
      address:
        description: IPv4 or IPv6 address to ping.
        type: str
        required: true
      source:
        description: Address of this host to ping from. The kernel chooses by default.
        type: str
  count:
    description: Number of replies that are enough.
    type: int
    default: 3
  timeout:
    description: Seconds after which a target is given up.
    type: int
    default: 5
  path_mtu:
    description:
      - Whether to measure how large a packet may be that reaches the target without fragments.
      - It counts in this direction only; the way back may take other packets.
      - Only root may, and those whom C(net.ipv4.ping_group_range) lets; for others nothing is measured.
    type: bool
    default: true
  tunnels:
    description:
      - Whether to tell afterwards what the tunnels of this gateway are like, as M(causeway.ipsec.tunnel_info) does.
      - What the pings made of them is told too then, if there is no daemon to ask, and the module fails.
    type: bool
    default: false
extends_documentation_fragment:
  - causeway.ipsec.run
requirements:
  - ping of iputils
seealso:
  - module: causeway.ipsec.tunnel_info
attributes:
  check_mode:
    description: Pings in check mode too, since that changes nothing.
    support: full
  diff_mode:
    description: There is nothing to show.
    support: none
  idempotent:
    description: It changes nothing.
    support: full
"""

EXAMPLES = r"""
- name: Ping two LAN hosts of the other site from the gateway's LAN address
  causeway.ipsec.reachability:
    targets:
      - {name: london-1, address: 192.168.2.11, source: 192.168.1.5}
      - {name: london-2, address: 192.168.2.12, source: 192.168.1.5}
  register: pings

- name: Insist on replies
  ansible.builtin.assert:
    that: pings.silent | length == 0
    fail_msg: "No reply from {{ pings.silent | join(', ') }}"
"""

RETURN = r"""
results:
  description: One entry per target, in the order given.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the target.
      type: str
      returned: success
    address:
      description: Its address.
      type: str
      returned: success
    source:
      description: The address it was pinged from, if one was given.
      type: str
      returned: success
    sent:
      description: Packets sent.
      type: int
      returned: success
    received:
      description: Replies received.
      type: int
      returned: success
    rtt_ms:
      description: Average round-trip time in milliseconds, null without a reply.
      type: float
      returned: success
    error:
      description: What went wrong, null if there was a reply.
      type: str
      returned: success
    mtu:
      description:
        - Bytes of the largest packet that reached the target without fragments, its IP header included.
        - Null if it was not measured, or could not be within 15 seconds.
      type: int
      returned: success
  sample:
    - name: london-1
      address: 192.168.2.11
      source: null
      sent: 3
      received: 3
      rtt_ms: 0.61
      error: null
      mtu: 1438
silent:
  description: Names of the targets that did not answer.
  returned: success
  type: list
  elements: str
  sample: []
tunnels:
  description: What RV(causeway.ipsec.tunnel_info#module:tunnels) is.
  returned: success, and O(tunnels) is V(true)
  type: list
  elements: dict
  sample: []
"""

import asyncio
import os
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.causeway.ipsec.plugins.module_utils.echo_probe import probe
from ansible_collections.causeway.ipsec.plugins.module_utils.path_mtu import Answer, largest_packet
from ansible_collections.causeway.ipsec.plugins.module_utils.ping import (
    GRACE,
    PingError,
    Target,
    parse_output,
    parse_target,
    ping_command,
)
from ansible_collections.causeway.ipsec.plugins.module_utils.tunnel_state import read_summaries
from ansible_collections.causeway.ipsec.plugins.module_utils.turn import (
    RUN_OPTION,
    SupersededError,
    refuse_if_superseded,
)
from ansible_collections.causeway.ipsec.plugins.module_utils.vici import ViciError

# A ping waits most of its time: this many at once are no burden, and more would be for a small gateway.
PARALLEL = 64
MEASURE_SECONDS = 15.0
# A packet is tried this long (at 0, 0.2 and 0.4 s) before it counts as lost; longer where replies are slow.
PATIENCE = 0.5


@dataclass(frozen=True)
class Request:
    """The module's options."""

    executable: str
    count: int
    timeout: int
    path_mtu: bool


async def execute(command: list[str], seconds: float) -> tuple[str, str] | None:
    """Return what the command printed, None if it did not end in time."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "LC_ALL": "C"},
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), seconds)
    except asyncio.TimeoutError:
        return None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return out.decode(errors="replace"), err.decode(errors="replace")


async def ping(request: Request, target: Target, slots: asyncio.Semaphore, probers: Executor) -> dict[str, Any]:
    seconds = request.timeout + GRACE
    async with slots:
        command = ping_command(request.executable, target, request.count, request.timeout, root=os.geteuid() == 0)
        said = await execute(command, seconds)
    result = parse_output(target, *(said or ("", f"ping did not end within {seconds:.0f} s")))
    measured = request.path_mtu and result["received"]
    return {**result, "mtu": await measure(target, probers, result["rtt_ms"]) if measured else None}


async def measure(target: Target, probers: Executor, rtt_ms: float | None) -> int | None:
    """Return the path MTU to a target that answers."""
    patience = PATIENCE + 2 * (rtt_ms or 0) / 1000
    loop = asyncio.get_running_loop()

    async def send(size: int) -> Answer:
        return await loop.run_in_executor(probers, probe, target.version, target.address, target.source, size, patience)

    try:
        return await asyncio.wait_for(largest_packet(send, target.usual_size), MEASURE_SECONDS)
    except (asyncio.TimeoutError, OSError):
        return None


async def ping_all(request: Request, targets: list[Target]) -> list[dict[str, Any]]:
    """The results in the order of the targets."""
    slots = asyncio.Semaphore(PARALLEL)
    with ThreadPoolExecutor(PARALLEL) as probers:
        return await asyncio.gather(*(ping(request, target, slots, probers) for target in targets))


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "targets": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "name": {"type": "str", "required": True},
                    "address": {"type": "str", "required": True},
                    "source": {"type": "str"},
                },
            },
            "count": {"type": "int", "default": 3},
            "timeout": {"type": "int", "default": 5},
            "path_mtu": {"type": "bool", "default": True},
            "tunnels": {"type": "bool", "default": False},
            "run": RUN_OPTION,
        },
        supports_check_mode=True,
    )
    count, timeout = module.params["count"], module.params["timeout"]
    if count < 1 or timeout < 1:
        module.fail_json(msg=f"count ({count}) and timeout ({timeout}) must be 1 or more")
    try:
        targets = [parse_target(raw) for raw in module.params["targets"]]
    except PingError as exc:
        module.fail_json(msg=str(exc))
    executable = module.get_bin_path("ping", required=True)
    results = asyncio.run(ping_all(Request(executable, count, timeout, module.params["path_mtu"]), targets))
    found = {"results": results, "silent": [entry["name"] for entry in results if not entry["received"]]}
    if module.params["tunnels"]:
        try:
            refuse_if_superseded(module.params["run"])
            found["tunnels"] = read_summaries([], module.run_command)
        except (SupersededError, ViciError) as exc:
            module.fail_json(msg=str(exc), **found)
    module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()
