# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A process that watches this host while others measure, and may serve iperf3's client.

It is found by an abstract Unix socket, so that it leaves no file behind. Whoever connects to it, if it is the same
user, ends it and is told what it has seen. It ends by itself when its time is over; and so does its iperf3, by the
program `timeout`, whatever becomes of the process.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import select
import socket
import struct
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ansible_collections.causeway.ipsec.plugins.module_utils.cpu_load import (
    Sample,
    busiest,
    loads,
    parse_cores,
    parse_octets,
)
from ansible_collections.causeway.ipsec.plugins.module_utils.iperf import LISTENING, complaint

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

INTERVAL = 0.5  # seconds between two looks at the processor
LISTEN_SECONDS = 10.0  # in which iperf3 must have begun
ANSWER_SECONDS = 10.0
NAME = "\0causeway-throughput-{}"
READY = "ready"
_JOB = re.compile(r"[0-9a-f]{16}")
_PEER = struct.Struct("3i")  # pid, uid, gid: socket(7), SO_PEERCRED


class WatchError(Exception):
    """Why there is no watching, in words for people."""


@dataclass(frozen=True)
class Watch:
    """How long the measurement takes, after how many seconds to give up, and the server to run meanwhile, if any."""

    seconds: float
    limit: float
    server: Sequence[str] = ()


def read_sample() -> Sample:
    """This host now."""
    stat, net_dev = (Path("/proc", name).read_text(encoding="ascii") for name in ("stat", "net/dev"))
    return Sample(time.monotonic(), parse_octets(net_dev), parse_cores(stat))


def summary(samples: Sequence[Sample], seconds: float) -> dict[str, Any]:
    """Each core's load in the busiest span of so many seconds, and the bytes that passed the host in it."""
    first, last = busiest(samples, seconds)
    return {
        "cores": loads(first, last),
        "octets": last.octets - first.octets,
        "watched": round(last.seconds - first.seconds, 2),
    }


def begin(watch: Watch) -> str:
    """Start the process; return what `end` finds it by."""
    job = secrets.token_hex(8)
    reader, writer = os.pipe()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(NAME.format(job))
        listener.listen()
        if os.fork() == 0:
            _be_the_watcher(watch, listener, writer)
    os.close(writer)
    with os.fdopen(reader) as told:
        said = told.read()
    if said != READY:
        raise WatchError(said or "the process that was to watch has ended")
    return job


def end(job: str) -> dict[str, Any]:
    """End the process; return what it has seen."""
    if not _JOB.fullmatch(job):
        raise WatchError(f"{job!r} is no job; it is what the step watch returned.")
    try:
        with socket.socket(socket.AF_UNIX) as caller:
            caller.settimeout(ANSWER_SECONDS)
            caller.connect(NAME.format(job))
            said: dict[str, Any] = json.loads(b"".join(iter(lambda: caller.recv(65536), b"")))
    except (OSError, ValueError) as exc:
        raise WatchError(f"what watched is gone ({exc}): its time was over, or somebody has ended it") from exc
    return said


def _be_the_watcher(watch: Watch, listener: socket.socket, writer: int) -> None:
    """What the child does; it never returns, since the module's own end is not its."""
    try:
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(null, number)
        with _serving(watch) as output:
            problem = _wait_until_it_listens(watch, output)
            with os.fdopen(writer, "w") as tell:
                tell.write(problem or READY)
            samples, caller = ([], None) if problem else _attend(watch, listener)
        if caller:
            with caller:
                caller.sendall(json.dumps(summary(samples, watch.seconds)).encode())
    finally:
        os._exit(0)


@dataclass(frozen=True)
class _Server:
    process: subprocess.Popen[bytes]
    output: IO[bytes]

    @property
    def said(self) -> str:
        # Not by its own position in the file, which is where the server writes on.
        return os.pread(self.output.fileno(), 65536, 0).decode(errors="replace")


@contextlib.contextmanager
def _serving(watch: Watch) -> Iterator[_Server | None]:
    """The server runs, and at the end it does not."""
    if not watch.server:
        yield None
        return
    # Killed by the kernel if it does not heed the first signal, and also if this process is no more.
    limited = ["timeout", "--kill-after=2", str(round(watch.limit)), *watch.server]
    with tempfile.TemporaryFile() as output:
        # run_command would wait for its end.
        process = subprocess.Popen(  # pylint: disable=ansible-bad-function
            limited, stdout=output, stderr=output, env={**os.environ, "LC_ALL": "C"}
        )
        try:
            yield _Server(process, output)
        finally:
            process.terminate()
            process.wait()


def _wait_until_it_listens(watch: Watch, server: _Server | None) -> str | None:
    """Return why it does not, or nothing."""
    deadline = time.monotonic() + min(LISTEN_SECONDS, watch.limit)
    while server and LISTENING not in server.said:
        if server.process.poll() is not None:
            return complaint(server.said)
        if time.monotonic() > deadline:
            return f"iperf3 does not listen after {LISTEN_SECONDS:.0f} s: {complaint(server.said)}"
        time.sleep(0.05)
    return None


def _attend(watch: Watch, listener: socket.socket) -> tuple[list[Sample], socket.socket | None]:
    """Watch until somebody asks, or the time is over."""
    deadline = time.monotonic() + watch.limit
    samples = [read_sample()]
    while time.monotonic() < deadline:
        ready = select.select([listener], [], [], INTERVAL)[0]
        samples.append(read_sample())
        if ready:
            caller = listener.accept()[0]
            if _uid(caller) == os.getuid():
                return samples, caller
            caller.close()
    return samples, None


def _uid(caller: socket.socket) -> int:
    uid: int = _PEER.unpack(caller.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))[1]
    return uid
