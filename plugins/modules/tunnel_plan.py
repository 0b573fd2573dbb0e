# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of an action plugin: nothing of this runs on a host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: tunnel_plan
short_description: Say which gateways are to bring up which of their tunnels
version_added: 0.1.0
description:
  - Reads C(ipsec_topology) and what gateways have said of their connections. A tunnel that both of its managed ends
    have up needs nothing, and on a gateway all of whose tunnels are like that no module need run.
  - With O(raised), it names the tunnels that one end has up, or half (an IKE SA of which nothing comes), and that the
    other has lost, as in a crash. Nobody but the end that dials can bring these up, by dialling anew.
options:
  loaded:
    description:
      - The gateways of this run, each with the result of M(causeway.ipsec.connections), or an empty one where it did
        not run. Of such a gateway, all tunnels are named.
    type: dict
    default: {}
  raised:
    description: Results of M(causeway.ipsec.tunnel) by gateway.
    type: dict
    default: {}
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
author:
  - causeway.ipsec contributors (@causeway-ipsec)
"""

EXAMPLES = r"""
- name: Find the tunnels that are not up at both ends
  causeway.ipsec.tunnel_plan:
    loaded: "{{ dict(hosts | zip(hosts | map('extract', hostvars, 'loaded') | map('default', {}))) }}"
  vars:
    hosts: "{{ groups['ipsec_gateways'] | intersect(ansible_play_hosts) }}"
  register: plan
  run_once: true

- name: Bring them up
  causeway.ipsec.tunnel:
    connections: "{{ ipsec_topology | causeway.ipsec.tunnel_connections(inventory_hostname, names) }}"
    state: up
  vars:
    names: "{{ plan.connections[inventory_hostname] }}"
  when: inventory_hostname in plan.connections
"""

RETURN = r"""
connections:
  description: Names of connections by gateway. A gateway that has nothing to do is not among them.
  returned: success
  type: dict
  sample: {berlin-gw: [cw-berlin-london]}
"""
