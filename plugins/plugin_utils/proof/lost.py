# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that were in the run and dropped out of it: why, and which tunnels that leaves in the dark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..topology import gateway_intent, lan_host_intent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ..topology.model import Topology

# What tasks register, in their order; the result that a host dropped out with is the last one that it has.
REGISTERED = (
    *("__strongswan_host", "__strongswan_installed"),
    *("__firewall_host", "__firewall_rules", "__firewall_entry"),
    *("__strongswan_daemon", "__strongswan_loaded", "__kernel_held", "__lan_routes_held"),
    *("__ipsec_raised", "__ipsec_redialled", "__ipsec_addresses"),
    *("__ipsec_lan_pings", "__ipsec_pings", "__ipsec_status"),
)


@dataclass(frozen=True)
class Lost:
    """A host that gave no answer to the end; `why` is what Ansible or a module said, if that is known."""

    host: str
    unreachable: bool
    why: str
    tunnels: tuple[str, ...]
    gateway: bool

    def __str__(self) -> str:
        what = "could not be reached" if self.unreachable else "dropped out of this run"
        cause = f": {self.why}" if self.why else "" if self.unreachable else "; its error is further up"
        return f"{self.host} {what}{cause}. {self._consequence}"

    @property
    def _consequence(self) -> str:
        if not self.tunnels:
            return "No tunnel needs it."
        names = ", ".join(self.tunnels)
        if self.gateway:
            return (
                f"What it makes of its tunnels is not known, nor whether it has what this run changes: {names}. "
                "Run again when it is back."
            )
        return f"Nothing was pinged from it or to it, which leaves that part unproven of {names}."


def lost_hosts(
    topology: Topology,
    dropped: Iterable[str],
    results: Mapping[str, Sequence[Mapping[str, Any]]],
    groups: Mapping[str, Sequence[str]],
) -> list[Lost]:
    """One for each host that dropped out; results: what tasks said there, by host, in their order."""
    return [_lost(topology, host, results.get(host, ()), groups) for host in sorted(set(dropped))]


def _lost(
    topology: Topology, host: str, results: Sequence[Mapping[str, Any]], groups: Mapping[str, Sequence[str]]
) -> Lost:
    bad = [result for result in results if result.get("unreachable") or result.get("failed")]
    last: Mapping[str, Any] = bad[-1] if bad else {}
    why = " ".join(str(last.get("msg", "")).split())
    for said_already in ("Task failed: ", f"{host}: "):
        why = why.removeprefix(said_already)
    return Lost(
        host,
        bool(last.get("unreachable")),
        why.rstrip("."),
        tunnels_of(topology, host, groups),
        gateway=host in topology.site_by_host,
    )


def tunnels_of(topology: Topology, host: str, groups: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The tunnels that a gateway has, or that a LAN host uses."""
    if host in topology.site_by_host:
        return tuple(sorted({connection.tunnel for connection in gateway_intent(topology, host).connections}))
    own = [name for name, members in groups.items() if host in members]
    return tuple(sorted({peer.tunnel for peer in lan_host_intent(topology, host, own).peers}))
