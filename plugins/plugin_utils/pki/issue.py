# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's own certification authority: makes a CA, and certificates of gateways, as texts."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from .identities import alternative_names, kind_of, subject_name
from .material import pem, private_pem

with suppress(ImportError):  # see needed.require
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

AUTHORITY_DAYS: Final = 7305  # twenty years: to replace a CA means to tell every peer
CERTIFICATE_DAYS: Final = 730
SKEW: Final = timedelta(days=1)  # a gateway whose clock is a little behind must believe a new certificate
_SIGNS: Final = {"digital_signature": True}
_SIGNS_CERTIFICATES: Final = {"key_cert_sign": True, "crl_sign": True}
_USAGES: Final = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
    *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
)


def new_key() -> ec.EllipticCurvePrivateKey:
    """A private key on P-256, which every supported strongSwan signs with."""
    return ec.generate_private_key(ec.SECP256R1())


def new_authority(now: datetime) -> str:
    """A CA's private key and its certificate, as one text."""
    key = ec.generate_private_key(ec.SECP384R1())
    # A number in the name: peers that know two of our CAs must tell them apart.
    name = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, f"causeway.ipsec CA {x509.random_serial_number():x}"[:40])]
    )
    builder = _builder(name, name, key, now, now + timedelta(days=AUTHORITY_DAYS))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(**_SIGNS_CERTIFICATES), critical=True)
    return private_pem(key) + pem(builder.sign(key, hashes.SHA384()))


def new_certificate(
    authority: x509.Certificate,
    signer: ec.EllipticCurvePrivateKey,
    name: str,
    identities: Sequence[str],
    now: datetime,
) -> str:
    """A gateway's private key and a certificate for all its identities, as one text.

    ValueError where no certificate can be for all of them.
    """
    key = new_key()
    end = min(now + timedelta(days=CERTIFICATE_DAYS), authority.not_valid_after_utc)
    builder = _builder(subject_for(name, identities), authority.subject, key, now, end)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(**_SIGNS), critical=True)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    builder = builder.add_extension(issuer, critical=False)
    names = alternative_names(identities)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return private_pem(key) + pem(builder.sign(signer, hashes.SHA384()))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, end: datetime
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - SKEW).not_valid_after(end)
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)


def _usage(**asked: bool) -> x509.KeyUsage:
    return x509.KeyUsage(**{usage: asked.get(usage, False) for usage in _USAGES})


def subject_for(name: str, identities: Iterable[str]) -> x509.Name:
    """The distinguished name among the identities, of which a certificate has one; or else the site's name.

    ValueError where there are several, or X.509 has no such one.
    """
    distinguished = sorted({text for kind, text in map(kind_of, identities) if kind == "dn"})
    if len(distinguished) > 1:
        names = " and ".join(distinguished)
        raise ValueError(f"is called {names} in its tunnels, and a certificate has one distinguished name.")
    if distinguished:
        try:
            return subject_name(distinguished[0])
        except ValueError as error:
            wrong = f"is called {distinguished[0]} in its tunnels, which X.509 does not allow (C has two letters)."
            raise ValueError(wrong) from error
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
