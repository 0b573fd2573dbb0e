# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say what is measured, before anything is."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.causeway.ipsec.plugins.plugin_utils.benchmark import page
from ansible_collections.causeway.ipsec.plugins.plugin_utils.benchmark.plan import BenchmarkError, Hosts, plan
from ansible_collections.causeway.ipsec.plugins.plugin_utils.boundary import HostAddresses, load_topology, plain

if TYPE_CHECKING:
    from ansible_collections.causeway.ipsec.plugins.plugin_utils.benchmark.plan import Measurement, Plan

SPEC: dict[str, dict[str, Any]] = {
    "hosts": {"type": "list", "elements": "str", "required": True},
    "looked": {"type": "dict", "required": True},
    "tunnels": {"type": "list", "elements": "str", "default": []},
    "outside": {"type": "bool", "default": True},
    "install": {"type": "bool", "default": False},
    "port": {"type": "int", "default": 5201},
    "seconds": {"type": "int", "default": 10},
}


class ActionModule(ActionBase):
    """Runs on the controller only."""

    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """The measurements, each with what its hosts need to know."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        arguments = self.validate_argument_spec(SPEC)[1]
        variables = task_vars or {}
        groups = {str(plain(name)): [*map(str, members)] for name, members in variables["groups"].items()}
        hosts = Hosts(frozenset(arguments["hosts"]), groups, HostAddresses(variables["hostvars"]))
        topology = load_topology(self._templar.resolve_variable_expression("ipsec_topology"))
        try:
            planned = plan(topology, hosts, arguments["tunnels"], outside=arguments["outside"])
        except BenchmarkError as error:
            raise AnsibleActionFail(str(error)) from None
        looked: dict[str, Any] = plain(arguments["looked"])  # type: ignore[assignment]  # so says the argument spec
        missing = [host for host in planned.ends if not looked.get(host, {}).get("iperf3")]
        self._say(planned, arguments, missing)
        return result | {
            "changed": False,
            "measurements": [_asked(one, arguments["port"]) for one in planned.measurements],
            "unmeasured": list(planned.unmeasured),
            "gateways": planned.gateways,
            "missing": missing,
        }

    def _say(self, planned: Plan, arguments: dict[str, Any], missing: list[str]) -> None:
        """To the screen; what keeps it from being measured is an error, unless it is only asked what would be."""
        if not planned.measurements:
            reasons = page.not_measured(planned.unmeasured) or ["No gateway of any tunnel is in this run."]
            raise AnsibleActionFail("\n".join(["There is nothing to measure.", *reasons]))
        remedy = (
            "Install the package iperf3 there, or let this playbook do so and remove it in the end: "
            "-e ipsec_benchmark_install=true"
        )
        lacking = f"iperf3 is missing on {', '.join(missing)}." if missing else ""
        if lacking and not arguments["install"] and not self._task.check_mode:
            raise AnsibleActionFail(f"{lacking} {remedy}")
        text = page.render_plan(planned, arguments["seconds"])
        will = "It will be installed there, and removed in the end." if arguments["install"] else remedy
        self._display.display(f"{text}\n{lacking} {will}" if lacking else text)


def _asked(one: Measurement, port: int) -> dict[str, Any]:
    """A measurement as plain data, with what follows from it."""
    derived = {"client": asdict(one.client), "watchers": list(one.watchers), "reverse": one.server == one.sender}
    return {**asdict(one), "gateways": list(one.gateways), "port": port, **derived}
