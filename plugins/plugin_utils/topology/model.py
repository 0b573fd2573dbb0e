# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The topology and the intents compiled from it, as frozen values."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from .authentication import NOTHING, PSK, Authority, Credentials
from .behaviour import STANDARD, Behaviour
from .plain import Plain
from .traffic import ALL, Traffic

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .blocks import Block
    from .crypto import Proposal
    from .extra import Extra
    from .gates import Requirement
    from .policies import Policy

_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,50}")


def section_name(name: str) -> str:
    """The name of a tunnel's connection on its gateways.

    strongSwan accepts neither blanks nor dots nor letters outside ASCII there, and silently drops what is too long.
    """
    if _PLAIN_NAME.fullmatch(name):
        return f"cw-{name}"
    slug = re.sub(r"[^A-Za-z0-9_-]+", "-", name)[:40].strip("-")
    return f"cw-{slug or 'tunnel'}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


@dataclass(frozen=True, slots=True)
class Gateway:
    host: str | None  # None: a peer that we do not manage
    address: Block | None  # what peers dial; the first of several, None where none is fixed
    local_address: Block | None = None  # only behind NAT
    lan_address: Block | None = None
    device: str | None = None
    make_before_break: bool = True
    dial: tuple[str, ...] = ()  # all that peers may dial, names too, in order; empty: nobody knows its address
    addresses: tuple[Block, ...] = ()  # the fixed ones among them
    extra: Mapping[str, str] = field(default_factory=dict)  # charon's options
    forwarded: bool = False  # whether the NAT passes IKE on to it
    credentials: Credentials = NOTHING

    @property
    def behind_nat(self) -> bool:
        return self.local_address is not None and self.local_address not in self.addresses

    @property
    def anywhere(self) -> bool:
        """Whether nobody knows where it is: it can only dial."""
        return not self.dial

    @property
    def fixed(self) -> bool:
        """Whether all its addresses are known."""
        return 0 < len(self.dial) == len(self.addresses)

    @property
    def own_addresses(self) -> tuple[Block, ...]:
        """Those on the host itself; none where they are not known."""
        return (self.local_address,) if self.local_address else self.addresses if self.fixed else ()


@dataclass(frozen=True, slots=True)
class Site:
    name: str
    subnets: tuple[Block, ...]
    gateways: tuple[Gateway, ...]
    description: str = ""
    management: tuple[Block, ...] = ()
    lan_hosts: tuple[str, ...] = ()
    platform: str | None = None  # whose VPN service its gateway is; one of PLATFORMS

    @property
    def gateway(self) -> Gateway:
        return self.gateways[0]


@dataclass(frozen=True, slots=True)
class Mesh:
    name: str
    sites: tuple[str, ...]  # sorted; without the hub
    hub: str | None
    transit: bool
    policy: str
    routing: str
    description: str = ""
    behaviour: Behaviour = STANDARD
    extra: Extra | None = None
    auth: str = PSK  # of all its sites


@dataclass(frozen=True, slots=True)
class Tunnel:
    name: str
    sites: tuple[str, str]
    policy: str
    routing: str
    description: str = ""
    psk: str | None = field(default=None, repr=False)
    ids: Mapping[str, str] = field(default_factory=dict)  # by site
    subnets: Mapping[str, tuple[Block, ...]] = field(default_factory=dict)  # by site, where not the site's own
    mesh: Mesh | None = None  # what it was expanded from
    platform: str | None = None  # where it is not that of an end's site
    behaviour: Behaviour = STANDARD
    initiator: str | None = None  # the site that starts it, where that is not left to us
    traffic: tuple[Traffic, ...] = ALL
    extra: Extra | None = None  # strongSwan's own keys, by level
    auth: str = PSK  # how an end proves who it is, where it is not said of that end
    auths: Mapping[str, str] = field(default_factory=dict)  # by site

    def other(self, site: str) -> str:
        return self.sites[1] if self.sites[0] == site else self.sites[0]


@dataclass(frozen=True, slots=True)
class Limits:
    tunnels_per_gateway: int | None = None
    subnets_per_tunnel: int | None = None
    psk_min_length: int = 32


@dataclass(frozen=True, slots=True)
class Topology:
    sites: Mapping[str, Site]
    tunnels: tuple[Tunnel, ...]  # as written; those of meshes come from expand
    meshes: tuple[Mesh, ...]
    policies: Mapping[str, Policy]  # with the built-in ones
    limits: Limits
    authorities: Mapping[str, Authority]
    # Indexes, built once, so that a gateway's share costs only its own degree.
    site_by_host: Mapping[str, str] = field(repr=False, compare=False)
    sites_by_lan_host: Mapping[str, tuple[str, ...]] = field(repr=False, compare=False)
    tunnels_by_site: Mapping[str, tuple[Tunnel, ...]] = field(repr=False, compare=False)
    meshes_by_site: Mapping[str, tuple[Mesh, ...]] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class ChildIntent(Plain):
    name: str
    local_subnets: tuple[str, ...]
    remote_subnets: tuple[str, ...]
    protocol: int = 0  # IANA's number; 0: any
    local_ports: str = ""  # one or a range; empty: any
    remote_ports: str = ""


