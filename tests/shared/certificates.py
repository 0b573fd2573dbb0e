# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates and keys of a CA that users bring along, for tests: of every kind, and with every fault."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.ocsp import OCSPCertStatus, OCSPResponderEncoding, OCSPResponseBuilder
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Sequence

NOW = datetime.now(timezone.utc).replace(microsecond=0)
ECDSA, RSA, ED25519 = "ecdsa", "rsa", "ed25519"


def new_key(kind: str = ECDSA, bits: int = 2048) -> Any:
    """A private key."""
    if kind == RSA:
        return rsa.generate_private_key(65537, bits)
    return ed25519.Ed25519PrivateKey.generate() if kind == ED25519 else ec.generate_private_key(ec.SECP256R1())


def private_pem(key: Any) -> str:
    form, clear = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return str(key.private_bytes(serialization.Encoding.PEM, form, clear).decode())


def public_pem(key: Any) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return str(key.public_key().public_bytes(serialization.Encoding.PEM, form).decode())


def pem(thing: Any) -> str:
    return str(thing.public_bytes(serialization.Encoding.PEM).decode())


def named(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.RFC822Name(name) if "@" in name else x509.DNSName(name)


@dataclass
class Authority:
    """A CA. Days count from now on."""

    name: str = "Corporate CA"
    kind: str = ECDSA
    days: tuple[int, int] = (-1, 3650)
    parent: Authority | None = None
    ca: bool = True
    key_ids: bool = True  # without them strongSwan finds no list of revoked certificates
    key: Any = field(init=False)
    certificate: x509.Certificate = field(init=False)

    def __post_init__(self) -> None:
        self.key = new_key(self.kind)
        signer = self.parent or self
        builder = self._builder(named(self.name), self.key, self.days, signer.name)
        builder = builder.add_extension(x509.BasicConstraints(ca=self.ca, path_length=None), critical=True)
        if self.key_ids:
            own = x509.SubjectKeyIdentifier.from_public_key(self.key.public_key())
            builder = builder.add_extension(own, critical=False)
        self.certificate = builder.sign(signer.key, signer.hash())

    def hash(self) -> Any:
        return None if self.kind == ED25519 else hashes.SHA256()

    def issue(
        self, key: Any, names: Sequence[str], days: tuple[int, int] = (-1, 365), subject: x509.Name | None = None
    ) -> x509.Certificate:
        """A certificate for a key, with alternative names."""
        own = subject or named(names[0] if names else "nobody")
        builder = self._builder(own, key, days, self.name)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName([*map(alternative, names)]), critical=False)
        return builder.sign(self.key, self.hash())

    def revoke(
        self, *revoked: x509.Certificate, days: tuple[int, int] = (-1, 30), number: int = 1
    ) -> x509.CertificateRevocationList:
        """The list of revoked certificates."""
        first, last = (NOW + timedelta(days=number) for number in days)
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.certificate.subject)
        builder = builder.last_update(first).next_update(last).add_extension(x509.CRLNumber(number), critical=False)
        if self.key_ids:
            own = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
            builder = builder.add_extension(own, critical=False)
        for one in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(one.serial_number).revocation_date(first)
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(self.key, self.hash())

    def ocsp(self, certificate: x509.Certificate, *, revoked: bool) -> bytes:
        """What an OCSP responder says of a certificate (RFC 6960), in DER."""
        builder = OCSPResponseBuilder().add_response(
            cert=certificate,
            issuer=self.certificate,
            algorithm=hashes.SHA1(),  # noqa: S303 - of the certificate's id, as in strongSwan's requests
            cert_status=OCSPCertStatus.REVOKED if revoked else OCSPCertStatus.GOOD,
            this_update=NOW - timedelta(hours=1),
            next_update=NOW + timedelta(days=1),
            revocation_time=NOW - timedelta(days=1) if revoked else None,
            revocation_reason=None,
        )
        response = builder.responder_id(OCSPResponderEncoding.NAME, self.certificate).sign(self.key, self.hash())
        return response.public_bytes(serialization.Encoding.DER)

    @staticmethod
    def _builder(subject: x509.Name, key: Any, days: tuple[int, int], issuer: str) -> x509.CertificateBuilder:
        first, last = (NOW + timedelta(days=number) for number in days)
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(named(issuer))
        builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
        return builder.not_valid_before(first).not_valid_after(last)
