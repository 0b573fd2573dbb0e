# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line of iputils' ping, and what its output says. Pure."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ansible_collections.causeway.ipsec.plugins.module_utils.echo_probe import ICMP_HEADER
from ansible_collections.causeway.ipsec.plugins.module_utils.packet_size import IP_HEADER

if TYPE_CHECKING:
    from collections.abc import Mapping

# Seconds between two pings, for root and for others, to whom ping allows no less.
INTERVAL = {True: 0.05, False: 0.2}
GRACE = 2.0  # seconds that a ping may take beyond its own deadline before it is killed

_COUNTS = re.compile(r"(\d+) packets transmitted, (\d+) (?:packets )?received")
_TIMES = re.compile(r"= ([\d.]+)/([\d.]+)/")
_PAYLOAD = 56  # what ping sends unless told otherwise
_ERROR = re.compile(r"^(?:\S*ping6?: )?(.+)$")


class PingError(Exception):
    """A target that cannot be pinged as it was given."""


@dataclass(frozen=True)
class Target:
    name: str
    address: str
    source: str | None = None

    @property
    def version(self) -> int:
        return ipaddress.ip_address(self.address).version

    @property
    def usual_size(self) -> int:
        """Size of the packets that ping sends unless told otherwise."""
        return IP_HEADER[self.version] + ICMP_HEADER + _PAYLOAD


def parse_target(raw: Mapping[str, Any]) -> Target:
    try:
        address = ipaddress.ip_address(raw["address"])
        source = ipaddress.ip_address(raw["source"]) if raw.get("source") else None
    except ValueError as exc:
        raise PingError(f"target {raw['name']}: {exc}") from exc
    if source and source.version != address.version:
        raise PingError(f"target {raw['name']}: {address} and the source {source} are not of one IP version")
    return Target(raw["name"], str(address), str(source) if source else None)


def ping_command(ping: str, target: Target, count: int, timeout: int, *, root: bool = True) -> list[str]:
    """With a count and a deadline, ping goes on until so many replies came or the time is over."""
    command = [ping, "-n", "-q", "-i", str(INTERVAL[root]), "-c", str(count), "-w", str(timeout)]
    if target.source:
        command += ["-I", target.source]
    return [*command, target.address]


def parse_output(target: Target, out: str, err: str) -> dict[str, Any]:
    """One entry of the results. The average round-trip time is null if nothing came back."""
    counts = _COUNTS.search(out)
    times = _TIMES.search(out)
    sent, received = (int(counts[1]), int(counts[2])) if counts else (0, 0)
    return {
        "name": target.name,
        "address": target.address,
        "source": target.source,
        "sent": sent,
        "received": received,
        "rtt_ms": float(times[2]) if times and received else None,
        "error": _complaint(err, sent, received),
    }


def _complaint(err: str, sent: int, received: int) -> str | None:
    if received:
        return None
    match = _ERROR.match(err.strip().splitlines()[0]) if err.strip() else None
    if match:
        return match[1]
    return f"no reply to {sent} packets" if sent else "ping sent nothing"
