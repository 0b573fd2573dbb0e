# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which protocols and ports a tunnel carries, where it does not carry everything."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .entry import Entry
from .problems import Problem, shown, suggestion

if TYPE_CHECKING:
    from collections.abc import Mapping

TRAFFIC_KEYS: Final = ("protocol", "ports")
MOST_ENTRIES: Final = 16
# IANA's numbers: a host without /etc/protocols knows no names.
PROTOCOLS: Final[Mapping[str, int]] = {
    "icmp": 1, "tcp": 6, "udp": 17, "gre": 47, "icmpv6": 58, "ospf": 89, "sctp": 132,
}  # fmt: skip
PINGS: Final = frozenset({0, PROTOCOLS["icmp"], PROTOCOLS["icmpv6"]})  # what an echo request gets through
_WITH_PORTS: Final = frozenset({PROTOCOLS["tcp"], PROTOCOLS["udp"], PROTOCOLS["sctp"]})
_RANGE: Final = re.compile(r"([0-9]{1,5})-([0-9]{1,5})")
_LAST_PORT: Final = 65535


@dataclass(frozen=True, slots=True)
class Traffic:
    protocol: int = 0  # 0: any
    ports: tuple[tuple[str, str], ...] = ()  # by site, sorted; of the others any

    def at(self, site: str) -> str:
        """The port or ports at one end; empty for any."""
        return dict(self.ports).get(site, "")

    @property
    def key(self) -> str:
        """What tells it from others, the same at both ends."""
        return f"{self.protocol} {' '.join(f'{site}:{ports}' for site, ports in self.ports)}"


ALL: Final = (Traffic(),)


def read_traffic(entry: Entry, sites: tuple[str, ...]) -> tuple[Traffic, ...]:
    """The traffic of a tunnel; all of it where nothing is said."""
    items = entry.items("traffic", "protocols, like [{protocol: tcp, ports: {london: 443}}]")
    if len(items) > MOST_ENTRIES:
        entry.say("traffic", f"{len(items)} entries; at most {MOST_ENTRIES} are allowed.")
    if entry.get("traffic") in ([], ()):
        entry.say("traffic", "empty: the tunnel would carry nothing; leave it out to carry everything.")
    found = [
        _traffic(item, entry.at(f"traffic[{index}]"), sites, entry) for index, item in enumerate(items[:MOST_ENTRIES])
    ]
    for index, one in enumerate(found):
        if one and one in found[:index]:
            entry.say(f"traffic[{index}]", "is listed twice; remove one.")
    return tuple(one for one in found if one) or ALL


def _traffic(raw: object, path: str, sites: tuple[str, ...], tunnel: Entry) -> Traffic | None:
    entry = Entry(raw, path, TRAFFIC_KEYS, tunnel.problems)
    entry.missing("protocol", "name one, like tcp.")
    protocol = _protocol(entry)
    if not protocol:
        return None
    ports = {}
    for site, place, value in entry.named("ports", "site to port"):
        wrong, text = _port(value)
        if sites and site not in sites:
            wrong = f"{shown(site)} is no end of this tunnel; its ends are {sites[0]} and {sites[1]}."
        if wrong:
            tunnel.problems.append(Problem(place, wrong))
        ports[site] = text
    if ports and protocol not in _WITH_PORTS:
        entry.say("ports", f"protocol {shown(entry.get('protocol'))} has no ports; remove them.")
    return Traffic(protocol, tuple(sorted(ports.items())))


def _protocol(entry: Entry) -> int:
    """The number of the protocol; 0 if there is none."""
    value = entry.get("protocol")
    if value is None:
        return 0
    if isinstance(value, str) and value in PROTOCOLS:
        return PROTOCOLS[value]
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 254:
        return int(value)
    known = ", ".join(PROTOCOLS)
    entry.say(
        "protocol",
        f"unknown protocol {shown(value)}.{suggestion(value, PROTOCOLS)} Known: {known}, or IANA's 1 to 254.",
    )
    return 0


def _port(value: object) -> tuple[str, str]:
    """What is wrong with a port or a range of ports, and its canonical text."""
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= _LAST_PORT:
        return "", str(value)
    found = _RANGE.fullmatch(value) if isinstance(value, str) else None
    if found and 1 <= int(found[1]) < int(found[2]) <= _LAST_PORT:
        return "", f"{int(found[1])}-{int(found[2])}"
    return f"must be a port from 1 to {_LAST_PORT}, or a range like 1024-65535, got {shown(value)}.", ""
