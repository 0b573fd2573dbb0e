# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole runs of the connections module against a daemon that is played here, with every fault it may have."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.causeway.ipsec.plugins.module_utils import connection_run, turn
from ansible_collections.causeway.ipsec.plugins.module_utils.connection_run import Request, run

if TYPE_CHECKING:
    from pathlib import Path

    from played_charon import Charon

PSK = "a key that must not be seen anywhere"


def connection(name: str, rekey: str = "4h", extra: str = "", start: str = "start") -> str:
    return (
        f"{name} {{ version = 2\n rekey_time = {rekey}\n {extra}\n local {{ auth = psk\n id = a\n }}\n"
        f"remote {{ auth = psk\n id = b\n }}\n children {{ {name} {{ local_ts = 10.1.0.0/16\n"
        f"remote_ts = 10.2.0.0/16\n start_action = {start}\n }} }} }}\n"
    )


def request(*names: str, psk: str = PSK, check: bool = False, **settings: str) -> Request:
    text = "".join(connection(name, **(settings if name == "cw-a" else {})) for name in names)
    secrets = [{"name": f"ike-{name}", "ids": ["a", "b"], "psk": psk} for name in names]
    return Request(f"connections {{\n{text}}}\n", secrets, {"ke": ["MODP_2048"]}, check)


def files(etc: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in (etc / "conf.d").iterdir()}


def test_check_mode_says_what_the_run_then_does(charon: Charon, etc: Path) -> None:
    foreseen = run(request("cw-a", "cw-b", check=True))
    assert (files(etc), list(charon.connections)) == ({}, ["other"])
    assert not (etc / "lock").exists()
    assert run(request("cw-a", "cw-b")) == foreseen
    assert (foreseen["loaded"], foreseen["secrets_changed"]) == (["cw-a", "cw-b"], ["ike-cw-a", "ike-cw-b"])
    assert set(charon.connections) == {"other", "cw-a", "cw-b"}
    assert charon.secrets["ike-cw-a"] == PSK.encode()
    for check in (True, False):
        again = run(request("cw-a", "cw-b", check=check))
        assert (again["changed"], again["unchanged"], again["diff"]) == (False, ["cw-a", "cw-b"], [])


def test_a_second_run_only_loads_the_keys_again(charon: Charon) -> None:
    run(request("cw-a"))
    charon.calls.clear()
    run(request("cw-a"))
    assert [call for call in charon.calls if not call[0].startswith(("get-", "stats", "version"))] == [
        ("load-shared", "ike-cw-a")
    ]


def test_what_a_run_that_was_killed_left_beside_the_files_goes(charon: Charon, etc: Path) -> None:
    run(request("cw-a"))
    for name in (".causeway.conf.abcdefgh.new", ".causeway-secrets.conf.12345678.new", "other.conf"):
        (etc / "conf.d" / name).write_text("")
    assert not run(request("cw-a"))["changed"]
    assert set(files(etc)) == {"causeway.conf", "causeway-secrets.conf", "other.conf"}


def test_a_run_that_another_has_superseded_changes_nothing(charon: Charon, etc: Path) -> None:
    first, second = ({"id": number, "who": f"the run {number}"} for number in ("1", "2"))
    run(replace(request("cw-a"), run=first))
    run(replace(request("cw-b"), run=second))
    with pytest.raises(turn.SupersededError, match=r"another run \(the run 2\) came to this host after this one did"):
        run(replace(request("cw-a"), run=first))
    assert set(charon.connections) == {"other", "cw-b"}
    assert "cw-a" not in files(etc)["causeway.conf"]


def test_no_key_is_in_any_result(charon: Charon) -> None:
    run(request("cw-a", psk="the one before"))
    done = run(request("cw-a"))
    assert done["secrets_changed"] == ["ike-cw-a"]
    assert "psk: changed" in str(done["diff"])
    assert PSK not in str(done)
    assert "the one before" not in str(done)
    assert PSK not in repr(charon.calls)


