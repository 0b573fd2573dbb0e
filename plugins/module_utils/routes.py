# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes of ours in the kernel's main table: what is wanted, what is there, and the steps between. Pure."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ansible_collections.causeway.ipsec.plugins.module_utils.host_network import (
    HostAddress,
    HostError,
    own_addresses,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PROTOCOL = 213  # Marks a route as ours. Nobody else's number: see rtnetlink(7) and /etc/iproute2/rt_protos.

_PROTOCOL_NAMES = {2: "kernel", 3: "boot", 4: "static", 9: "ra", 16: "dhcp", 186: "bgp", 187: "isis", 188: "ospf"}


@dataclass(frozen=True, order=True)
class Route:
    """A route as wanted: the destination in CIDR, the next hop, and the interface that reaches it."""

    destination: str
    via: str
    device: str = ""

    @property
    def family(self) -> int:
        return ipaddress.ip_network(self.destination).version

    def __str__(self) -> str:
        return f"{self.destination} via {self.via}" + (f" dev {self.device}" if self.device else "")


@dataclass(frozen=True)
class KernelRoute:
    """A route as the kernel has it. Ours are unicast and have one next hop; others may have neither."""

    destination: str
    via: str | None
    device: str | None
    protocol: int
    metric: int = 0

    def __str__(self) -> str:
        via = f" via {self.via}" if self.via else ""
        device = f" dev {self.device}" if self.device else ""
        protocol = _PROTOCOL_NAMES.get(self.protocol, self.protocol)
        return f"{self.destination}{via}{device} proto {protocol} metric {self.metric}"

    def is_like(self, route: Route) -> bool:
        return (self.destination, self.via, self.device) == (route.destination, route.via, route.device)


@dataclass(frozen=True)
class RoutePlan:
    added: list[Route] = field(default_factory=list)
    changed: list[tuple[KernelRoute, Route]] = field(default_factory=list)
    removed: list[KernelRoute] = field(default_factory=list)
    left: list[KernelRoute] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)

    def commands(self, family: int) -> list[str]:
        """Lines for `ip -batch`. A changed route is replaced in one step, so that no packet goes astray."""
        lines = [f"route add {route} proto {PROTOCOL}" for route in self.added if route.family == family]
        lines += [f"route replace {new} proto {PROTOCOL}" for _old, new in self.changed if new.family == family]
        for old in self.removed:
            if ipaddress.ip_network(old.destination).version == family:
                lines.append(f"route del {old.destination} proto {PROTOCOL} metric {old.metric}{_next_hop(old)}")
        return lines


def _next_hop(route: KernelRoute) -> str:
    return (f" via {route.via}" if route.via else "") + (f" dev {route.device}" if route.device else "")


def parse_wanted(raw: Iterable[Mapping[str, str]]) -> list[Route]:
    """Routes without an interface yet, each destination once."""
    routes: dict[str, Route] = {}
    for entry in raw:
        try:
            destination = ipaddress.ip_network(entry["destination"])
            via = ipaddress.ip_address(entry["via"])
        except ValueError as exc:
            raise HostError(f"route to {entry['destination']} via {entry['via']}: {exc}") from exc
        if destination.version != via.version:
            raise HostError(f"route to {destination} via {via}: one is IPv4, the other is IPv6")
        route = Route(str(destination), str(via))
        if routes.setdefault(route.destination, route) != route:
            raise HostError(f"route to {destination}: given twice, via {routes[route.destination].via} and via {via}")
    return sorted(routes.values())


def parse_kernel_routes(entries: Iterable[Mapping[str, Any]], family: int) -> list[KernelRoute]:
    """Routes out of `ip -N -j route show table main`."""
    anywhere = "0.0.0.0/0" if family == 4 else "::/0"
    return [
        KernelRoute(
            destination=anywhere if entry["dst"] == "default" else str(ipaddress.ip_network(entry["dst"])),
            via=entry.get("gateway"),
            device=entry.get("dev"),
            protocol=int(entry.get("protocol", 3)),
            metric=int(entry.get("metric", 0)),
        )
        for entry in entries
    ]


def device_towards(via: str, answer: Mapping[str, Any] | None, addresses: list[HostAddress]) -> str:
    """The interface that reaches a next hop directly, out of `ip -N -j route get`; anything else is an error."""
    held = [item for item in addresses if ipaddress.ip_address(item.address) == ipaddress.ip_address(via)]
    if held:
        raise HostError(
            f"the gateway's LAN address {via} is this host's own ({held[0]}): it needs no route through itself"
        )
    if not answer or "gateway" in answer or "via" in answer or answer.get("type", "1") not in ("1", "unicast"):
        through = f", only through {answer['gateway']}" if answer and "gateway" in answer else ""
        raise HostError(
            f"the gateway's LAN address {via} is on no network of this host{through}. {own_addresses(addresses)} "
            "Give lan_address in the topology as these hosts reach it, or this host an address in that network."
        )
    return str(answer["dev"])


def plan_routes(wanted: Iterable[Route], current: Iterable[KernelRoute]) -> RoutePlan:
    """Steps that touch our routes only.

    Somebody else's route to a destination wanted is left where it is the same route, and is an error otherwise.
    """
    ours: dict[str, list[KernelRoute]] = {}
    others: dict[str, list[KernelRoute]] = {}
    for held in current:
        (ours if held.protocol == PROTOCOL else others).setdefault(held.destination, []).append(held)
    plan = RoutePlan()
    conflicts: list[str] = []
    for route in wanted:
        foreign = others.get(route.destination, [])
        conflicts += [f"{route}: this host has {other}" for other in foreign if not other.is_like(route)]
        _plan_one(plan, route, ours.pop(route.destination, []), foreign)
    if conflicts:
        raise HostError(
            "routes that something else put in are in the way, and are not ours to change: "
            f"{'; '.join(conflicts)}. Remove them where they come from, or take the destination out of the topology."
        )
    plan.removed.extend(held for stale in ours.values() for held in stale)
    return plan


def _plan_one(plan: RoutePlan, route: Route, own: list[KernelRoute], foreign: list[KernelRoute]) -> None:
    exact = [old for old in own if old.is_like(route)]
    plan.left.extend(foreign)
    if exact or foreign:
        plan.removed.extend(old for old in own if old not in exact)
    elif own:
        plan.changed.append((own[0], route))
        plan.removed.extend(own[1:])
    else:
        plan.added.append(route)
