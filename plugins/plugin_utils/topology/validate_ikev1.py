# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several tunnels of IKEv1 between the same two gateways must have in common.

Who answers to IKEv1 knows no more than the addresses when the proposal is chosen, and in main mode when the key is
looked up (RFC 2409, 5.4). strongSwan then takes the first connection with these addresses; with IKEv2 it tries all.
Certificates and raw keys are looked up by the identity that comes after that, and so is the connection: by that of the
end that dials alone, which does not say whom it wants to reach.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Final

from .authentication import PSK, methods
from .dialling import initiates
from .expand import identity
from .fleet import Fleet, path_of
from .identities import same_as
from .problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .model import Topology, Tunnel
    from .policies import IkeHalf

_PROPOSALS: Final = (
    "who answers goes by the addresses alone, and would hold the proposals of one against those of the other; give "
    "both the same ike, or use version: 2."
)
_KEYS: Final = (
    "who answers in main mode looks the key up by the addresses alone; give both the same psk, or use version: 2."
)


_IDENTITIES: Final = (
    "who answers goes by the identity of the end that dials, and {site} is {name!r} in both; give it two ids, or use "
    "version: 2."
)


def ikev1_rivals(fleet: Fleet) -> Iterator[Problem]:
    """Tunnels that an answering end could not tell from others: each once, with the first of those."""
    said: set[str] = set()
    for tunnels in _parallel(fleet):
        for other, tunnel in combinations(tunnels, 2):
            found = _fault(fleet.topology, other, tunnel)
            if found and tunnel.name not in said:
                said.add(tunnel.name)
                key, message = found
                yield Problem(f"{path_of(tunnel)}{'' if tunnel.mesh else key}", message)


def _parallel(fleet: Fleet) -> Iterator[list[Tunnel]]:
    """The tunnels that IKEv1 may set up between the same two gateways, and that an end of ours answers to."""
    found: dict[frozenset[str], list[Tunnel]] = {}
    for tunnel in fleet.tunnels:
        ike = _ike(fleet.topology, tunnel)
        if ike and ike.version != 2 and _we_answer(fleet.topology, tunnel):
            found.setdefault(frozenset(tunnel.sites), []).append(tunnel)
    return (tunnels for tunnels in found.values() if len(tunnels) > 1)


def _ike(topology: Topology, tunnel: Tunnel) -> IkeHalf | None:
    policy = topology.policies.get(tunnel.policy)
    return policy.ike if policy else None


def _we_answer(topology: Topology, tunnel: Tunnel) -> bool:
    """At a peer that nobody here manages, it is the peer's affair whom it takes us for when we dial."""
    managed = all(topology.sites[site].gateway.host for site in tunnel.sites)
    return managed or tunnel.behaviour.start == "answer_only"


def _fault(topology: Topology, other: Tunnel, tunnel: Tunnel) -> tuple[str, str] | None:
    """What is not the same for both: key and message. Two that only may be of IKEv1 begin with IKEv2."""
    theirs, ours = _ike(topology, other), _ike(topology, tunnel)
    if theirs is None or ours is None or 1 not in {theirs.version, ours.version}:
        return None
    one, two = sorted(tunnel.sites)
    both = f"{tunnel.name!r} and {other.name!r} may both be of IKEv1, between the gateways of {one} and {two}"
    if theirs.proposals != ours.proposals:
        return ".policy", f"{both}: {_PROPOSALS}"
    by_address = any(ike.version == 1 and not ike.aggressive for ike in (theirs, ours)) and all(
        PSK in methods(one) for one in (tunnel, other)
    )
    same = tunnel.psk is not None and tunnel.psk == other.psk
    if by_address and not same:
        return ".psk", f"{both}: {_KEYS}"
    site = _dialler(topology, tunnel)
    names = [identity(topology, one, site) for one in (other, tunnel)]
    if names[0] and site == _dialler(topology, other) and same_as(names[0]) == same_as(names[1]):
        return ".ids", f"{both}: {_IDENTITIES.format(site=site, name=names[0])}"
    return None


def _dialler(topology: Topology, tunnel: Tunnel) -> str:
    """The site whose end begins."""
    one, other = tunnel.sites
    return one if initiates(tunnel, topology.sites[one], topology.sites[other]) else other
