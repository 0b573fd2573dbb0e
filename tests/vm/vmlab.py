# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual machines with a kernel of their own: wires in a network namespace, and on them a machine for each host of a
scenario's inventory. What runs in the namespace is the lab's, and collides with nothing of this machine, nor with labs
of other names.

By hand, after `. lab/shell.sh; . lab/images.sh; . lab/machines.sh; machine_images`:
    python tests/vm/vmlab.py up NAME [SCENARIO]        a directory of scenarios/; base, unless said
    python tests/vm/vmlab.py play NAME [ARGUMENT ...]  site.yml, with what else ansible-playbook is to be told
    python tests/vm/vmlab.py ssh NAME HOST COMMAND
    python tests/vm/vmlab.py down NAME
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

sys.path.insert(0, str(Path(__file__).parents[1] / "shared"))
import wires  # after the path that leads to what is shared
from machine import HERE, Hypervisor, Machine, Scenario, read_scenario
from qemu import Qemu, accelerator
from runs import Run, eventually
from uml import UserMode
from wires import LabError

CONTROLLER = "10.99.0.1"
PROXY_PORT = "3142"  # the image's apt asks there
# How long a command on a machine may take, and a run over all of them, before one of the machines must hang.
# The slowest run that was seen took 265 s, together with the boot of its machines, which were emulated.
COMMAND_SECONDS = 180
PLAY_SECONDS = 900
SSH = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", "ConnectTimeout=5")
GREETING = "import socket, sys; print(socket.create_connection((sys.argv[1], 22), 2).makefile().readline())"


class UnavailableError(Exception):
    """The machines of a scenario can't run here."""


def run_within(
    command: list[str],
    seconds: float = COMMAND_SECONDS,
    environment: dict[str, str] | None = None,
    complaints: int = subprocess.PIPE,
) -> Run:
    """What a command says, and then what it complains of (stderr), unless they are to come together (STDOUT).

    Raises LabError if it takes too long, so that a machine that hangs fails the tests that ask it, and the others go
    on.
    """
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
            check=False,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired as late:
        heard = (late.output or b"").decode(errors="replace")  # bytes, says subprocess, even of text
        raise LabError(f"no end within {seconds:.0f} s: {' '.join(command)}\n{heard[-2000:]}") from late
    return Run(done.returncode, done.stdout + (done.stderr or ""))


def running(pid: int) -> bool:
    with contextlib.suppress(ChildProcessError):  # nobody else buries what this process has started
        os.waitpid(pid, os.WNOHANG)
    return Path(f"/proc/{pid}").exists()


