# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wakes the User-Mode-Linux machines of a lab a few times a second, for as long as it lives: attendant.py PLACE

Such a machine learns by SIGIO that a packet lies in its tap. It may be told before the tap shows the packet, or just as
it goes to sleep, and then the packet lies there until something else signals the machine; with busy processors, that is
seconds in a few of ten thousand cases. One more signal is nothing to a machine that waits for nothing.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
import time
from pathlib import Path

SECONDS = 0.2
CAUGHT = re.compile(r"^SigCgt:\s*([0-9a-f]+)$", re.MULTILINE)


def minds(pid: int) -> bool:
    """Whether a process has a handler for SIGIO; it ends one that has none yet."""
    handlers = CAUGHT.search(Path(f"/proc/{pid}/status").read_text())
    return bool(handlers and int(handlers[1], 16) >> (signal.SIGIO - 1) & 1)


def wake_all(place: Path) -> None:
    for file in place.glob("*.pid"):
        with contextlib.suppress(OSError, ValueError):  # it is being written, or that machine is off
            pid = int(file.read_text())
            if minds(pid):
                os.kill(pid, signal.SIGIO)


if __name__ == "__main__":
    while True:
        wake_all(Path(sys.argv[1]))
        time.sleep(SECONDS)
