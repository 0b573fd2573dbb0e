# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one gateway's firewall must know of its tunnels: who the peers are, what lies behind, how large packets grow."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from .compile import gateway_intent
from .crypto import ENCRYPTION, INTEGRITY
from .model import FirewallIntent, FirewallTunnel

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .crypto import Proposal
    from .model import ConnectionIntent, Topology


def firewall_intent(topology: Topology, host: str) -> FirewallIntent:
    """The firewall's share of a gateway's intent, without secrets."""
    gateway = gateway_intent(topology, host)
    own_nat = topology.sites[gateway.site].gateway.behind_nat
    return FirewallIntent(
        host=gateway.host,
        site=gateway.site,
        local_address=gateway.local_address,
        lan_address=gateway.lan_address,
        subnets=gateway.subnets,
        management=gateway.management,
        tunnels=tuple(
            _tunnel(
                connection,
                # Who manages a peer that we don't know: it may sit behind a NAT that nobody told us of.
                udp=own_nat or connection.peer_host is None or topology.sites[connection.peer_site].gateway.behind_nat,
            )
            for connection in gateway.connections
        ),
    )


def _tunnel(connection: ConnectionIntent, *, udp: bool) -> FirewallTunnel:
    children = connection.children
    protocol = connection.protocol
    return FirewallTunnel(
        name=connection.tunnel,
        section=connection.name,
        peer=connection.remote_address,
        protocol=protocol,
        local_subnets=tuple(dict.fromkeys(subnet for child in children for subnet in child.local_subnets)),
        remote_subnets=tuple(dict.fromkeys(subnet for child in children for subnet in child.remote_subnets)),
        ciphers=tuple(sorted(_ciphers(_agreeable(connection)))),
        udp=udp and protocol == "esp",  # AH never does
    )


def _agreeable(connection: ConnectionIntent) -> tuple[Proposal, ...]:
    """The proposals that the two ends may agree on: the first, where both have the same list from us.

    Others may need more room in each packet, and all TCP would be cut to that.
    """
    return connection.ipsec_proposals[:1] if connection.peer_host else connection.ipsec_proposals


def _ciphers(proposals: Iterable[Proposal]) -> set[tuple[str, str]]:
    """Each pair that may be agreed on, by strongSwan's names; empty for what a proposal has not."""
    return {
        (cipher, integrity)
        for proposal in proposals
        for cipher, integrity in product(
            [ENCRYPTION[name].algorithm for name in proposal.encryption] or [""],
            [INTEGRITY[name].algorithm for name in proposal.integrity] or [""],
        )
    }
