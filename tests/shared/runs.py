# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible's runs on a lab, and waiting for what comes of them."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
RECAP = re.compile(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", re.MULTILINE)
FAILED = re.compile(r"^fatal: ", re.MULTILINE)
RESULT = re.compile(r"^(?:ok|changed|skipping|failed|fatal): \[([^]\s]+)\].*$", re.MULTILINE)


@dataclass(frozen=True)
class Run:
    """One run of ansible-playbook, or of another command."""

    status: int
    output: str

    @property
    def changed(self) -> dict[str, int]:
        """The number of changes, by host."""
        return {host: int(changed) for host, changed, _unused, _unused in RECAP.findall(self.output)}

    @property
    def unreachable(self) -> set[str]:
        """The hosts that gave no answer."""
        return {host for host, _unused, unreachable, _unused in RECAP.findall(self.output) if int(unreachable)}

    @property
    def failed(self) -> set[str]:
        """The hosts on which a task failed, the report among them."""
        return {host for host, _unused, _unused, failed in RECAP.findall(self.output) if int(failed)}

    @property
    def words(self) -> str:
        """What it said, with single spaces for line breaks and indents."""
        return " ".join(self.output.split())

    def diff(self, host: str) -> str:
        """What was shown of a host's tasks before their results, which are the differences."""
        parts = RESULT.split(self.output)
        return "".join(text for text, of_host in zip(parts[::2], parts[1::2]) if of_host == host)

    @property
    def why(self) -> str:
        """What tells why it failed: what it said from the first failed task on, or else its end."""
        begins = FAILED.search(self.output)
        if not begins:
            return self.output[-6000:]
        said = self.output[begins.start() :]
        return said if len(said) <= 8000 else f"{said[:2000]}\n[…]\n{said[-6000:]}"

    def succeeded(self) -> Run:
        """This run, or a failure that shows why."""
        if self.status:
            pytest.fail(self.why)
        return self


def eventually(condition: Callable[[], bool], seconds: float = 30) -> bool:
    """Whether something comes true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.3)
    return condition()
