# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of an action plugin: nothing of this runs on a host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: report
short_description: Print the proof of the tunnels, and fail where there is none
version_added: 0.1.0
description:
  - Puts together what gateways and LAN hosts saw of each tunnel of C(ipsec_topology), prints a table,
    and fails saying in plain words what is wrong on which end.
  - A tunnel is V(proven) when its security associations are up and pings crossed it, V(up) when there was nothing
    to ping, V(unproven) when none of its managed ends gave an answer in this run, or when whoever would have pinged
    dropped out of it.
  - Hosts that dropped out are named, each with the reason and with its tunnels.
  - The column MTU is the smallest that pings measured across the tunnel. Where it is smaller than the gateways compute,
    a line below the table says so; that is no failure.
options:
  raised:
    description: Results of M(causeway.ipsec.tunnel) by gateway.
    type: dict
    default: {}
  redialled:
    description: The same for tunnels that were dialled once more. What it says of a tunnel counts.
    type: dict
    default: {}
  status:
    description: Results of M(causeway.ipsec.tunnel_info) by gateway, where the tunnels in O(pings) are out of date.
    type: dict
    default: {}
  pings:
    description: Results of M(causeway.ipsec.reachability) by gateway, with the tunnels.
    type: dict
    default: {}
  lan_pings:
    description: Results of M(causeway.ipsec.reachability) by LAN host.
    type: dict
    default: {}
  dropped:
    description:
      - Hosts that were in the run and are so no more, because they could not be reached or a task failed there.
      - Why that was is read from what the roles' tasks have registered.
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
author:
  - causeway.ipsec contributors (@causeway-ipsec)
"""

EXAMPLES = r"""
- name: Say what is proven
  causeway.ipsec.report:
    raised: "{{ dict(hosts | zip(hosts | map('extract', hostvars, '__ipsec_raised') | map('default', {}))) }}"
    pings: "{{ dict(hosts | zip(hosts | map('extract', hostvars, '__ipsec_pings') | map('default', {}))) }}"
    dropped: "{{ hosts | difference(ansible_play_hosts) }}"
  vars:
    hosts: "{{ ansible_play_hosts_all }}"
  run_once: true
"""

RETURN = r"""
msg:
  description: The table.
  returned: always
  type: str
tunnels:
  description: State of each tunnel by its name.
  returned: success
  type: dict
  sample: {berlin-london: proven}
"""
