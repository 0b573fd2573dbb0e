# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the answers mean: one row a tunnel, and in plain words what is wrong on which end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..topology.expand import all_tunnels
from ..topology.model import Topology, section_name
from ..wording import first_few
from .targets import split_name

if TYPE_CHECKING:
    from .lost import Lost

Answers = Mapping[str, Sequence[Mapping[str, Any]]]  # host name to the list that a module returned there

SMALLEST_USUAL = 1280  # every link that carries IPv6 takes it (RFC 8200)


@dataclass(frozen=True)
class End:
    """One managed end of a tunnel as the host itself sees it; up is None when the host gave no answer in this run."""

    host: str
    up: bool | None = None
    cause: str = ""
    ike: str = ""
    esp: str = ""
    bytes_in: int = 0
    bytes_out: int = 0
    mtu: int | None = None
    uncovered: tuple[str, ...] = ()  # pairs of subnets that the peer did not agree to carry


@dataclass(frozen=True)
class Ping:
    """What one host heard from one address."""

    source: str
    target: str
    address: str
    sent: int
    received: int
    rtt_ms: float | None
    mtu: int | None = None


@dataclass(frozen=True)
class Row:
    """One tunnel's proof."""

    tunnel: str
    ends: tuple[End, ...]
    pings: tuple[Ping, ...]
    problems: tuple[str, ...] = field(default=())
    lost: tuple[str, ...] = field(
        default=()
    )  # hosts that would have something to say of it, and dropped out of the run

    @property
    def narrowest(self) -> Ping | None:
        """The ping whose packets may be least large; None where nothing was measured."""
        return min((ping for ping in self.pings if ping.mtu), key=lambda ping: ping.mtu or 0, default=None)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is no failure, but worth knowing."""
        ping = self.narrowest
        return (*_mtu_notes(ping, [end.mtu for end in self.ends if end.mtu]),) if ping else ()

    @property
    def state(self) -> str:
        """proven: packets crossed; up: an SA but nothing to ping; unproven: no answer in this run; else failed."""
        if self.problems:
            return "FAILED"
        if self.pings:
            return "proven"
        return "up" if any(end.up for end in self.ends) and not self.lost else "unproven"

    @property
    def wanting(self) -> bool:
        """Whether it is not proven although that was to be done in this run."""
        return bool(self.problems) or (self.state == "unproven" and bool(self.lost))


def managed_tunnels(topology: Topology) -> list[tuple[str, str, tuple[str, ...]]]:
    """Each tunnel's name, its connection's name, and the hosts of the ends that we manage."""
    return [
        (
            tunnel.name,
            section_name(tunnel.name),
            tuple(host for site in tunnel.sites if (host := topology.sites[site].gateway.host)),
        )
        for tunnel in all_tunnels(topology)
    ]


def rows(
    tunnels: Sequence[tuple[str, str, Sequence[str]]],
    raised: Answers,
    status: Answers,
    pings: Answers,
    failures: Mapping[str, str] | None = None,
    *,
    lost: Sequence[Lost] = (),
) -> list[Row]:
    """A row for each (tunnel, section name, managed hosts).

    raised, status: what the modules tunnel and tunnel_info returned, by gateway. pings: those of reachability, by host.
    failures: what a gateway said where it could not even look, such as that no daemon runs.
    lost: the hosts that dropped out of the run. That one of them doesn't answer a ping says nothing of the tunnel.
    """
    heard = _pings_by_tunnel(pings)
    gone = {host.host for host in lost}
    made = []
    for tunnel, section, hosts in tunnels:
        ends = tuple(_end(host, section, raised, status, failures or {}) for host in hosts)
        crossed = tuple(ping for ping in heard.get(tunnel, ()) if ping.received or ping.target not in gone)
        missed = tuple(host.host for host in lost if tunnel in host.tunnels)
        made.append(Row(tunnel, ends, crossed, tuple(_problems(ends, crossed)), missed))
    return made


def _pings_by_tunnel(pings: Answers) -> dict[str, list[Ping]]:
    found: dict[str, list[Ping]] = {}
    for source, results in sorted(pings.items()):
        for result in results:
            tunnel, target = split_name(result["name"])
            found.setdefault(tunnel, []).append(
                Ping(
                    source,
                    target,
                    result["address"],
                    result["sent"],
                    result["received"],
                    result["rtt_ms"],
                    result.get("mtu"),
                )
            )
    return found


def _end(host: str, section: str, raised: Answers, status: Answers, failures: Mapping[str, str]) -> End:
    if host in failures:
        return End(host, up=False, cause=failures[host])
    if host not in status:
        return End(host)
    cause = next((one.get("cause") or "" for one in raised.get(host, ()) if one["name"] == section), "")
    seen = next((one for one in status[host] if one["name"] == section), None)
    if seen is None or seen["state"] != "up":
        return End(host, up=False, cause=cause or "no security association")
    children = seen["children"]
    return End(
        host,
        up=True,
        ike=seen["ike_proposal"],
        esp=", ".join(sorted({child["proposal"] for child in children})),
        bytes_in=sum(child["bytes_in"] for child in children),
        bytes_out=sum(child["bytes_out"] for child in children),
        mtu=min((child["mtu"] for child in children if child.get("mtu")), default=None),
        uncovered=tuple(seen.get("uncovered", ())),
    )


def _mtu_notes(ping: Ping, computed: Sequence[int]) -> Iterator[str]:
    """Say where packets are smaller than they need be, and where they are too small for comfort."""
    measured = ping.mtu or 0
    way = f"{ping.source} to {ping.target}"
    if computed and measured < min(computed):
        yield (
            f"packets of up to {measured} bytes pass from {way}, but {min(computed)} would by the algorithms and the "
            "gateways' own links: a link on the way, most likely between the gateways, has a smaller MTU. Set "
            "firewall_wan_mtu on both gateways to that link's MTU, so that TCP starts with segments that fit"
        )
    if measured < SMALLEST_USUAL:
        yield (
            f"small pings pass from {way}, but no packet above {measured} bytes: IPv6 does not work below "
            f"{SMALLEST_USUAL}, and whatever sends larger packets and does not hear of it will hang"
        )


def _problems(ends: tuple[End, ...], pings: tuple[Ping, ...]) -> list[str]:
    """What is wrong, most basic first: a tunnel that is down explains every ping that failed through it."""
    down = [f"{end.host}: down: {end.cause}" for end in ends if end.up is False]
    if down:
        return down
    narrowed = [f"{end.host}: {_narrowed(end.uncovered)}" for end in ends if end.uncovered]
    lost = [
        f"{ping.source}: no answer from {ping.target} ({ping.address}): {ping.received} of {ping.sent} replies"
        for ping in pings
        if not ping.received
    ]
    where = [_where_lost(ends)] if lost and not narrowed and all(end.up for end in ends) else []
    return narrowed + lost + where


def _narrowed(pairs: Sequence[str]) -> str:
    return (
        f"up, but the peer did not agree to {first_few(pairs)}. Either it has other subnets than the topology says, or "
        "it takes one pair of subnets for each IPsec SA, as libreswan, Cisco's and Fortinet's devices do: then set "
        "selectors: pairs for the tunnel"
    )


def _where_lost(ends: tuple[End, ...]) -> str:
    """The security associations count what each end encrypted and decrypted, so they show where packets end."""
    if not any(end.bytes_out for end in ends):
        names = " and ".join(end.host for end in ends)
        return (
            f"nothing was encrypted on {names}: the LAN hosts' packets don't reach the gateway "
            "(their route, or forwarding on the gateway)"
        )
    for sender, receiver in (ends, ends[::-1]) if len(ends) == 2 else ():
        if sender.bytes_out and not receiver.bytes_in:
            return (
                f"{sender.host} encrypts, and nothing arrives at {receiver.host}: "
                "the network between them drops ESP (IP protocol 50) or UDP 4500"
            )
        if receiver.bytes_in and not receiver.bytes_out:
            return (
                f"{receiver.host} decrypts and sends nothing back: its LAN hosts' route or firewall, "
                "or forwarding on the gateway"
            )
    if len(ends) == 1 and not ends[0].bytes_in:
        return (
            f"{ends[0].host} encrypts, and nothing comes back from the peer, which is not managed here: it drops what "
            "arrives or does not answer into the tunnel (its firewall, its forwarding, its routes, its LAN hosts' "
            "routes), or the network between drops IPsec (IP protocol 50 or 51, or UDP 4500)"
        )
    return "packets cross the tunnel both ways: look at the LAN hosts' own firewalls and at their addresses"
