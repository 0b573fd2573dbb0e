# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connections module against a real daemon: what it loads, replaces, removes and leaves alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pings import steadily, unanswered
from tunnels import STARTED, Pair, established, options_for, quiet, up, wanted


def test_four_runs(pair: Pair) -> None:
    here, there = pair
    there.connections(**wanted(there, here, one={}, two={}))
    options = wanted(here, there, one=STARTED, two=STARTED)
    here.sh("rm -rf /run/causeway")
    assert here.connections(check=True, **options)["loaded"] == ["cw-one", "cw-two"]
    assert here.loaded() == set()
    assert "causeway" not in here.sh("ls -A /etc/swanctl/conf.d /run | cat")
    first = here.connections(**options)
    assert (first["changed"], first["loaded"], first["interrupted"]) == (True, ["cw-one", "cw-two"], [])
    before = established(here, "cw-one", "cw-two")
    assert quiet(here.connections(check=True, **options))
    assert quiet(here.connections(**options))
    assert established(here, "cw-one", "cw-two") == before
    assert here.sh("stat -c '%a %U %G' /etc/swanctl/conf.d/causeway*.conf") == "600 root root\n" * 2


def test_packets_pass_and_none_is_lost_by_a_second_run(pair: Pair) -> None:
    options = up(pair, "cw-one")
    here, there = pair
    with ThreadPoolExecutor() as pool:
        pinged = pool.submit(here.sh, f"ping {steadily(150, 0.02)} -I {here.lan}.1 {there.lan}.1")
        assert quiet(here.connections(**options))
    assert unanswered(pinged.result(), 150) == 0


def test_swanctl_loads_the_same_and_changes_nothing(pair: Pair) -> None:
    options = up(pair, "cw-one", "cw-two")
    here, _unused = pair
    before = established(here, "cw-one", "cw-two")
    here.sh("swanctl --load-all --noprompt")
    assert quiet(here.connections(**options))
    assert established(here, "cw-one", "cw-two") == before


def test_everything_comes_back_after_a_restart_of_the_daemon(pair: Pair) -> None:
    options = up(pair, "cw-one")
    here, _unused = pair
    here.sh("systemctl restart strongswan")
    assert quiet(here.connections(**options))
    established(here, "cw-one")


def test_only_the_changed_connection_is_interrupted(pair: Pair) -> None:
    up(pair, "cw-one", "cw-two")
    here, there = pair
    before = established(here, "cw-one", "cw-two")
    options = wanted(here, there, one={**STARTED, "rekey_time": "7200s"}, two=STARTED)
    planned = here.connections(check=True, **options)
    assert (planned["replaced"], planned["interrupted"]) == (["cw-one"], ["cw-one"])
    assert planned["reasons"] == {"cw-one": "changed: rekey_time"}
    assert here.spis("cw-one") == before["cw-one"]
    done = here.connections(**options)
    assert (done["replaced"], done["unchanged"], done["interrupted"]) == (["cw-one"], ["cw-two"], ["cw-one"])
    after = established(here, "cw-one", "cw-two")
    assert after["cw-two"] == before["cw-two"]
    assert after["cw-one"] != before["cw-one"]
    assert quiet(here.connections(**options))


def test_an_answering_end_that_changes_is_dialled_again(pair: Pair) -> None:
    here, there = pair
    here.connections(**wanted(here, there, one=STARTED))
    there.connections(**wanted(there, here, one={}))
    here.sh("swanctl --initiate --timeout 20 --child cw-one")
    done = there.connections(**wanted(there, here, one={"rekey_time": "7200s"}))
    assert done["interrupted"] == ["cw-one"]
    here.sh("swanctl --initiate --timeout 20 --child cw-one")
    established(there, "cw-one")


def test_h16_h17_what_strongswan_does_not_compare_is_replaced_nevertheless(pair: Pair) -> None:
    up(pair, "cw-one")
    here, there = pair
    done = here.connections(**wanted(here, there, one={**STARTED, "extra": "dpd_timeout = 77s"}))
    assert done["reasons"] == {"cw-one": "changed: dpd_timeout"}, done
    assert "dpd_timeout=77" in here.sh("swanctl --list-conns --raw")
    options = wanted(here, there, one={**STARTED, "child": "cw-one-renamed"})
    assert here.connections(**options)["replaced"] == ["cw-one"]
    established(here, "cw-one")
    assert quiet(here.connections(**options))
    assert "cw-one/cw-one " not in here.sh("swanctl --list-pols --raw")


def test_h18_a_removed_connection_ends_on_both_sides(pair: Pair) -> None:
    for action in ("trap", "none", "trap|start"):
        up(pair, "cw-one", "cw-two", start_action=action) if "start" in action else started(pair, action)
        here, there = pair
        before = established(here, "cw-two")
        done = here.connections(**wanted(here, there, two={"start_action": action}))
        assert (done["removed"], done["interrupted"]) == (["cw-one"], ["cw-one"]), done
        assert done["secrets_removed"] == ["ike-cw-one"]
        assert (here.spis("cw-one"), there.spis("cw-one")) == ([], [])
        assert here.loaded() == {"cw-two"}
        assert established(here, "cw-two") == before
        for gateway in pair:
            gateway.reset()


