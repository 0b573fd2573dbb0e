# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which openings a gateway needs, and what firewalld and ufw are told of them. The programs' words are real ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.causeway.ipsec.plugins.module_utils import ufw
from ansible_collections.causeway.ipsec.plugins.module_utils.firewalld import plan_firewalld, rich_rules
from ansible_collections.causeway.ipsec.plugins.module_utils.host_network import HostError
from ansible_collections.causeway.ipsec.plugins.module_utils.openings import (
    Opening,
    detect_backend,
    plan_openings,
    wanted_openings,
)

TUNNEL = {
    "name": "berlin-london",
    "peers": ["198.51.100.20"],
    "protocol": "esp",
    "local_subnets": ["192.168.1.0/24", "2001:db8:1::/64"],
    "remote_subnets": ["192.168.2.0/24", "2001:db8:2::/64"],
}
IKE = Opening("input", 4, "udp", (500, 4500), "198.51.100.20", None, "IKE of a")
ESP6 = Opening("input", 6, "esp", (), "2001:db8::20", None, "ESP of six")
OUT = Opening("forward", 4, "any", (), "192.168.1.0/24", "192.168.2.0/24", "traffic of a")


def the_intent(*tunnels: dict[str, Any], management: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"management": list(management), "tunnels": list(tunnels)}


def test_a_tunnel_needs_its_peer_and_its_pairs_of_one_family() -> None:
    assert [
        (item.hook, item.version, item.protocol, item.ports, item.source, item.destination)
        for item in wanted_openings(the_intent(TUNNEL, management=("198.51.100.7/32",)), [2222, 22, 22])
    ] == [
        ("input", 4, "esp", (), "198.51.100.20", None),
        ("input", 4, "tcp", (22, 2222), "198.51.100.7/32", None),
        ("input", 4, "udp", (500, 4500), "198.51.100.20", None),
        ("forward", 4, "any", (), "192.168.1.0/24", "192.168.2.0/24"),
        ("forward", 4, "any", (), "192.168.2.0/24", "192.168.1.0/24"),
        ("forward", 6, "any", (), "2001:db8:1::/64", "2001:db8:2::/64"),
        ("forward", 6, "any", (), "2001:db8:2::/64", "2001:db8:1::/64"),
    ]


def test_a_peer_of_any_address_is_any_source_in_both_families() -> None:
    tunnel = {**TUNNEL, "peers": [], "protocol": "ah", "local_subnets": []}
    assert wanted_openings(the_intent(tunnel, {**tunnel, "name": "other"}), []) == [
        Opening("input", 4, "ah", (), None, None, "AH of berlin-london"),
        Opening("input", 4, "udp", (500, 4500), None, None, "IKE of berlin-london"),
        Opening("input", 6, "ah", (), None, None, "AH of berlin-london"),
        Opening("input", 6, "udp", (500, 4500), None, None, "IKE of berlin-london"),
    ]


def test_a_second_tunnel_to_the_peer_adds_its_own_protocol_only() -> None:
    second = {**TUNNEL, "name": "second", "protocol": "ah"}
    new = set(wanted_openings(the_intent(TUNNEL, second), [])) - set(wanted_openings(the_intent(TUNNEL), []))
    assert [(item.protocol, item.why) for item in new] == [("ah", "AH of second")]


class Host:
    """Answers commands by what they begin with; what is not named is not there."""

    def __init__(self, **answers: tuple[int, str]) -> None:
        self.answers = answers
        self.asked: list[list[str]] = []

    def __call__(self, command: list[str], **_options: Any) -> tuple[int, str, str]:
        self.asked.append(command)
        if command[0] == "sh":
            name = command[-1].split()[-1]
            found = name.replace("-", "_") in self.answers
            return (0, f"/usr/bin/{name}\n", "") if found else (127, "", "")
        status, out = self.answers.get(Path(command[0]).name.replace("-", "_"), (127, ""))
        return status, out, ""


@pytest.mark.parametrize(
    ("answers", "backend"),
    [
        ({}, "nftables"),
        ({"firewall_cmd": (0, "running\n"), "ufw": (0, "Status: active\n")}, "firewalld"),
        ({"firewall_cmd": (252, "not running\n"), "ufw": (0, "Status: active\n")}, "ufw"),
        ({"firewall_cmd": (252, "not running\n"), "ufw": (0, "Status: inactive\n")}, "nftables"),
    ],
)
def test_the_backend_is_what_runs(answers: dict[str, tuple[int, str]], backend: str) -> None:
    assert detect_backend(Host(**answers)) == backend


def test_a_firewalld_that_failed_is_not_passed_over() -> None:
    with pytest.raises(HostError, match="firewalld runs, but could not load its configuration"):
        detect_backend(Host(firewall_cmd=(251, "failed\n")))