@pytest.mark.parametrize(
    ("start", "steps"),
    [
        # Unloading one that starts ends its SAs. An SA that charon is deleting and is asked for its end once more, it
        # destroys without another word: a peer that has not heard the first one would keep half a tunnel.
        ("start", [("unload-conn", "cw-a"), ("load-conn", "cw-a")]),
        # It is loaded before, too, without its trap: a peer that dials just then finds it.
        ("trap", [("unload-conn", "cw-a"), ("load-conn", "cw-a"), ("terminate", "1"), ("load-conn", "cw-a")]),
    ],
)
def test_h16_h20_a_change_ends_the_old_sas_before_it_loads(
    charon: Charon, start: str, steps: list[tuple[str, str]]
) -> None:
    run(request("cw-a", "cw-b", start=start))
    charon.sas = {"1": "cw-a", "2": "cw-b", "3": "other"}
    charon.calls.clear()
    done = run(request("cw-a", "cw-b", start=start, rekey="1h"))
    assert (done["replaced"], done["interrupted"], done["unchanged"]) == (["cw-a"], ["cw-a"], ["cw-b"])
    assert (charon.sas, charon.silenced) == ({"2": "cw-b", "3": "other"}, set())
    changes = [call for call in charon.calls if call[0] in {"unload-conn", "terminate", "load-conn"}]
    assert changes[2:] == steps
    assert {name for _unused, name in changes[:2]} == {"cw-probe.cw-a"}


@pytest.mark.parametrize("before", [("cw-a",), ()], ids=["a change", "the first run"])
def test_what_a_peer_dials_while_we_load_stays_up(charon: Charon, before: tuple[str, ...]) -> None:
    """It has the new parameters, and a peer whose new SA ends before it knows that it has one would keep it."""

    if before:
        run(request("cw-a", start="trap"))
    charon.sas = {"1": "cw-a"}  # on the first run, it is of a connection that somebody has unloaded
    charon.dialled = {"cw-a"}
    run(request("cw-a", start="trap", rekey="1h"))
    assert charon.sas == {"dialled cw-a": "cw-a"}


def test_h17_a_renamed_child_leaves_neither_trap_nor_sa(charon: Charon) -> None:
    run(request("cw-a"))
    charon.traps = {("cw-a", "cw-a"), ("other", "other")}
    charon.sas = {"1": "cw-a", "3": "other"}
    wanted = request("cw-a")
    done = run(replace(wanted, config=wanted.config.replace("children { cw-a {", "children { cw-new {")))
    assert done["reasons"] == {"cw-a": "changed: children.cw-a, children.cw-new"}
    assert (charon.traps, charon.sas) == ({("other", "other")}, {"3": "other"})


def test_h18_what_is_no_longer_wanted_goes_and_nothing_else(charon: Charon) -> None:
    run(request("cw-a", "cw-b"))
    charon.sas = {"1": "cw-a", "2": "cw-b", "3": "other"}
    done = run(request("cw-b"))
    assert (done["removed"], done["interrupted"], done["secrets_removed"]) == (["cw-a"], ["cw-a"], ["ike-cw-a"])
    assert set(charon.connections) == {"other", "cw-b"}
    assert set(charon.secrets) == {"ike-other", "ike-cw-b"}
    assert charon.sas == {"2": "cw-b", "3": "other"}


def untouched(charon: Charon, etc: Path, wanted: Request, message: str) -> None:
    """Run from a good state into a fault, and see that all is as before."""
    before = files(etc), dict(charon.connections), dict(charon.secrets)
    with pytest.raises(connection_run.EXPECTED) as caught:
        run(wanted)
    assert message in str(caught.value)
    assert PSK not in str(caught.value)
    assert (files(etc), charon.connections, charon.secrets) == before


def test_h13_what_the_daemon_refuses_touches_no_sa(charon: Charon, etc: Path) -> None:
    run(request("cw-a", "cw-b"))
    charon.sas = {"1": "cw-a"}
    charon.refused = {"cw-probe.cw-a"}
    untouched(charon, etc, request("cw-a", "cw-b", "cw-c", extra="frobnicate = yes"), "cw-a: strongSwan refuses it")
    assert charon.sas == {"1": "cw-a"}


