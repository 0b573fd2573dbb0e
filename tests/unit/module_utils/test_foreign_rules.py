# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What rulesets of others do to our packets. nft 1.0.6 and 1.1.3 printed the rulesets on hosts that had them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.causeway.ipsec.plugins.module_utils.foreign_managed import legacy_drops, with_openings
from ansible_collections.causeway.ipsec.plugins.module_utils.foreign_match import Packet, holds
from ansible_collections.causeway.ipsec.plugins.module_utils.foreign_packets import packets
from ansible_collections.causeway.ipsec.plugins.module_utils.foreign_report import judge
from ansible_collections.causeway.ipsec.plugins.module_utils.foreign_rules import Ruleset, has_rules, natting
from ansible_collections.causeway.ipsec.plugins.module_utils.opening_plan import Opening

RULESETS = Path(__file__).parent / "rulesets"
ROUTES = {
    "198.51.100.20": {"dev": "wan0", "prefsrc": "198.51.100.10"},
    "198.51.100.30": {"dev": "wan0", "prefsrc": "198.51.100.10"},
    "192.168.1.0/24": {"dev": "lan0"},
    "192.168.2.0/24": {"dev": "wan0"},
}
IKE = Opening("input", 4, "udp", (500, 4500), "198.51.100.20", None, "IKE of a")
IKE2 = replace(IKE, source="198.51.100.30", why="IKE of b")
ESP = Opening("input", 4, "esp", (), "198.51.100.20", None, "ESP of a")
ESP6 = Opening("input", 6, "esp", (), "2001:db8::20", None, "ESP of six")
AH6 = Opening("input", 6, "ah", (), "2001:db8::20", None, "AH of six")
SSH = Opening("input", 4, "tcp", (22,), "198.51.100.7/32", None, "SSH from 198.51.100.7/32")
OUT = Opening("forward", 4, "any", (), "192.168.1.0/24", "192.168.2.0/24", "traffic of a")
BACK = Opening("forward", 4, "any", (), "192.168.2.0/24", "192.168.1.0/24", "traffic of a")


def the_ruleset(name: str) -> Ruleset:
    return Ruleset(
        json.loads((RULESETS / f"{name}.json").read_text(encoding="ascii")),
        (RULESETS / f"{name}.txt").read_text(encoding="ascii"),
    )


def judged(name: str | Ruleset, *openings: Opening) -> tuple[list[str], list[str]]:
    ruleset = the_ruleset(name) if isinstance(name, str) else name
    return judge(ruleset, [(opening, packets(opening, ROUTES)) for opening in openings])


@pytest.mark.parametrize("name", ["hardened", "hardened13"])
def test_a_policy_of_drop_is_named_with_the_lines_that_are_missing(name: str) -> None:
    errors, warnings = judged(name, IKE, IKE2, ESP, SSH, OUT, BACK)
    assert errors == [
        (
            "table inet filter, chain input: the policy drop is in the way of IKE of a, IKE of b, ESP of a. Let them "
            "in before it, and where this ruleset is kept (on Debian /etc/nftables.conf):\n"
            "  nft insert rule inet filter input ip saddr { 198.51.100.20, 198.51.100.30 } "
            "udp dport { 500, 4500 } accept\n"
            "  nft insert rule inet filter input ip saddr 198.51.100.20 meta l4proto esp accept"
        ),
        (
            "table inet filter, chain forward: the policy drop is in the way of traffic of a. Let them in before it, "
            "and where this ruleset is kept (on Debian /etc/nftables.conf):\n"
            "  nft insert rule inet filter forward ip saddr 192.168.1.0/24 ip daddr 192.168.2.0/24 accept\n"
            "  nft insert rule inet filter forward ip saddr 192.168.2.0/24 ip daddr 192.168.1.0/24 accept"
        ),
    ]
    assert warnings == []


def test_a_hundred_peers_are_one_message_with_one_set() -> None:
    many = [replace(IKE, source=f"203.0.113.{number}", why=f"IKE of t{number}") for number in range(100)]
    errors, _unused = judged("hardened", *many)
    assert len(errors) == 1
    assert "IKE of t0, IKE of t1, IKE of t2 and 97 more." in errors[0]
    assert errors[0].count("nft insert rule") == 1
    assert errors[0].count("203.0.113.") == 100


def test_what_is_accepted_is_no_obstacle() -> None:
    six = replace(IKE, version=6, source=None, why="IKE of any")
    assert judged("accepting", IKE, IKE2, ESP, ESP6, AH6, SSH, six, OUT, BACK) == ([], [])


def test_a_peer_that_the_set_does_not_hold_is_rejected_by_the_rule() -> None:
    errors, warnings = judged("accepting", replace(ESP, source="198.51.100.21"))
    assert errors[0].startswith(
        "table inet filter, chain input: the rule `reject with icmpx admin-prohibited` is in the way of ESP of a."
    )
    assert warnings == []


