# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tunnels which gateways are to bring up: those that both ends have already need nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..topology.dialling import hidden, initiates
from ..topology.expand import all_tunnels
from ..topology.model import section_name
from .verdict import managed_tunnels

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from ..topology.model import ConnectionIntent, Topology

Names = dict[str, list[str]]  # gateway to its connections


def unsettled(topology: Topology, gateways: Iterable[str], up: Mapping[str, Collection[str]]) -> Names:
    """The connections that gateways of this run must look after.

    up: what each gateway had up when its connections were loaded, and left alone; gateways that loaded none are not in
    it. One end alone proves nothing: the other may just have been restarted.
    """
    found: Names = {host: [] for host in gateways}
    for _tunnel, connection, ends in managed_tunnels(topology):
        settled = all(connection in up[host] for host in ends if host in up)
        for host in ends:
            if host in found and not (settled and host in up):
                found[host].append(connection)
    return {host: names for host, names in found.items() if names}


def dials(topology: Topology, connection: ConnectionIntent, gateways: Collection[str] | None) -> bool:
    """Whether a gateway is to set a connection up.

    gateways: those of this run, or None if that is not known. Where the other end is ours and would do it, and is not
    among them, this one does, if the other can be dialled: so it would with the first packet, which its trap waits for.
    """
    peer = topology.sites[connection.peer_site].gateway
    alone = gateways is not None and peer.host is not None and peer.host not in gateways
    return connection.initiator or (alone and not hidden(peer) and not connection.answers_only)


def halves(topology: Topology, states: Mapping[str, Mapping[str, str]]) -> Names:
    """The connections that a gateway has and its peer, a gateway of this run, has lost: to be dialled anew here.

    A gateway that crashes takes no leave of its peers. Theirs is half a tunnel then, until they notice after minutes.
    states: of each gateway's connections, up, half (an IKE SA, and nothing comes of it), connecting or down. Only the
    end that dials is named.
    """
    found: Names = {}
    for tunnel in all_tunnels(topology):
        connection = section_name(tunnel.name)
        first, second = (topology.sites[name] for name in tunnel.sites)
        for here, there in ((first, second), (second, first)):
            ours, theirs = (states.get(end.gateway.host or "", {}).get(connection) for end in (here, there))
            if here.gateway.host and ours in {"up", "half"} and theirs == "down" and initiates(tunnel, here, there):
                found.setdefault(here.gateway.host, []).append(connection)
    return found
