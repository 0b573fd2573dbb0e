# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process that watches and listens: it begins, it ends, and nothing of it stays. By a stand-in for iperf3."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

import pytest
from ansible_collections.causeway.ipsec.plugins.module_utils import throughput_watch
from ansible_collections.causeway.ipsec.plugins.module_utils.throughput_watch import Watch, WatchError, begin, end
from ansible_collections.causeway.ipsec.plugins.modules import throughput

if TYPE_CHECKING:
    from collections.abc import Callable

LISTENS = "echo $$ >$0.pid; echo 'Server listening on 5201 (test #1)'; exec sleep 600"
REFUSED = "iperf3: error - unable to start listener for connections: Cannot assign requested address"


@pytest.fixture
def iperf3(tmp_path: Path) -> Callable[[str], str]:
    """Make a program that does what it is told."""

    def make(script: str) -> str:
        path = tmp_path / "iperf3"
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)
        return str(path)

    return make


def runs(pid: int) -> bool:
    """Whether a process is there, and no zombie."""
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    except (FileNotFoundError, ProcessLookupError):
        return False


def server_pid(program: str) -> int:
    return int(Path(f"{program}.pid").read_text(encoding="utf-8"))


@pytest.fixture
def sockets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], list[str]]:
    """List the sockets of processes that watch; they have names here that no other test of the same machine has."""
    prefix = f"causeway-{crc32(str(tmp_path).encode()):08x}-"
    monkeypatch.setattr(throughput_watch, "NAME", f"\0{prefix}{{}}")
    return lambda: re.findall(f"@{prefix}(\\w+)", Path("/proc/net/unix").read_text(encoding="utf-8"))


def eventually(condition: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def test_it_tells_what_it_has_seen_and_leaves_nothing(
    iperf3: Callable[[str], str], sockets: Callable[[], list[str]]
) -> None:
    program = iperf3(LISTENS)
    job = begin(Watch(1, 60, [program]))
    assert sockets() == [job]
    assert runs(server_pid(program))
    time.sleep(0.1)
    told = end(job)
    assert 0 < told["watched"] < 60
    assert {"core", "busy", "idle", "steal"} == set(told["cores"][0])
    assert told["octets"] >= 0
    assert not runs(server_pid(program))
    assert eventually(lambda: sockets() == [])
    with pytest.raises(WatchError, match=r"what watched is gone .*Connection refused"):
        end(job)


def test_it_watches_without_a_server() -> None:
    assert end(begin(Watch(1, 60)))["cores"]


def test_a_server_that_cannot_listen_is_told_with_its_own_words(
    iperf3: Callable[[str], str], sockets: Callable[[], list[str]]
) -> None:
    with pytest.raises(WatchError) as error:
        begin(Watch(1, 60, [iperf3(f"echo '{REFUSED}' >&2; exit 1")]))
    assert str(error.value) == "unable to start listener for connections: Cannot assign requested address"
    assert eventually(lambda: sockets() == [])


def test_a_server_that_says_nothing_is_given_up(iperf3: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throughput_watch, "LISTEN_SECONDS", 0.3)
    program = iperf3("echo $$ >$0.pid; exec sleep 600")
    with pytest.raises(WatchError, match="iperf3 does not listen after 0 s: iperf3 says nothing"):
        begin(Watch(1, 60, [program]))
    assert eventually(lambda: not runs(server_pid(program)))


def test_nobody_needs_to_end_it(iperf3: Callable[[str], str], sockets: Callable[[], list[str]]) -> None:
    program = iperf3(LISTENS)
    job = begin(Watch(1, 1, [program]))
    assert sockets() == [job]
    assert eventually(lambda: not runs(server_pid(program)) and sockets() == [])


def test_the_server_ends_in_time_even_if_what_watches_it_is_killed(iperf3: Callable[[str], str]) -> None:
    program = iperf3(LISTENS)
    begin(Watch(1, 2, [program]))
    pid = server_pid(program)
    limiter = int(Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[1])
    watcher = int(Path(f"/proc/{limiter}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[1])
    os.kill(watcher, signal.SIGKILL)
    assert runs(pid)
    assert eventually(lambda: not runs(pid))


@pytest.mark.parametrize("job", ["", "../../etc", "51c3d8a6e0b94f2", "51C3D8A6E0B94F27"])
def test_what_is_no_job_is_not_looked_for(job: str) -> None:
    with pytest.raises(WatchError, match="is no job; it is what the step watch returned"):
        end(job)


def test_another_user_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throughput_watch, "_uid", lambda _caller: os.getuid() + 1)
    job = begin(Watch(1, 2))
    with pytest.raises(WatchError, match="what watched is gone"):
        end(job)


def test_a_client_that_does_not_end_is_killed(iperf3: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throughput, "GRACE", 0.0)
    program = iperf3("echo $$ >$0.pid; exec sleep 600")
    assert throughput.measure([program], 1) == {"error": "iperf3 does not end, 0 s after the 1 s that it should take"}
    assert not runs(server_pid(program))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"seconds": 0}, ["seconds is 0; 1 to 3600 are possible."]),
        (
            {"streams": 129, "port": 0},
            ["port is 0; 1 to 65535 are possible.", "streams is 129; 1 to 128 are possible."],
        ),
        ({"address": "london-1"}, ["address is 'london-1', which is no IP address."]),
        ({"source": "192.168.2.0/24"}, ["source is '192.168.2.0/24', which is no IP address."]),
        ({"address": "2001:db8::1", "source": "192.168.2.1"}, []),
    ],
)
def test_options_are_checked(options: dict[str, Any], said: list[str]) -> None:
    defaults = {"port": 5201, "seconds": 10, "streams": 1, "limit": 120, "address": None, "source": None}
    assert throughput.complaints({**defaults, **options}) == said


def test_the_module_returns_while_what_it_began_goes_on(iperf3: Callable[[str], str], tmp_path: Path) -> None:
    """As over SSH, where a process that kept the module's output open would keep the task from ending."""
    program = iperf3(LISTENS)
    script = (
        f"from {throughput_watch.__name__} import Watch, begin; print(begin(Watch(1, 60, [{program!r}])), flush=True)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30)
    assert runs(server_pid(program))
    end(done.stdout.strip())
    assert not runs(server_pid(program))
