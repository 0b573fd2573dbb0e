# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One gateway's or LAN host's share of a topology, at the cost of its own tunnels alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .authentication import PSK, method_of, methods
from .children import carries_pings, children
from .credential_files import asked_authorities, connection_files, credential_plugins
from .dialling import answers_only, initiates
from .expand import behind, identity, selectors, tunnels_of
from .fleet import path_of
from .gates import daemon_requirements, requirements
from .model import (
    ConnectionIntent,
    Gateway,
    GatewayIntent,
    LanHostIntent,
    PeerLan,
    PskSlot,
    Route,
    Secret,
    Site,
    Topology,
    Tunnel,
    section_name,
)
from .parameters import MOST_SUBNETS
from .parse_tunnels import bad_psk
from .policies import algorithms, plugins
from .problems import Problem, TopologyError, UnknownHostError, suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .blocks import Block

MADE_PSK_MIN_LENGTH = 32
IKEV1_EXCHANGES = 3  # that the daemon keeps track of at a time, by its own default (charon.max_ikev1_exchanges)


def gateway_intent(topology: Topology, host: str) -> GatewayIntent:
    """What one gateway is to be."""
    site = site_of(topology, host)
    tunnels = list(tunnels_of(topology, site.name))
    used = {name: topology.policies[name] for name in sorted({tunnel.policy for tunnel in tunnels})}
    ike = [proposal for policy in used.values() for proposal in policy.ike.proposals]
    ipsec = [proposal for policy in used.values() for proposal in policy.ipsec.proposals]
    asked = asked_authorities(topology, tunnels, site.name)
    connections = [_connection(topology, tunnel, site) for tunnel in tunnels]
    return GatewayIntent(
        host=host,
        site=site.name,
        description=site.description,
        local_address=_first(site.gateway.own_addresses, ""),
        lan_address=_text(site.gateway.lan_address),
        subnets=_texts(site.subnets),
        management=_texts(site.management),
        connections=tuple(sorted(connections, key=lambda connection: connection.name)),
        algorithms=algorithms(ike, ipsec),
        plugins=tuple(sorted({*plugins(ike, ipsec), *credential_plugins(tunnels), *(["curl"] if asked else [])})),
        requires=(*daemon_requirements(site), *requirements(tunnels, used)),
        daemon=_daemon(connections, site.gateway),
        authorities=asked,
    )


def _daemon(connections: Iterable[ConnectionIntent], gateway: Gateway) -> dict[str, str]:
    """Options of the daemon as a whole that its tunnels need: any change restarts it, so none without need."""
    options = dict(gateway.extra)
    if any(connection.ike_version != 2 and len(connection.children) > IKEV1_EXCHANGES for connection in connections):
        # A peer may set up all of them at once. Of more than this, the daemon loses the keys of all, without a word.
        options["max_ikev1_exchanges"] = str(MOST_SUBNETS)
    if any(connection.ike_reauth_lifetime for connection in connections):
        options["make_before_break"] = "yes" if gateway.make_before_break else "no"
    return options


def site_of(topology: Topology, host: str) -> Site:
    """The site whose gateway this host is."""
    name = topology.site_by_host.get(host)
    if name is None:
        hint = suggestion(host, topology.site_by_host)
        raise UnknownHostError([Problem(str(host), f"is not the host of any gateway of the topology.{hint}")])
    return topology.sites[name]


def _connection(topology: Topology, tunnel: Tunnel, site: Site) -> ConnectionIntent:
    peer = topology.sites[tunnel.other(site.name)]
    policy = topology.policies[tunnel.policy]
    section = section_name(tunnel.name)
    return ConnectionIntent(
        name=section,
        tunnel=tunnel.name,
        description=tunnel.description,
        peer_site=peer.name,
        peer_host=peer.gateway.host,
        ike_version=policy.ike.version,
        aggressive=policy.ike.aggressive,
        local_address=_first(site.gateway.own_addresses, "%any"),
        remote_address=peer.gateway.dial[0] if peer.gateway.dial else "%any",
        local_id=identity(topology, tunnel, site.name),
        remote_id=identity(topology, tunnel, peer.name),
        ike_proposals=policy.ike.proposals,
        protocol=policy.ipsec.protocol,
        ipsec_proposals=policy.ipsec.proposals,
        ike_lifetime=policy.ike.lifetime,
        ipsec_lifetime=policy.ipsec.lifetime,
        initiator=initiates(tunnel, site, peer),
        children=children(topology, tunnel, site.name, section),
        psk_given=tunnel.psk is not None or PSK not in methods(tunnel),
        local_lan_address=_text(site.gateway.lan_address),
        remote_lan_address=_text(peer.gateway.lan_address),
        more_local_addresses=_texts(site.gateway.own_addresses[1:]),
        more_remote_addresses=peer.gateway.dial[1:],
        answers_only=answers_only(tunnel, peer),
        ike_rekey_margin=policy.ike.rekey_margin,
        ike_reauth_lifetime=policy.ike.reauth_lifetime,
        ipsec_rekey_margin=policy.ipsec.rekey_margin,
        ipsec_lifetime_bytes=policy.ipsec.lifetime_bytes,
        ipsec_lifetime_packets=policy.ipsec.lifetime_packets,
        behaviour=tunnel.behaviour,
        extra=tunnel.extra,
        local_auth=method_of(tunnel, site.name),
        remote_auth=method_of(tunnel, peer.name),
        **connection_files(topology, tunnel, site.name, peer.name),
    )