def test_a_plain_host_without_openings_is_not_even_looked_at() -> None:
    host = Host()
    assert not plan_openings("nftables", host, []).changed
    assert host.asked == []
    with pytest.raises(HostError, match="Install the package nftables"):
        plan_openings("nftables", host, [IKE])


def test_rich_rules_name_protocols_by_number() -> None:
    assert [rule for opening in (IKE, ESP6, replace(ESP6, source=None), OUT) for rule in rich_rules(opening)] == [
        'rule family="ipv4" source address="198.51.100.20" port port="500" protocol="udp" accept',
        'rule family="ipv4" source address="198.51.100.20" port port="4500" protocol="udp" accept',
        'rule family="ipv6" source address="2001:db8::20" protocol value="50" accept',
        'rule family="ipv6" protocol value="50" accept',
        'rule family="ipv4" source address="192.168.1.0/24" destination address="192.168.2.0/24" accept',
    ]


ZONES = """public{mark}
  target: default
  interfaces: {interfaces}
  services: {services}
  rich rules: {rules}

"""
POLICY = """causeway-in{mark}
  priority: {priority}
  target: CONTINUE
  ingress-zones: ANY
  egress-zones: HOST
  rich rules:{space}
"""


class Firewalld:
    """firewall-cmd with the two sides that it has; changes are only written down."""

    def __init__(self, files: str = "", daemon: str = "", **zone: str) -> None:
        self.policies = {True: files, False: daemon}
        self.zone = {"interfaces": "", "services": "dhcpv6-client ssh", "rules": "", **zone}
        self.direct = ""
        self.network_manager = False
        self.told: list[str] = []

    def __call__(self, command: list[str], **_options: Any) -> tuple[int, str, str]:
        if command[0] == "systemctl":
            return (0 if self.network_manager else 3), "", ""
        kept = "--permanent" in command
        if "--list-all-policies" in command:
            return 0, self.policies[kept], ""
        if "--list-all-zones" in command:
            plain = {"interfaces": "", "services": "ssh dhcpv6-client", "rules": "", "mark": ""}
            return 0, ZONES.format(**plain if kept else {**plain, **self.zone, "mark": " (default, active)"}), ""
        if "--direct" in command or "--get-ipsets" in command:
            return 0, "" if kept or "--get-all-rules" not in command else self.direct, ""
        self.told.append(" ".join(command[1:]))
        return 0, "success\n", ""


def a_policy(*openings: Opening, priority: str = "-32768") -> str:
    text = POLICY.format(mark=" (active)", priority=priority, space=" ")
    return text + "".join(f"\t{rule}\n" for opening in openings for rule in rich_rules(opening))


def test_the_first_opening_makes_the_policy_and_is_not_yet_told() -> None:
    host = Firewalld()
    plan = plan_firewalld(host, [IKE])
    assert (plan.changed, plan.before, plan.adding) == (True, "", frozenset([IKE]))
    assert plan.after.count('port port="500" protocol="udp" accept') == 2
    assert host.told == []


@pytest.mark.parametrize(
    ("zone", "line"),
    [
        ({"services": "dhcpv6-client http ssh"}, "zone public: services: dhcpv6-client http ssh (not in the files)"),
        ({"interfaces": "eth0"}, "zone public: interfaces: eth0 (not in the files)"),
        ({"rules": "\n\trule service name=x drop"}, "zone public: rule service name=x drop (not in the files)"),
    ],
)
def test_a_reload_that_would_lose_something_is_refused(zone: dict[str, str], line: str) -> None:
    with pytest.raises(HostError) as caught:
        plan_firewalld(Firewalld(**zone), [IKE])
    assert str(caught.value) == (
        "firewalld has to be reloaded to begin with the policies causeway-in, and a reload loses what was changed at "
        f"runtime only:\n  {line}\nKeep it with `firewall-cmd --runtime-to-permanent`, or let it go with "
        "`firewall-cmd --reload`; then run this again."
    )


def test_interfaces_that_network_manager_puts_back_are_not_lost() -> None:
    host = Firewalld(interfaces="eth0")
    host.network_manager = True
    assert plan_firewalld(host, [IKE]).changed
    host.direct = "ipv4 filter INPUT 0 -j DROP\n"
    with pytest.raises(HostError, match="direct: ipv4 filter INPUT 0 -j DROP"):
        plan_firewalld(host, [IKE])


def test_rules_of_a_policy_that_is_there_need_no_reload() -> None:
    there = a_policy(IKE)
    host = Firewalld(there, there, services="http")
    assert not plan_firewalld(host, [IKE]).changed
    plan = plan_firewalld(host, [ESP6])
    assert (plan.changed, plan.adding) == (True, frozenset([ESP6]))
    with pytest.raises(HostError, match="firewalld did not take all rules of the policy causeway-in"):
        plan.apply()  # this one only writes down what it was told
    udp = 'rule family="ipv4" source address="198.51.100.20" port port="{}" protocol="udp" accept'
    remove = f"--remove-rich-rule={udp.format(4500)} --remove-rich-rule={udp.format(500)}"
    add = '--add-rich-rule=rule family="ipv6" source address="2001:db8::20" protocol value="50" accept'
    assert host.told == [
        f"--permanent --policy=causeway-in {add}",
        f"--permanent --policy=causeway-in {remove}",
        f"--policy=causeway-in {add}",
        f"--policy=causeway-in {remove}",
    ]


