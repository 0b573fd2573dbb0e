# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines under QEMU, with the distribution's own kernel: what users run, anywhere; slow where KVM cannot be used."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from machine import Machine

KVM = Path("/dev/kvm")
PROBE_SECONDS = 30
# Emulated, the plainest processor is the fastest: AVX alone makes Python start four times slower.
PROCESSORS = {"kvm": "host", "tcg": "qemu64,-svm,+rdrand"}
CHASSIS = (
    "-machine",
    "q35,sata=off,smbus=off",
    "-m",
    "384",
    "-smp",
    "1",
    "-nodefaults",
    "-display",
    "none",
    "-no-reboot",
)
# Without protection against guests of its own and without tests of its ciphers, a kernel is up sooner and is no other.
# Its test of the timer panics where the processor was taken away in it; under KVM a kernel leaves that test out itself.
KERNEL = (
    *("root=/dev/vda", "rw", "console=ttyS0", "net.ifnames=0", "panic=-1"),
    *("mitigations=off", "cryptomgr.notests", "no_timer_check"),
)
QUIET = ("loglevel=4", "systemd.show_status=0")
# The overlay is made once and stays when the machine boots again; QEMU takes the shell's place.
OVERLAY = '[ -e "$1" ] || qemu-img create -q -f qcow2 -F raw -b "$2" "$1" && shift 2 && exec "$@"'


def base(accelerator: str, image: Path) -> list[str]:
    """The program, its processor and what it boots; the kernel's words are still missing."""
    kernel = ["-kernel", f"{image}.vmlinuz", "-initrd", f"{image}.initrd", "-serial", "stdio"]
    return ["qemu-system-x86_64", "-accel", accelerator, "-cpu", PROCESSORS[accelerator], *CHASSIS, *kernel, "-append"]


def disk(file: Path, kind: str, snapshot: str) -> list[str]:
    drive = f"file={file},format={kind},snapshot={snapshot},if=none,id=disk,cache=unsafe"
    return ["-drive", drive, "-device", "virtio-blk-pci,drive=disk"]


@dataclass(frozen=True)
class Qemu:
    """A disk image of each release, with its kernel beside it, and what runs it: kvm or tcg."""

    images: dict[str, Path]
    accelerator: str
    attendant: str = ""

    @property
    def boot_seconds(self) -> float:
        return 90 if self.accelerator == "kvm" else 600

    def command(self, machine: Machine, place: Path) -> list[str]:
        image = self.images[machine.release]
        overlay = place / f"{machine.name}.qcow2"
        words = " ".join((*KERNEL, *QUIET, *machine.kernel_arguments()))
        nics = [
            word
            for index in range(len(machine.links))
            for word in (
                "-netdev",
                f"tap,id=nic{index},ifname={machine.tap(index)},script=no,downscript=no",
                "-device",
                f"virtio-net-pci,netdev=nic{index},mac={machine.mac(index)},romfile=",
            )
        ]
        run = [*base(self.accelerator, image), words, *disk(overlay, "qcow2", "off"), *nics]
        return ["sh", "-ec", OVERLAY, "sh", str(overlay), str(image), *run]

    def environment(self, place: Path) -> dict[str, str]:
        return {"TMPDIR": str(place)}


def accelerator(image: Path) -> str:
    """KVM where it is known to carry this kernel, else TCG. That takes a moment to find out, and is kept."""
    if not os.access(KVM, os.R_OK | os.W_OK):
        return "tcg"
    known = Path(f"{image}.accelerator")
    if not known.exists():
        known.write_text("kvm" if boots(image, "kvm") else "tcg")
    return known.read_text()


def boots(image: Path, accelerator: str, seconds: float = PROBE_SECONDS) -> bool:
    """Whether the kernel comes as far as to its disk. There are machines that offer KVM, and guests hang in it."""
    words = " ".join((*KERNEL, *QUIET, "causeway.probe"))
    probe = [*base(accelerator, image), words, *disk(image, "raw", "on")]
    done = subprocess.run(
        ["timeout", "-s", "KILL", str(seconds), *probe],
        env={**os.environ, "TMPDIR": str(image.parent)},  # what it writes to its disk is thrown away there
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    return b"causeway: it runs" in done.stdout
