# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Canonical forms of connections, and the plan that follows from wanted, files and daemon."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.causeway.ipsec.plugins.module_utils.charon import Daemon, missing_algorithms
from ansible_collections.causeway.ipsec.plugins.module_utils.connection_plan import (
    Current,
    Plan,
    Wanted,
    changed_keys,
    plan_connections,
    verify,
)
from ansible_collections.causeway.ipsec.plugins.module_utils.connection_view import (
    actions,
    address,
    differences,
    duration,
    identity,
    selector,
    shown_view,
    wanted_view,
)
from ansible_collections.causeway.ipsec.plugins.module_utils.sas import parse_sas
from ansible_collections.causeway.ipsec.plugins.module_utils.swanctl_secrets import Secret
from hypothesis import given
from hypothesis import strategies as st

MESSAGE: dict[str, Any] = {
    "version": "2",
    "local_addrs": ["198.51.100.10"],
    "remote_addrs": ["2001:DB8::0"],
    "proposals": ["aes128-sha256-modp3072"],
    "rekey_time": "4h",
    "unique": "replace",
    "dpd_delay": "30s",
    "local": {"auth": "psk", "id": "@berlin.example"},
    "remote": {"auth": "psk", "id": "198.51.100.20"},
    "children": {
        "cw-a": {
            "local_ts": ["192.168.1.7/24", "10.0.0.1"],
            "remote_ts": ["192.168.2.0/24"],
            "start_action": "trap|start",
            "dpd_action": "restart",
            "close_action": "trap",
        }
    },
}
SHOWN: dict[str, Any] = {
    "local_addrs": ["198.51.100.10"],
    "remote_addrs": ["2001:db8::"],
    "version": "IKEv2",
    "reauth_time": "0",
    "rekey_time": "14400",
    "unique": "UNIQUE_REPLACE",
    "dpd_delay": "30",
    "local-1": {"id": "berlin.example", "class": "pre-shared key", "groups": []},
    "remote-1": {"id": "198.51.100.20", "class": "pre-shared key", "groups": []},
    "children": {
        "cw-a": {
            "mode": "TUNNEL",
            "rekey_time": "3600",
            "dpd_action": "start",
            "close_action": "trap",
            "local-ts": ["10.0.0.1/32", "192.168.1.0/24"],
            "remote-ts": ["192.168.2.0/24"],
        }
    },
}
SECRET = Secret("ike-cw-a", ("berlin.example", "198.51.100.20"), b"x" * 32)


@given(st.text(max_size=30))
def test_each_canonical_form_is_its_own(text: str) -> None:
    for canonical in (address, selector, identity, duration, actions):
        once = canonical(text)
        assert once is None or canonical(once) == once


@pytest.mark.parametrize(
    ("text", "expected"),
    [("90", "90"), ("15m", "900"), ("4h", "14400"), ("1d", "86400"), ("3600 s", "3600"), ("0x10", None), ("x", None)],
)
def test_durations(text: str, expected: str | None) -> None:
    assert duration(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@gw.example", "gw.example"),
        ("fqdn:gw.example", "gw.example"),
        ("2001:DB8::0", "2001:db8::"),
        ("keyid:abcd", None),
        ("C=DE, CN=gw", None),
        ("%any", None),
        ("", None),
    ],
)
def test_identities(text: str, expected: str | None) -> None:
    assert identity(text) == expected


def test_what_was_asked_is_found_in_what_is_shown() -> None:
    assert differences(wanted_view(MESSAGE), shown_view(SHOWN)) == []


@pytest.mark.parametrize(
    ("path", "value", "difference"),
    [
        (["rekey_time"], "3600", "rekey_time is '3600' instead of '14400'"),
        (["remote_addrs"], ["%any"], "remote_addrs is '%any' instead of '2001:db8::'"),
        (["local-1", "id"], "other.example", "local-1.id is 'other.example' instead of 'berlin.example'"),
        (["children", "cw-a", "remote-ts"], ["dynamic"], "cw-a.remote_ts is 'dynamic' instead of '192.168.2.0/24'"),
        (["children"], {}, "children is '' instead of 'cw-a'"),
        (["dpd_delay"], None, "dpd_delay is '0' instead of '30'"),
    ],
)
def test_what_is_shown_differently_is_told(path: list[str], value: Any, difference: str) -> None:
    shown = dict(SHOWN)
    inner = shown
    for key in path[:-1]:
        inner[key] = dict(inner[key])
        inner = inner[key]
    inner[path[-1]] = value
    if value is None:
        del inner[path[-1]]
    assert difference in differences(wanted_view(MESSAGE), shown_view(shown))


