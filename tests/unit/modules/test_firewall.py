# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module on a stand-in for a host: arming, confirming, rolling back, drift, check mode, removal."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.causeway.ipsec.plugins.module_utils import firewall_host, firewall_run
from ansible_collections.causeway.ipsec.plugins.module_utils.host_network import HostError
from ansible_collections.causeway.ipsec.plugins.modules import firewall

if TYPE_CHECKING:
    from pathlib import Path

TUNNEL = {
    "name": "berlin-london",
    "peers": ["198.51.100.20"],
    "protocol": "esp",
    "local_subnets": ["192.168.1.0/24"],
    "remote_subnets": ["192.168.2.0/24"],
    "ciphers": [["AES_GCM_16", ""]],
    "udp": False,
}
INTENT = {"local_address": "198.51.100.10", "management": ["198.51.100.7/32"], "tunnels": [TUNNEL]}
LINKS = [{"ifname": "wan0", "mtu": 1500, "addr_info": [{"local": "198.51.100.10", "prefixlen": 24}]}]
UNITS = {"causeway-firewall.service": "[Unit]\n", "nftables.service.d/causeway.conf": "[Service]\n"}
POST = {"family": "ip", "table": "nat"}
MASQUERADE: list[dict[str, Any]] = [
    {"chain": {**POST, "name": "post", "type": "nat", "hook": "postrouting", "policy": "accept"}},
    {"rule": {**POST, "chain": "post", "handle": 4, "expr": [{"masquerade": None}]}},
]


