# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say which tunnels which gateways are to bring up, once for the whole run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ansible.plugins.action import ActionBase
from ansible_collections.causeway.ipsec.plugins.module_utils.sa_causes import HALF
from ansible_collections.causeway.ipsec.plugins.plugin_utils.boundary import load_topology, plain
from ansible_collections.causeway.ipsec.plugins.plugin_utils.proof.dialling import halves, unsettled

if TYPE_CHECKING:
    from collections.abc import Mapping


class ActionModule(ActionBase):
    """Runs on the controller only."""

    _requires_connection = False
    _VALID_ARGS = frozenset(("loaded", "raised"))

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Connections by gateway; a gateway with nothing to do is not among them."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        loaded, raised = (self._answers(name) for name in ("loaded", "raised"))
        topology = load_topology(self._templar.resolve_variable_expression("ipsec_topology"))
        if raised:
            states = {host: _states(answer) for host, answer in raised.items()}
            connections = halves(topology, states)
        else:
            up = {host: set(answer["up"]) for host, answer in loaded.items() if "up" in answer}
            connections = unsettled(topology, loaded, up)
        return result | {"changed": False, "connections": connections}

    def _answers(self, name: str) -> dict[str, Mapping[str, Any]]:
        answers: Any = plain(self._task.args.get(name) or {})
        return dict(answers)


def _states(answer: Mapping[str, Any]) -> dict[str, str]:
    return {
        one["name"]: "half" if one["cause_code"] == HALF.code else one["state"] for one in answer.get("tunnels") or ()
    }
