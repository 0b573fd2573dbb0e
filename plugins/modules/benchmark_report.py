# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of an action plugin: nothing of this runs on a host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: benchmark_report
short_description: Print what the tunnels carried, and fail where something could not be measured
version_added: 0.1.0
description:
  - Puts together what the hosts of each measurement said. Prints a table with the throughput inside and outside of each
    tunnel in each direction, their ratio, and how busy the gateways' processors were; below, each tunnel's cipher and
    the largest packet that fits, and whose processor was at its limit.
  - Where a host could not reach another it names both, the address and the port.
  - Compares what was measured inside with what the gateways' security associations counted. Hosts that have another
    way to each other would measure that one.
options:
  measured:
    description: For each measurement of M(causeway.ipsec.benchmark_plan), what its hosts returned at each step.
    type: list
    elements: dict
    required: true
  before:
    description: Results of M(causeway.ipsec.tunnel_info) by gateway, when nothing was measured yet.
    type: dict
    default: {}
  after:
    description: Results of M(causeway.ipsec.tunnel_info) by gateway, in the end.
    type: dict
    default: {}
  looked:
    description: Results of M(causeway.ipsec.throughput) with C(step=look), by host.
    type: dict
    default: {}
  unmeasured:
    description: What was not measured, and why.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    description: It only looks.
    support: full
  platform:
    platforms: all
seealso:
  - module: causeway.ipsec.throughput
  - module: causeway.ipsec.benchmark_plan
author:
  - causeway.ipsec contributors (@causeway-ipsec)
"""

EXAMPLES = r"""
- name: Say what was measured
  causeway.ipsec.benchmark_report:
    measured:
      - measurement: "{{ benchmark.measurements[0] }}"
        watching: {london-1: "{{ listening }}"}
        sent: "{{ sent }}"
        told: {london-1: "{{ stopped }}"}
  run_once: true
"""

RETURN = r"""
msg:
  description: The tables.
  returned: always
  type: str
measured:
  description: The numbers of each measurement.
  returned: success
  type: list
  elements: dict
  sample:
    - tunnel: berlin-london
      where: inside
      sender: berlin-1
      receiver: london-1
      bits_per_second: 58100000
      ratio: 0.243
      retransmits: 0
      mss: 1394
      cores: {"berlin-gw": [{"core": cpu0, "busy": 97.0, "idle": 3.0, "steal": 0.0}]}
"""
