# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a gateway could not tell by a packet's addresses where it belongs.

For each gateway everything it can reach is sorted by address and swept once. Blocks are nested or apart, never half
over one another, so it is enough to compare each with the widest before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .blocks import meet
from .expand import behind, selectors
from .fleet import Fleet, path_of
from .model import Gateway, Topology, Tunnel
from .problems import Problem

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from .blocks import Block


MOST_PARALLEL = 16  # tunnels between the same two sites; they are compared each with each


@dataclass(slots=True)
class Item:
    """A subnet, or an address of a gateway, with the site it belongs to and the tunnel that leads there."""

    block: Block
    site: str
    tunnel: Tunnel | None  # None: on the gateway's own side
    address: str = ""  # what kind of address, for one


def overlaps(fleet: Fleet) -> Iterator[Problem]:
    """Overlaps around every gateway: each pair of subnets once, however many gateways see it."""
    said: set[Hashable] = set()
    for name, tunnels in fleet.by_site.items():
        around, parallel = _around(fleet.topology, name, tunnels)
        for outer, inner in _nested(around):
            tunnel = _at_fault(outer, inner)
            if tunnel and not _said(said, tunnel, outer, inner):
                yield _problem(name, tunnel, outer, inner)
        for tunnel, other in _same_pairs(fleet.topology, name, parallel):
            if (path_of(tunnel), path_of(other)) not in said:
                said.add((path_of(tunnel), path_of(other)))
                yield _same_pair(fleet.topology, name, tunnel, other)
        yield from _too_parallel(name, parallel)


def _said(said: set[Hashable], tunnel: Tunnel, outer: Item, inner: Item) -> bool:
    """Whether this overlap needs no words, and from now on it needs none. Of a mesh, each subnet is named once."""
    keys: set[Hashable] = {frozenset(((outer.site, outer.block, ""), (inner.site, inner.block, inner.address)))}
    if tunnel.mesh:
        keys.add((path_of(tunnel), inner.site, inner.block, inner.address))
    known = not said.isdisjoint(keys)
    said |= keys
    return known


Parallel = dict[str, list[Tunnel]]


def _around(topology: Topology, name: str, tunnels: list[Tunnel]) -> tuple[list[Item], Parallel]:
    """All that one gateway has to tell apart, and its tunnels by the site that lies behind them."""
    site = topology.sites[name]
    items = [Item(block, name, None) for block in site.subnets]
    items += _addresses(site.gateway, name, None)
    by_site: Parallel = {}
    for tunnel in tunnels:
        end = tunnel.other(name)
        items += _addresses(topology.sites[end].gateway, end, tunnel)
        for peer, blocks in behind(topology, tunnel, end):
            by_site.setdefault(peer.name, []).append(tunnel)
            items += [Item(block, peer.name, tunnel) for block in blocks]
    return items, by_site


def _addresses(gateway: Gateway, site: str, tunnel: Tunnel | None) -> list[Item]:
    """What must stay outside of tunnels: a peer is dialled at its address, its private one is its own affair."""
    items = [Item(address, site, tunnel, "address") for address in gateway.addresses]
    if tunnel is None and gateway.local_address is not None and gateway.behind_nat:
        items.append(Item(gateway.local_address, site, None, "local_address"))
    return items


def _nested(items: list[Item]) -> Iterator[tuple[Item, Item]]:
    """Each item that lies in a wider one before it. An address contains nothing."""
    items.sort(key=_order)
    outer: Item | None = None
    for item in items:
        if outer and outer.block.last >= item.block.first and outer.block.version == item.block.version:
            yield outer, item
        elif not item.address:
            outer = item


def _order(item: Item) -> tuple[int, int, int, bool]:
    block = item.block
    return block.version, block.first, -block.last, item.address != ""


def _at_fault(outer: Item, inner: Item) -> Tunnel | None:
    """The tunnel that makes it a fault that one item lies in the other; None if it is none."""
    if inner.address:
        return outer.tunnel  # on the gateway's own side it does no harm
    return None if outer.site == inner.site else inner.tunnel or outer.tunnel


def _problem(name: str, tunnel: Tunnel, outer: Item, inner: Item) -> Problem:
    """What is wrong when one item lies in the other as the gateway of site ``name`` sees them."""
    path = path_of(tunnel)
    if inner.address:
        whose = f"the {inner.address} of {inner.site}'s gateway"
        what = f"subnet {outer.block} of {outer.site} contains {inner.block}, {whose}"
        return Problem(
            path, f"{what}; the gateway of {name} would draw its own packets into the tunnel. Narrow the subnet."
        )
    overlap = f"subnet {inner.block} of {inner.site} overlaps {outer.block} of {outer.site}"
    remedy = "renumber one of them" if tunnel.mesh else "renumber one of them, or narrow the tunnel by its subnets"
    if name in {outer.site, inner.site}:
        return Problem(path, f"{overlap}, and the tunnel's two ends must be apart; {remedy}.")
    return Problem(path, f"{overlap}, and the gateway of {name} reaches both; {remedy}.")


def _same_pairs(topology: Topology, name: str, parallel: Parallel) -> Iterator[tuple[Tunnel, Tunnel]]:
    """Tunnels that lead from the same subnets to the same subnets."""
    for site, tunnels in parallel.items():
        if not 1 < len(tunnels) <= MOST_PARALLEL:
            continue
        for index, tunnel in enumerate(tunnels):
            for other in tunnels[:index]:
                if meet(_near(topology, tunnel, name), _near(topology, other, name)) and meet(
                    _far(topology, tunnel, name, site), _far(topology, other, name, site)
                ):
                    yield tunnel, other


def _near(topology: Topology, tunnel: Tunnel, name: str) -> tuple[Block, ...]:
    return selectors(topology, tunnel, name)


def _far(topology: Topology, tunnel: Tunnel, name: str, site: str) -> tuple[Block, ...]:
    return next(blocks for peer, blocks in behind(topology, tunnel, tunnel.other(name)) if peer.name == site)


def _same_pair(topology: Topology, name: str, tunnel: Tunnel, other: Tunnel) -> Problem:
    near = meet(_near(topology, tunnel, name), _near(topology, other, name))
    far = meet(selectors(topology, tunnel, tunnel.other(name)), selectors(topology, other, other.other(name)))
    both = f"{tunnel.name!r} and {other.name!r} both lead from {near} of {name} to {far}"
    return Problem(path_of(tunnel), f"{both}; remove one, or divide the subnets between them and give one other ids.")


def _too_parallel(name: str, parallel: Parallel) -> Iterator[Problem]:
    for site, tunnels in parallel.items():
        if len(tunnels) > MOST_PARALLEL and name < site:
            message = f"{len(tunnels)} tunnels lead from {name} to {site}; at most {MOST_PARALLEL} are allowed."
            yield Problem(path_of(tunnels[0]), f"{message} Give fewer tunnels more subnets.")
