# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the ends of a tunnel can find each other, and tell each other apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .expand import identity
from .identities import same_as

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .model import Topology, Tunnel


def nat_faults(topology: Topology, tunnel: Tunnel) -> Iterator[tuple[str, str]]:
    """What a NAT before one end or both makes impossible."""
    policy = topology.policies.get(tunnel.policy)
    behind = [site for site in tunnel.sites if topology.sites[site].gateway.behind_nat]
    if policy and policy.ipsec.protocol == "ah" and behind:
        yield (
            ".policy",
            (
                f"{tunnel.policy!r} uses AH, and the gateway of {' and that of '.join(behind)} is behind NAT, which "
                "rewrites the addresses that AH protects (RFC 3715): the peer drops all packets; use a policy with esp."
            ),
        )
    if len(behind) == 2 and not any(topology.sites[site].gateway.forwarded for site in behind):
        yield (
            ".sites",
            (
                f"the gateways of {behind[0]} and {behind[1]} are both behind NAT, and neither NAT passes on what "
                "comes from outside, so neither can dial the other. Have one of them forward UDP 500 and 4500, and set "
                "forwarded: true at its gateway."
            ),
        )


def dialling_faults(topology: Topology, tunnel: Tunnel) -> Iterator[tuple[str, str]]:
    """What leaves nobody who could start the tunnel."""
    unmanaged = [site for site in tunnel.sites if topology.sites[site].gateway.host is None]
    anywhere = [site for site in tunnel.sites if topology.sites[site].gateway.anywhere]
    answers_only = tunnel.behaviour.start == "answer_only"
    if answers_only and not unmanaged:
        yield ".start", "we manage both ends, and none of them would start the tunnel; use always or on_traffic."
    if answers_only and tunnel.initiator is not None:
        yield ".initiator", "says who starts the tunnel, and start: answer_only that we do not; remove one."
    if answers_only and unmanaged and unmanaged[0] not in anywhere and anywhere:
        yield (
            ".start",
            f"{unmanaged[0]} cannot dial {anywhere[0]}, whose address is not known; use always or on_traffic.",
        )
    if len(anywhere) == 2:
        yield ".sites", "the addresses of both gateways are not known, so neither can dial the other; give one of them."
    if len(anywhere) == 1 and tunnel.initiator is not None and tunnel.initiator != anywhere[0]:
        yield (
            ".initiator",
            f"{tunnel.initiator} cannot dial {anywhere[0]}, whose address is not known; remove initiator.",
        )


def identity_faults(topology: Topology, tunnel: Tunnel) -> Iterator[tuple[str, str]]:
    """Identities that are the same, or that nobody can know."""
    ours, theirs = (identity(topology, tunnel, site) for site in tunnel.sites)
    near, far = (topology.sites[site].gateway.dial for site in tunnel.sites)
    if ours and (near != far or not near) and same_as(ours) == same_as(theirs):
        yield ".ids", f"both ends are {ours!r}; give each end its own identity."
    for site in tunnel.sites:
        gateway = topology.sites[site].gateway
        if site in tunnel.ids:
            continue
        if gateway.anywhere:
            yield (
                ".ids",
                (
                    f"missing for {site}: its address is not known, so its peer must know it by a name, like {{{site}: "
                    f"{_example(site)}}}."
                ),
            )
        elif gateway.host is None and gateway.behind_nat:
            yield (
                ".ids",
                (
                    f"missing for {site}: its gateway is behind NAT, where most devices call themselves by their own "
                    f"address, not by {gateway.dial[0]}. Say what it sends, like {{{site}: {gateway.local_address}}}."
                ),
            )


def _example(site: str) -> str:
    plain = "".join(char for char in site.lower() if char.isascii() and char.isalnum())
    return f"{plain or 'gw'}.example"
