# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the keys of a tunnel's ends fit together in IKEv1, where a method is of a kind of key.

The method is agreed on before either end shows its key: signatures are of RSA (RFC 2409, 5.1) or of ECDSA (RFC 4754),
at both ends. strongSwan takes any two curves for each other, though RFC 4754 has a method for each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..topology.authentication import CERTIFICATE, PSK, method_of, methods
from ..topology.expand import all_tunnels
from ..topology.fleet import path_of
from ..topology.problems import Problem
from .material import ECDSA, ED25519, kind_of_key, read_any
from .needed import require
from .sources import SourceError, Sources

_MADE: Final = ", which the collection makes"

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..topology.model import Site, Topology, Tunnel


def ikev1_faults(topology: Topology, sources: Sources) -> Iterator[Problem]:
    """The tunnels whose ends could not sign for each other; of a mesh the first."""
    said: set[str] = set()
    for tunnel in all_tunnels(topology):
        signs = topology.policies[tunnel.policy].ike.version != 2 and PSK not in methods(tunnel)
        path = f"{path_of(tunnel)}{'' if tunnel.mesh else '.auth'}"
        message = _fault(topology, sources, tunnel) if signs and path not in said else ""
        if message:
            said.add(path)
            yield Problem(path, f"{tunnel.name}: {message}" if tunnel.mesh else message)


def _fault(topology: Topology, sources: Sources, tunnel: Tunnel) -> str:
    ends = {name: _given(topology.sites[name], method_of(tunnel, name)) for name in tunnel.sites}
    kinds = {name: _kind(topology.sites[name], given, sources) for name, given in ends.items()}
    uses = f"policy {tunnel.policy!r} uses IKEv1"
    odd = [name for name, kind in kinds.items() if kind == ED25519]
    if odd:
        return (
            f"{uses}, which has no signatures of Ed25519, and {' and '.join(odd)} has {ED25519}; give it an RSA or "
            "ECDSA key, or use a policy with version 2."
        )
    if len(set(filter(None, kinds.values()))) > 1:
        both = " and ".join(f"{name} has {kinds[name]}{'' if given else _MADE}" for name, given in ends.items())
        return (
            f"{uses}, in which both ends have keys of one kind, and {both}; give both RSA or both ECDSA keys, or use a "
            "policy with version 2."
        )
    return ""


def _given(site: Site, method: str) -> str | None:
    """What the topology gives of the key that an end signs with."""
    given = site.gateway.credentials
    return given.certificate if method == CERTIFICATE else given.public_key or given.private_key


def _kind(site: Site, given: str | None, sources: Sources) -> str:
    """The kind of key that an end signs with; empty where that is not known."""
    if given is None:
        return ECDSA if site.gateway.host else ""  # of a peer's certificate, no more than the CA may be known
    try:
        require()
        return kind_of_key(sources.load(given, read_any))
    except SourceError:
        return ""  # what is wrong with it has been said
