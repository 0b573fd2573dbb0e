# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Identities of IKE and those that a certificate proves, in one form to compare."""

from __future__ import annotations

from contextlib import suppress
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

with suppress(ImportError):  # see needed.require
    from cryptography import x509

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Identity = tuple[str, str]  # kind and text
_PREFIX: Final = "2.5.4."
# strongSwan's names of attributes: the last number of X.520's, or a whole object identifier.
OIDS: Final = {
    **{name: f"{_PREFIX}{number}" for name, number in {
        "cn": 3, "sn": 4, "serialnumber": 5, "c": 6, "l": 7, "st": 8, "street": 9, "o": 10, "ou": 11, "t": 12, "d": 13,
        "postalcode": 17, "n": 41, "g": 42, "i": 43, "id": 45, "dnqualifier": 46, "pseudonym": 65,
    }.items()},
    "nd": "0.2.262.1.10.7.20",
    "uid": "0.9.2342.19200300.100.1.1",
    "dc": "0.9.2342.19200300.100.1.25",
    **dict.fromkeys(("en", "employeenumber"), "2.16.840.1.113730.3.1.3"),
    **dict.fromkeys(("e", "email", "emailaddress"), "1.2.840.113549.1.9.1"),
    **dict.fromkeys(("un", "unstructuredname"), "1.2.840.113549.1.9.2"),
    **dict.fromkeys(("ua", "unstructuredaddress"), "1.2.840.113549.1.9.8"),
}  # fmt: skip
_NAMES: Final = {oid: name for name, oid in reversed(OIDS.items())}


def kind_of(identity: str) -> Identity:
    """An identity as the topology has it (topology/identities.py), taken apart: dns, ip, email, dn or keyid."""
    kind, _colon, rest = identity.partition(":")
    if kind in {"fqdn", "keyid"}:
        return {"fqdn": "dns"}.get(kind, kind), rest
    if "=" in identity:
        return "dn", identity
    if "@" in identity:
        return "email", identity
    try:
        return "ip", str(ip_address(identity))
    except ValueError:
        return "dns", identity


def parts_of(distinguished_name: str) -> list[tuple[str, str]]:
    """The attributes of a distinguished name as object identifiers and values, in order."""
    text = distinguished_name
    pairs = (part.strip().split("=", 1) for part in (text[1:].split("/") if text.startswith("/") else text.split(",")))
    return [(OIDS[name.strip().lower()], value.strip()) for name, value in pairs]


def subject(name: x509.Name) -> str:
    """A distinguished name as the topology takes it."""
    return ", ".join(f"{_NAMES.get(one.oid.dotted_string, 'x').upper()}={_text(one.value)}" for one in name)


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.hex()


def proven(certificate: x509.Certificate) -> list[str]:
    """The identities that a certificate proves, as the topology takes them: its alternative names and its subject."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return [subject(certificate.subject)] if list(certificate.subject) else []
    found = [*names.get_values_for_type(x509.DNSName), *names.get_values_for_type(x509.RFC822Name)]
    found += map(str, names.get_values_for_type(x509.IPAddress))
    return [*found, *([subject(certificate.subject)] if list(certificate.subject) else [])]


def proves(certificate: x509.Certificate, identity: str) -> bool:
    """Whether a certificate is for this identity."""
    kind, text = kind_of(identity)
    if kind == "dn":
        ours = [(one.oid.dotted_string, _text(one.value).lower()) for one in certificate.subject]
        return ours == [(oid, value.lower()) for oid, value in parts_of(text)]
    return (kind, text.lower()) in {(found, name.lower()) for found, name in map(kind_of, proven(certificate))}


def alternative_names(identities: Iterable[str]) -> list[x509.GeneralName]:
    """The names of a certificate for these identities; distinguished ones are its subject's affair."""
    makers: dict[str, Callable[[str], x509.GeneralName]]
    makers = {"dns": x509.DNSName, "email": x509.RFC822Name, "ip": lambda text: x509.IPAddress(ip_address(text))}
    kinds = sorted(set(map(kind_of, identities)))
    return [makers[kind](text) for kind, text in kinds if kind in makers]


def subject_name(distinguished_name: str) -> x509.Name:
    """A distinguished name for a certificate; ValueError where X.509 does not allow it (a country of three letters)."""
    parts = parts_of(distinguished_name)
    return x509.Name([x509.NameAttribute(x509.ObjectIdentifier(oid), value) for oid, value in parts])
