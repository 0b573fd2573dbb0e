# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether one match of an nftables rule holds for a packet: True, False, or None where that cannot be known. Pure.

What is known of a packet is an interval of numbers (addresses and ports) or a name; what a rule names is taken from
`nft -j`. A field that nothing is known of makes the match unknown, never false.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Union

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PROTOCOLS = {"icmp": 1, "ipencap": 4, "tcp": 6, "udp": 17, "ipv6": 41, "esp": 50, "ah": 51, "ipv6-icmp": 58}
Known = Union["tuple[int, int]", str, None]
Answer = Union[bool, None]


@dataclass(frozen=True)
class Packet:
    """The first packet of a connection, as far as it is known."""

    hook: str
    version: int
    protocol: str
    port: int | None
    source: str | None
    destination: str | None
    iif: str | None
    oif: str | None


def both(answers: Iterable[Answer]) -> Answer:
    """All hold."""
    found = list(answers)
    if False in found:
        return False
    return None if None in found else True


def either(answers: Iterable[Answer]) -> Answer:
    """At least one holds."""
    return negated(both(negated(answer) for answer in answers))


def negated(answer: Answer) -> Answer:
    return None if answer is None else not answer


def holds(match: Mapping[str, Any], packet: Packet, sets: Mapping[str, Any]) -> Answer:
    """A match expression: an operator between a field of the packet and values."""
    left, operator, right = match["left"], match.get("op", "=="), match["right"]
    if not _can_have(left, packet):
        return False  # whatever the operator: nft matches the protocol first
    if "&" in left:
        answer = _flags(left["&"], right)
        return negated(answer) if operator == "!=" else answer
    if operator in ("<", ">", "<=", ">="):
        return _ordered(field(left, packet), operator, right)
    answer = equals(left, right, packet, sets)
    return negated(answer) if operator == "!=" else answer


def equals(left: Any, right: Any, packet: Packet, sets: Mapping[str, Any]) -> Answer:
    """Whether a field, or a concatenation of fields, is one of the values."""
    if isinstance(left, dict) and "concat" in left:
        return either(_all_parts(left["concat"], item, packet, sets) for item in elements(right, sets))
    if not _can_have(left, packet):
        return False
    known = field(left, packet)
    # What interface it is may be unknown, but nothing from outside comes by the loopback.
    return either(False if known is None and item == "lo" else _is(known, item) for item in elements(right, sets))


def _all_parts(fields: list[Any], item: Any, packet: Packet, sets: Mapping[str, Any]) -> Answer:
    parts = item.get("concat") if isinstance(item, dict) else None
    if parts is None or len(parts) != len(fields):
        return None
    return both(equals(left, right, packet, sets) for left, right in zip(fields, parts))


def elements(right: Any, sets: Mapping[str, Any]) -> list[Any]:
    """The single values of a value, a list, an anonymous set or a named one."""
    if isinstance(right, str) and right.startswith("@"):
        return elements({"set": sets.get(right[1:], [None])}, sets)
    if isinstance(right, dict) and "set" in right:
        right = right["set"]
    if isinstance(right, list):
        return [item["elem"]["val"] if isinstance(item, dict) and "elem" in item else item for item in right]
    return [right]


def _can_have(left: Any, packet: Packet) -> bool:
    """Whether the packet can have the field at all: the payload of another protocol never matches."""
    if not isinstance(left, dict):
        return True
    if "exthdr" in left:
        return "field" not in left["exthdr"]  # ours have no extension headers before AH
    parts = left.get("concat") or left.get("&")
    if parts:
        return all(_can_have(part, packet) for part in parts)
    protocol: str | None = left.get("payload", {}).get("protocol")
    if protocol in ("ip", "ip6"):
        return (protocol == "ip") == (packet.version == 4)
    return protocol in (None, "th", "ether", packet.protocol) or (protocol, packet.protocol) == ("icmpv6", "ipv6-icmp")


def field(left: Any, packet: Packet) -> Known:
    """What is known of a field of the packet."""
    if not isinstance(left, dict) or len(left) != 1:
        return None
    kind, value = next(iter(left.items()))
    if kind == "fib" and value.get("result") == "type" and "daddr" in value.get("flags", []):
        return "local" if packet.hook == "input" else "unicast"
    readers = {"payload": _payload, "meta": _meta, "ct": _conntrack, "exthdr": lambda *_unused: (0, 0)}
    return readers[kind](value, packet) if kind in readers else None


