# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One module on hosts of a lab, with the inventory and the connection that playbooks have."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import yaml
from wires import LabError

if TYPE_CHECKING:
    from collections.abc import Collection

    from vmlab import Lab


def module(lab: Lab, host: str, name: str, **arguments: object) -> dict[str, Any]:
    """What a module returns."""
    return modules(lab, (host,), name, **arguments)[host]


def modules(lab: Lab, hosts: Collection[str], name: str, **arguments: object) -> dict[str, dict[str, Any]]:
    """What a module returns on each of some hosts."""
    tasks = [
        {name: arguments, "register": "answer"},
        {
            "ansible.builtin.copy": {
                "content": "{{ answer | to_json }}",
                "dest": f"{lab.place}/answer-{{{{ inventory_hostname }}}}.json",
                "mode": "0600",
            },
            "delegate_to": "localhost",
            "vars": {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        },
    ]
    playbook = lab.place / "module.yml"
    playbook.write_text(yaml.safe_dump([{"hosts": ":".join(hosts), "gather_facts": False, "tasks": tasks}]))
    done = lab.play(playbook=str(playbook))
    if done.status:
        raise LabError(done.output)
    return {host: json.loads((lab.place / f"answer-{host}.json").read_text()) for host in hosts}
