# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys are in no log, no argv, no diff, and no file that others can read."""

from __future__ import annotations

import base64
import os
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from testlab import Lab, Run

HOSTS = ("berlin-gw", "london-gw", "berlin-1", "london-1")


@contextmanager
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


@pytest.fixture(scope="module")
def rekeyed(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, set[bytes], list[str]]:
    """A run that makes, ships and loads new keys, as talkative as it gets, and all forms of these keys."""
    keys = tmp_path_factory.mktemp("keys")
    with every_argv() as seen:
        run = lab.play("-vvvv", "--diff", "-e", f"strongswan_psk_directory={keys}").succeeded()
    made = [path.read_text().strip() for path in keys.rglob("*") if path.is_file()]
    assert made
    assert all(path.stat().st_mode & 0o077 == 0 for path in keys.rglob("*"))
    return run, seen, [form for key in made for form in (key, base64.b64encode(key.encode()).decode())]


def test_the_log_holds_no_key(rekeyed: tuple[Run, set[bytes], list[str]]) -> None:
    run, _unused, forms = rekeyed
    assert run.changed["berlin-gw"] > 0
    assert [form[:4] for form in forms if form in run.output] == []


def test_no_process_was_given_a_key(rekeyed: tuple[Run, set[bytes], list[str]]) -> None:
    _unused, seen, forms = rekeyed
    assert len(seen) > 20
    assert [form[:4] for form in forms for text in seen if form.encode() in text] == []


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_keeps_keys_to_itself(lab: Lab, rekeyed: tuple[Run, set[bytes], list[str]], host: str) -> None:
    forms = rekeyed[2]
    patterns = " ".join(f"-e {form}" for form in forms)
    found = (
        lab.host(host)
        .run(f"grep -rlFs {patterns} / --exclude-dir=proc --exclude-dir=sys --exclude-dir=dev")
        .stdout.split()
    )
    holders = [path for path in found if lab.sh(host, f"stat -c %a {path}") != "600"]
    assert holders == []
    assert all(path.startswith("/etc/swanctl/conf.d/") for path in found)
    assert bool(found) == host.endswith("-gw")
    journal = lab.sh(host, "journalctl --no-pager -o cat")
    assert [form[:4] for form in forms if form in journal] == []


def test_the_controller_keeps_keys_to_itself(lab: Lab, rekeyed: tuple[Run, set[bytes], list[str]]) -> None:
    """Whatever Ansible left behind in its own directories."""
    forms = [form.encode() for form in rekeyed[2]]
    places = [Path(os.environ.get("ANSIBLE_HOME", "~/.ansible")).expanduser(), lab.inventory]
    files = [path for place in places for path in place.rglob("*") if path.is_file() and path.stat().st_size < 1 << 20]
    assert [str(path) for path in files if any(form in path.read_bytes() for form in forms)] == []


def test_the_old_keys_come_back(lab: Lab, rekeyed: tuple[Run, set[bytes], list[str]]) -> None:
    """A key is not connection settings: exchanging it interrupts no tunnel."""
    assert rekeyed[0].status == 0
    before = lab.spis("berlin-gw")
    run = lab.play().succeeded()
    assert run.changed["berlin-gw"] == 1
    assert lab.spis("berlin-gw") == before
