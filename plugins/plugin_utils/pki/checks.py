# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the certificates and keys that a topology names will do, before any host is touched."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from ..topology.authentication import CERTIFICATE, method_of
from ..topology.expand import identity, tunnels_of
from ..topology.fleet import bracketed, path_of
from ..topology.problems import Problem
from .identities import proven, proves, subject
from .ikev1 import ikev1_faults
from .issue import subject_for
from .material import (
    certificate_weakness,
    has_key_id,
    is_ca,
    read_certificate,
    read_crl,
    read_private_key,
    read_public_key,
    same_key,
    signed_by,
)
from .needed import require
from .share import shown_identities
from .sources import SourceError, Sources, Thing, named

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from cryptography import x509

    from ..topology.authentication import Authority
    from ..topology.model import Site, Topology

    Issuers = Mapping[str, Sequence[x509.Certificate]]


_NO_KEY_ID: Final = (
    "would be passed over: strongSwan finds a list by key identifiers (RFC 5280, 4.2.1.2 and 5.2.1), and it or one of "
    "the authority's certificates has none. Have them issued with one."
)
SOON: Final = timedelta(days=30)  # as long as ours are renewed before


class Checker:
    """Collects what is wrong with what a topology names; ``now`` has a time zone."""

    def __init__(self, topology: Topology, sources: Sources, now: datetime) -> None:
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self._topology = topology
        self._sources = sources
        self._now = now
        self._issuers: dict[str, list[x509.Certificate]] = {}
        self._revoked: dict[str, list[x509.CertificateRevocationList]] = {}

    def run(self) -> None:
        """Find everything that is wrong, and what soon will be."""
        for authority in self._topology.authorities.values():
            self._authority(authority)
        for site in self._topology.sites.values():
            self._site(site)
            if site.gateway.host and site.gateway.credentials.ca is None:
                self._made(site, f"{bracketed('sites', site.name)}.gateways[0]")
        self.problems += ikev1_faults(self._topology, self._sources)

    def _say(self, path: str, message: str) -> None:
        self.problems.append(Problem(path, message))

    def _read(self, path: str, source: str, read: Callable[[str], Thing]) -> Thing | None:
        try:
            require()
            return self._sources.load(source, read)
        except SourceError as error:
            self._say(path, str(error))
            return None

    def _authority(self, authority: Authority) -> None:
        path = bracketed("authorities", authority.name)
        found = []
        for number, source in enumerate(authority.certificates):
            at = f"{path}.certificates[{number}]"
            certificate = self._read(at, source, read_certificate)
            if certificate:
                found.append(certificate)
                wrong = "" if is_ca(certificate) else "is no CA's certificate (basicConstraints: CA:TRUE)."
                self._faults(at, source, [wrong, certificate_weakness(certificate), self._dates(certificate)])
                self._warn(at, source, certificate)
        # Only if all could be read: else one that is missing would be taken for what is wrong.
        self._issuers[authority.name] = found if len(found) == len(authority.certificates) else []
        if self._issuers[authority.name] and not any(signed_by(one, [one]) for one in found):
            self._say(f"{path}.certificates", _no_root(found))
        self._lists(authority, path, found)

    def _lists(self, authority: Authority, path: str, issuers: Sequence[x509.Certificate]) -> None:
        for number, source in enumerate(authority.crls):
            at = f"{path}.crls[{number}]"
            crl = self._read(at, source, read_crl)
            if crl is None:
                continue
            self._revoked.setdefault(authority.name, []).append(crl)
            # The keys of certificates that were read are of kinds that sign.
            if issuers and not any(crl.is_signature_valid(issuer.public_key()) for issuer in issuers):  # type: ignore[arg-type]
                self._say(at, f"{named(source)}is not signed by this authority, but by {subject(crl.issuer)}.")
            if not has_key_id(crl) or not all(map(has_key_id, issuers)):
                self._say(at, f"{named(source)}{_NO_KEY_ID}")
            end = crl.next_update_utc
            if end and end <= self._now:
                self._say(at, f"{named(source)}was to be replaced on {end:%Y-%m-%d}; give the newer one.")

    def _site(self, site: Site) -> None:
        path = f"{bracketed('sites', site.name)}.gateways[0]"
        given = site.gateway.credentials
        key = self._read(f"{path}.private_key", given.private_key, read_private_key) if given.private_key else None
        if given.public_key:
            public = self._read(f"{path}.public_key", given.public_key, read_public_key)
            if public and key and not same_key(key.public_key(), public):
                self._say(
                    f"{path}.public_key",
                    f"{named(given.public_key)}does not belong to private_key; give both of one pair.",
                )
        if given.certificate:
            at = f"{path}.certificate"
            certificate = self._read(at, given.certificate, read_certificate)
            if certificate:
                wrong = [
                    certificate_weakness(certificate),
                    self._dates(certificate),
                    self._trust(certificate, given.authority),
                ]
                if key and not same_key(key.public_key(), certificate.public_key()):
                    wrong.append("is for another key than private_key; give both of one pair.")
                self._faults(at, given.certificate, wrong)
                self._warn(at, given.certificate, certificate)
                self._identities(site, certificate)

    def _made(self, site: Site, path: str) -> None:
        """Say why no certificate can be made."""
        identities = shown_identities(self._topology, site.name)
        if not identities:
            return
        try:
            require()
            subject_for(site.name, identities)
        except SourceError as error:
            self._say(path, str(error))
        except ValueError as error:
            self._say(path, f"no certificate can be made: {site.name} {error}")

    def _faults(self, path: str, source: str, wrong: list[str]) -> None:
        for text in filter(None, wrong):
            self._say(path, f"{named(source)}{text}")

    def _warn(self, path: str, source: str, certificate: x509.Certificate) -> None:
        """Say of one that is valid now how little time is left."""
        left = certificate.not_valid_after_utc - self._now
        if timedelta(0) < left <= SOON:
            end = f"{certificate.not_valid_after_utc:%Y-%m-%d}"
            self.warnings.append(Problem(path, f"{named(source)}expires on {end}, in {left.days} days; renew it."))

    def _dates(self, certificate: x509.Certificate) -> str:
        begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        if end <= self._now:
            return f"expired on {end:%Y-%m-%d}; give the renewed one."
        if begin > self._now:
            return f"is valid from {begin:%Y-%m-%d} on, and the controller's clock says {self._now:%Y-%m-%d}."
        return ""

    def _trust(self, certificate: x509.Certificate, authority: str) -> str:
        """Why its peers would not believe it."""
        issuers = self._issuers.get(authority)
        if not issuers:
            return ""  # what is wrong with the authority has been said
        if not signed_by(certificate, issuers):
            names = " and ".join(subject(issuer.subject) for issuer in issuers)
            own = subject(certificate.issuer)
            return f"is not signed by authority {authority!r} ({names}); its issuer calls itself {own}."
        for crl in self._revoked.get(authority, []):
            entry = crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
            if entry and crl.issuer == certificate.issuer:
                return f"is revoked since {entry.revocation_date_utc:%Y-%m-%d}, says a list of authority {authority!r}."
        return ""

    def _identities(self, site: Site, certificate: x509.Certificate) -> None:
        """Say of each tunnel whose identity the certificate does not prove."""
        names = proven(certificate)
        for tunnel in tunnels_of(self._topology, site.name):
            wanted = identity(self._topology, tunnel, site.name)
            if method_of(tunnel, site.name) == CERTIFICATE and wanted and not proves(certificate, wanted):
                known = " and ".join(names) or "nobody"
                remedy = f"Set ids: {{{site.name}: {names[0]!r}}}, or have it" if names else "Have it"
                what = f"{site.name} is {wanted!r} in {tunnel.name!r}, and its certificate is for {known}."
                self._say(f"{path_of(tunnel)}.ids", f"{what} {remedy} issued for {wanted}.")


def _no_root(found: Sequence[x509.Certificate]) -> str:
    missing = next((subject(one.issuer) for one in found if not signed_by(one, found)), "the root")
    return f"none is self-signed, and strongSwan trusts nothing without its root; add the certificate of {missing}."


def check_credentials(topology: Topology, sources: Sources, now: datetime) -> tuple[list[Problem], list[Problem]]:
    """Every problem of the certificates and keys that a topology names, and what of them expires soon."""
    checker = Checker(topology, sources, now)
    checker.run()
    return checker.problems, checker.warnings