def test_a_policy_with_another_priority_is_made_again() -> None:
    there = a_policy(IKE, priority="-5")
    plan = plan_firewalld(Firewalld(there, there), [IKE])
    assert "priority: -5" in plan.before
    assert "priority: -32768" in plan.after


def test_an_empty_policy_that_only_the_daemon_has_is_gone() -> None:
    assert not plan_firewalld(Firewalld(daemon=a_policy()), []).changed
    assert plan_firewalld(Firewalld(daemon=a_policy(IKE)), []).changed
    assert plan_firewalld(Firewalld(files=a_policy(), daemon=a_policy()), []).changed


USER = """### tuple ### allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 in
### tuple ### deny any any 0.0.0.0/0 any 198.51.100.0/24 in
### tuple ### allow udp 500,4500 0.0.0.0/0 any 198.51.100.20 in comment=63617573657761792e6970736563
### tuple ### route:allow any any 192.168.2.0/24 any 192.168.1.0/24 in comment=63617573657761792e6970736563
### tuple ### allow tcp 80 0.0.0.0/0 any 0.0.0.0/0 Apache - in
### tuple ### allow tcp 23 0.0.0.0/0 any 0.0.0.0/0 in_eth0 comment=6d696e65
"""


@pytest.fixture
def ufw_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "user.rules").write_text(USER, encoding="ascii")
    (tmp_path / "user6.rules").write_text("", encoding="ascii")
    (tmp_path / "defaults").write_text("# x\nIPV6=yes\n", encoding="ascii")
    monkeypatch.setattr(ufw, "FILES", (str(tmp_path / "user.rules"), str(tmp_path / "user6.rules")))
    monkeypatch.setattr(ufw, "DEFAULTS", str(tmp_path / "defaults"))
    return tmp_path


class Ufw:
    def __init__(self, out: str = "Rule inserted\n") -> None:
        self.out = out
        self.told: list[str] = []

    def __call__(self, command: list[str], **_options: Any) -> tuple[int, str, str]:
        self.told.append(" ".join(command))
        return 0, self.out, ""


def test_ufw_is_told_the_difference_only(ufw_files: Path) -> None:
    host = Ufw()
    assert not ufw.plan_ufw(host, [IKE, OUT]).changed
    plan = ufw.plan_ufw(host, [replace(IKE, source="198.51.100.30"), OUT, ESP6])
    assert {opening.why for opening in plan.adding} == {"IKE of a", "ESP of six"}
    assert host.told == []
    plan.apply()
    assert host.told == [
        "ufw prepend allow proto udp from 198.51.100.30 to 0.0.0.0/0 port 500,4500 comment causeway.ipsec",
        "ufw prepend allow proto esp from 2001:db8::20 to ::/0 comment causeway.ipsec",
        "ufw delete allow proto udp from 198.51.100.20 to 0.0.0.0/0 port 500,4500",
    ]


def test_ufw_removes_ours_alone(ufw_files: Path) -> None:
    host = Ufw()
    ufw.plan_ufw(host, []).apply()
    assert host.told == [
        "ufw delete allow proto udp from 198.51.100.20 to 0.0.0.0/0 port 500,4500",
        "ufw route delete allow from 192.168.1.0/24 to 192.168.2.0/24",
    ]


def test_what_the_administrator_allows_already_is_left_to_him(ufw_files: Path) -> None:
    anyone = Opening("input", 4, "tcp", (22,), None, None, "SSH from anywhere")
    assert not ufw.plan_ufw(Ufw(), [IKE, OUT, anyone]).changed
    contrary = USER + "### tuple ### reject esp any 0.0.0.0/0 any 198.51.100.20 in\n"
    (ufw_files / "user.rules").write_text(contrary, encoding="ascii")
    with pytest.raises(HostError, match=r"`ufw delete reject proto esp from 198\.51\.100\.20 to 0\.0\.0\.0/0`"):
        ufw.plan_ufw(Ufw(), [replace(IKE, protocol="esp", ports=())])


def test_a_rule_that_ufw_skips_is_an_error(ufw_files: Path) -> None:
    with pytest.raises(HostError, match="Skipping inserting existing rule"):
        ufw.plan_ufw(Ufw("Skipping inserting existing rule\n"), [ESP6]).apply()


def test_without_ipv6_in_ufw_it_is_not_told_of_it(ufw_files: Path) -> None:
    (ufw_files / "defaults").write_text("IPV6=no\n", encoding="ascii")
    assert not ufw.plan_ufw(Ufw(), [IKE, OUT, ESP6]).changed