@dataclass(frozen=True, slots=True)
class ConnectionIntent(Plain):
    name: str  # of the section
    tunnel: str  # as the user calls it
    description: str
    peer_site: str
    peer_host: str | None  # None: not managed
    ike_version: int  # 0: either
    aggressive: bool  # the mode of IKEv1, if it is not main mode
    local_address: str  # %any where it is not known
    remote_address: str  # what to dial; %any for nothing
    local_id: str
    remote_id: str
    ike_proposals: tuple[Proposal, ...]
    protocol: str  # of the traffic: esp or ah
    ipsec_proposals: tuple[Proposal, ...]
    ike_lifetime: int  # seconds
    ipsec_lifetime: int
    initiator: bool  # whether this end starts it, by itself or on traffic; of two ends that we manage, one
    children: tuple[ChildIntent, ...]
    psk_given: bool  # or none is needed
    local_lan_address: str | None
    remote_lan_address: str | None
    more_local_addresses: tuple[str, ...] = ()
    more_remote_addresses: tuple[str, ...] = ()  # where the peer may come from besides
    answers_only: bool = False  # this end neither starts it nor waits for traffic
    ike_rekey_margin: int = 0  # seconds; 0: a tenth of the lifetime
    ike_reauth_lifetime: int = 0  # seconds; 0: never
    ipsec_rekey_margin: int = 0
    ipsec_lifetime_bytes: int = 0  # 0: unlimited
    ipsec_lifetime_packets: int = 0
    behaviour: Behaviour = STANDARD
    extra: Extra | None = None  # strongSwan's own keys: of connection, local, remote and child
    local_auth: str = PSK
    remote_auth: str = PSK
    local_files: tuple[str, ...] = ()  # the public key that this end shows; a certificate is found by the identity
    remote_files: tuple[str, ...] = ()  # the CA certificates that the peer's must be signed by, or its public key


@dataclass(frozen=True, slots=True)
class AuthorityIntent(Plain):
    """Where to ask whether the certificates of a CA are revoked."""

    name: str  # of the section
    file: str  # its certificate
    crl_uris: tuple[str, ...]
    ocsp_uris: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GatewayIntent(Plain):
    """What one gateway is to be, without secrets."""

    host: str
    site: str
    description: str
    local_address: str  # empty where it is not known
    lan_address: str | None
    subnets: tuple[str, ...]
    management: tuple[str, ...]
    connections: tuple[ConnectionIntent, ...]  # sorted by name
    algorithms: Mapping[str, tuple[str, ...]]  # by kind, as strongSwan's get-algorithms names them
    plugins: tuple[str, ...]
    requires: tuple[Requirement, ...] = ()  # what not every strongSwan can do
    daemon: Mapping[str, str] = field(default_factory=dict)  # charon's own options, by their names
    authorities: tuple[AuthorityIntent, ...] = ()  # those that have URIs, sorted by name


@dataclass(frozen=True, slots=True)
class FirewallTunnel(Plain):
    name: str  # as the user calls it
    section: str
    peers: tuple[str, ...]  # addresses; empty: any
    protocol: str  # esp or ah
    local_subnets: tuple[str, ...]
    remote_subnets: tuple[str, ...]
    ciphers: tuple[tuple[str, str], ...]  # encryption and integrity that may be agreed on, by strongSwan's names
    udp: bool  # whether ESP may have to travel in UDP


@dataclass(frozen=True, slots=True)
class FirewallIntent(Plain):
    """What one gateway's firewall must know of its tunnels."""

    host: str
    site: str
    local_address: str
    lan_address: str | None
    subnets: tuple[str, ...]
    management: tuple[str, ...]
    tunnels: tuple[FirewallTunnel, ...]


@dataclass(frozen=True, slots=True)
class Route(Plain):
    destination: str
    via: str


@dataclass(frozen=True, slots=True)
class PeerLan(Plain):
    """A site that a LAN host must be able to reach, and the tunnel that leads there."""

    tunnel: str
    site: str
    local_subnets: tuple[str, ...]  # from which one can: what this site's end of the tunnel announces
    subnets: tuple[str, ...]
    lan_hosts: tuple[str, ...]
    pings: bool = True  # whether the tunnel carries them


@dataclass(frozen=True, slots=True)
class LanHostIntent(Plain):
    """What one LAN host is to be."""

    host: str
    site: str
    subnets: tuple[str, ...]  # of its own site
    routes: tuple[Route, ...]
    peers: tuple[PeerLan, ...]


@dataclass(frozen=True, slots=True)
class PskSlot(Plain):
    """Where a pre-shared key is needed, without the key."""

    name: str  # of the secret
    ids: Sequence[str]  # of both ends, its own first
    tunnel: str  # as the user calls it
    key: str  # of the topology
    given: bool  # there


@dataclass(frozen=True, slots=True)
class Secret(Plain):
    """A pre-shared key and the identities of both ends that it proves."""

    name: str
    ids: Sequence[str]
    psk: str = field(repr=False)