def test_h09_a_connection_read_as_empty_is_told() -> None:
    assert differences(wanted_view(MESSAGE), shown_view({"local_addrs": ["%any"], "remote_addrs": ["%any"]}))


def sa(name: str, state: str = "ESTABLISHED") -> dict[str, Any]:
    return {name: {"uniqueid": "1", "state": state, "child-sas": {"c-1": {"name": name, "state": "INSTALLED"}}}}


WANTED = Wanted({"cw-a": MESSAGE}, {"ike-cw-a": SECRET}, "text", "secrets")
EMPTY = Current({}, {}, None, None, unsafe=("a", "b"), daemon=Daemon())
SAME = Current(
    {"cw-a": MESSAGE},
    {"ike-cw-a": SECRET},
    "text",
    "secrets",
    unsafe=(),
    daemon=Daemon(
        connections={"cw-a": SHOWN, "other": {}},
        secrets=frozenset({"ike-cw-a", "ike-other"}),
        sas=parse_sas([sa("cw-a"), sa("other")]),
        traps=frozenset({("cw-a", "cw-a"), ("other", "other")}),
    ),
)


def daemon_with(**changes: Any) -> Current:
    assert SAME.daemon
    return replace(SAME, daemon=replace(SAME.daemon, **changes))


def names(plan: Plan) -> tuple[tuple[str, ...], ...]:
    return plan.load, plan.replace, plan.remove, plan.unchanged, plan.interrupted


def test_nothing_there_yet() -> None:
    plan = plan_connections(WANTED, EMPTY)
    assert names(plan) == (("cw-a",), (), (), (), ())
    assert (plan.secrets_changed, plan.write_files, plan.changed) == (("ike-cw-a",), True, True)
    assert plan_connections(WANTED, replace(EMPTY, daemon=None)) == plan


def test_all_as_wanted() -> None:
    plan = plan_connections(WANTED, SAME)
    assert names(plan) == ((), (), (), ("cw-a",), ())
    assert not plan.changed
    assert verify(WANTED, plan, SAME.daemon or Daemon()) == []


def test_what_is_up_and_left_alone_need_not_be_dialled() -> None:
    def up(config: Wanted = WANTED, **changes: Any) -> tuple[str, ...]:
        return plan_connections(config, daemon_with(**changes)).up

    assert up() == ("cw-a",)
    assert up(sas=parse_sas([{"cw-a": {**sa("cw-a")["cw-a"], "child-sas": {}}}])) == ()
    assert up(sas=[]) == ()
    assert up(connections={}) == ()
    assert up(replace(WANTED, connections={"cw-a": {**MESSAGE, "dscp": "46"}})) == ()


def test_h20_what_the_daemon_hides_is_judged_by_our_file() -> None:
    message = {**MESSAGE, "proposals": ["aes256-sha256-modp3072"]}
    plan = plan_connections(replace(WANTED, connections={"cw-a": message}), SAME)
    assert names(plan) == ((), ("cw-a",), (), (), ("cw-a",))
    assert plan.reasons == {"cw-a": "changed: proposals"}


@pytest.mark.parametrize("key", ["dpd_timeout", "dscp"])
def test_h16_what_strongswan_does_not_compare_is_compared(key: str) -> None:
    plan = plan_connections(replace(WANTED, connections={"cw-a": {**MESSAGE, key: "46"}}), SAME)
    assert (plan.replace, plan.reasons) == (("cw-a",), {"cw-a": f"changed: {key}"})


def test_one_of_our_names_that_is_not_in_our_file_is_replaced() -> None:
    plan = plan_connections(WANTED, replace(SAME, connections={}, text=None))
    assert plan.reasons == {"cw-a": "loaded by others than us: it is not in our file"}


