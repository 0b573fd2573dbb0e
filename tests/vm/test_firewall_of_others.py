# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A gateway whose own firewall drops what tunnels need. A program that runs it is told, and told again when we go; a
plain ruleset is named, with what it lacks, and nothing is changed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from modules import module
from runs import eventually
from sites import BERLIN_LAN, INSTALL, PROVEN, play_firewall, tunnel_works
from traffic import pings

if TYPE_CHECKING:
    from vmlab import Lab

pytestmark = pytest.mark.usefixtures("first_run")

GATEWAY = "berlin-gw"
EVERYTHING = "nft -s list ruleset"
THEIRS = (
    "nft 'table inet theirs { chain input { type filter hook input priority filter; policy drop;"
    " ct state established,related accept; iif lo accept; tcp dport 22 accept; icmp type echo-request accept; }; }'"
)


@dataclass(frozen=True)
class Manager:
    """A program that runs a host's firewall: how it begins, what shows all that it was told, how it ends."""

    name: str
    begin: str
    told: str
    end: str

    def __str__(self) -> str:
        return self.name


MANAGERS = [
    Manager(
        "firewalld",
        # Not with the zone internal, whose services need a conntrack helper that the lab's kernel lacks.
        f"{INSTALL} firewalld netbase && for zone in public=wan0 dmz=lan0 trusted=mgmt0; do"
        " firewall-cmd -q --permanent --zone=${zone%=*} --add-interface=${zone#*=}; done; firewall-cmd -q --reload",
        "cd /etc/firewalld && find . -type f -exec grep -H . {} +; nft -s list table inet firewalld",
        "systemctl stop firewalld; apt-get -qq -y purge --autoremove firewalld; rm -rf /etc/firewalld",
    ),
    Manager(
        "ufw",
        # Not with IPv6, for which the lab's kernel lacks a match.
        f"{INSTALL} ufw iptables netbase && sed -i s/^IPV6=yes/IPV6=no/ /etc/default/ufw && ufw allow in on mgmt0"
        " && ufw --force enable",
        "ufw status verbose; cat /etc/ufw/user.rules",
        "ufw --force disable; apt-get -qq -y purge --autoremove ufw iptables",
    ),
]


@pytest.mark.parametrize("manager", MANAGERS, ids=str)
def test_who_runs_the_firewall_is_told_what_tunnels_need_for_as_long_as_they_do(lab: Lab, manager: Manager) -> None:
    lab.ssh(GATEWAY, "nft delete table inet causeway")
    try:
        lab.ssh(GATEWAY, f"{manager.begin} && conntrack -F")
        before = lab.ssh(GATEWAY, manager.told)
        assert pings(lab, "london-1", BERLIN_LAN, count=2) == 0
        done = play_firewall(lab)
        assert PROVEN.search(done.output), done.output[-6000:]
        lab.ssh(GATEWAY, "conntrack -F")
        assert pings(lab, "london-1", BERLIN_LAN, count=2) == 2
        assert lab.ssh(GATEWAY, manager.told) != before
        assert set(play_firewall(lab).changed.values()) == {0}
        assert module(lab, GATEWAY, "causeway.ipsec.firewall", state="absent")["changed"]
        assert lab.ssh(GATEWAY, manager.told) == before
        assert "causeway" not in lab.ssh(GATEWAY, EVERYTHING)
    finally:
        lab.ssh(GATEWAY, f"{manager.end}; nft flush ruleset")
    assert PROVEN.search(play_firewall(lab).output)
    assert eventually(lambda: tunnel_works(lab), 10)


def test_rules_of_a_tunnel_that_left_leave_with_it(lab: Lab) -> None:
    play_firewall(lab, {**lab.scenario.topology, "tunnels": []}).succeeded()
    assert "192.168." not in lab.ssh(GATEWAY, EVERYTHING)
    assert "198.51.100.20" not in lab.ssh(GATEWAY, EVERYTHING)
    play_firewall(lab).succeeded()


def test_a_ruleset_that_drops_is_named_with_what_it_lacks(lab: Lab) -> None:
    lab.ssh(GATEWAY, f"nft delete table inet causeway; {THEIRS}")
    try:
        before = lab.ssh(GATEWAY, EVERYTHING)
        refused = play_firewall(lab)
        said = " ".join(refused.output.split())
        assert refused.status != 0
        assert "table inet theirs, chain input: the policy drop is in the way of ESP of berlin-london, IKE of" in said
        assert refused.changed[GATEWAY] == 0
        assert lab.ssh(GATEWAY, EVERYTHING) == before
        remedy = re.findall(r"nft insert rule inet theirs input .*? accept\b", said)
        assert remedy, refused.output[-3000:]
        lab.ssh(GATEWAY, "; ".join(dict.fromkeys(remedy)))
        assert PROVEN.search(play_firewall(lab).output)
    finally:
        lab.ssh(GATEWAY, "nft delete table inet theirs")
