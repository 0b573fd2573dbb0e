# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one gateway's firewall must know of its tunnels: who the peers are, what lies behind, how large packets grow."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from .compile import site_of
from .crypto import ENCRYPTION, INTEGRITY
from .expand import selectors, tunnels_of
from .model import FirewallIntent, FirewallTunnel, section_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .crypto import Proposal
    from .model import Gateway, Site, Topology, Tunnel


def firewall_intent(topology: Topology, host: str) -> FirewallIntent:
    """The firewall's share of what a gateway is to be, without secrets; it needs less than the daemon."""
    site = site_of(topology, host)
    tunnels = list(tunnels_of(topology, site.name))
    ciphers = {
        (name, managed): tuple(sorted(_ciphers(_agreeable(topology.policies[name].ipsec.proposals, managed=managed))))
        for name in {tunnel.policy for tunnel in tunnels}
        for managed in (True, False)
    }
    found = [_tunnel(topology, tunnel, site, ciphers) for tunnel in tunnels]
    own = site.gateway.own_addresses
    return FirewallIntent(
        host=host,
        site=site.name,
        local_address=own[0].text if own else "",
        lan_address=site.gateway.lan_address.text if site.gateway.lan_address else None,
        subnets=tuple(block.text for block in site.subnets),
        management=tuple(block.text for block in site.management),
        tunnels=tuple(sorted(found, key=lambda tunnel: tunnel.section)),
    )


def _tunnel(
    topology: Topology, tunnel: Tunnel, site: Site, ciphers: dict[tuple[str, bool], tuple[tuple[str, str], ...]]
) -> FirewallTunnel:
    peer = topology.sites[tunnel.other(site.name)]
    local, remote = selectors(topology, tunnel, site.name), selectors(topology, tunnel, peer.name)
    common = {block.version for block in local} & {block.version for block in remote}
    protocol = topology.policies[tunnel.policy].ipsec.protocol
    return FirewallTunnel(
        name=tunnel.name,
        section=section_name(tunnel.name),
        peers=_peers(peer.gateway, tunnel),
        protocol=protocol,
        local_subnets=tuple(block.text for block in local if block.version in common),
        remote_subnets=tuple(block.text for block in remote if block.version in common),
        ciphers=ciphers[tunnel.policy, peer.gateway.host is not None],
        udp=protocol == "esp" and _in_udp(site.gateway, peer.gateway, tunnel),  # AH never is
    )


def _peers(gateway: Gateway, tunnel: Tunnel) -> tuple[str, ...]:
    """From where the peer may come. A name's address may change between two runs, and with MOBIKE even a peer's own."""
    if not gateway.fixed or tunnel.behaviour.mobike:
        return ()
    return tuple(block.text for block in gateway.addresses)


def _in_udp(own: Gateway, peer: Gateway, tunnel: Tunnel) -> bool:
    """Whether ESP may have to. A peer that we don't manage may sit behind a NAT that nobody told us of."""
    nat = own.behind_nat or peer.behind_nat or peer.host is None or not (own.fixed and peer.fixed)
    return nat or tunnel.behaviour.udp_encapsulation == "force"


def _agreeable(proposals: tuple[Proposal, ...], *, managed: bool) -> tuple[Proposal, ...]:
    """The proposals that the two ends may agree on: the first, where both have the same list from us.

    Others may need more room in each packet, and all TCP would be cut to that.
    """
    return proposals[:1] if managed else proposals


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