def test_any_address_may_be_in_the_set_or_not() -> None:
    errors, warnings = judged("accepting", replace(IKE, source=None))
    assert errors == []
    assert warnings == [
        (
            "table inet filter, chain input: the rule `reject with icmpx admin-prohibited` may be in the way "
            "of IKE of a; whether it is depends on what cannot be read from the ruleset. If the tunnel does not come "
            "up, look there first."
        )
    ]


def test_forwarding_by_an_interface_that_no_rule_names_is_dropped() -> None:
    routes: dict[str, dict[str, Any]] = {**ROUTES, "192.168.1.0/24": {"dev": "lan1"}}
    errors, warnings = judge(the_ruleset("accepting"), [(OUT, packets(OUT, routes))])
    assert (len(errors), warnings) == (1, [])
    unknown: dict[str, dict[str, Any]] = {}
    errors, warnings = judge(the_ruleset("accepting"), [(OUT, packets(OUT, unknown))])
    assert (errors, len(warnings)) == ([], 1)


def test_rules_of_iptables_are_read_by_their_translation() -> None:
    errors, warnings = judged("iptables", IKE, IKE2, replace(ESP, source="198.51.100.30"), SSH, AH6, OUT)
    assert errors == [
        (
            "table ip filter, chain INPUT: the rule `reject` is in the way of IKE of a. Let them in before it, and "
            "where these iptables rules are kept (iptables-persistent: /etc/iptables/rules.v4 and rules.v6):\n"
            "  iptables -I INPUT -s 198.51.100.20 -p udp -m multiport --dports 500,4500 -j ACCEPT"
        ),
        (
            "table ip filter, chain FORWARD: the policy drop is in the way of traffic of a. Let them in before it, and "
            "where these iptables rules are kept (iptables-persistent: /etc/iptables/rules.v4 and rules.v6):\n"
            "  iptables -I FORWARD -s 192.168.1.0/24 -d 192.168.2.0/24 -j ACCEPT"
        ),
    ]
    assert warnings == []


def test_without_a_translation_iptables_matches_leave_it_open() -> None:
    ruleset = Ruleset(json.loads((RULESETS / "iptables.json").read_text(encoding="ascii")))
    errors, warnings = judged(ruleset, IKE)
    assert (errors, len(warnings)) == ([], 1)


def test_docker_is_told_where_it_leaves_rules_alone() -> None:
    errors, warnings = judged("docker", OUT, BACK, IKE)
    assert [error.partition("\n")[2] for error in errors] == [
        (
            "  iptables -I DOCKER-USER -s 192.168.1.0/24 -d 192.168.2.0/24 -j ACCEPT\n"
            "  iptables -I DOCKER-USER -s 192.168.2.0/24 -d 192.168.1.0/24 -j ACCEPT"
        )
    ]
    assert "table ip filter, chain FORWARD: the policy drop" in errors[0]
    assert warnings == []


def test_ufw_lets_in_what_it_is_told() -> None:
    errors, _unused = judged("ufw", IKE, OUT)
    assert [error.partition(" is in")[0] for error in errors] == [
        "table ip filter, chain INPUT: the policy drop",
        "table ip filter, chain FORWARD: the policy drop",
    ]
    assert judged(with_openings(the_ruleset("ufw"), "ufw"), IKE, ESP, ESP6, SSH, OUT, BACK) == ([], [])
    assert judged(with_openings(the_ruleset("ufw"), "ufw"), AH6) == ([], [])
    assert "ip6tables -I ufw6-before-input -s 2001:db8::20 -m ah -j ACCEPT" in judged("ufw", AH6)[0][0]


def test_firewalld_lets_in_what_it_is_told() -> None:
    errors, _unused = judged("firewalld", IKE)
    assert "table inet firewalld" in errors[0]
    assert judged(with_openings(the_ruleset("firewalld"), "firewalld"), IKE, ESP, ESP6, SSH, OUT, BACK) == ([], [])


def test_firewalld_2_forwards_nothing_between_interfaces_that_no_zone_names() -> None:
    future = with_openings(the_ruleset("firewalld_unbound"), "firewalld")
    assert judged(future, IKE, ESP, ESP6, SSH) == ([], [])
    errors, warnings = judged(future, OUT, BACK)
    assert len(errors) == 1
    assert errors[0] == (
        "table inet firewalld, chain filter_FORWARD_POLICIES: the rule `reject with icmpx admin-prohibited` is in the "
        "way of traffic of a. firewalld applies no policy between interfaces that are in the default zone only because "
        "no zone names them. Name one (in the zone that it should be in): firewall-cmd --permanent "
        "--zone=$(firewall-cmd --get-default-zone) --add-interface=lan0 && firewall-cmd --zone=$(firewall-cmd "
        "--get-default-zone) --add-interface=lan0"
    )
    assert warnings == []


def test_our_own_table_is_not_in_our_way() -> None:
    chain = {"family": "inet", "table": "causeway", "name": "in", "type": "filter", "hook": "input", "policy": "drop"}
    assert judged(Ruleset({"nftables": [{"metainfo": {}}, {"chain": chain}]}), IKE) == ([], [])
    assert len(judged(Ruleset({"nftables": [{"chain": {**chain, "table": "other"}}]}), IKE)[0]) == 1


