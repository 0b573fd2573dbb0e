# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who measures with whom: each tunnel inside and outside, one direction after the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..proof.targets import expand, first_inside
from ..topology.expand import all_tunnels, selectors
from ..topology.problems import suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ..topology.model import Gateway, Topology, Tunnel

INSIDE, OUTSIDE = "inside", "outside"
SPARE_SECONDS = 5  # what a measurement takes beyond the time that it sends


class BenchmarkError(ValueError):
    """What is asked for cannot be measured."""


@dataclass(frozen=True)
class End:
    """A host, and the address of its own that it measures with."""

    host: str
    address: str


@dataclass(frozen=True)
class Measurement:
    """One direction of one tunnel, inside it or from gateway to gateway outside of it."""

    tunnel: str
    where: str
    sender: End
    receiver: End
    server: End  # one of the two; the other one calls it
    gateways: tuple[str, ...]  # those that we manage, of the sender's side first

    @property
    def client(self) -> End:
        return self.sender if self.server == self.receiver else self.receiver

    @property
    def watchers(self) -> tuple[str, ...]:
        """The hosts that do their part while the client does its own."""
        return tuple(dict.fromkeys(host for host in (self.server.host, *self.gateways) if host != self.client.host))


@dataclass(frozen=True)
class Plan:
    measurements: tuple[Measurement, ...]
    unmeasured: tuple[str, ...]  # what is not measured, and why

    @property
    def ends(self) -> list[str]:
        """The hosts that need iperf3."""
        return sorted({end.host for one in self.measurements for end in (one.sender, one.receiver)})

    @property
    def gateways(self) -> list[str]:
        return sorted({host for one in self.measurements for host in one.gateways})


@dataclass(frozen=True)
class Hosts:
    """The hosts of this run, the inventory's groups, and the hosts' addresses as far as they are known."""

    names: frozenset[str]
    groups: Mapping[str, Sequence[str]]
    addresses: Mapping[str, Iterable[str]]

    def lan_host(self, topology: Topology, site: str, subnets: Sequence[str]) -> End | None:
        """The first LAN host of a site with an address in these subnets."""
        for name in expand(topology.sites[site].lan_hosts, self.groups):
            if name in self.names and name not in topology.site_by_host:
                address = first_inside(self.addresses.get(name, ()), subnets)
                if address:
                    return End(name, address)
        return None


def plan(topology: Topology, hosts: Hosts, wanted: Sequence[str] = (), *, outside: bool = True) -> Plan:
    """What to measure of the wanted tunnels, or of all. A tunnel that has no host in this run at all is passed over."""
    measurements: list[Measurement] = []
    unmeasured: list[str] = []
    for tunnel in _chosen(topology, wanted):
        if not wanted and not any(topology.sites[site].gateway.host in hosts.names for site in tunnel.sites):
            continue
        for where, ends in _ways(topology, tunnel, hosts, outside):
            if isinstance(ends, str):
                unmeasured.append(f"{tunnel.name}, {where}: {ends}")
            else:
                gateways = [topology.sites[site].gateway.host for site in tunnel.sites]
                watched = tuple(host for host in gateways if host and host in hosts.names)
                one, other, server = ends
                measurements += [
                    Measurement(tunnel.name, where, one, other, server, watched),
                    Measurement(tunnel.name, where, other, one, server, watched[::-1]),
                ]
    return Plan(tuple(measurements), tuple(unmeasured))


def _chosen(topology: Topology, wanted: Sequence[str]) -> list[Tunnel]:
    known = {tunnel.name: tunnel for tunnel in all_tunnels(topology)}
    for name in wanted:
        if name not in known:
            raise BenchmarkError(f"ipsec_benchmark_tunnels: unknown tunnel {name!r}.{suggestion(name, known)}")
    return [tunnel for name, tunnel in known.items() if not wanted or name in wanted]


def _ways(
    topology: Topology, tunnel: Tunnel, hosts: Hosts, outside: bool
) -> Iterator[tuple[str, tuple[End, End, End] | str]]:
    """For inside and outside the ends in the tunnel's order, and which of them is the server; or why there are none."""
    inner = [_inner_end(topology, tunnel, site, hosts) for site in tunnel.sites]
    yield INSIDE, _pair(inner, server=1)
    if outside:
        gateways = [topology.sites[site].gateway for site in tunnel.sites]
        outer = [_outer_end(site, gateway, hosts) for site, gateway in zip(tunnel.sites, gateways)]
        if all(gateway.behind_nat for gateway in gateways):
            yield OUTSIDE, "both gateways are behind NAT, so neither can call the other"
        else:
            yield OUTSIDE, _pair(outer, server=0 if gateways[1].behind_nat else 1)


def _pair(ends: Sequence[End | str], server: int) -> tuple[End, End, End] | str:
    known = [end for end in ends if isinstance(end, End)]
    if len(known) < 2:
        return "; ".join(end for end in ends if isinstance(end, str))
    return known[0], known[1], known[server]


def _inner_end(topology: Topology, tunnel: Tunnel, name: str, hosts: Hosts) -> End | str:
    """A LAN host, so that a gateway is measured at what it is for; else the gateway's own address in the LAN."""
    subnets = [block.text for block in selectors(topology, tunnel, name)]
    found = hosts.lan_host(topology, name, subnets)
    if found:
        return found
    gateway = topology.sites[name].gateway
    problem = _unusable(name, gateway, hosts)
    lan = gateway.lan_address.text if gateway.lan_address else ""
    if not problem and gateway.host and lan and first_inside([lan], subnets):
        return End(gateway.host, lan)
    nobody = f"no LAN host of {name} with an address in {', '.join(subnets)} is in this run"
    return f"{nobody}, and {problem or f'{gateway.host} has no lan_address there'}"


def _outer_end(site: str, gateway: Gateway, hosts: Hosts) -> End | str:
    problem = _unusable(site, gateway, hosts)
    if not problem and not gateway.own_addresses:
        problem = f"the address of {gateway.host} in the WAN is not known"
    return problem or End(str(gateway.host), gateway.own_addresses[0].text)


def _unusable(site: str, gateway: Gateway, hosts: Hosts) -> str:
    """Why nothing can be run on a gateway, if so."""
    if gateway.host is None:
        return f"the gateway of {site} is not managed"
    return "" if gateway.host in hosts.names else f"{gateway.host} is not in this run, or did not answer"
