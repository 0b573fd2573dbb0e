# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Print the proof, and fail where there is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.causeway.ipsec.plugins.plugin_utils.boundary import load_topology, plain
from ansible_collections.causeway.ipsec.plugins.plugin_utils.proof import table, verdict
from ansible_collections.causeway.ipsec.plugins.plugin_utils.proof.lost import REGISTERED, lost_hosts

if TYPE_CHECKING:
    from ansible_collections.causeway.ipsec.plugins.plugin_utils.proof.lost import Lost
    from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology import Topology


class ActionModule(ActionBase):
    """Runs on the controller only."""

    _requires_connection = False
    _VALID_ARGS = frozenset(("raised", "redialled", "status", "pings", "lan_pings", "dropped"))

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Table to the screen, rows to the result."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        answers: dict[str, Any] = {
            name: plain(self._task.args.get(name) or {}) for name in self._VALID_ARGS - {"dropped"}
        }
        topology = load_topology(self._templar.resolve_variable_expression("ipsec_topology"))
        raised, redialled = _lists(answers["raised"], "tunnels"), _lists(answers["redialled"], "tunnels")
        failures = {host: str(answer.get("msg")) for host, answer in answers["raised"].items() if _failed(answer)}
        lost = self._lost(topology, failures, task_vars or {})
        rows = verdict.rows(
            verdict.managed_tunnels(topology),
            {host: [*redialled.get(host, ()), *tunnels] for host, tunnels in raised.items()},
            _lists(answers["pings"], "tunnels") | _lists(answers["status"], "tunnels"),
            _lists(answers["lan_pings"], "results") | _lists(answers["pings"], "results"),
            failures,
            lost=lost,
        )
        text = table.render(rows, lost)
        if any(row.wanting for row in rows):
            raise AnsibleActionFail(f"Not every tunnel is proven.\n{text}")
        self._display.display(text)
        return result | {"changed": False, "msg": text, "tunnels": {row.tunnel: row.state for row in rows}}

    def _lost(self, topology: Topology, failures: Mapping[str, str], variables: dict[str, Any]) -> list[Lost]:
        """The hosts that dropped out, but for those whose failure is a row's problem anyway."""
        named: Any = plain(self._task.args.get("dropped") or [])
        dropped = {str(host) for host in named} - set(failures)
        results = {host: _registered(variables["hostvars"][host]) for host in dropped}
        groups: Any = plain(variables.get("groups") or {})
        return lost_hosts(topology, dropped, results, groups)


def _failed(answer: Mapping[str, Any]) -> bool:
    """Whether a gateway could not look at its tunnels; one that another run has taken over was not to."""
    return bool(answer.get("failed")) and not answer.get("superseded")


def _registered(variables: Mapping[str, Any]) -> list[Any]:
    """What tasks have said on a host, in their order."""
    found = (variables.get(name) for name in REGISTERED)
    return [plain(result) for result in found if isinstance(result, Mapping)]


def _lists(answers: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Each host's list, without the hosts where the task was skipped."""
    return {host: answer[key] for host, answer in answers.items() if key in answer}
