# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The topology held against an inventory: a host that nobody can connect to would be passed over in silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .problems import Names, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .model import Topology


def inventory_names(topology: Topology) -> tuple[list[str], list[str]]:
    """The hosts of the managed gateways, and what the sites name as LAN hosts, which may be groups; both sorted."""
    lan_hosts = {name for site in topology.sites.values() for name in site.lan_hosts}
    return sorted(topology.site_by_host), sorted(lan_hosts)


def check_inventory(topology: Topology, hosts: Iterable[str], groups: Iterable[str]) -> Iterator[Problem]:
    """Every gateway's host and every LAN host that an inventory with these hosts and groups doesn't have."""
    gateways = Names("inventory host", hosts := list(hosts))
    lan_hosts = Names("inventory host or group", [*hosts, *groups])
    for site in topology.sites.values():
        for index, gateway in enumerate(site.gateways):
            if gateway.host and gateway.host not in gateways:
                path = f"sites[{site.name}].gateways[{index}].host"
                yield Problem(
                    path, f"{gateways.unknown(gateway.host)} (A peer gateway that you don't manage has no host.)"
                )
        for index, name in enumerate(site.lan_hosts):
            if name not in lan_hosts:
                yield Problem(f"sites[{site.name}].lan_hosts[{index}]", lan_hosts.unknown(name))
