# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: tunnel
short_description: Bring IPsec tunnels up or down, and say in plain words why one does not come up
version_added: 0.1.0
description:
  - Brings tunnels up that strongSwan has loaded, and waits until each of their IPsec security associations is there.
  - Tunnels that are on their way already get a few seconds. The end that is to initiate dials the others, all at once,
    and if one fails, it is dialled again and the daemon's log of the attempt is read for the reason.
  - The end that does not dial listens to its daemon's log meanwhile, and tells why it refuses the peer.
  - A tunnel that is up is left alone, so no second set of security associations is made.
options:
  connections:
    description: The tunnels.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the connection.
        type: str
        required: true
      children:
        description: Names of its child configurations. Without any, there is one, named as the connection.
        type: list
        elements: str
        default: []
      initiate:
        description: Whether this end dials. If not, it waits for the peer.
        type: bool
        default: true
      anew:
        description:
          - Whether to end the tunnel first, because the peer has lost its end, as after a crash, and this host has not
            noticed yet. With V(up) only.
        type: bool
        default: false
  state:
    description:
      - V(up) waits for the tunnels and initiates where needed.
      - V(down) ends their security associations. Traffic may bring back a tunnel whose start action is V(trap).
    type: str
    choices: [up, down]
    default: up
  timeout:
    description: How many seconds to wait for all tunnels together.
    type: int
    default: 30
  strict:
    description: Whether a tunnel that does not come up is a failure of the module. If not, it is only reported.
    type: bool
    default: true
extends_documentation_fragment:
  - causeway.ipsec.run
attributes:
  check_mode:
    description: Can run in check mode; reports the present state and whether it would be changed.
    support: full
  diff_mode:
    description: Shows which tunnels change their state.
    support: full
  idempotent:
    description: A tunnel that is in the wanted state is left alone.
    support: full
seealso:
  - module: causeway.ipsec.tunnel_info
  - module: causeway.ipsec.connections
author:
  - causeway.ipsec contributors (@causeway-ipsec)
"""

EXAMPLES = r"""
- name: Bring this gateway's tunnels up
  causeway.ipsec.tunnel:
    connections: "{{ ipsec_topology | causeway.ipsec.tunnel_connections(inventory_hostname) }}"
  become: true

- name: See whether a tunnel comes up, whatever the answer
  causeway.ipsec.tunnel:
    connections:
      - name: cw-berlin-london
    timeout: 10
    strict: false
  become: true
  register: berlin_london

- name: End a tunnel
  causeway.ipsec.tunnel:
    connections:
      - name: cw-berlin-london
    state: down
  become: true
"""

RETURN = r"""
tunnels:
  description: The tunnels, in the order given.
  type: list
  elements: dict
  returned: always
  contains:
    name:
      description: Name of the connection.
      type: str
      returned: always
      sample: cw-berlin-london
    state:
      description: V(up) if all its children have security associations, V(connecting) if an IKE SA exists, or V(down).
      type: str
      returned: always
      sample: up
    changed:
      description: Whether this run brought it up or down.
      type: bool
      returned: always
      sample: true
    cause:
      description: Why it is not up, in plain words; null if it is, or if none is known.
      type: str
      returned: always
      sample: no answer from 198.51.100.20 at all
    cause_code:
      description:
        - The same for programs.
        - One of V(no_answer), V(ike_proposal), V(ike_group), V(child_proposal), V(authentication), V(psk_mismatch),
          V(secret_missing), V(identity), V(certificate_dates), V(certificate_revoked), V(certificate_status),
          V(certificate_untrusted), V(key_missing), V(public_key), V(selectors), V(algorithm_missing), V(kernel),
          V(local), V(not_loaded), V(refused), V(waits), V(half), V(slow) or V(unknown).
      type: str
      returned: always
      sample: no_answer
    log:
      description: What strongSwan logged during the attempt, where one failed.
      type: list
      elements: str
      returned: always
      sample: []
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.causeway.ipsec.plugins.module_utils.tunnel_run import EXPECTED, Request, run
from ansible_collections.causeway.ipsec.plugins.module_utils.turn import (
    RUN_OPTION,
    SupersededError,
    refuse_if_superseded,
)

SPEC = {
    "connections": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "children": {"type": "list", "elements": "str", "default": []},
            "initiate": {"type": "bool", "default": True},
            "anew": {"type": "bool", "default": False},
        },
    },
    "state": {"type": "str", "choices": ["up", "down"], "default": "up"},
    "timeout": {"type": "int", "default": 30},
    "strict": {"type": "bool", "default": True},
    "run": RUN_OPTION,
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    part_of = module.params.pop("run")
    try:
        refuse_if_superseded(part_of)
        results = run(Request(**module.params, check=module.check_mode))
    except SupersededError as exc:
        module.fail_json(msg=str(exc), tunnels=[], superseded=True)
    except EXPECTED as exc:
        module.fail_json(msg=str(exc), tunnels=[])
    if "msg" in results:
        module.fail_json(**results)
    module.exit_json(**results)


if __name__ == "__main__":
    main()
