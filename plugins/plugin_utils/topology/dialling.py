# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which end of a tunnel dials, and which only answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .model import Gateway, Site, Tunnel


def answers_only(tunnel: Tunnel, peer: Site) -> bool:
    """strongSwan would take a trap for a peer without an address, and install none."""
    return tunnel.behaviour.start == "answer_only" or peer.gateway.anywhere


def initiates(tunnel: Tunnel, site: Site, peer: Site) -> bool:
    """One end does. Whoever is harder to reach, because it can always reach the other one; or else by name."""
    if answers_only(tunnel, peer):
        return False
    if site.gateway.anywhere:
        return True
    if tunnel.initiator is not None:
        return tunnel.initiator == site.name
    if peer.gateway.host is None:
        return True
    own, other = _distance(site.gateway), _distance(peer.gateway)
    return own > other if own != other else site.name < peer.name


def hidden(gateway: Gateway) -> bool:
    """Whether a NAT keeps out whoever dials it."""
    return gateway.behind_nat and not gateway.forwarded


def _distance(gateway: Gateway) -> tuple[bool, bool]:
    """How hard it is to reach: behind a NAT that passes nothing on, then by a name that may be stale."""
    return hidden(gateway), not gateway.fixed
