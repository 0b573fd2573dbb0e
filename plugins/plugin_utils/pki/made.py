# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection makes where a topology names no certificates and keys: files on the controller."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from .. import psk_store
from ..topology.authentication import CERTIFICATE, PUBLIC_KEY
from ..topology.credential_files import key_file
from .identities import proves
from .issue import new_authority, new_certificate, new_key
from .material import pem, private_pem, read_certificate, read_private_key, signed_by
from .needed import require
from .sources import ContentError, SourceError

with suppress(ImportError):  # see needed.require
    from cryptography.hazmat.primitives.asymmetric import ec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from cryptography import x509

    from .material import PrivateKey

AUTHORITY: Final = "authority.pem"  # the CA's key and certificate
AUTHORITY_SHOWN: Final = "ca.pem"  # its certificate alone, for peers that nobody manages here


@dataclass(frozen=True)
class Pair:
    """A private key and its certificate."""

    key: PrivateKey
    certificate: x509.Certificate


@dataclass(frozen=True)
class Maker:
    """Makes what is not there yet, or is to be renewed. ``dry``: without writing anything.

    ``encode`` and ``decode`` are what a vault does to a file's content.
    """

    directory: Path
    now: datetime
    renewal_days: int
    dry: bool
    encode: Callable[[bytes], bytes]
    decode: Callable[[Path, bytes], bytes]
    _unwritten: dict[str, str] = field(default_factory=dict, repr=False)

    def authority(self) -> Pair:
        """The CA, made once: any number of processes may ask for it at a time."""
        pair = self._pair(self._once(AUTHORITY, lambda: new_authority(self.now)), self.directory / AUTHORITY)
        if pair.certificate.not_valid_after_utc <= self.now + timedelta(days=self.renewal_days):
            end = pair.certificate.not_valid_after_utc
            raise psk_store.StoreError(
                f"{self.directory / AUTHORITY}: this CA ends on {end:%Y-%m-%d}. Move the "
                "file away and run: a new CA is made, and every tunnel with its certificates is set up anew."
            )
        if not self.dry:
            self._show(pem(pair.certificate).encode("ascii"))
        return pair

    def _show(self, text: bytes) -> None:
        """Keep the copy of the CA's certificate that is for people."""
        shown = self.directory / AUTHORITY_SHOWN
        if psk_store.read_or_make(shown, lambda: text) != text:
            psk_store.replace(shown, text)

    def certificate(self, site: str, identities: Sequence[str]) -> Pair:
        """A gateway's key and certificate; new ones before they expire, and for identities that are new."""
        authority = self.authority()
        path = self.directory / key_file(site, CERTIFICATE)

        def make() -> str:
            if not isinstance(authority.key, ec.EllipticCurvePrivateKey):
                raise psk_store.StoreError(
                    f"{self.directory / AUTHORITY}: is no CA of this collection's; move it away."
                )
            try:
                return new_certificate(authority.certificate, authority.key, site, identities, self.now)
            except ValueError as error:
                raise SourceError(f"no certificate can be made for {site}: it {error}") from error

        pair = self._pair(self._once(path.name, make), path)
        if self._good(pair.certificate, authority.certificate, identities):
            return pair
        text = make()
        if not self.dry:
            psk_store.replace(path, self.encode(text.encode("ascii")))
        return self._pair(text, path)

    def key(self, site: str) -> PrivateKey:
        """A gateway's key for peers that know its public key, made once."""
        path = self.directory / key_file(site, PUBLIC_KEY)
        return self._read(path, self._once(path.name, lambda: private_pem(new_key())))

    def _good(self, own: x509.Certificate, authority: x509.Certificate, identities: Sequence[str]) -> bool:
        early = own.not_valid_after_utc - timedelta(days=self.renewal_days)
        return bool(early > self.now and signed_by(own, [authority]) and all(proves(own, one) for one in identities))

    def _once(self, name: str, make: Callable[[], str]) -> str:
        require()
        path = self.directory / name
        if self.dry and not path.exists():
            return self._unwritten.setdefault(name, self._unwritten.get(name) or make())
        content = psk_store.read_or_make(path, lambda: self.encode(make().encode("ascii")))
        return self.decode(path, content).decode("ascii", "replace")

    def _pair(self, text: str, path: Path) -> Pair:
        certificate = "".join(re.findall(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", text, re.DOTALL))
        try:
            return Pair(self._read(path, text), read_certificate(certificate))
        except ContentError as error:
            raise psk_store.StoreError(f"{path}: {error} Move it away, and a new one is made.") from error

    @staticmethod
    def _read(path: Path, text: str) -> PrivateKey:
        try:
            return read_private_key(text)
        except ContentError as error:
            raise psk_store.StoreError(f"{path}: {error} Move it away, and a new one is made.") from error
