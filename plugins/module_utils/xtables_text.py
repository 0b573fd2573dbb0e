# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What iptables-nft's rules say. Pure.

`nft -j` prints only the names of iptables' own matches ({"xt": {"type": "match", "name": "conntrack"}}); `nft -a`
prints the same rules translated into nft's language, with their handles. What is common turns back into JSON here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

RuleKey = tuple[str, str, str, int]  # family, table, chain, handle

_TABLE = re.compile(r"^table (\S+) (\S+) \{")
_CHAIN = re.compile(r"^\s*chain (\S+) \{")
_RULE = re.compile(r"^\s*(.*?)\s*# handle (\d+)$")
_COUNTER = re.compile(r"counter packets \d+ bytes \d+ ?")
_VALUE = r"(!= )?(\{[^}]*\}|\S+)"
_STATE = re.compile(r"ct state (!= )?([\w,]+)")
_TYPE = re.compile(r"fib (saddr|daddr) type (!= )?(\w+)")
_PORTS = re.compile(r"(tcp|udp) dport " + _VALUE)
_IPSEC = re.compile(r"meta (?:secpath|ipsec) (exists|missing)")
_RANGE = re.compile(r"(ip6?) (saddr|daddr) (!= )?([0-9a-f.:]+)-([0-9a-f.:]+)")


def rule_texts(listing: str) -> dict[RuleKey, str]:
    """The text of each rule of `nft -a list ruleset`, without its counter."""
    found: dict[RuleKey, str] = {}
    family = table = chain = ""
    for line in listing.splitlines():
        if at := _TABLE.match(line):
            family, table = at.groups()
        elif at := _CHAIN.match(line):
            chain = at.group(1)
        elif at := _RULE.match(line):
            found[family, table, chain, int(at.group(2))] = _COUNTER.sub("", at.group(1)).strip()
    return found


def translated(expressions: list[Any], text: str) -> list[Any]:
    """A rule's expressions with iptables' matches and targets in nft's own JSON, where the text says what they are."""
    found = []
    for expression in expressions:
        xt = expression.get("xt") if isinstance(expression, dict) else None
        found.append(_native(xt, text) or expression if isinstance(xt, dict) else expression)
    return found


def _native(xt: dict[str, Any], text: str) -> dict[str, Any] | None:
    name = xt.get("name", "")
    if xt.get("type") == "target":
        return _target(name)
    if name in ("rt", "frag", "hbh", "dst", "mh"):
        return _match({"exthdr": {"name": name}}, None, True)
    if name == "ah":
        return _match({"payload": {"protocol": "th", "field": "protocol"}}, None, "ah")
    if name in _READ:
        pattern, native = _READ[name]
        found = list(pattern.finditer(text))
        return native(*found[0].groups()) if len(found) == 1 else None
    return {"comment": None} if name == "comment" else None


def _state(no: str | None, states: str) -> dict[str, Any]:
    return _match({"ct": {"key": "state"}}, no, states.split(","))


def _address_type(end: str, no: str | None, kind: str) -> dict[str, Any]:
    return _match({"fib": {"result": "type", "flags": [end]}}, no, kind)


def _ports(protocol: str, no: str | None, ports: str) -> dict[str, Any]:
    return _match({"payload": {"protocol": protocol, "field": "dport"}}, no, _set(ports))


def _range(family: str, end: str, no: str | None, low: str, high: str) -> dict[str, Any]:
    return _match({"payload": {"protocol": family, "field": end}}, no, {"range": [low, high]})


def _ipsec(word: str) -> dict[str, Any]:
    return _match({"meta": {"key": "ipsec"}}, None, word == "exists")


def _match(left: dict[str, Any], no: str | None, right: Any) -> dict[str, Any]:
    return {"match": {"op": "!=" if no else "==", "left": left, "right": right}}


def _target(name: str) -> dict[str, Any] | None:
    """Targets that end a packet's way, and those that let it go on."""
    if name in ("REJECT", "TARPIT"):
        return {"reject": None}
    if name in ("LOG", "NFLOG", "MARK", "CONNMARK", "TCPMSS", "CT", "TRACE", "SET", "CLASSIFY", "DSCP", "TOS", "ULOG"):
        return {"log": None}
    return None


def _set(text: str) -> Any:
    items = [item.strip() for item in text.strip("{}").split(",")]
    return {"set": [_port(item) for item in items if item]}


def _port(text: str) -> Any:
    low, dash, high = text.partition("-")
    return {"range": [int(low), int(high)]} if dash and high.isdigit() else (int(low) if low.isdigit() else None)


_READ: dict[str, tuple[re.Pattern[str], Callable[..., dict[str, Any]]]] = {
    "conntrack": (_STATE, _state),
    "state": (_STATE, _state),
    "addrtype": (_TYPE, _address_type),
    "multiport": (_PORTS, _ports),
    "tcp": (_PORTS, _ports),
    "udp": (_PORTS, _ports),
    "iprange": (_RANGE, _range),
    "policy": (_IPSEC, _ipsec),
}
