# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of an action plugin: nothing of this runs on a host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: benchmark_plan
short_description: Say who measures the tunnels with whom, before anything is measured
version_added: 0.1.0
description:
  - Reads the variable C(ipsec_topology), and finds for each tunnel and direction the hosts that measure. Inside, that
    is from a LAN host to a LAN host, or a gateway's address in the LAN where a site has no LAN host in this run.
    Outside, it is from gateway to gateway over the WAN, in clear.
  - Prints that and how long it takes, and what cannot be measured and why. No host is connected to.
  - Fails where there is nothing to measure, or where hosts lack iperf3; in check mode it says so instead.
options:
  hosts:
    description: The hosts that have answered in this run.
    type: list
    elements: str
    required: true
  looked:
    description: Results of M(causeway.ipsec.throughput) with C(step=look), by host.
    type: dict
    required: true
  tunnels:
    description: Names of the tunnels to measure. By default, all of which a gateway is in this run.
    type: list
    elements: str
    default: []
  outside:
    description: Whether to measure also what passes between the gateways past the tunnel.
    type: bool
    default: true
  install:
    description: Whether hosts may lack iperf3, since it is going to be installed.
    type: bool
    default: false
  port:
    description: TCP port that iperf3 is to listen on.
    type: int
    default: 5201
  seconds:
    description: How long each measurement is to take.
    type: int
    default: 10
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
attributes:
  check_mode:
    description: It never changes anything.
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
  - module: causeway.ipsec.benchmark_report
author:
  - causeway.ipsec contributors (@causeway-ipsec)
"""

EXAMPLES = r"""
- name: Say what is measured
  causeway.ipsec.benchmark_plan:
    hosts: "{{ ansible_play_hosts }}"
    looked: "{{ dict(hosts | zip(hosts | map('extract', hostvars, '__ipsec_looked'))) }}"
    tunnels: [berlin-london]
  vars:
    hosts: "{{ ansible_play_hosts }}"
  register: benchmark
  run_once: true
"""

RETURN = r"""
measurements:
  description: What to measure, in this order.
  returned: success
  type: list
  elements: dict
  sample:
    - tunnel: berlin-london
      where: inside
      sender: {"host": berlin-1, "address": 192.168.1.11}
      receiver: {"host": london-1, "address": 192.168.2.11}
      server: {"host": london-1, "address": 192.168.2.11}
      client: {"host": berlin-1, "address": 192.168.1.11}
      reverse: false
      port: 5201
      gateways: [berlin-gw, london-gw]
      watchers: [london-1, berlin-gw, london-gw]
unmeasured:
  description: What is not measured, and why.
  returned: success
  type: list
  elements: str
  sample: ["berlin-office, outside: the gateway of office is not managed"]
gateways:
  description: The managed gateways of the tunnels that are measured.
  returned: success
  type: list
  elements: str
  sample: [berlin-gw, london-gw]
missing:
  description: The hosts that lack iperf3.
  returned: success
  type: list
  elements: str
  sample: []
"""