def started(pair: Pair, action: str) -> None:
    here, there = pair
    there.connections(**wanted(there, here, one={}, two={}))
    here.connections(**wanted(here, there, one={"start_action": action}, two={"start_action": action}))
    for name in ("cw-one", "cw-two"):
        here.sh(f"swanctl --initiate --child {name}")


def test_h36_other_peoples_connections_are_left_alone(pair: Pair) -> None:
    here, there = pair
    theirs = [wanted(one, other, three={}) for one, other in (pair, pair[::-1])]
    for gateway, options in zip(pair, theirs):
        gateway.write(
            "/etc/swanctl/conf.d/other.conf",
            options["config"].replace("cw-three {", "other {").replace("cw-three.", "other.")
            + f'secrets {{ ike-other {{ secret = "abc"\n id = other.{here.lan}.example }} }}',
        )
        gateway.sh("swanctl --load-all --noprompt")
    here.sh("swanctl --initiate --child other")
    before = established(here, "other")
    assert here.connections(**wanted(here, there, two=STARTED))["loaded"] == ["cw-two"]
    assert here.connections(**wanted(here, there))["removed"] == ["cw-two"]
    assert (established(here, "other"), here.loaded()) == (before, {"other"})
    assert "ike-other" in here.sh("swanctl --load-creds --raw")


def test_a_changed_key_is_loaded_without_interruption(pair: Pair) -> None:
    up(pair, "cw-one")
    here, _there = pair
    before = established(here, "cw-one")
    key = "0x12 a quite different key, long enough"
    for one, other in (pair, pair[::-1]):
        done = one.connections(**options_for(one, other, {"cw-one": STARTED if one is here else {}}, key))
        assert (done["secrets_changed"], done["unchanged"], done["interrupted"]) == (["ike-cw-one"], ["cw-one"], [])
        assert "psk: changed" in str(done["diff"])
        assert key not in str(done["diff"])
    assert established(here, "cw-one") == before
    here.sh("swanctl --terminate --ike cw-one; swanctl --initiate --timeout 20 --child cw-one")
    established(here, "cw-one")


def test_what_somebody_changed_in_the_daemon_by_hand_is_found_and_healed(pair: Pair) -> None:
    options = up(pair, "cw-one", "cw-two", "cw-three")
    here, _unused = pair
    before = established(here, "cw-three")
    here.sh(
        "mkdir -p /tmp/hand; sed -e '/cw-one {/,/children/s/rekey_time = .*/rekey_time = 999s/' "
        "-e '/^ *cw-two {/,/^    }/d' /etc/swanctl/conf.d/causeway.conf > /tmp/hand/swanctl.conf; "
        "swanctl --load-conns --file /tmp/hand/swanctl.conf"
    )
    planned = here.connections(check=True, **options)
    assert (planned["loaded"], planned["replaced"]) == (["cw-two"], ["cw-one"]), here.sh("cat /tmp/hand/swanctl.conf")
    assert "rekey_time is '999' instead of '14400'" in planned["reasons"]["cw-one"]
    done = here.connections(**options)
    assert (done["loaded"], done["replaced"], done["unchanged"]) == (["cw-two"], ["cw-one"], ["cw-three"])
    assert quiet(here.connections(**options))
    assert established(here, "cw-one", "cw-two", "cw-three")["cw-three"] == before["cw-three"]


def test_h12_a_secret_that_somebody_unloaded_is_found(pair: Pair) -> None:
    options = up(pair, "cw-one")
    here, _unused = pair
    here.sh("mkdir -p /tmp/hand; : > /tmp/hand/swanctl.conf; swanctl --load-creds --file /tmp/hand/swanctl.conf")
    assert here.connections(check=True, **options)["secrets_changed"] == ["ike-cw-one"]
    assert here.connections(**options)["secrets_changed"] == ["ike-cw-one"]
    assert quiet(here.connections(**options))


def test_a_dead_peer_does_not_hold_up_a_change(pair: Pair) -> None:
    up(pair, "cw-one")
    here, there = pair
    there.sh("systemctl kill -s KILL strongswan")
    done = here.connections(**wanted(here, there, one={**STARTED, "rekey_time": "7200s"}))
    assert done["interrupted"] == ["cw-one"]
    assert here.loaded() == {"cw-one"}


def test_everything_comes_back_after_a_reboot(pair: Pair, podman_restart: Any) -> None:
    options = up(pair, "cw-one")
    here, there = pair
    podman_restart(here)
    there.connections(**wanted(there, here, one={}))
    assert quiet(here.connections(**options))
    here.sh("swanctl --initiate --timeout 20 --child cw-one || true")
    established(here, "cw-one")
