# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Print what was measured, and fail where something could not be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.causeway.ipsec.plugins.plugin_utils.benchmark import page, result
from ansible_collections.causeway.ipsec.plugins.plugin_utils.boundary import plain
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology import section_name

if TYPE_CHECKING:
    from ansible_collections.causeway.ipsec.plugins.plugin_utils.benchmark.result import Row

SPEC: dict[str, dict[str, Any]] = {
    "measured": {"type": "list", "elements": "dict", "required": True},
    "before": {"type": "dict", "default": {}},
    "after": {"type": "dict", "default": {}},
    "looked": {"type": "dict", "default": {}},
    "unmeasured": {"type": "list", "elements": "str", "default": []},
}


class ActionModule(ActionBase):
    """Runs on the controller only."""

    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Tables to the screen, numbers to the result."""
        answer: dict[str, Any] = super().run(tmp, task_vars)
        arguments: dict[str, Any] = plain(self.validate_argument_spec(SPEC)[1])  # type: ignore[assignment]  # a mapping stays one
        rows = [result.row(answers) for answers in arguments["measured"]]
        sections = {one.tunnel: section_name(one.tunnel) for one in rows}
        tunnels = result.tunnels(rows, sections, arguments["before"], arguments["after"])
        text = "\n".join([page.render(tunnels, arguments["looked"]), *page.not_measured(arguments["unmeasured"])])
        if any(tunnel.problems for tunnel in tunnels):
            raise AnsibleActionFail(f"Not everything could be measured.\n{text}")
        self._display.display(text)
        numbers = [_numbers(one) for tunnel in tunnels for one in tunnel.rows]
        return answer | {"changed": False, "msg": text, "measured": numbers}


def _numbers(row: Row) -> dict[str, Any]:
    names = ("tunnel", "where", "sender", "receiver", "bits_per_second", "ratio", "retransmits", "mss")
    cores = {host: [*found] for host, found in row.cores.items()}
    return {**{name: getattr(row, name) for name in names}, "cores": cores}
