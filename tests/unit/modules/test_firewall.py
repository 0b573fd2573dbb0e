# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module firewall on a stand-in for a host: arming, confirming, rolling back, drift, check mode, removal."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.causeway.ipsec.plugins.module_utils import firewall_run
from ansible_collections.causeway.ipsec.plugins.module_utils.host_network import HostError
from played_firewall import INTENT, UNITS, Host, listed, options


def test_new_rules_are_armed_and_not_kept_until_they_are_confirmed(host: Host) -> None:
    first = host.call()
    assert (first["changed"], first["armed"], first["backend"]) == (True, True, "nftables")
    assert first["mss"] == {"ipv4": 1406, "ipv6": None}
    assert host.table is not None
    assert not host.file.exists()
    kept = host.call("confirmed")
    assert (kept["changed"], kept["armed"]) == (True, False)
    assert listed(host.file.read_text()) == host.table
    assert host.file.stat().st_mode & 0o777 == 0o600
    assert not (host.root / "run" / "before.nft").exists()


def test_a_second_run_changes_nothing_and_arms_nothing(host: Host) -> None:
    host.confirmed()
    again = host.call()
    assert (again["changed"], again["armed"], again["diff"]) == (False, False, [])
    assert host.call("confirmed")["changed"] is False


def test_a_look_tells_whether_a_run_would_do_or_say_anything(host: Host) -> None:
    options = {name: option.get("default") for name, option in firewall_run.OPTIONS.items()}

    def held() -> bool:
        return firewall_run.look({**options, "intent": INTENT, "units": UNITS}, host.run)["held"]

    assert (held(), host.table) == (False, None)
    assert host.call()["armed"]
    assert not held()  # nobody has confirmed them
    host.call("confirmed")
    assert held()
    host.file.write_text("by hand")
    assert not held()
    host.call()
    assert held()
    right, host.table = host.table, None
    assert not held()
    host.table = right
    ports, host.sshd = host.sshd, (1, "", "sshd: no hostkeys available")  # of which the module says more
    assert not held()
    host.sshd = ports
    assert held()
    host.programs -= {"nft"}
    assert not held()


def test_the_way_back_is_armed_before_the_rules_are_loaded(host: Host) -> None:
    host.call()
    doing = [text.split()[0] for text in host.commands if "systemd-run" in text or text.endswith("nft -f -")]
    assert doing == ["systemd-run", "/usr/sbin/nft"]


def test_a_timer_that_fires_brings_the_old_rules_back(host: Host) -> None:
    before = host.confirmed().table
    other = {**INTENT, "management": ["203.0.113.1/32"]}
    assert host.call(intent=other)["armed"]
    assert host.table != before
    host.fire()
    assert host.table == before
    assert listed(host.file.read_text()) == before
    with pytest.raises(HostError, match="there is nothing to confirm: these rules are not loaded"):
        host.call("confirmed", intent=other)


def test_without_a_table_before_there_is_none_after_a_rollback(host: Host) -> None:
    host.call()
    host.fire()
    assert host.table is None


def test_a_run_that_died_before_it_confirmed_is_confirmed_by_the_next(host: Host) -> None:
    host.call()
    second = host.call()
    assert (second["changed"], second["armed"]) == (False, True)
    assert not host.file.exists()
    assert host.call("confirmed")["changed"]
    assert not host.timer


def test_what_a_run_that_died_has_armed_does_not_go_off_before_the_next_has_confirmed(host: Host) -> None:
    host.call()
    host.commands.clear()
    host.call()
    told = [text for text in host.commands if "causeway-firewall-rollback" in text and "is-active" not in text]
    assert [text.split()[:2] for text in told] == [["systemctl", "stop"], ["systemd-run", "--on-active=60s"]]
    host.fire()
    assert host.table is None


