# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A topology with every tunnel of every mesh, which the rules over the whole fleet need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .entry import LONGEST_LABEL, label
from .expand import all_tunnels

if TYPE_CHECKING:
    from .model import Topology, Tunnel


@dataclass(frozen=True, slots=True)
class Fleet:
    topology: Topology
    tunnels: tuple[Tunnel, ...]
    by_site: dict[str, list[Tunnel]]


def fleet(topology: Topology) -> Fleet:
    tunnels = tuple(all_tunnels(topology))
    by_site: dict[str, list[Tunnel]] = {name: [] for name in topology.sites}
    for tunnel in tunnels:
        for name in tunnel.sites:
            by_site[name].append(tunnel)
    return Fleet(topology, tunnels, by_site)


def bracketed(kind: str, name: str) -> str:
    """The path of an entry by its name: tunnels[berlin-london]."""
    return f"{kind}[{label(name, name[: LONGEST_LABEL - 3] + '...')}]"


def path_of(tunnel: Tunnel) -> str:
    """Where a tunnel was written: its own entry, or that of its mesh."""
    return bracketed("meshes", tunnel.mesh.name) if tunnel.mesh else bracketed("tunnels", tunnel.name)
