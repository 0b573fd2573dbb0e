# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connections module against a real daemon: when it refuses, waits, or has to undo what it began."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from tunnels import STARTED, Pair, established, options_for, quiet, up, wanted

FILES = "cd /etc/swanctl/conf.d && ls -la --time-style=full-iso && cat *"


def test_h01_a_syntax_error_in_anybodys_file_stops_us_before_anything_changes(pair: Pair) -> None:
    up(pair, "cw-one")
    here, there = pair
    before, files = established(here, "cw-one"), here.sh(FILES)
    here.write("/etc/swanctl/conf.d/other.conf", "connections {\n  broken.name {\n  }\n}\n")
    for check in (True, False):
        done = here.connections(check=check, **wanted(here, there, one=STARTED, two=STARTED))
        assert done["failed"]
        assert done["msg"].startswith("/etc/swanctl/conf.d/other.conf:2: after the name 'broken', = or { is expected")
    here.sh("rm /etc/swanctl/conf.d/other.conf")
    assert (established(here, "cw-one"), here.sh(FILES).splitlines()[3:]) == (before, files.splitlines()[3:])


def test_h03_an_include_that_is_missing_is_named(pair: Pair) -> None:
    here, there = pair
    here.sh("sed -i 's/^include/#include/' /etc/swanctl/swanctl.conf")
    done = here.connections(**wanted(here, there, one=STARTED))
    assert "Add the line `include conf.d/*.conf`" in done["msg"]
    assert here.loaded() == set()


def test_h10_one_name_in_two_files_is_refused(pair: Pair) -> None:
    here, there = pair
    here.write("/etc/swanctl/conf.d/zz.conf", "connections { cw-one { version = 1\n } }\n")
    done = here.connections(**wanted(here, there, one=STARTED))
    assert "'cw-one' is defined at /etc/swanctl/conf.d/zz.conf:1" in done["msg"]


def test_h13_what_the_daemon_refuses_interrupts_nothing(pair: Pair) -> None:
    options = up(pair, "cw-one", "cw-two")
    here, there = pair
    before = established(here, "cw-one", "cw-two")
    done = here.connections(
        **wanted(here, there, one={**STARTED, "extra": "no_such_option = yes"}, two={**STARTED, "rekey_time": "7200s"})
    )
    assert "cw-one: strongSwan refuses it" in done["msg"]
    assert "no_such_option" in done["msg"]
    assert established(here, "cw-one", "cw-two") == before
    assert here.loaded() == {"cw-one", "cw-two"}
    assert quiet(here.connections(**options))


def test_a_file_that_cannot_be_replaced_brings_back_what_ran(pair: Pair) -> None:
    options = up(pair, "cw-one", "cw-two")
    here, there = pair
    before = established(here, "cw-two")
    here.sh("mount --bind /etc/swanctl/conf.d/causeway.conf /etc/swanctl/conf.d/causeway.conf")
    done = here.connections(
        **options_for(
            here,
            there,
            {"cw-one": {**STARTED, "rekey_time": "7200s"}, "cw-two": STARTED, "cw-three": STARTED},
            "another key of quite some length, 32 at least",
        )
    )
    assert "causeway.conf: cannot be replaced" in done["msg"]
    assert "What ran before has been brought back" in done["msg"]
    assert here.loaded() == {"cw-one", "cw-two"}
    assert "rekey_time=7200" not in here.sh("swanctl --list-conns --raw")
    here.sh("umount /etc/swanctl/conf.d/causeway.conf")
    assert not here.sh("ls -A /etc/swanctl/conf.d | grep new || true")
    assert quiet(here.connections(**options))
    assert established(here, "cw-one", "cw-two")["cw-two"] == before["cw-two"]


def test_h14_a_missing_algorithm_is_named_before_anything_changes(pair: Pair) -> None:
    here, there = pair
    done = here.connections(algorithms={"ke": ["MODP_2048", "ML_KEM_768"]}, **wanted(here, there, one=STARTED))
    assert "lacks ke ML_KEM_768." in done["msg"]
    assert here.loaded() == set()


def test_a_second_run_waits_for_the_first(pair: Pair) -> None:
    here, there = pair
    lock = "/run/causeway/lock"
    here.sh(f"mkdir -p /run/causeway; flock {lock} sleep 300 >/dev/null 2>&1 &")
    here.sh(f"while flock -n {lock} true; do sleep 0.1; done")
    with ThreadPoolExecutor() as pool:
        second = pool.submit(here.connections, **wanted(here, there, one=STARTED))
        time.sleep(5)
        waited = not second.done()
        here.sh("pkill -x sleep")
        assert second.result()["loaded"] == ["cw-one"]
    assert waited
