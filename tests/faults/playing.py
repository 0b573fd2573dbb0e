# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Controllers, their runs of site.yml, and the end of a run before its time."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from runs import ROOT, Run, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from faultlab import Lab

ANNOUNCED = re.compile(r"^(?:TASK|RUNNING HANDLER) \[(.*)\] \*+$", re.MULTILINE)
PATIENCE = 300
STEP = 0.05
NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Controller:
    """A machine that Ansible runs on, as far as two of them differ: keys of its own, and a home."""

    lab: Lab
    name: str

    @property
    def home(self) -> Path:
        return self.lab.place / self.name

    @property
    def psk(self) -> Path:
        return self.home / "psk"

    def keys(self) -> dict[str, str]:
        """The keys that it has made, by file."""
        files = sorted(self.psk.glob("*.psk")) if self.psk.is_dir() else []
        return {path.stem: path.read_text().strip() for path in files}

    def forget(self) -> None:
        """As a controller that has made no key yet."""
        shutil.rmtree(self.psk, ignore_errors=True)

    def start(self, *arguments: str) -> Playing:
        """Begins to run site.yml."""
        self.home.mkdir(parents=True, exist_ok=True)
        log = self.home / f"run-{next(NUMBERS)}.log"
        command = ["ansible-playbook", *self.lab.arguments, "-e", f"strongswan_psk_directory={self.psk}"]
        environment = {**self.lab.environment, "ANSIBLE_HOME": str(self.home / "ansible")}
        with log.open("w") as output:
            process = subprocess.Popen(
                [*command, *arguments, "causeway.ipsec.site"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                env=environment,
                start_new_session=True,
            )
        return Playing(process, log)

    def play(self, *arguments: str) -> Run:
        return self.start(*arguments).finished()


@dataclass(frozen=True)
class Playing:
    """A run that goes on."""

    process: subprocess.Popen[bytes]
    log: Path
    begun: float = field(default_factory=time.monotonic)

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")

    @property
    def task(self) -> str:
        """The task that was announced last."""
        return str((ANNOUNCED.findall(self.said) or ["no task yet"])[-1])

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.begun

    def wait(self, seconds: float) -> None:
        """Lets it go on for so long, if it doesn't end before."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(max(seconds, 0))

    def announcements(self) -> list[float]:
        """When each task was announced, in seconds from the beginning; to its end."""
        times: list[float] = []
        while self.process.poll() is None and self.seconds < PATIENCE:
            times += [self.seconds] * (len(ANNOUNCED.findall(self.said)) - len(times))
            time.sleep(STEP)
        return times

    def wait_for(self, tasks: int, seconds: float) -> None:
        """Until so many tasks were announced and so many seconds have passed since, or the run is over."""
        while self.process.poll() is None and len(ANNOUNCED.findall(self.said)) < tasks:
            time.sleep(STEP)
        self.wait(seconds)

    def finished(self) -> Run:
        try:
            return Run(self.process.wait(PATIENCE), self.said)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def reached(self, task: str) -> bool:
        """Waits until a task is announced; False if the run ends without it."""
        eventually(lambda: task in self.said or self.process.poll() is not None, PATIENCE)
        return task in self.said

    def kill(self, modules: bool = True) -> bool:
        """SIGKILL to the controller and to all that it has started; False if it had ended by itself.

        modules: whether what its modules do on hosts ends with it. Where it doesn't, they go on, as over SSH.
        """
        if self.process.poll() is not None:
            return False
        frozen = _freeze(self.process.pid)
        spared = set() if modules else {pid for pid in frozen if _is_inside(pid)}
        for pid in frozen:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT if pid in spared else signal.SIGKILL)
        self.process.wait()
        return True


def _freeze(root: int) -> list[int]:
    """Stops a process and all that come from it, until there is none left that could start another."""
    frozen: list[int] = []
    while new := [pid for pid in (root, *_descendants(root)) if pid not in frozen]:
        for pid in new:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        frozen += new
    return frozen


def _descendants(root: int) -> Iterator[int]:
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parent = int(path.read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(path.parent.name))
    waiting = [root]
    while waiting:
        found = children.get(waiting.pop(), [])
        yield from found
        waiting += found


def _is_inside(pid: int) -> bool:
    """Whether a process runs in a container."""
    try:
        return Path(f"/proc/{pid}/ns/pid").readlink() != Path("/proc/self/ns/pid").readlink()
    except OSError:
        return False
