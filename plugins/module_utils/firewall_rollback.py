# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way back from rules that lock everybody out: a timer of systemd's that puts the rules from before in place again,
unless somebody who came in anew has stopped it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ansible_collections.causeway.ipsec.plugins.module_utils.files import FileChange, apply_change
from ansible_collections.causeway.ipsec.plugins.module_utils.firewall_rules import removal
from ansible_collections.causeway.ipsec.plugins.module_utils.host_network import HostError, Run

if TYPE_CHECKING:
    from ansible_collections.causeway.ipsec.plugins.module_utils.nft import Table

UNIT = "causeway-firewall-rollback"


class Rollback:
    """The timer, and the file with the rules that it would load."""

    def __init__(self, run: Run, nft: str, path: str) -> None:
        self._run, self._nft, self._path = run, nft, path

    @property
    def armed(self) -> bool:
        """The file is written before the timer starts, so without one nobody need ask."""
        return Path(self._path).exists() and self._run(["systemctl", "--quiet", "is-active", f"{UNIT}.timer"])[0] == 0

    def arm(self, before: Table, seconds: int) -> None:
        """Where it is armed already, what it goes back to stays: those were the last rules that somebody confirmed."""
        if self.armed:
            self._systemctl("stop", f"{UNIT}.timer")
        else:
            text = removal() if before.text is None else removal() + before.text
            apply_change(FileChange(self._path, None, text, 0o600))
        self._start(seconds)

    def wait_for_us(self, seconds: int) -> bool:
        """Where a run that was killed has left it armed, it must not go off before this one has confirmed the rules."""
        armed = self.armed
        if armed:
            self._systemctl("stop", f"{UNIT}.timer")
            self._start(seconds)
        else:
            Path(self._path).unlink(missing_ok=True)
        return armed

    def _start(self, seconds: int) -> None:
        timer = [f"--on-active={seconds}s", "--timer-property=AccuracySec=1s", f"--unit={UNIT}", "--collect", "--quiet"]
        about = "--description=Put back the firewall rules from before the unconfirmed change"
        status, _out, err = self._run(["systemd-run", *timer, about, self._nft, "-f", self._path])
        if status != 0:
            raise HostError(
                f"systemd-run could not arm the timer that would undo the rules, so they were not loaded: {err.strip()}"
            )

    def disarm(self) -> None:
        if self.armed:
            self._systemctl("stop", f"{UNIT}.timer")
        Path(self._path).unlink(missing_ok=True)

    def _systemctl(self, *arguments: str) -> None:
        status, _out, err = self._run(["systemctl", *arguments])
        if status != 0:
            raise HostError(f"systemctl {' '.join(arguments)}: {err.strip() or f'exit status {status}'}")
