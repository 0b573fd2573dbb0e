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
requirements:
  - ping of iputils
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
  sample:
    - {name: london-1, address: 192.168.2.11, source: null, sent: 3, received: 3, rtt_ms: 0.61, error: null}
silent:
  description: Names of the targets that did not answer.
  returned: success
  type: list
  elements: str
  sample: []
"""

import asyncio
import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.causeway.ipsec.plugins.module_utils.ping import (
    GRACE,
    PingError,
    Target,
    parse_output,
    parse_target,
    ping_command,
)

# A ping waits most of its time: this many processes at once are no burden, and more would be for a small gateway.
PARALLEL = 64


async def ping(executable: str, target: Target, count: int, timeout: int) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        *ping_command(executable, target, count, timeout),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "LC_ALL": "C"},
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), timeout + GRACE)
    except asyncio.TimeoutError:
        process.kill()
        await process.wait()
        return parse_output(target, "", f"ping did not end within {timeout + GRACE:.0f} s")
    return parse_output(target, out.decode(errors="replace"), err.decode(errors="replace"))


async def ping_all(executable: str, targets: list[Target], count: int, timeout: int) -> list[dict[str, Any]]:
    """The results in the order of the targets."""
    slots = asyncio.Semaphore(PARALLEL)

    async def ping_one(target: Target) -> dict[str, Any]:
        async with slots:
            return await ping(executable, target, count, timeout)

    return await asyncio.gather(*(ping_one(target) for target in targets))


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
    results = asyncio.run(ping_all(executable, targets, count, timeout))
    module.exit_json(
        changed=False, results=results, silent=[entry["name"] for entry in results if not entry["received"]]
    )


if __name__ == "__main__":
    main()
