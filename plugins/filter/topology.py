# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of the topology: one host's share of it, as data, as configuration text, as what to install."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ansible.errors import AnsibleFilterError
from ansible_collections.causeway.ipsec.plugins.module_utils.versions import BESIDE_START, INSTEAD, NO_TRAPS, traps
from ansible_collections.causeway.ipsec.plugins.plugin_utils import topology as core
from ansible_collections.causeway.ipsec.plugins.plugin_utils.boundary import load_topology, plain, problems_as_error
from ansible_collections.causeway.ipsec.plugins.plugin_utils.host_shares import GatewayShare, LanHostShare, ask, kept
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology import crypto, gates
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.inventory import inventory_names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_CONFIGS: Final[Mapping[str, Callable[[GatewayShare], str]]] = {
    BESIDE_START: GatewayShare.swanctl_config,
    INSTEAD: GatewayShare.swanctl_config_traps_instead,
    NO_TRAPS: GatewayShare.swanctl_config_without_traps,
}


def gateway_intent(raw: object, host: str) -> dict[str, Any]:
    """What one gateway is to be."""
    return ask(GatewayShare.gateway_intent, GatewayShare, raw, host, None)


def host_intent(raw: object, host: str, run: object = None) -> dict[str, Any]:
    """What one gateway's tunnels ask of its host."""
    return ask(GatewayShare.host_intent, GatewayShare, raw, host, run)


def firewall_intent(raw: object, host: str, run: object = None) -> dict[str, Any]:
    """What one gateway's firewall must know of its tunnels."""
    return ask(GatewayShare.firewall_intent, GatewayShare, raw, host, run)


def lan_host_intent(raw: object, host: str, groups: Sequence[str] = (), run: object = None) -> dict[str, Any]:
    """What one LAN host is to be."""

    def share(topology: core.Topology, name: str) -> LanHostShare:
        return LanHostShare(topology, name, [str(plain(group)) for group in groups], {})

    return ask(LanHostShare.lan_host_intent, share, raw, host, run)


def gateway_secrets(
    raw: object, host: str, made: Mapping[str, str] | None = None, run: object = None
) -> list[dict[str, Any]]:
    """The pre-shared keys of one gateway's tunnels."""
    keys = {str(plain(name)): str(plain(psk)) for name, psk in (made or {}).items()}
    slots = kept(GatewayShare.psk_slots, host, run)
    if slots is None or any(slot["given"] for slot in slots):  # those that are given stand in the topology alone
        topology = load_topology(raw)
        with problems_as_error():
            secrets = core.gateway_secrets(topology, str(plain(host)), keys)
    else:
        with problems_as_error():
            secrets = core.fill_slots([core.PskSlot(**slot) for slot in slots], {}, keys)
    return [secret.as_dict() for secret in secrets]


def swanctl_config(raw: object, host: str, version: str = "", userspace: bool = False, run: object = None) -> str:
    """The connections of one gateway for a strongSwan of this version; empty: the newest."""
    can = traps(str(plain(version)), userspace=bool(plain(userspace)))
    return ask(_CONFIGS[can], GatewayShare, raw, host, run)


def strongswan_packages(plugins: Sequence[str], release: str) -> list[str]:
    """The packages with these plugins."""
    try:
        return list(crypto.packages([str(plain(name)) for name in plugins], str(plain(release))))
    except ValueError as error:
        raise AnsibleFilterError(str(error)) from None


def strongswan_unmet(
    requires: Sequence[Mapping[str, Any]], host: str, version: str, plugins: Sequence[str] = (), userspace: bool = False
) -> list[str]:
    """What a host with this strongSwan cannot do of what its tunnels need."""
    words = ("feature", "tunnel", "key", "version")
    needed = [gates.Requirement(*(str(plain(one[word])) for word in words)) for one in requires]
    found = [str(plain(name)) for name in plugins]
    return gates.unmet(needed, str(plain(host)), str(plain(version)), found, userspace=bool(plain(userspace)))


def topology_hosts(raw: object) -> dict[str, list[str]]:
    """The inventory names that the topology speaks of."""
    gateways, lan_hosts = inventory_names(load_topology(raw))
    return {"gateways": gateways, "lan_hosts": lan_hosts}


class FilterModule:
    """Filters of the topology."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "firewall_intent": firewall_intent,
            "gateway_intent": gateway_intent,
            "host_intent": host_intent,
            "lan_host_intent": lan_host_intent,
            "gateway_secrets": gateway_secrets,
            "swanctl_config": swanctl_config,
            "strongswan_packages": strongswan_packages,
            "strongswan_unmet": strongswan_unmet,
            "topology_hosts": topology_hosts,
        }