@dataclass(frozen=True)
class Lab:
    """The machines of one scenario, under a name of their own."""

    name: str
    scenario: Scenario
    hypervisor: Hypervisor
    home: Path  # what all labs share: the key, the packages

    @property
    def place(self) -> Path:
        """The machines' disks and logs, which go with them."""
        return self.home / self.name

    @property
    def namespace(self) -> str:
        return f"causeway-vm-{crc32(str(self.place).encode()):08x}"

    def up(self) -> None:
        """Makes everything anew."""
        self.down()
        self.place.mkdir(parents=True)
        (self.place / "scenario").write_text(self.scenario.name)
        wires.lay(self.namespace, self.scenario, CONTROLLER)
        # From a process outside of the namespace, or there were no packages to fetch.
        proxy = [str(HERE / "package_proxy.py"), self.namespace, CONTROLLER, PROXY_PORT, str(self.home / "packages")]
        self._spawn("proxy", [sys.executable, *proxy])
        if self.hypervisor.attendant:  # in the namespace, so that it ends with it
            self._spawn(
                "attendant", self.entered(sys.executable, str(HERE / self.hypervisor.attendant), str(self.place))
            )
        for machine in self.scenario.machines:
            self.start(machine.name)
        for machine in self.scenario.machines:
            self.wait(machine.name)

    def down(self) -> None:
        """Removes what there is of it."""
        with contextlib.suppress(OSError, ValueError):
            os.kill(self._pid("proxy"), signal.SIGTERM)
        wires.remove(self.namespace)
        shutil.rmtree(self.place, ignore_errors=True)

    def _spawn(self, name: str, command: list[str], **environment: str) -> None:
        with (self.place / f"{name}.log").open("a") as log:
            pid = subprocess.Popen(
                command,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            ).pid
        (self.place / f"{name}.pid").write_text(str(pid))

    def _pid(self, name: str) -> int:
        return int((self.place / f"{name}.pid").read_text())

    def start(self, host: str) -> None:
        """Switches a machine on."""
        command = self.hypervisor.command(self.machine(host), self.place)
        self._spawn(
            host,
            ["ip", "netns", "exec", self.namespace, *command],  # becomes the command, so its process is the machine's
            **self.hypervisor.environment(self.place),
        )

    def wait(self, host: str) -> None:
        """Waits until a machine lets one in, for as long as it is on."""
        pid, address = self._pid(host), self.machine(host).address
        greeting = (sys.executable, "-c", GREETING, address)
        if not eventually(
            lambda: "SSH" in self.inside(*greeting).output or not running(pid), self.hypervisor.boot_seconds
        ) or not running(pid):
            what = f"did not boot in {self.hypervisor.boot_seconds:.0f} s" if running(pid) else "ended while it booted"
            log = (self.place / f"{host}.log").read_text(errors="replace")
            raise LabError(f"{host} {what}; its last words:\n{log[-2000:]}")

    def halt(self, host: str) -> None:
        """Shuts a machine down in order."""
        self.ssh(host, "systemctl poweroff", check=False)
        if not eventually(lambda: not running(self._pid(host)), self.hypervisor.boot_seconds):
            raise LabError(f"{host} did not halt in {self.hypervisor.boot_seconds:.0f} s")

    def reboot(self, host: str) -> None:
        """Another process, since User-Mode-Linux's own reboot finds its interfaces busy."""
        self.halt(host)
        self.start(host)
        self.wait(host)

    def lose_power(self, host: str) -> None:
        """Ends a machine where it stands, and switches it on again. What it wrote before is on its disk."""
        self.ssh(host, "sync")
        pid = self._pid(host)
        os.killpg(pid, signal.SIGKILL)
        if not eventually(lambda: not running(pid), self.hypervisor.boot_seconds):
            raise LabError(f"{host} does not end")
        self.start(host)
        self.wait(host)

    def machine(self, host: str) -> Machine:
        return next(machine for machine in self.scenario.machines if machine.name == host)

    def inside(self, *command: str, box: str = "") -> Run:
        """Runs a command of this machine on the lab's wires, or in one of its boxes."""
        return run_within(self.entered(*command, box=box))

    def entered(self, *command: str, box: str = "") -> list[str]:
        namespace = f"{self.namespace}-{box}" if box else self.namespace
        return ["ip", "netns", "exec", namespace, *command]

    def ssh_command(self, host: str, command: str) -> list[str]:
        options = [word for option in SSH for word in ("-o", option)]
        return self.entered(
            "ssh", "-i", str(self.home / "key"), *options, f"root@{self.machine(host).address}", command
        )

    def ssh(self, host: str, command: str, check: bool = True) -> str:
        """What a command prints on a machine."""
        done = run_within(self.ssh_command(host, command))
        if check and done.status:
            raise LabError(f"{host}: {command}: {done.output}")
        return done.output

    def play(self, *arguments: str, playbook: str = "causeway.ipsec.site") -> Run:
        inventories = [word for inventory in self.scenario.inventories for word in ("-i", str(inventory))]
        environment = {
            **os.environ,
            "CAUSEWAY_LAB": str(self.place),
            # Connections that are kept are found by address, and each lab has machines at these addresses.
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(self.place / "cp"),
        }
        command = self.entered("ansible-playbook", *inventories, playbook, *arguments)
        # Together, for its warnings, which are many, would stand below what has failed.
        return run_within(command, PLAY_SECONDS, environment, complaints=subprocess.STDOUT)


def hypervisor_of_environment(stock_kernel: bool) -> Hypervisor:
    """What ./test has made ready; raises UnavailableError, with the reason, where it can't be."""
    kind = "STOCK" if stock_kernel else "UML"
    if reason := os.environ.get(f"CAUSEWAY_NO_{kind}_MACHINES"):
        raise UnavailableError(reason)
    prefix = "CAUSEWAY_STOCK_IMAGE_" if stock_kernel else "CAUSEWAY_VM_IMAGE_"
    images = {
        name[len(prefix) :]: Path(image).resolve() for name, image in os.environ.items() if name.startswith(prefix)
    }
    if stock_kernel:
        return Qemu(images, accelerator(next(iter(images.values()))))
    return UserMode(Path(os.environ["CAUSEWAY_UML_KERNEL"]).resolve(), images)


def lab_of_environment(name: str, scenario: str) -> Lab:
    home = Path(os.environ["CAUSEWAY_BUILD"]).resolve() / "vm"
    read = read_scenario(scenario)
    return Lab(name, read, hypervisor_of_environment(read.stock_kernel), home)


def by_hand(verb: str, name: str, *arguments: str) -> Any:
    known = Path(os.environ["CAUSEWAY_BUILD"]) / "vm" / name / "scenario"
    if verb == "up":
        return lab_of_environment(name, *(arguments or ("base",))).up()
    lab = lab_of_environment(name, known.read_text())
    if verb == "play":
        done = lab.play(*arguments)
        print(done.output)
        return done.status
    if verb == "ssh":
        host, command = arguments
        return print(lab.ssh(host, command))
    return lab.down()


if __name__ == "__main__":
    sys.exit(by_hand(*sys.argv[1:]))