def _conntrack(value: Mapping[str, Any], _packet: Packet) -> Known:
    return {"state": "new", "status": "unset", "direction": "original"}.get(value["key"])


def _payload(value: Mapping[str, Any], packet: Packet) -> Known:
    name = value.get("field")
    if name in ("saddr", "daddr") and value.get("protocol") in ("ip", "ip6"):
        return _addresses(packet.source if name == "saddr" else packet.destination)
    if name == "dport" and packet.port is not None:
        return (packet.port, packet.port)
    if name == "type" and packet.protocol in ("icmp", "ipv6-icmp"):
        return "echo-request"
    return _number(packet.protocol) if name in ("protocol", "nexthdr") else None


def _meta(value: Mapping[str, Any], packet: Packet) -> Known:
    key = value["key"]
    if key == "l4proto":
        return _number(packet.protocol)
    if key in ("secpath", "ipsec"):
        # What comes from outside has not been decrypted yet; of what is forwarded, one direction has.
        return (0, 0) if packet.hook == "input" else None
    plain: dict[str, Known] = {
        "nfproto": f"ipv{packet.version}",
        "protocol": "ip" if packet.version == 4 else "ip6",
        "iifname": packet.iif,
        "iif": packet.iif,
        "oifname": packet.oif,
        "oif": packet.oif,
        "pkttype": "host",
    }
    return plain.get(key)


def _number(protocol: str) -> Known:
    number = PROTOCOLS.get(protocol)
    return None if number is None else (number, number)


def _addresses(network: str | None) -> Known:
    if network is None:
        return None
    net = ipaddress.ip_network(network, strict=False)
    return (int(net.network_address), int(net.broadcast_address))


def _is(known: Known, value: Any) -> Answer:
    if known is None or value is None:
        return None
    if isinstance(known, str):
        return _is_named(known, value)
    limits = interval(value)
    if limits is None:
        return None
    if limits[0] <= known[0] and known[1] <= limits[1]:
        return True
    return False if known[1] < limits[0] or limits[1] < known[0] else None


def _is_named(known: str, value: Any) -> Answer:
    if not isinstance(value, str):
        return None
    return fnmatchcase(known, value) if value.endswith("*") else known == value


def interval(value: Any) -> tuple[int, int] | None:
    """The numbers that a value of a rule stands for."""
    if isinstance(value, dict) and "prefix" in value:
        net = ipaddress.ip_network(f"{value['prefix']['addr']}/{value['prefix']['len']}", strict=False)
        return (int(net.network_address), int(net.broadcast_address))
    if isinstance(value, dict) and "range" in value:
        ends = [interval(item) for item in value["range"]]
        return (ends[0][0], ends[1][1]) if ends[0] and ends[1] else None
    if isinstance(value, int):
        return (value, value)
    return _single(value) if isinstance(value, str) and value != "*" else None


def _single(word: str) -> tuple[int, int]:
    """An address, a number or a protocol; any other word is of nothing that we have."""
    try:
        address = int(ipaddress.ip_address(word))
    except ValueError:
        address = int(word) if word.isdigit() else PROTOCOLS.get(word, -1)
    return (address, address)


def _ordered(known: Known, operator: str, right: Any) -> Answer:
    limits = interval(right)
    if limits is None or known is None or isinstance(known, str):
        return None
    low, high = known
    if operator in ("<", "<="):
        bound = limits[0] - (operator == "<")
        return True if high <= bound else (False if low > bound else None)
    bound = limits[0] + (operator == ">")
    return True if low >= bound else (False if high < bound else None)


def _flags(parts: list[Any], right: Any) -> Answer:
    """Masked flags: a new TCP connection has SYN alone; a new one of conntrack is in no other state."""
    if parts[0] == {"payload": {"protocol": "tcp", "field": "flags"}}:
        wanted = set(_words(right))
        return (set(_words(parts[1])) & {"syn"}) == wanted if None not in wanted else None
    return None


def _words(value: Any) -> list[Any]:
    """The flags of a value, as the releases of nft print them: one, a list, or joined by |."""
    if isinstance(value, dict) and "|" in value:
        return [word for part in value["|"] for word in _words(part)]
    if isinstance(value, list):
        return [word for part in value for word in _words(part)]
    return [value] if isinstance(value, str) else ([] if value == 0 else [None])
