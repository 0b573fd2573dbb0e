# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of a gateway's files of certificates and keys: follow from names in the topology, never from contents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .authentication import CERTIFICATE, OWN_AUTHORITY, PUBLIC_KEY, method_of, methods
from .model import AuthorityIntent, section_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .model import Topology, Tunnel

# The plugins of strongSwan that certificates and raw keys need, besides those of the algorithms of their keys.
PLUGINS: Final = {
    CERTIFICATE: ("openssl", "pem", "pkcs1", "revocation", "x509"),
    PUBLIC_KEY: ("openssl", "pem", "pkcs1", "pubkey"),
}


def key_file(site: str, method: str) -> str:
    """A site's private key, its certificate or its public key, each in a directory of its kind."""
    return f"{section_name(site)}-{method}.pem"


def authority_file(authority: str, number: int) -> str:
    """A certificate or a list of an authority; they count from 1."""
    return f"{section_name(authority)}-{number}.pem"


def authority_files(topology: Topology, authority: str) -> tuple[str, ...]:
    """The CA certificates of an authority."""
    known = topology.authorities.get(authority)
    count = len(known.certificates) if known and authority != OWN_AUTHORITY else 1
    return tuple(authority_file(authority, number) for number in range(1, count + 1))


def connection_files(topology: Topology, tunnel: Tunnel, here: str, there: str) -> dict[str, tuple[str, ...]]:
    """The files that a connection names, by field of ConnectionIntent."""
    return {
        "local_files": (key_file(here, PUBLIC_KEY),) if method_of(tunnel, here) == PUBLIC_KEY else (),
        "remote_files": _remote_files(topology, tunnel, there),
    }


def _remote_files(topology: Topology, tunnel: Tunnel, there: str) -> tuple[str, ...]:
    method = method_of(tunnel, there)
    if method == CERTIFICATE:
        return authority_files(topology, topology.sites[there].gateway.credentials.authority)
    return (key_file(there, PUBLIC_KEY),) if method == PUBLIC_KEY else ()


def asked_authorities(topology: Topology, tunnels: Iterable[Tunnel], here: str) -> tuple[AuthorityIntent, ...]:
    """The authorities of a gateway's peers that say where to ask for revoked certificates."""
    names = {
        topology.sites[tunnel.other(here)].gateway.credentials.authority
        for tunnel in tunnels
        if method_of(tunnel, tunnel.other(here)) == CERTIFICATE
    }
    known = [topology.authorities[name] for name in names & set(topology.authorities)]
    asked = [one for one in known if one.crl_uris or one.ocsp_uris]
    return tuple(
        AuthorityIntent(section_name(one.name), authority_file(one.name, 1), one.crl_uris, one.ocsp_uris)
        for one in sorted(asked, key=lambda one: section_name(one.name))
    )


def credential_plugins(tunnels: Iterable[Tunnel]) -> set[str]:
    """The plugins that the tunnels' ways to authenticate need."""
    return {plugin for tunnel in tunnels for method in methods(tunnel) for plugin in PLUGINS.get(method, ())}
