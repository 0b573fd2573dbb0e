# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The children of a tunnel: which packets each of its pairs of security associations carries."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from .expand import selectors
from .model import ChildIntent
from .traffic import ALL, PINGS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .blocks import Block
    from .model import Topology, Tunnel


def in_pairs(topology: Topology, tunnel: Tunnel) -> bool:
    """Whether each pair of subnets needs a child of its own: IKEv1 can say no more, and some devices don't."""
    policy = topology.policies.get(tunnel.policy)
    return tunnel.behaviour.selectors == "pairs" or (policy is not None and policy.ike.version != 2)


def carries_pings(tunnel: Tunnel) -> bool:
    """Whether an echo request gets through."""
    return any(traffic.protocol in PINGS for traffic in tunnel.traffic)


def children(topology: Topology, tunnel: Tunnel, site: str, section: str) -> tuple[ChildIntent, ...]:
    """One child with all subnets, or one for each pair; and of these one for each protocol."""
    peer = tunnel.other(site)
    local, remote = selectors(topology, tunnel, site), selectors(topology, tunnel, peer)
    common = {block.version for block in local} & {block.version for block in remote}
    pairs = in_pairs(topology, tunnel)
    if not pairs and tunnel.traffic is ALL:
        return (ChildIntent(section, _texts(local, common), _texts(remote, common)),)
    groups = _pairs(local, remote) if pairs else [("", _texts(local, common), _texts(remote, common))]
    return tuple(
        ChildIntent(
            f"{section}-{_digest(pair, traffic.key if traffic.protocol else '')}",
            ours,
            theirs,
            traffic.protocol,
            traffic.at(site),
            traffic.at(peer),
        )
        for pair, ours, theirs in groups
        for traffic in tunnel.traffic
    )


def _pairs(local: Iterable[Block], remote: tuple[Block, ...]) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """Each pair of subnets of one family, with a name on which both ends agree."""
    return [
        (" ".join(sorted((ours.text, theirs.text))), (ours.text,), (theirs.text,))
        for ours in local
        for theirs in remote
        if ours.version == theirs.version
    ]


def _digest(*parts: str) -> str:
    """A short name of what makes up a child."""
    return hashlib.sha256(" ".join(part for part in parts if part).encode()).hexdigest()[:8]


def _texts(blocks: Iterable[Block], versions: Iterable[int]) -> tuple[str, ...]:
    return tuple(block.text for block in blocks if block.version in versions)
