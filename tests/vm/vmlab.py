# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual machines with a kernel of their own: wires in a network namespace, and on them a User-Mode-Linux machine for
each host of the inventory. What runs in the namespace is the lab's, and collides with nothing of this machine.

By hand, with ./test's environment: vmlab.py up, vmlab.py down.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from zlib import crc32

from machine import Machine, read_machines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).parent
INVENTORY = HERE / "inventory"
CONTROLLER = "10.99.0.1"
PROXY_PORT = "3142"  # the image's apt asks there
BOOT_SECONDS = 90
RECAP = re.compile(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)", re.MULTILINE)
SSH = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", "ConnectTimeout=5")
GREETING = "import socket, sys; print(socket.create_connection((sys.argv[1], 22), 2).makefile().readline())"


class LabError(Exception):
    """The lab can't be made, or a command in it failed."""


@dataclass(frozen=True)
class Run:
    """What a command said."""

    status: int
    output: str

    @property
    def changed(self) -> dict[str, int]:
        """The number of changes by host, if it was a playbook."""
        return {host: int(changed) for host, changed in RECAP.findall(self.output)}


def eventually(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether something comes true in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.2)
    return True


def run(*command: str) -> str:
    """What a command prints; its failure is told with what it said."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LabError(f"{' '.join(command)}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


@dataclass(frozen=True)
class Lab:
    """The machines of one inventory. A directory holds one lab at a time."""

    machines: list[Machine]
    kernel: Path
    image: Path
    directory: Path

    @property
    def namespace(self) -> str:
        return f"causeway-vm-{crc32(str(self.directory).encode()):08x}"

    @property
    def state(self) -> Path:
        """The machines' disks and logs, which go with them."""
        return self.directory / "run"

    def up(self) -> None:
        """Makes everything anew."""
        self.down()
        self.state.mkdir(parents=True)
        self._lay_wires()
        # From a process outside of the namespace, or there were no packages to fetch.
        proxy = [
            str(HERE / "package_proxy.py"),
            self.namespace,
            CONTROLLER,
            PROXY_PORT,
            str(self.directory / "packages"),
        ]
        (self.state / "proxy.pid").write_text(str(self._spawn("proxy", [sys.executable, *proxy])))
        for machine in self.machines:
            self._boot(machine)
        for machine in self.machines:
            self._wait(machine)

    def down(self) -> None:
        """Removes what there is of it."""
        with contextlib.suppress(OSError, ValueError):
            os.kill(int((self.state / "proxy.pid").read_text()), signal.SIGTERM)
        with contextlib.suppress(LabError):
            for pid in run("ip", "netns", "pids", self.namespace).split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            run("ip", "netns", "delete", self.namespace)
        for place in (self.state, self.directory / "psk"):
            shutil.rmtree(place, ignore_errors=True)

    def _lay_wires(self) -> None:
        run("ip", "netns", "add", self.namespace)
        ip = ("ip", "-n", self.namespace)
        run(*ip, "link", "set", "lo", "up")
        for wire in sorted({link["wire"] for machine in self.machines for link in machine.links.values()}):
            run(*ip, "link", "add", f"br-{wire}", "type", "bridge")
            run(*ip, "link", "set", f"br-{wire}", "up")
        run(*ip, "address", "add", f"{CONTROLLER}/24", "dev", "br-mgmt")
        for machine in self.machines:
            for index, link in enumerate(machine.links.values()):
                run(*ip, "tuntap", "add", "dev", machine.tap(index), "mode", "tap")
                run(*ip, "link", "set", machine.tap(index), "master", f"br-{link['wire']}", "up")

    def _spawn(self, name: str, command: list[str], **environment: str) -> int:
        with (self.state / f"{name}.log").open("a") as log:
            return subprocess.Popen(
                command,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            ).pid

    def _boot(self, machine: Machine) -> None:
        """Its disk is the image with what it has written itself, which stays when it boots again."""
        disk = f"ubd0={self.state / machine.name}.cow,{self.image}"
        options = ["mem=256M", "seccomp=on", "quiet", "fb_tunnels=none", "con=null", "con0=null,fd:1", "console=tty0"]
        command = [str(self.kernel), f"umid={machine.name}", disk, "root=/dev/ubda", "rw", "ssl=null", *options]
        memory = {"TMPDIR": "/dev/shm"} if os.access("/dev/shm", os.W_OK) else {}
        prefix = ["ip", "netns", "exec", self.namespace]
        self._spawn(machine.name, [*prefix, *command, *machine.kernel_arguments()], HOME=str(self.state), **memory)

    def _wait(self, machine: Machine) -> None:
        """Waits until it lets one in."""
        if not eventually(
            lambda: "SSH" in self.inside(sys.executable, "-c", GREETING, machine.address).output, BOOT_SECONDS
        ):
            log = (self.state / f"{machine.name}.log").read_text(errors="replace")
            raise LabError(f"{machine.name} did not boot in {BOOT_SECONDS} s; its last words:\n{log[-2000:]}")

    def reboot(self, name: str) -> None:
        """Shuts a machine down in order and boots it anew; the kernel's own reboot finds its interfaces busy."""
        machine = self.machine(name)
        home = self.state / ".uml" / name
        self.ssh(name, "systemctl poweroff", check=False)
        if not eventually(lambda: not home.exists(), BOOT_SECONDS):  # its last deed is to remove that
            raise LabError(f"{name} did not halt in {BOOT_SECONDS} s")
        self._boot(machine)
        self._wait(machine)

    def machine(self, name: str) -> Machine:
        return next(machine for machine in self.machines if machine.name == name)

    def inside(self, *command: str) -> Run:
        """Runs a command of this machine on the lab's wires."""
        done = subprocess.run(
            ["ip", "netns", "exec", self.namespace, *command], capture_output=True, text=True, check=False
        )
        return Run(done.returncode, done.stdout + done.stderr)

    def ssh(self, host: str, command: str, check: bool = True) -> str:
        """What a command prints on a machine."""
        options = [word for option in SSH for word in ("-o", option)]
        done = self.inside(
            "ssh", "-i", str(self.directory / "key"), *options, f"root@{self.machine(host).address}", command
        )
        if check and done.status:
            raise LabError(f"{host}: {command}: {done.output}")
        return done.output

    def play(self, *arguments: str, playbook: str = "causeway.ipsec.site") -> Run:
        return self.inside("ansible-playbook", "-i", str(INVENTORY), playbook, *arguments)

    def pings(self, host: str, address: str, count: int = 1) -> int:
        """How many of so many pings are answered."""
        said = self.ssh(host, f"ping -n -c {count} -i 0.2 -W 1 {address}", check=False)
        found = re.search(r"(\d+) received", said)
        if not found:
            raise LabError(f"{host}: ping {address}: {said}")
        return int(found.group(1))

    @contextlib.contextmanager
    def capture(self, wire: str) -> Iterator[list[str]]:
        """The IP packets on a wire, a line each; complete when the block ends."""
        packets: list[str] = []
        command = ["ip", "netns", "exec", self.namespace, "tcpdump", "-n", "-l", "-i", f"br-{wire}", "ip or ip6"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as tcpdump:
            said = iter(tcpdump.stderr or ())
            if not any("listening on" in line for line in said):
                raise LabError("tcpdump does not listen")
            try:
                yield packets
                time.sleep(0.3)  # the kernel hands packets over in batches
            finally:
                tcpdump.send_signal(signal.SIGINT)
            packets += filter(None, tcpdump.communicate()[0].splitlines())


def lab_of_environment() -> Lab:
    """The lab of this directory's inventory, with what ./test has made ready."""
    kernel, image, build = (os.environ[f"CAUSEWAY_{name}"] for name in ("UML_KERNEL", "VM_IMAGE_12", "BUILD"))
    return Lab(read_machines(INVENTORY), Path(kernel).resolve(), Path(image).resolve(), Path(build).resolve() / "vm")


if __name__ == "__main__":
    {"up": Lab.up, "down": Lab.down}[sys.argv[1]](lab_of_environment())