def test_h09_what_the_daemon_would_read_as_empty_touches_no_sa(charon: Charon, etc: Path) -> None:
    run(request("cw-a"))
    charon.sas = {"1": "cw-a"}
    charon.emptied = {"cw-probe.cw-a"}
    untouched(charon, etc, request("cw-a", rekey="1h"), "cw-a: strongSwan would read it differently: version is")
    assert charon.sas == {"1": "cw-a"}


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"emptied": {"cw-c"}}, "cw-c: after loading, version is 'IKEv1/2' instead of 'IKEv2'"),
        ({"refused": {"cw-c"}}, "load-conn: unknown option: frobnicate"),
        ({"hangs_at": "load-conn cw-c"}, "it hangs"),
        ({"hangs_at": "unload-shared ike-cw-b"}, "it hangs"),
    ],
)
def test_any_fault_half_way_is_undone(charon: Charon, etc: Path, fault: dict[str, Any], message: str) -> None:
    run(request("cw-a", "cw-b"))
    for name, value in fault.items():
        setattr(charon, name, value)
    wanted = request("cw-a", "cw-c", rekey="1h", psk="another key that is quite long enough, isn't it")
    untouched(charon, etc, wanted, message)
    with pytest.raises(connection_run.EXPECTED, match="has been brought back, and no file was changed"):
        run(wanted)


def test_what_cannot_be_undone_is_told(charon: Charon) -> None:
    run(request("cw-a"))
    charon.refused = {"cw-a"}
    with pytest.raises(connection_run.EXPECTED, match="could not all be brought back: cw-a: load-conn: unknown option"):
        run(request("cw-a", rekey="1h"))


@pytest.mark.parametrize(
    ("path", "text", "message"),
    [
        ("conf.d/other.conf", "connections { a.b { } }", "other.conf:1: after the name 'a'"),
        ("conf.d/other.conf", "connections { cw-a { } }", "'cw-a' is defined at"),
        ("conf.d/other.conf", "connections { cw-z { } }", "'cw-z' is defined at"),
        ("conf.d/other.conf", "more { cw-a { encap = yes\n } }\nconnections : more { }", "'cw-a' is defined at"),
        ("conf.d/other.conf", "secrets { ike-cw-a { secret = x\n } }", "'ike-cw-a' is defined at"),
        ("swanctl.conf", "", "Add the line `include conf.d/*.conf`"),
        ("swanctl.conf", "connections {\ninclude conf.d/*.conf\n}", "would not find the connection 'cw-a'"),
    ],
)
def test_h01_h03_h10_what_swanctl_would_read_at_the_next_boot(
    charon: Charon, etc: Path, path: str, text: str, message: str
) -> None:
    (etc / path).write_text(text)
    for check in (True, False):
        untouched(charon, etc, request("cw-a", check=check), message)


def test_h14_a_missing_algorithm(charon: Charon, etc: Path) -> None:
    wanted = request("cw-a")
    untouched(charon, etc, Request(wanted.config, wanted.secrets, {"ke": ["CURVE_25519"]}), "lacks ke CURVE_25519")


@pytest.mark.parametrize(
    ("plugin", "release", "expected"),
    [
        ("kernel-netlink", "5.9.8", True),
        ("kernel-libipsec", "5.9.8", False),
        ("kernel-libipsec", "5.9.11", True),
        ("kernel-libipsec", "6.0.1", True),
    ],
)
def test_h15_h35_a_trap_that_was_not_installed_is_an_error_unless_there_are_none(
    charon: Charon, etc: Path, plugin: str, release: str, expected: bool
) -> None:
    charon.plugins, charon.release = [plugin], release
    trapped = request("cw-a")
    trapped = replace(trapped, config=trapped.config.replace("start_action = start", "start_action = trap"))
    if expected:
        untouched(charon, etc, trapped, "cw-a: no trap policy was installed for 'cw-a'")
    else:
        assert run(trapped)["loaded"] == ["cw-a"]


def test_check_mode_without_strongswan(etc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_run, "find_socket", lambda: str(etc / "no-socket"))
    (etc / "swanctl.conf").unlink()
    done = run(request("cw-a", check=True))
    assert (done["changed"], done["loaded"], done["interrupted"]) == (True, ["cw-a"], [])
    with pytest.raises(connection_run.EXPECTED, match=r"systemctl start strongswan\.service"):
        run(request("cw-a"))
