# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which platform stands at which end of a tunnel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .platform_data import PLATFORMS
from .problems import shown

if TYPE_CHECKING:
    from .entry import Entry
    from .model import Topology, Tunnel


def read_platform(entry: Entry) -> str | None:
    """The platform that a site or a tunnel names; None if it names none that is known."""
    name = entry.get("platform")
    if name is None or (isinstance(name, str) and name in PLATFORMS):
        return name if name is None else str(name)
    entry.say("platform", f"unknown platform {shown(name)}. Known: {', '.join(PLATFORMS)}.")
    return None


def platform_ends(topology: Topology, tunnel: Tunnel) -> tuple[tuple[str, str], ...]:
    """The ends of a tunnel at which a platform stands: site and platform. What the tunnel names goes first."""
    if tunnel.platform is not None:
        end = _only_end(topology, tunnel)
        return ((end, tunnel.platform),) if end else ()
    named = ((name, topology.sites[name].platform) for name in tunnel.sites)
    return tuple((name, platform) for name, platform in named if platform)


def _only_end(topology: Topology, tunnel: Tunnel) -> str | None:
    """The end that a tunnel's own platform is about: a peer that we don't manage, or the one that has a platform."""
    unmanaged = [name for name in tunnel.sites if topology.sites[name].gateway.host is None]
    named = [name for name in tunnel.sites if topology.sites[name].platform]
    for ends in (unmanaged, named):
        if len(ends) == 1:
            return ends[0]
    return None
