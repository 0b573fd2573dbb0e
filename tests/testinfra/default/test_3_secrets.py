# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys are in no log, no argv, no diff, and no file that others can read."""

from __future__ import annotations

import base64
import contextlib
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from testlab import Lab, Run

HOSTS = ("berlin-gw", "london-gw", "berlin-1", "berlin-2", "london-1", "london-2")
SEARCHED = r"$(ls -d /* /.[!.]* 2>/dev/null | grep -vxE '/(proc|sys|dev)') /dev/shm /dev/mqueue"


@contextlib.contextmanager
def every_argv() -> Iterator[set[bytes]]:
    """Collects the arguments and environments of all processes, the containers' too, for as long as it lasts."""
    seen: set[bytes] = set()
    over = threading.Event()

    def collect() -> None:
        while not over.is_set():
            for process in Path("/proc").glob("[0-9]*"):
                for name in ("cmdline", "environ"):
                    try:
                        seen.add((process / name).read_bytes())
                    except OSError:  # it ended
                        continue

    thread = threading.Thread(target=collect)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


@dataclass(frozen=True)
class Rekeying:
    """A run that made, shipped and loaded new keys."""

    run: Run
    seen: set[bytes]
    forms: list[str]  # of all keys
    keys: Path
    begun: Path  # a file as old as its beginning


@pytest.fixture(scope="module")
def rekeyed(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Rekeying:
    """As talkative as it gets."""
    keys = tmp_path_factory.mktemp("keys")
    begun = tmp_path_factory.mktemp("begun") / "mark"
    begun.touch()
    with every_argv() as seen:
        run = lab.play("-vvvv", "--diff", "-e", f"strongswan_psk_directory={keys}").succeeded()
    made = [path.read_text().strip() for path in keys.rglob("*") if path.is_file()]
    assert made
    assert all(path.stat().st_mode & 0o077 == 0 for path in keys.rglob("*"))
    forms = [form for key in made for form in (key, base64.b64encode(key.encode()).decode())]
    return Rekeying(run, seen, forms, keys, begun)


def test_the_controller_keeps_keys_to_itself(rekeyed: Rekeying) -> None:
    """In whatever file somebody has changed since; those of the containers are the hosts' own. First, as these grow."""
    places = ("/dev/shm", "/run", "/tmp", "/var", "/home", "/root", "/")
    starts = {Path(place).stat().st_dev: place for place in places if Path(place).is_dir()}  # each file system once
    podman = ["podman", "info", "-f", "{{.Store.GraphRoot}}"]
    storage = subprocess.run(podman, capture_output=True, check=True, text=True).stdout.strip()
    pruned = ["-xdev", "(", "-path", "/proc", "-o", "-path", "/sys", "-o", "-path", storage, ")", "-prune", "-o"]
    what = ["-type", "f", "-cnewer", str(rekeyed.begun), "-print0"]
    found = subprocess.run(["find", *starts.values(), *pruned, *what], capture_output=True, check=False).stdout
    patterns = [word for form in rekeyed.forms for word in ("-e", form)]
    grep = ["xargs", "-0", "grep", "-lFs", *patterns, "--"]
    holders = subprocess.run(grep, input=found, capture_output=True, check=False).stdout.decode().split()
    assert holders
    assert [path for path in holders if rekeyed.keys not in Path(path).parents] == []


def test_the_log_holds_no_key(rekeyed: Rekeying) -> None:
    assert rekeyed.run.changed["berlin-gw"] > 0
    assert [form[:4] for form in rekeyed.forms if form in rekeyed.run.output] == []


def test_no_process_was_given_a_key(rekeyed: Rekeying) -> None:
    assert len(rekeyed.seen) > 20
    assert [form[:4] for form in rekeyed.forms for text in rekeyed.seen if form.encode() in text] == []


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_keeps_keys_to_itself(lab: Lab, rekeyed: Rekeying, host: str) -> None:
    patterns = " ".join(f"-e {form}" for form in rekeyed.forms)
    found = lab.host(host).run(f"grep -rlFs {patterns} {SEARCHED}").stdout.split()
    holders = [path for path in found if lab.sh(host, f"stat -c %a {path}") != "600"]
    assert holders == []
    assert all(path.startswith("/etc/swanctl/conf.d/") for path in found)
    assert bool(found) == host.endswith("-gw")
    journal = lab.sh(host, "journalctl --no-pager -o verbose")
    assert [form[:4] for form in rekeyed.forms if form in journal] == []


def test_the_old_keys_come_back(lab: Lab, rekeyed: Rekeying) -> None:
    """A key is not connection settings: exchanging it interrupts no tunnel."""
    assert rekeyed.run.status == 0
    before = lab.spis("berlin-gw")
    run = lab.play().succeeded()
    assert run.changed["berlin-gw"] == 1
    assert lab.spis("berlin-gw") == before