def test_systemd_is_told_of_units_that_a_run_wrote_before_it_died(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.confirmed()
    other = {**UNITS, "causeway-firewall.service": "[Unit]\nDescription=other\n"}
    with monkeypatch.context() as patch:
        patch.setattr(firewall_run, "_systemctl", dies)
        with pytest.raises(KeyboardInterrupt):
            host.call(units=other)
    assert (host.root / "systemd" / "causeway-firewall.service").read_text() == other["causeway-firewall.service"]
    host.commands.clear()
    assert host.call(units=other)["changed"]
    assert host.commands.count("systemctl daemon-reload") == 1
    assert not host.call(units=other)["changed"]
    assert host.commands.count("systemctl daemon-reload") == 1


def test_the_service_is_told_of_rules_that_a_run_confirmed_before_it_died(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.call()
    with monkeypatch.context() as patch:
        patch.setattr(firewall_run, "_systemctl", dies)
        with pytest.raises(KeyboardInterrupt):
            host.call("confirmed")
    host.commands.clear()
    assert host.call()["changed"]
    assert host.commands.count("systemctl start causeway-firewall.service") == 1
    assert not host.call()["changed"]


def test_connections_are_forgotten_though_the_run_that_loaded_the_rules_died(host: Host) -> None:
    host.translated = "tcp 6 431999 ESTABLISHED src=192.168.1.11 dst=192.168.2.11\n"
    host.call()
    host.commands.clear()
    host.call()
    assert len([text for text in host.commands if text.startswith("/usr/sbin/conntrack -D")]) == 2


def dies(*_unused: Any) -> None:
    """What SIGKILL makes of a step, as far as it can be played."""
    raise KeyboardInterrupt


def test_a_second_change_goes_back_to_what_was_confirmed_last(host: Host) -> None:
    before = host.confirmed().table
    host.call(intent={**INTENT, "management": ["203.0.113.1/32"]})
    host.call(intent={**INTENT, "management": ["203.0.113.2/32"]})
    assert host.timer
    host.fire()
    assert host.table == before


def test_one_run_does_not_confirm_the_rules_of_another(host: Host) -> None:
    host.call()
    host.call(intent={**INTENT, "management": ["203.0.113.1/32"]})
    with pytest.raises(HostError, match="another run is changing the firewall"):
        host.call("confirmed")
    assert host.timer


def test_an_edit_by_hand_is_found_and_healed(host: Host) -> None:
    host.confirmed()
    wanted = host.table
    host.table = str(wanted).replace("counter drop comment", "counter accept comment", 1)
    healed = host.call()
    assert healed["changed"]
    assert "counter accept" in healed["diff"][0]["before"]
    assert "counter accept" not in healed["diff"][0]["after"]
    assert host.table == wanted


def test_a_table_that_was_flushed_is_loaded_again(host: Host) -> None:
    host.confirmed()
    host.table = None
    assert host.call()["armed"]
    assert host.table


def test_files_that_differ_are_written_without_a_way_back(host: Host) -> None:
    host.confirmed()
    host.file.write_text("flush ruleset\n")
    (host.root / "systemd" / "causeway-firewall.service").unlink()
    again = host.call()
    assert (again["changed"], again["armed"]) == (True, False)
    assert {entry["before_header"].rsplit("/", 1)[-1] for entry in again["diff"]} == {
        "firewall.nft",
        "causeway-firewall.service",
    }
    assert "systemctl daemon-reload" in host.commands


def test_without_namespaces_texts_are_compared_by_their_sums(host: Host) -> None:
    host.namespaces = False
    host.confirmed()
    assert host.call()["changed"] is False
    assert host.call(intent={**INTENT, "management": []})["changed"]


def test_check_mode_touches_nothing(host: Host) -> None:
    host.check_mode = True
    result = host.call()
    assert (result["changed"], result["armed"]) == (True, False)
    headers = [entry["after_header"] for entry in result["diff"]]
    assert headers[-2:] == ["nft list table inet causeway", str(host.file)]  # what confirming would write, too
    assert list(host.root.iterdir()) == []
    assert host.table is None


def test_check_mode_on_a_host_without_nft_says_what_would_be_loaded(host: Host) -> None:
    host.check_mode, host.programs = True, set()
    assert "chain guard_out" in host.call()["diff"][-2]["after"]
    host.check_mode = False
    with pytest.raises(HostError, match="nft is not installed here"):
        host.call()
    assert list(host.root.iterdir()) == []


def test_rules_that_nft_refuses_leave_everything_as_it_was(host: Host) -> None:
    host.confirmed()
    before = host.table
    wanted = firewall_run.want(firewall_run.Host(host.run), {**options(), "wan_mtu": 1400})
    step = firewall_run.plan_present(firewall_run.Host(host.run), wanted, UNITS)
    broken = firewall_run.Step(step.live, step.after, "BROKEN", step.files, step.enable, step.openings)
    with pytest.raises(HostError, match="the old ones stay: Error: syntax error"):
        firewall_run.apply_present(firewall_run.Host(host.run), wanted, broken, 60)
    assert host.table == before
    assert not host.timer


def test_connections_that_were_translated_before_are_forgotten(host: Host) -> None:
    host.translated = "tcp 6 431999 ESTABLISHED src=192.168.1.11 dst=192.168.2.11\n"
    host.call()
    listed, *forgotten = [text for text in host.commands if text.startswith("/usr/sbin/conntrack")]
    assert listed == "/usr/sbin/conntrack -L -f ipv4 --src-nat"
    assert forgotten == [
        f"/usr/sbin/conntrack -D -f ipv4 {side} 192.168.2.0/24 --src-nat" for side in ("--orig-src", "--orig-dst")
    ]


def test_where_nobody_translates_conntrack_is_asked_once(host: Host) -> None:
    host.call()
    assert len([text for text in host.commands if text.startswith("/usr/sbin/conntrack")]) == 1


def test_a_host_without_conntrack_is_warned(host: Host) -> None:
    host.programs.remove("conntrack")
    host.call()
    assert [warning[:30] for warning in host.warnings] == ["conntrack is not installed: co"]


def test_absent_removes_all_that_is_ours(host: Host) -> None:
    host.confirmed()
    host.call(intent={**INTENT, "management": []})
    gone = host.call("absent", intent=None)
    assert (gone["changed"], gone["armed"]) == (True, False)
    assert host.table is None
    assert [path for path in host.root.rglob("*") if not path.is_dir()] == []
    assert host.call("absent", intent=None)["changed"] is False
