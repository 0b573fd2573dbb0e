# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates, keys and revocation lists out of their texts; what strongSwan would make of them, or not take."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Union

from .sources import ContentError, Thing

with suppress(ImportError):  # see needed.require
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    PrivateKey = Union[rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey, ed25519.Ed25519PrivateKey]
    PublicKey = Union[rsa.RSAPublicKey, ec.EllipticCurvePublicKey, ed25519.Ed25519PublicKey]

SHORTEST_RSA: Final = 2048  # bits; NIST SP 800-131A and BSI TR-02102-3 refuse shorter ones
CURVES: Final = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}  # those of RFC 4754
RSA, ECDSA, ED25519 = "an RSA key", "an ECDSA key", "an Ed25519 key"  # kinds of key, as messages name them
BROKEN_HASHES: Final = {"md5", "sha1"}
_ALLOWED: Final = "RSA of 2048 bits or more, ECDSA on P-256, P-384 or P-521, and Ed25519 are"


def read_certificate(text: str) -> x509.Certificate:
    """The one certificate of a text."""
    return _one(text, "CERTIFICATE", "certificate", x509.load_pem_x509_certificate)


def read_crl(text: str) -> x509.CertificateRevocationList:
    """The one list of revoked certificates of a text."""
    return _one(text, "X509 CRL", "certificate revocation list", x509.load_pem_x509_crl)


def read_public_key(text: str) -> PublicKey:
    """The one public key of a text."""
    return _supported(_one(text, "PUBLIC KEY", "public key", serialization.load_pem_public_key))


def read_private_key(text: str) -> PrivateKey:
    """The private key of a text that is not protected by a passphrase."""
    if "PRIVATE KEY-----" not in text:
        raise ContentError("holds no private key in PEM form.")
    try:
        key = serialization.load_pem_private_key(text.encode(), password=None)
    except TypeError as error:
        raise ContentError(
            "is protected by a passphrase, which strongSwan would ask for; give it without one, in Ansible Vault."
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ContentError("holds no private key that can be read.") from error
    _supported(key.public_key())
    return key  # type: ignore[return-value]  # of the kinds that _supported lets through


def read_any(text: str) -> PublicKey:
    """The public key that a certificate, a public or a private key is of."""
    if "PRIVATE KEY-----" in text:
        return read_private_key(text).public_key()
    if "-----BEGIN PUBLIC KEY-----" in text:
        return read_public_key(text)
    certificate = read_certificate(text)
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ContentError(f"has a key of another kind; {_ALLOWED} allowed.") from error
    return _supported(key)


def kind_of_key(key: PublicKey) -> str:
    """RSA, ECDSA or ED25519."""
    if isinstance(key, rsa.RSAPublicKey):
        return RSA
    return ECDSA if isinstance(key, ec.EllipticCurvePublicKey) else ED25519


def _one(text: str, word: str, what: str, load: Callable[[bytes], Thing]) -> Thing:
    count = len(re.findall(f"-----BEGIN {word}-----", text))
    if count != 1:
        found = f"{count} {what}s in PEM form; give each as an entry of its own" if count else f"no {what} in PEM form"
        raise ContentError(f"holds {found}.")
    try:
        return load(text.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ContentError(f"holds no {what} that can be read.") from error


def _supported(key: object) -> PublicKey:
    if weakness(key):
        raise ContentError(f"holds {weakness(key)}; {_ALLOWED} allowed.")
    return key  # type: ignore[return-value]  # weakness has a word for every other kind


def weakness(key: object) -> str:
    """What keeps a public key from being used; empty if nothing does."""
    if isinstance(key, rsa.RSAPublicKey):
        return f"an RSA key of {key.key_size} bits" if key.key_size < SHORTEST_RSA else ""
    if isinstance(key, ec.EllipticCurvePublicKey):
        return "" if key.curve.name in CURVES else f"an ECDSA key on {key.curve.name}"
    return "" if isinstance(key, ed25519.Ed25519PublicKey) else "a key of another kind"


def certificate_weakness(certificate: x509.Certificate) -> str:
    """What keeps a certificate from being believed, besides its dates; empty if nothing does."""
    try:
        wrong = weakness(certificate.public_key())
        algorithm = certificate.signature_hash_algorithm
    except (ValueError, UnsupportedAlgorithm):
        wrong, algorithm = "a key of another kind", None
    if wrong:
        return f"has {wrong}; {_ALLOWED} allowed."
    if algorithm is not None and algorithm.name in BROKEN_HASHES:
        return f"is signed with {algorithm.name.upper()}, which can be forged; have it signed with SHA-256 or better."
    return ""


def key_id(key: PublicKey) -> str:
    """The id by which strongSwan knows a key: SHA-1 of its bits (RFC 5280, 4.2.1.2), in hexadecimal digits."""
    return x509.SubjectKeyIdentifier.from_public_key(key).digest.hex()


def same_key(one: PublicKey, other: object) -> bool:
    """Whether two public keys are one."""
    return public_pem(one) == public_pem(other)


def public_pem(key: object) -> str:
    """A public key's text."""
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    # Every kind of public key has public_bytes, but no type is common to all of them.
    return key.public_bytes(encoding, form).decode("ascii")  # type: ignore[attr-defined,no-any-return]


def private_pem(key: PrivateKey) -> str:
    """A private key's text, in clear."""
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode("ascii")


def pem(thing: x509.Certificate | x509.CertificateRevocationList) -> str:
    """Its text."""
    return thing.public_bytes(serialization.Encoding.PEM).decode("ascii")


def is_ca(certificate: x509.Certificate) -> bool:
    """Whether it may sign others (RFC 5280, 4.2.1.9)."""
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def has_key_id(thing: x509.Certificate | x509.CertificateRevocationList) -> bool:
    """Whether a CA's certificate says the id of its key, or a list that of its signer's."""
    crl = isinstance(thing, x509.CertificateRevocationList)
    kind = x509.AuthorityKeyIdentifier if crl else x509.SubjectKeyIdentifier
    return any(isinstance(one.value, kind) for one in thing.extensions)


def signed_by(certificate: x509.Certificate, issuers: Iterable[x509.Certificate]) -> x509.Certificate | None:
    """The one of these that has signed it."""
    for issuer in issuers:
        try:
            certificate.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature):
            continue
        return issuer
    return None