@pytest.mark.parametrize(
    ("match", "answer"),
    [
        ({"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": "198.51.100.20"}, True),
        ({"op": "!=", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": "198.51.100.20"}, False),
        ({"left": {"payload": {"protocol": "ip6", "field": "saddr"}}, "right": "2001:db8::1"}, False),
        ({"left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": 500}, False),
        ({"left": {"payload": {"protocol": "th", "field": "dport"}}, "right": {"range": [400, 500]}}, True),
        ({"op": "<", "left": {"payload": {"protocol": "udp", "field": "dport"}}, "right": 500}, False),
        ({"op": "<=", "left": {"payload": {"protocol": "udp", "field": "dport"}}, "right": 500}, True),
        ({"op": ">", "left": {"payload": {"protocol": "udp", "field": "dport"}}, "right": 499}, True),
        ({"left": {"payload": {"protocol": "udp", "field": "sport"}}, "right": 500}, None),
        ({"left": {"meta": {"key": "l4proto"}}, "right": {"set": ["tcp", "udp"]}}, True),
        ({"left": {"meta": {"key": "l4proto"}}, "right": "igmp"}, False),
        ({"left": {"meta": {"key": "iifname"}}, "right": "wan*"}, True),
        ({"left": {"meta": {"key": "iifname"}}, "right": {"set": ["lan0", "docker0"]}}, False),
        ({"left": {"meta": {"key": "mark"}}, "right": 1}, None),
        ({"left": {"meta": {"key": "ipsec"}}, "right": True}, False),
        ({"left": {"ct": {"key": "status"}}, "right": "dnat"}, False),
        ({"left": {"fib": {"result": "type", "flags": ["daddr"]}}, "right": "local"}, True),
        ({"left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": "@unheard"}, None),
        ({"left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": "@some"}, True),
        (
            {
                "left": {
                    "concat": [{"meta": {"key": "l4proto"}}, {"payload": {"protocol": "th", "field": "dport"}}],
                },
                "right": {"set": [{"concat": ["tcp", 22]}, {"concat": ["udp", 500]}]},
            },
            True,
        ),
    ],
)
def test_a_match_holds_or_not_or_nobody_knows(match: dict[str, Any], answer: bool | None) -> None:
    packet = packets(IKE, ROUTES)[0]
    assert packet == Packet("input", 4, "udp", 500, "198.51.100.20", "198.51.100.10", "wan0", None)
    assert holds(match, packet, {"some": [{"prefix": {"addr": "198.51.100.0", "len": 24}}]}) is answer


def test_ah_is_the_protocol_in_both_families() -> None:
    packet = packets(AH6, {})[0]
    assert holds({"left": {"meta": {"key": "l4proto"}}, "right": "ah"}, packet, {}) is True
    assert holds({"left": {"payload": {"protocol": "ip6", "field": "nexthdr"}}, "right": "ah"}, packet, {}) is True
    errors, _unused = judged("hardened", AH6)
    assert "nft insert rule inet filter input ip6 saddr 2001:db8::20 meta l4proto ah accept" in errors[0]


def test_natting_names_the_rules_of_others() -> None:
    found = [natting(json.loads((RULESETS / f"{name}.json").read_text("ascii"))) for name in ("hardened", "docker")]
    assert found == [
        ["table ip nat, chain postrouting: masquerade"],
        ["table ip nat, chain POSTROUTING: masquerade"],
    ]
    ours = {"family": "inet", "table": "causeway", "chain": "nat", "handle": 1, "expr": [{"snat": {"addr": "1.2.3.4"}}]}
    assert natting({"nftables": [{"rule": ours}]}) == []


def test_a_rule_of_others_or_a_chain_that_drops_is_a_rule() -> None:
    chain = {"family": "inet", "table": "filter", "name": "input", "type": "filter", "hook": "input"}
    chain["policy"] = "accept"
    rule = {"family": "inet", "table": "filter", "chain": "input", "handle": 1, "expr": [{"accept": None}]}
    table = {"table": {"family": "inet", "name": "filter", "handle": 1}}
    assert not has_rules({"nftables": [{"metainfo": {"version": "1.0.6"}}, table, {"chain": chain}]})
    assert has_rules({"nftables": [table, {"chain": {**chain, "policy": "drop"}}]})
    assert has_rules({"nftables": [table, {"chain": chain}, {"rule": rule}]})
    ours = {"family": "inet", "table": "causeway"}
    assert not has_rules({"nftables": [{"chain": {**chain, **ours}}, {"rule": {**rule, **ours}}]})


def test_the_old_tables_drops_are_warned_of() -> None:
    saved = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n-A INPUT -p tcp -j ACCEPT\n-A INPUT -j DROP\nCOMMIT\n"
    first, second = legacy_drops("iptables-legacy-save", saved)
    assert "`:FORWARD DROP [0:0]`" in first
    assert "`-A INPUT -j DROP`" in second
    assert "`iptables-legacy -S INPUT` shows them" in second
