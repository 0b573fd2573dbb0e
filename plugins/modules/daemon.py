# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: daemon
short_description: Run the IKE daemon with just these options, now and at boot
version_added: 0.1.0
author:
  - causeway.ipsec contributors (@causeway-ipsec)
description:
  - Holds the files that the daemon and its unit read when it starts, has the unit enabled and running, and restarts it
    if a file changed, since most options of C(strongswan.conf) come into force by a restart only.
  - A run that is killed between a file and the restart leaves a mark below C(/run/causeway), and the next one restarts
    the daemon although it finds the files right.
  - Connections are no options; M(causeway.ipsec.connections) loads them, and restarts nothing.
options:
  files:
    description: The text of each file by its path. They are made with mode 0644, whole or not at all.
    type: dict
    required: true
  unit:
    description: Name of the daemon's systemd unit.
    type: str
    default: strongswan
  masked:
    description:
      - Names of systemd services that are never to start beside it. Whether they are installed makes no difference.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - causeway.ipsec.run
attributes:
  check_mode:
    description: Tells what it would do, also where the unit is not installed yet.
    support: full
  diff_mode:
    description: Shows each file before and after.
    support: full
  idempotent:
    description: A second call changes nothing, and restarts nothing.
    support: full
"""

EXAMPLES = r"""
- name: Keep a plugin out, and run the daemon
  causeway.ipsec.daemon:
    files:
      /etc/strongswan.d/ours.conf: |
        charon {
            plugins {
                farp { load = no }
            }
        }
"""

RETURN = r"""
restarted:
  description: Whether the daemon was restarted, which ends its tunnels; in check mode, whether it would be.
  returned: success
  type: bool
  sample: false
"""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.causeway.ipsec.plugins.module_utils.files import (
    FileChange,
    FileError,
    Unfinished,
    apply_change,
    change_for,
)
from ansible_collections.causeway.ipsec.plugins.module_utils.host_network import HostError, Run
from ansible_collections.causeway.ipsec.plugins.module_utils.host_state import read_units
from ansible_collections.causeway.ipsec.plugins.module_utils.turn import RUN_OPTION, turn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

UNFINISHED = "/run/causeway/daemon-unfinished"
SPEC: dict[str, Any] = {
    "files": {"type": "dict", "required": True},
    "unit": {"type": "str", "default": "strongswan"},
    "masked": {"type": "list", "elements": "str", "default": []},
    "run": RUN_OPTION,
}
UNITS = "/etc/systemd/system"


@dataclass(frozen=True)
class Plan:
    """What is to be done; a restart starts a daemon that doesn't run, too."""

    files: tuple[FileChange, ...]
    restart: bool
    start: bool
    enable: bool
    links: tuple[str, ...]  # of units to be masked

    @property
    def changed(self) -> bool:
        return self.restart or self.start or self.enable or bool(self.links)

    def as_diff(self) -> list[dict[str, str]]:
        links = [
            {"before_header": path, "after_header": path, "before": "", "after": f"link to {os.devnull}\n"}
            for path in self.links
        ]
        return [*(change.as_diff() for change in self.files), *links]


def make_plan(run: Run, files: Mapping[str, str], unit: str, masked: Sequence[str] = ()) -> Plan:
    changes = tuple(change for path, text in sorted(files.items()) if (change := change_for(path, text)))
    state = read_units(run, [unit])[unit]
    links = (f"{UNITS}/{name}.service" for name in masked)
    return Plan(
        files=changes,
        restart=bool(changes) or Unfinished(UNFINISHED).there,
        start=state["active"] != "active",
        enable=state["enabled"] != "enabled",
        links=tuple(path for path in links if not _is_mask(path)),
    )


def apply(run: Run, plan: Plan, unit: str) -> None:
    for path in plan.links:
        _mask(path)
    with Unfinished(UNFINISHED).work() if plan.restart else contextlib.nullcontext():
        for change in plan.files:
            apply_change(change)
        if plan.restart:
            _systemctl(run, "daemon-reload")
        if plan.enable:
            _systemctl(run, "enable", "--quiet", unit)
        if plan.restart or plan.start:
            _systemctl(run, "restart" if plan.restart else "start", unit)


def _is_mask(path: str) -> bool:
    return Path(path).is_symlink() and Path(path).readlink() == Path(os.devnull)


def _mask(path: str) -> None:
    """As systemctl mask does it, which knows no unit that lies there already."""
    beside = Path(f"{path}.causeway")
    beside.unlink(missing_ok=True)
    beside.symlink_to(os.devnull)
    beside.replace(path)


def _systemctl(run: Run, *arguments: str) -> None:
    status, _out, err = run(["systemctl", *arguments])
    if status != 0:
        raise HostError(f"systemctl {' '.join(arguments)}: {err.strip() or f'exit status {status}'}")


def main() -> None:
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    module.run_command_environ_update = {"LC_ALL": "C"}
    files, unit = module.params["files"], module.params["unit"]
    try:
        with turn(module.params["run"], module.check_mode, files):
            plan = make_plan(module.run_command, files, unit, module.params["masked"])
            if plan.changed and not module.check_mode:
                apply(module.run_command, plan, unit)
    except (HostError, FileError, OSError) as exc:
        module.fail_json(msg=str(exc))
    module.exit_json(changed=plan.changed, restarted=plan.restart, diff=plan.as_diff())


if __name__ == "__main__":
    main()
