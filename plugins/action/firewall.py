# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Confirm firewall rules over a connection that came in through them, not over the one that there was before."""

from __future__ import annotations

import time
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

SHORTEST = 5  # seconds to come in within, however soon the old rules are to be back
MARGIN = 10  # before the old rules are back, whoever has not come in by then has lost
PAUSE = 1


class ActionModule(ActionBase):
    """The module does the work."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """What the module says; a host that doesn't let us in anew has failed, so that a rescue can wait for it."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        if self._task.args.get("state") != "confirmed":
            result.update(self._execute_module(task_vars=task_vars))
            return result
        seconds = max(int(self._task.args.get("rollback_after", 60)) - MARGIN, SHORTEST)
        end = time.monotonic() + seconds
        while True:
            try:
                self._connection.reset()
                result.update(self._execute_module(task_vars=task_vars))
            except AnsibleConnectionFailure as exc:
                if time.monotonic() > end:
                    return result | {"failed": True, "msg": f"no new connection within {seconds} s: {exc}"}
                time.sleep(PAUSE)
            else:
                return result
