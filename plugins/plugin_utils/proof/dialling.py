# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tunnels which gateways are to bring up: those that both ends have already need nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..topology import gateway_intent
from .verdict import managed_tunnels

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from ..topology.model import Topology

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


def halves(topology: Topology, states: Mapping[str, Mapping[str, str]]) -> Names:
    """The connections that a gateway has up and its peer, a gateway of this run, has lost: to be dialled anew here.

    A gateway that crashes takes no leave of its peers. Theirs is half a tunnel then, until they notice after minutes.
    states: of each gateway's connections, up, connecting or down. Only the end that dials is named.
    """
    found: Names = {}
    for _tunnel, connection, ends in managed_tunnels(topology):
        said = {host: states[host][connection] for host in ends if connection in states.get(host, ())}
        if sorted(said.values()) == ["down", "up"]:
            host = next(host for host, state in said.items() if state == "up")
            found.setdefault(host, []).append(connection)
    return {host: kept for host, names in found.items() if (kept := _dialled_here(topology, host, names))}


def _dialled_here(topology: Topology, host: str, names: Collection[str]) -> list[str]:
    intent = gateway_intent(topology, host)
    return [one.name for one in intent.connections if one.initiator and one.name in names]
