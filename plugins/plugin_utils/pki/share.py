# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One gateway's share of the certificates and keys: the files that it is to have."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from ..topology.authentication import CERTIFICATE, OWN_AUTHORITY, PSK, PUBLIC_KEY, method_of, methods
from ..topology.compile import site_of
from ..topology.credential_files import authority_file, key_file
from ..topology.expand import identity, tunnels_of
from .material import (
    key_id,
    pem,
    private_pem,
    public_pem,
    read_certificate,
    read_crl,
    read_private_key,
    read_public_key,
)
from .needed import require

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..topology.model import Site, Topology
    from .made import Maker
    from .sources import Sources


@dataclass(frozen=True)
class CredentialFile:
    """A file of a gateway's: its directory under /etc/swanctl, its name, its text, and of a private key its id."""

    kind: str
    name: str
    data: str = field(repr=False)
    id: str = ""

    def as_dict(self) -> dict[str, Any]:
        """As the module connections takes it."""
        return asdict(self)


def shown_identities(topology: Topology, name: str) -> list[str]:
    """What a site's gateway calls itself in the tunnels in which it shows its certificate."""
    tunnels = (one for one in tunnels_of(topology, name) if method_of(one, name) == CERTIFICATE)
    return sorted({identity(topology, tunnel, name) for tunnel in tunnels})


class Share:
    """Reads or makes what one gateway needs; what was written by others is written anew, so that equal is equal."""

    def __init__(self, topology: Topology, host: str, sources: Sources, maker: Maker) -> None:
        self._topology = topology
        self._site = site_of(topology, host)
        self._sources = sources
        self._maker = maker

    def files(self) -> list[CredentialFile]:
        """The files, sorted; each once. SourceError where one cannot be had."""
        found = {(one.kind, one.name): one for one in self._all()}
        return [found[key] for key in sorted(found)]

    def _all(self) -> Iterator[CredentialFile]:
        tunnels = list(tunnels_of(self._topology, self._site.name))
        own = {method_of(tunnel, self._site.name) for tunnel in tunnels}
        authorities = {self._site.gateway.credentials.authority} if CERTIFICATE in own else set()
        if any(methods(tunnel) != {PSK} for tunnel in tunnels):
            require()
        yield from self._certificate() if CERTIFICATE in own else ()
        yield from self._key() if PUBLIC_KEY in own else ()
        for tunnel in tunnels:
            peer = self._topology.sites[tunnel.other(self._site.name)]
            if method_of(tunnel, peer.name) == CERTIFICATE:
                authorities.add(peer.gateway.credentials.authority)
            elif method_of(tunnel, peer.name) == PUBLIC_KEY:
                yield CredentialFile("pubkey", key_file(peer.name, PUBLIC_KEY), self._public(peer))
        for authority in sorted(authorities):
            yield from self._authority(authority)

    def _certificate(self) -> Iterator[CredentialFile]:
        given = self._site.gateway.credentials
        name = key_file(self._site.name, CERTIFICATE)
        if given.certificate and given.private_key:
            key = self._sources.load(given.private_key, read_private_key)
            certificate = self._sources.load(given.certificate, read_certificate)
        else:
            pair = self._maker.certificate(self._site.name, shown_identities(self._topology, self._site.name))
            key, certificate = pair.key, pair.certificate
        yield CredentialFile("x509", name, pem(certificate))
        yield CredentialFile("private", name, private_pem(key), key_id(key.public_key()))

    def _key(self) -> Iterator[CredentialFile]:
        given = self._site.gateway.credentials.private_key
        key = self._sources.load(given, read_private_key) if given else self._maker.key(self._site.name)
        name = key_file(self._site.name, PUBLIC_KEY)
        yield CredentialFile("private", name, private_pem(key), key_id(key.public_key()))
        yield CredentialFile("pubkey", name, public_pem(key.public_key()))

    def _public(self, site: Site) -> str:
        given = site.gateway.credentials
        if given.public_key:
            return public_pem(self._sources.load(given.public_key, read_public_key))
        key = (
            self._sources.load(given.private_key, read_private_key) if given.private_key else self._maker.key(site.name)
        )
        return public_pem(key.public_key())

    def _authority(self, name: str) -> Iterator[CredentialFile]:
        if name == OWN_AUTHORITY:
            yield CredentialFile("x509ca", authority_file(name, 1), pem(self._maker.authority().certificate))
            return
        authority = self._topology.authorities[name]
        for number, source in enumerate(authority.certificates, 1):
            text = pem(self._sources.load(source, read_certificate))
            yield CredentialFile("x509ca", authority_file(name, number), text)
        for number, source in enumerate(authority.crls, 1):
            yield CredentialFile("x509crl", authority_file(name, number), pem(self._sources.load(source, read_crl)))
