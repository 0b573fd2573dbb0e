# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the whole topology before any host is touched."""

from __future__ import annotations

import getpass
import os
import secrets
import socket
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.causeway.ipsec.plugins.plugin_utils.boundary import load_topology, plain, problems_as_error
from ansible_collections.causeway.ipsec.plugins.plugin_utils.host_shares import (
    OF_GATEWAYS,
    OF_LAN_HOSTS,
    GatewayShare,
    LanHostShare,
    keep,
)
from ansible_collections.causeway.ipsec.plugins.plugin_utils.inventory_files import credential_sources
from ansible_collections.causeway.ipsec.plugins.plugin_utils.pki.checks import check_credentials
from ansible_collections.causeway.ipsec.plugins.plugin_utils.proof.targets import expand
from ansible_collections.causeway.ipsec.plugins.plugin_utils.role_options import (
    GATEWAY_ROLES,
    LAN_HOST_ROLES,
    RoleOptions,
    by_message,
)
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology import TopologyError, warnings
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.expand import count
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.inventory import check_inventory, inventory_names

if TYPE_CHECKING:
    from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology import Topology


class ActionModule(ActionBase):
    """Runs on the controller only."""

    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """The hosts that the topology names, if it has no problems."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        if self._task.args:
            raise AnsibleActionFail("causeway.ipsec.plan takes no arguments: it reads the variable ipsec_topology.")
        if "ipsec_topology" not in (task_vars or {}):
            raise AnsibleActionFail("The variable ipsec_topology is not defined: put it into group_vars/all.")
        # Read here and never an argument: Ansible prints a task's arguments, and the topology may hold keys.
        topology = load_topology(self._templar.resolve_variable_expression("ipsec_topology"))
        groups = {str(plain(name)): [*map(str, members)] for name, members in (task_vars or {})["groups"].items()}
        with problems_as_error():
            wrong = list(check_inventory(topology, map(str, groups["all"]), groups))
            sources = credential_sources(task_vars or {})
            faults, expiring = check_credentials(topology, sources, datetime.now(timezone.utc))
            if wrong or faults:
                raise TopologyError([*wrong, *faults])
        for warning in [*warnings(topology), *expiring]:
            self._display.warning(f"ipsec_topology: {warning}")
        gateways, lan_hosts = inventory_names(topology)
        here = set(map(str, (task_vars or {})["ansible_play_hosts_all"]))  # all, unless there is a limit
        managed, behind = here.intersection(gateways), here.intersection(expand(lan_hosts, groups)).difference(gateways)
        self._check_variables(task_vars or {}, managed, behind)
        tunnels, run = count(topology), _this_run()
        with problems_as_error():
            _keep_shares(topology, managed, behind, groups, run)
        msg = f"No problems. Gateways: {len(gateways)}, tunnels: {tunnels}, LAN hosts (or groups): {len(lan_hosts)}."
        found = {"gateways": gateways, "lan_hosts": lan_hosts, "tunnels": tunnels, "run": run, "msg": msg}
        return result | {"changed": False, **found}

    def _check_variables(self, task_vars: dict[str, Any], gateways: set[str], lan_hosts: set[str]) -> None:
        """The roles' variables on these hosts."""
        wrong, slips = {}, {}
        for hosts, roles in ((gateways, GATEWAY_ROLES), (lan_hosts, LAN_HOST_ROLES)):
            options = RoleOptions(roles)
            for host in hosts:
                variables = task_vars["hostvars"][host]
                wrong[host] = options.problems(variables)
                slips[host] = options.slips(map(str, variables))
        for warning in by_message(slips):
            self._display.warning(warning)
        if problems := by_message(wrong):
            raise AnsibleActionFail("\n".join(["Variables of the roles are wrong:", *problems]))


def _keep_shares(
    topology: Topology, gateways: set[str], lan_hosts: set[str], groups: dict[str, list[str]], run: dict[str, str]
) -> None:
    """What the filters will be asked about these hosts in this run."""
    own: dict[str, list[str]] = {}
    for name, members in groups.items():
        for host in lan_hosts.intersection(members):
            own.setdefault(host, []).append(name)
    keep((GatewayShare(topology, host) for host in gateways), OF_GATEWAYS, run)
    keep((LanHostShare(topology, host, own[host], groups) for host in lan_hosts), OF_LAN_HOSTS, run)


def _this_run() -> dict[str, str]:
    """What hosts tell this run by from others, and people too."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # in a container, one may have no name
        user = f"user {os.getuid()}"
    who = f"{user} on {socket.gethostname()}, process {os.getppid()}, since {time.strftime('%H:%M:%S')}"
    return {"id": f"{time.time_ns():020d}-{secrets.token_hex(4)}", "who": who}