class Host:
    """Programs of a host that answer as the real ones do, as far as the module asks."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.table: str | None = None  # what nft lists
        self.timer = False
        self.foreign: list[dict[str, Any]] = []
        self.programs = {"nft", "unshare", "sshd", "conntrack"}
        self.namespaces = True
        self.sshd = (0, "port 22\nport 2022\nlistenaddress 0.0.0.0:22\nlistenaddress [::]:2222\n", "")
        self.warnings: list[str] = []
        self.commands: list[str] = []
        self.check_mode = False

    @property
    def file(self) -> Path:
        return self.root / "causeway" / "firewall.nft"

    def run(self, command: list[str], data: str = "", **_options: Any) -> tuple[int, str, str]:
        text = " ".join(command)
        self.commands.append(text)
        if command[0] == "sh":
            name = text.rsplit(" ", 1)[-1]
            return (0, f"/usr/sbin/{name}\n", "") if name in self.programs else (127, "", "")
        answer = getattr(self, "_" + command[0].rsplit("/", 1)[-1].replace("-", "_"))
        return answer(command, data)  # type: ignore[no-any-return]

    def _nft(self, command: list[str], data: str) -> tuple[int, str, str]:
        if "ruleset" in command:
            return 0, json.dumps({"nftables": self.foreign}), ""
        if "list" in command:
            return (1, "", "Error: No such file or directory") if self.table is None else (0, self.table, "")
        if "BROKEN" in data:
            return 1, "", "Error: syntax error"
        if "-c" not in command:
            self.table = listed(data if command[-1] == "-" else (self.root / "run").joinpath("before.nft").read_text())
        return 0, "", ""

    def _unshare(self, _command: list[str], data: str) -> tuple[int, str, str]:
        if not self.namespaces:
            return 1, "", "unshare: unshare failed: Operation not permitted"
        return 0, listed(data) or "", ""

    def _ip(self, command: list[str], _data: str) -> tuple[int, str, str]:
        return 0, json.dumps(LINKS if "address" in command else []), ""

    def _sshd(self, *_unused: Any) -> tuple[int, str, str]:
        return self.sshd

    def _conntrack(self, *_unused: Any) -> tuple[int, str, str]:
        return 1, "", "0 flow entries have been deleted."

    def _cat(self, *_unused: Any) -> tuple[int, str, str]:
        return 1, "", "No such file or directory"

    def _systemctl(self, command: list[str], _data: str) -> tuple[int, str, str]:
        if "is-active" in command:
            return (0 if self.timer else 3), "", ""
        if "stop" in command:
            self.timer = False
        if "enable" in command:
            link = self.root / "systemd" / "sysinit.target.wants" / command[-1]
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(self.root / "systemd" / command[-1])
        return 0, "", ""

    def _systemd_run(self, *_unused: Any) -> tuple[int, str, str]:
        if self.timer:
            return 1, "", "Unit causeway-firewall-rollback.timer was already loaded"
        self.timer = True
        return 0, "", ""

    def fire(self) -> None:
        """What the timer does."""
        self.timer = False
        self.run(["/usr/sbin/nft", "-f", "before.nft"])

    def call(self, state: str = "present", **params: Any) -> dict[str, Any]:
        defaults = {name: option.get("default") for name, option in firewall.SPEC.items()}
        module = SimpleNamespace(
            params={**defaults, "intent": INTENT, "units": UNITS, "state": state, **params},
            check_mode=self.check_mode,
            run_command=self.run,
            warn=self.warnings.append,
        )
        act: Any = {"present": firewall.present, "confirmed": firewall.confirmed, "absent": firewall.absent}[state]
        result: dict[str, Any] = act(module, firewall_run.Host(self.run))
        return result

    def confirmed(self, **params: Any) -> Host:
        assert self.call(**params)["armed"]
        assert self.call("confirmed", **params)["changed"]
        return self


def listed(text: str) -> str | None:
    """As nft lists what it was given: without the lines that make room, with the elements in another order."""
    table = text.partition("delete table inet causeway\n")[2]

    def turned(match: re.Match[str]) -> str:
        elements = [element.strip() for element in match.group(1).split(",")]
        return f"elements = {{ {', '.join(reversed(elements))} }}"

    return re.sub(r"elements = \{(.*?)\}", turned, table, flags=re.DOTALL) or None


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    monkeypatch.setattr(firewall_run, "RULES_FILE", str(tmp_path / "causeway" / "firewall.nft"))
    monkeypatch.setattr(firewall_run, "RULES_BEFORE", str(tmp_path / "run" / "before.nft"))
    monkeypatch.setattr(firewall_run, "SYSTEMD", str(tmp_path / "systemd"))
    monkeypatch.setattr(firewall_run, "UNFINISHED", str(tmp_path / "unfinished"))
    monkeypatch.setattr(firewall_host, "LEGACY_TABLES", ())
    return Host(tmp_path)


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
    host.call()
    host.commands.clear()
    host.call()
    assert len([text for text in host.commands if text.startswith("/usr/sbin/conntrack")]) == 2


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
    wanted = firewall_run.want(firewall_run.Host(host.run), {**params(), "wan_mtu": 1400})
    step = firewall_run.plan_present(firewall_run.Host(host.run), wanted, UNITS)
    broken = firewall_run.Step(step.live, step.after, "BROKEN", step.files, step.enable, step.openings)
    with pytest.raises(HostError, match="the old ones stay: Error: syntax error"):
        firewall_run.apply_present(firewall_run.Host(host.run), wanted, broken, 60)
    assert host.table == before
    assert not host.timer


def params() -> dict[str, Any]:
    return {**{name: option.get("default") for name, option in firewall.SPEC.items()}, "intent": INTENT}


def test_ssh_ports_are_those_of_sshd(host: Host) -> None:
    host.call()
    assert "tcp dport { 22, 2022, 2222 }" in str(host.table)
    host.programs.remove("sshd")
    assert firewall_host.ssh_ports(host.run, []) == (22,)
    assert firewall_host.ssh_ports(host.run, [2022, 22]) == (22, 2022)


def test_an_sshd_that_does_not_tell_its_ports_is_an_error_with_a_remedy(host: Host) -> None:
    host.sshd = (255, "", "no hostkeys available\n")
    with pytest.raises(HostError, match=r"no hostkeys available\. Name them in ssh_ports"):
        host.call()
    assert host.call(intent={**INTENT, "management": []})["changed"]


def test_a_host_that_translates_addresses_for_others_goes_on_forwarding(host: Host) -> None:
    assert host.call()["router"] == {"allowed": False, "why": "this host translates addresses for nobody"}
    assert "forwarding for no tunnel" in str(host.table)
    host.foreign = MASQUERADE
    router = host.call()["router"]
    assert router["allowed"]
    assert "table ip nat, chain post" in router["why"]
    assert "forwarding for no tunnel" not in str(host.table)
    assert not host.call(forward_others="drop")["router"]["allowed"]


def test_connections_are_tracked_where_somebody_else_has_rules(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    def tracked() -> bool:
        host.call()
        text = str(host.table)
        assert ("notrack" in text) is not ("chain keep_addresses" in text)
        return "chain keep_addresses" in text

    assert not tracked()
    assert "ct state" not in str(host.table)
    host.foreign = MASQUERADE
    assert tracked()
    host.foreign = []
    names = host.root / "ip_tables_names"
    monkeypatch.setattr(firewall_host, "LEGACY_TABLES", (str(names),))
    assert not tracked()
    names.write_text("filter\n", encoding="ascii")
    assert tracked()
    assert "ct state established,related accept" in str(host.table)


def test_backend_none_filters_nothing_and_guards_all_the_same(host: Host) -> None:
    result = host.call(backend="none")
    assert (result["backend"], result["router"]["allowed"]) == ("none", True)
    assert "chain guard_out" in str(host.table)
    assert "chain input" not in str(host.table)


def test_connections_that_were_translated_before_are_forgotten(host: Host) -> None:
    host.call()
    asked = [text for text in host.commands if text.startswith("/usr/sbin/conntrack")]
    assert asked == [
        f"/usr/sbin/conntrack -D -f ipv4 {side} 192.168.2.0/24 --src-nat" for side in ("--orig-src", "--orig-dst")
    ]


def test_a_host_without_conntrack_is_warned(host: Host) -> None:
    host.programs.remove("conntrack")
    host.call()
    assert [warning[:30] for warning in host.warnings] == ["conntrack is not installed: co"]


def test_userspace_esp_has_the_mtu_of_its_device_and_udp(host: Host) -> None:
    assert host.call(dataplane="userspace")["mss"]["ipv4"] == 1360
    assert host.call(dataplane="userspace", wan_mtu=1300)["mss"]["ipv4"] == 1198


def test_the_smallest_tunnel_decides_for_each_version(host: Host) -> None:
    old = {**TUNNEL, "ciphers": [["AES_CBC", "HMAC_SHA2_512_256"], ["AES_GCM_16", ""]], "udp": True}
    six = {**TUNNEL, "remote_subnets": ["2001:db8:2::/64"]}
    intent = {**INTENT, "tunnels": [TUNNEL, old, six]}
    assert firewall_host.segment_sizes(intent, 1500, "kernel") == {4: 1366, 6: 1386}


def test_an_address_that_no_interface_has_is_an_error(host: Host) -> None:
    with pytest.raises(HostError, match=r"no interface of this host has the address 192\.0\.2\.1"):
        host.call(intent={**INTENT, "local_address": "192.0.2.1"})


def test_absent_removes_all_that_is_ours(host: Host) -> None:
    host.confirmed()
    host.call(intent={**INTENT, "management": []})
    gone = host.call("absent", intent=None)
    assert (gone["changed"], gone["armed"]) == (True, False)
    assert host.table is None
    assert [path for path in host.root.rglob("*") if not path.is_dir()] == []
    assert host.call("absent", intent=None)["changed"] is False
