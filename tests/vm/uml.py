# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines that are User-Mode-Linux processes: fast anywhere, with a kernel that somebody has built for it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from machine import Machine

OPTIONS = (
    "mem=256M",
    "seccomp=on",
    "quiet",
    "fb_tunnels=none",
    "con=null",
    "con0=null,fd:1",
    "console=tty0",
    "ssl=null",
)


@dataclass(frozen=True)
class UserMode:
    """The kernel's program, and a disk image of each release."""

    kernel: Path
    images: dict[str, Path]
    boot_seconds: float = 90
    attendant: str = "attendant.py"

    def command(self, machine: Machine, place: Path) -> list[str]:
        """Its disk is the image with what it has written itself, which stays when it boots again."""
        disk = f"ubd0={place / machine.name}.cow,{self.images[machine.release]}"
        # Without gro=1, TCP over these interfaces stalls.
        nics = [
            f"vec{index}:transport=tap,ifname={machine.tap(index)},mac={machine.mac(index)},gro=1"
            for index in range(len(machine.links))
        ]
        root = ["root=/dev/ubda", "rw"]
        return [str(self.kernel), f"umid={machine.name}", disk, *root, *OPTIONS, *nics, *machine.kernel_arguments()]

    def environment(self, place: Path) -> dict[str, str]:
        """Where it keeps its sockets, and its memory."""
        memory = {"TMPDIR": "/dev/shm"} if os.access("/dev/shm", os.W_OK) else {}
        return {"HOME": str(place), **memory}