def test_h23_drift_in_the_daemon() -> None:
    plan = plan_connections(WANTED, daemon_with(connections={"cw-a": {**SHOWN, "version": "IKEv1"}}))
    assert plan.reasons == {"cw-a": "altered in the daemon: version is 'IKEv1' instead of 'IKEv2'"}
    plan = plan_connections(WANTED, daemon_with(connections={}))
    assert names(plan) == (("cw-a",), (), (), (), ("cw-a",))
    plan = plan_connections(WANTED, daemon_with(secrets=frozenset()))
    assert (plan.secrets_changed, names(plan)[3]) == (("ike-cw-a",), ("cw-a",))
    plan = plan_connections(WANTED, daemon_with(traps=frozenset()))
    assert (plan.traps, names(plan)[3], plan.changed) == ((("cw-a", "cw-a"),), ("cw-a",), True)
    plan = plan_connections(WANTED, daemon_with(traps=frozenset(), has_traps=False))
    assert not plan.changed


@pytest.mark.parametrize(
    "left_behind",
    [
        {"connections": {"cw-a": SHOWN, "cw-old": {}}},
        {"sas": parse_sas([sa("cw-old", "CONNECTING")])},
        {"traps": frozenset({("cw-a", "cw-a"), ("cw-old", "cw-old")})},
    ],
)
def test_what_is_ours_and_not_wanted_goes(left_behind: dict[str, Any]) -> None:
    plan = plan_connections(WANTED, daemon_with(**left_behind))
    assert names(plan) == ((), (), ("cw-old",), ("cw-a",), ())
    assert plan_connections(WANTED, replace(SAME, connections={"cw-a": MESSAGE, "cw-old": {}})).remove == ("cw-old",)


def test_h36_other_peoples_things_never_appear() -> None:
    plan = plan_connections(Wanted({}, {}, "", ""), SAME)
    assert names(plan) == ((), (), ("cw-a",), (), ("cw-a",))
    assert plan.secrets_removed == ("ike-cw-a",)


def test_a_key_alone() -> None:
    secret = replace(SECRET, psk=b"y" * 32)
    plan = plan_connections(replace(WANTED, secrets={"ike-cw-a": secret}, secrets_text="new"), SAME)
    assert (plan.secrets_changed, plan.write_files) == (("ike-cw-a",), True)
    assert names(plan) == ((), (), (), ("cw-a",), ())


def test_a_file_that_others_can_read_is_written_again() -> None:
    plan = plan_connections(WANTED, replace(SAME, unsafe=("a",)))
    assert plan.write_files
    assert names(plan)[3] == ("cw-a",)


@pytest.mark.parametrize(
    ("daemon", "problem"),
    [
        ({"connections": {}}, "cw-a: the daemon took it but does not list it"),
        ({"connections": {"cw-a": {**SHOWN, "rekey_time": "1"}}}, "cw-a: after loading, rekey_time is '1'"),
        ({"secrets": frozenset()}, "ike-cw-a: the daemon took the secret but does not list it"),
        ({"traps": frozenset()}, "cw-a: no trap policy was installed for 'cw-a'"),
    ],
)
def test_h12_h15_what_reading_back_finds(daemon: dict[str, Any], problem: str) -> None:
    found = verify(WANTED, plan_connections(WANTED, EMPTY), daemon_with(**daemon).daemon or Daemon())
    assert any(line.startswith(problem) for line in found), found


def test_what_was_to_go_and_is_still_there() -> None:
    nothing = Wanted({}, {}, "", "")
    found = verify(nothing, plan_connections(nothing, SAME), SAME.daemon or Daemon())
    assert found == ["cw-a: is still loaded", "ike-cw-a: the secret is still loaded"]


def test_changed_keys_name_the_setting() -> None:
    assert changed_keys({"a": "1", "s": {"x": "1"}}, {"a": "1", "b": "2", "s": {"x": "2"}}) == ["b", "s.x"]


def test_h14_missing_algorithms() -> None:
    daemon = Daemon(algorithms={"ke": frozenset({"MODP_2048"})})
    assert missing_algorithms({"ke": ["MODP_2048", "ML_KEM_768"], "aead": ["AES_GCM_16"]}, daemon) == [
        "ke ML_KEM_768",
        "aead AES_GCM_16",
    ]