def lan_host_intent(topology: Topology, host: str, groups: Iterable[str] = ()) -> LanHostIntent:
    """What one LAN host is to be, which the topology names itself or by one of its groups."""
    site = topology.sites[_lan_site(topology, host, groups)]
    peers = sorted(_peer_lans(topology, site), key=lambda peer: (peer.site, peer.tunnel))
    lan = site.gateway.lan_address
    destinations = {
        block
        for tunnel in tunnels_of(topology, site.name)
        for block in selectors(topology, tunnel, tunnel.other(site.name))
        if lan is not None and block.version == lan.version
    }
    routes = tuple(Route(block.text, lan.text) for block in sorted(destinations) if lan is not None)
    return LanHostIntent(host=host, site=site.name, subnets=_texts(site.subnets), routes=routes, peers=tuple(peers))


def _lan_site(topology: Topology, host: str, groups: Iterable[str]) -> str:
    sites = {site for name in (host, *groups) for site in topology.sites_by_lan_host.get(name, ())}
    if not sites:
        hint = suggestion(host, topology.sites_by_lan_host)
        raise UnknownHostError(
            [Problem(str(host), f"is under lan_hosts of no site of the topology, nor is a group of it.{hint}")]
        )
    if len(sites) > 1:
        names = " and ".join(sorted(sites))
        raise TopologyError(
            [Problem(str(host), f"belongs to the lan_hosts of {names} by its groups; a host belongs to one site.")]
        )
    return sites.pop()


def _peer_lans(topology: Topology, site: Site) -> Iterable[PeerLan]:
    for tunnel in tunnels_of(topology, site.name):
        local = selectors(topology, tunnel, site.name)
        families = {block.version for block in local}
        for peer, blocks in behind(topology, tunnel, tunnel.other(site.name)):
            subnets = _texts(blocks, families)
            yield PeerLan(tunnel.name, peer.name, _texts(local), subnets, peer.lan_hosts, carries_pings(tunnel))


def psk_slots(topology: Topology, host: str) -> list[PskSlot]:
    """The pre-shared keys that one gateway needs, sorted by name."""
    site = site_of(topology, host)
    tunnels = [tunnel for tunnel in tunnels_of(topology, site.name) if PSK in methods(tunnel)]
    slots = (
        PskSlot(
            name=f"ike-{section_name(tunnel.name)}",
            ids=(identity(topology, tunnel, site.name), identity(topology, tunnel, tunnel.other(site.name))),
            tunnel=tunnel.name,
            key=f"{path_of(tunnel)}.psk",
            given=tunnel.psk is not None,
        )
        for tunnel in tunnels
    )
    return sorted(slots, key=lambda slot: slot.name)


def _given_psks(topology: Topology, host: str) -> dict[str, str]:
    """The pre-shared keys that the topology gives one gateway, by name of tunnel."""
    site = site_of(topology, host)
    return {tunnel.name: tunnel.psk for tunnel in tunnels_of(topology, site.name) if tunnel.psk is not None}


def gateway_secrets(topology: Topology, host: str, made: Mapping[str, str] | None = None) -> list[Secret]:
    """The pre-shared keys of one gateway: the given ones, and ``made`` ones by name of tunnel for all others."""
    return fill_slots(psk_slots(topology, host), _given_psks(topology, host), made or {})


def fill_slots(slots: Iterable[PskSlot], given: Mapping[str, str], made: Mapping[str, str]) -> list[Secret]:
    """Slots with their keys, by name of tunnel; raises TopologyError if one is missing or too weak."""
    problems = []
    secrets = []
    for slot in slots:
        psk = (given if slot.given else made).get(slot.tunnel)
        if psk is None:
            problems.append(Problem(slot.key, f"no PSK was given or made for {slot.tunnel!r}."))
        elif not slot.given and bad_psk(psk, MADE_PSK_MIN_LENGTH):
            problems.append(Problem(slot.key, f"the one made: {bad_psk(psk, MADE_PSK_MIN_LENGTH)}"))
        else:
            secrets.append(Secret(slot.name, slot.ids, psk))
    if problems:
        raise TopologyError(problems)
    return secrets


def _first(blocks: tuple[Block, ...], otherwise: str) -> str:
    return blocks[0].text if blocks else otherwise


def _text(block: Block | None) -> str | None:
    return block.text if block else None


def _texts(blocks: Iterable[Block], versions: Iterable[int] = (4, 6)) -> tuple[str, ...]:
    return tuple(block.text for block in blocks if block.version in versions)
