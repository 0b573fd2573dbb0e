# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: firewall
short_description: Hold an IPsec gateway's firewall rules, and never lock out whoever loads them
version_added: 0.1.0
author:
  - causeway.ipsec contributors (@causeway-ipsec)
description:
  - Holds one nftables table of its own, C(inet causeway), that is loaded at once or not at all. Tables of others are
    never edited.
  - Traffic between the tunnels' subnets goes through IPsec or nowhere, whatever state the tunnels are in, and keeps its
    addresses past a masquerade of others. TCP in tunnels is told at its start how large its segments may be.
  - IKE, ESP and AH are let in from the tunnels' peers only (from any address if a tunnel's peer has no fixed one), SSH
    from O(intent)'s C(management) only, where it names any; where it names IPv4 addresses only, nobody comes in over
    IPv6. SSH connections that are open stay open.
  - Forwarding is for the subnets that a tunnel names, and for nothing else, unless O(forward_others) allows it.
  - A drop in any table is final, so what the host's own firewall must let in is asked of firewalld or ufw where one of
    these runs, and a plain ruleset that is in the way is an error that names the rule.
  - Rules that differ from those that are loaded arm a timer that puts the old ones back. It is stopped by a second call
    with O(state=confirmed), for which one must have come in through the new rules, over a new connection. Only then are
    they kept for the next boot.
options:
  intent:
    description:
      - The gateway's share of the topology, as the filter P(causeway.ipsec.firewall_intent#filter) gives it.
      - Needed unless O(state=absent).
    type: dict
  state:
    description:
      - V(present) loads the rules, V(confirmed) keeps those that are loaded, V(absent) removes all that is ours.
    type: str
    choices: [present, confirmed, absent]
    default: present
  backend:
    description:
      - Who runs the host's own firewall. V(auto) finds out.
      - V(none) filters nothing, for hosts behind a cloud's security group. What keeps traffic from
        leaving in clear stays.
    type: str
    choices: [auto, nftables, firewalld, ufw, none]
    default: auto
  dataplane:
    description:
      - How traffic shows that it belongs to a tunnel. With V(kernel) by the kernel's IPsec, with V(userspace) by the
        interface C(ipsec0) of strongSwan's kernel-libipsec, with V(auto) by either.
    type: str
    choices: [kernel, userspace, auto]
    default: kernel
  forward_others:
    description:
      - Whether the host forwards what belongs to no tunnel.
      - V(auto) drops it, unless the host translates addresses for others already (a masquerade or SNAT rule that is not
        ours, as on the LAN's way to the internet, or of a container engine).
      - Connections that were forwarded already, and ICMP errors that path MTU discovery needs, pass in any case.
    type: str
    choices: [auto, allow, drop]
    default: auto
  ssh_ports:
    description: The ports of SSH. Empty means those that C(sshd -T) tells, and 22 without an sshd.
    type: list
    elements: int
    default: []
  wan_mtu:
    description: The MTU of the path to the peers. 0 means that of the interface with the gateway's local address.
    type: int
    default: 0
  rollback_after:
    description: After how many seconds the old rules come back unless the new ones are confirmed.
    type: int
    default: 60
  units:
    description:
      - The systemd units that load the rules at boot, by name (below C(/etc/systemd/system)), and their text. The role
        C(causeway.ipsec.firewall) brings them; without them the rules are gone after a reboot.
    type: dict
    default: {}
extends_documentation_fragment:
  - causeway.ipsec.run
attributes:
  check_mode:
    description: Reports what would change without touching the host.
    support: full
  diff_mode:
    description: Shows the table, the files and the openings before and after.
    support: full
  idempotent:
    description: A second call changes nothing.
    support: full
"""

EXAMPLES = r"""
- name: Load the rules
  causeway.ipsec.firewall:
    intent: "{{ ipsec_topology | causeway.ipsec.firewall_intent(inventory_hostname) }}"
  register: rules

- name: Keep the rules, over a new connection
  causeway.ipsec.firewall:
    intent: "{{ ipsec_topology | causeway.ipsec.firewall_intent(inventory_hostname) }}"
    state: confirmed
  when: rules.armed

- name: Remove all that is ours
  causeway.ipsec.firewall:
    state: absent
"""

RETURN = r"""
armed:
  description: Whether a timer runs that will put back the rules from before.
  returned: success
  type: bool
  sample: false
backend:
  description: Who runs the host's own firewall.
  returned: unless O(state=absent)
  type: str
  sample: nftables
mss:
  description: The largest TCP segment by the IP version of the tunnels' traffic, null without such tunnels.
  returned: unless O(state=absent)
  type: dict
  sample: {"ipv4": 1398, "ipv6": null}
router:
  description: Whether the host may forward for others than tunnels, and why.
  returned: unless O(state=absent)
  type: dict
  sample: {"allowed": false, "why": "this host translates addresses for nobody"}
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.causeway.ipsec.plugins.module_utils.files import FileError
from ansible_collections.causeway.ipsec.plugins.module_utils.firewall_run import (
    OPTIONS,
    Host,
    Step,
    apply_absent,
    apply_present,
    confirm,
    diff_of,
    files_of,
    kept,
    plan_absent,
    plan_present,
    want,
)
from ansible_collections.causeway.ipsec.plugins.module_utils.host_network import HostError
from ansible_collections.causeway.ipsec.plugins.module_utils.turn import RUN_OPTION, SupersededError, turn

SPEC: dict[str, Any] = {
    **OPTIONS,
    "state": {"type": "str", "choices": ["present", "confirmed", "absent"], "default": "present"},
    "rollback_after": {"type": "int", "default": 60},
    "run": RUN_OPTION,
}


def present(module: AnsibleModule, host: Host) -> dict[str, Any]:
    wanted = want(host, module.params)
    step = plan_present(host, wanted, module.params["units"])
    if not module.check_mode:
        for warning in apply_present(host, wanted, step, module.params["rollback_after"]):
            module.warn(warning)
    for warning in wanted.openings.warnings:
        module.warn(warning)
    changes = _changes(step)
    # Nobody confirms in check mode, so what comes of that is said here.
    if module.check_mode and step.load and (file := kept(wanted)):
        changes["diff"].append(file.as_diff())
    return {**wanted.as_result(), **changes, "armed": host.rollback.armed}


def confirmed(module: AnsibleModule, host: Host) -> dict[str, Any]:
    wanted = want(host, module.params)
    changed, file = confirm(host, wanted, module.check_mode)
    diff = [file.as_diff()] if file else []
    return {**wanted.as_result(), "changed": changed, "diff": diff, "armed": host.rollback.armed}


def absent(module: AnsibleModule, host: Host) -> dict[str, Any]:
    step = plan_absent(host)
    if step.changed and not module.check_mode:
        apply_absent(host, step)
    return {**_changes(step), "armed": host.rollback.armed}


def _changes(step: Step) -> dict[str, Any]:
    return {"changed": step.changed, "diff": diff_of(step)}


def main() -> None:
    module = AnsibleModule(
        argument_spec=SPEC,
        required_if=[("state", "present", ["intent"]), ("state", "confirmed", ["intent"])],
        supports_check_mode=True,
    )
    module.run_command_environ_update = {"LC_ALL": "C"}
    act = {"present": present, "confirmed": confirmed, "absent": absent}[module.params["state"]]
    try:
        with turn(module.params["run"], module.check_mode, files_of(module.params["units"])):
            result = act(module, Host(module.run_command))
    except (HostError, FileError, OSError, ValueError) as exc:
        module.fail_json(msg=str(exc), superseded=isinstance(exc, SupersededError))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
