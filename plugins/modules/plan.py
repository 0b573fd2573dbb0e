# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of an action plugin: nothing of this runs on a host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: plan
short_description: Check the whole topology before any host is touched
version_added: 0.1.0
description:
  - Reads the variable C(ipsec_topology) on the controller and fails with every problem in it, each with its path,
    the value and the remedy.
  - Reads the certificates and keys that the topology names, and lists what would keep a peer from believing them.
  - Holds the roles' variables of all hosts of the run against what the roles take, so that a wrong one is found before
    the first host is changed. Warns of variables that look like one of these, misspelt.
  - Warns of every weak algorithm that a policy names, and says why it is weak, and of certificates that expire within
    30 days.
  - Works out what each host of the run is to be, and keeps that without any secret for the filters that are given
    RV(run), until Ansible ends. They then don't read the topology of the whole fleet again for each task of each host.
  - Returns the inventory names that the topology speaks of. No host is connected to.
  - It takes no arguments. The topology may hold keys, and Ansible prints arguments.
options: {}
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
author:
  - causeway.ipsec contributors (@causeway-ipsec)
"""

EXAMPLES = r"""
- name: Check the whole topology
  causeway.ipsec.plan:
  register: plan
  run_once: true

- name: Show whom it speaks of
  ansible.builtin.debug:
    msg: "{{ plan.gateways }} connect {{ plan.lan_hosts }}"
  run_once: true
"""

RETURN = r"""
gateways:
  description: Inventory names of the gateways that the topology manages.
  returned: success
  type: list
  elements: str
  sample: [berlin-gw, london-gw]
lan_hosts:
  description: What the sites name as their LAN hosts, which may be hosts or groups.
  returned: success
  type: list
  elements: str
  sample: [berlin-1, berlin-2, london-1, london-2]
tunnels:
  description: How many tunnels there are, those of meshes included.
  returned: success
  type: int
  sample: 1
run:
  description:
    - What tells this run from others, for the option C(run) of filters and of modules that change hosts. C(id) sorts by
      when the run began, C(who) says to people whose it is.
  returned: success
  type: dict
  sample: {"id": "01790000000000000000-9f86d081", "who": "alice on controller, process 4711, since 09:15:02"}
msg:
  description: The same as a sentence.
  returned: success
  type: str
  sample: "No problems. Gateways: 2, tunnels: 1, LAN hosts (or groups): 4."
"""
