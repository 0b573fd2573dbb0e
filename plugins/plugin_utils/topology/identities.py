# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Identities of IKE, from what a user wrote to what strongSwan takes for the same.

strongSwan guesses the type of an identity from its text: a name that it can't make sense of becomes a key id, or stands
for a range of addresses, without a word. So every text is taken apart here, and what could be guessed wrongly needs its
type.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from .entry import bad_text
from .problems import shown, suggestion

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LONGEST_ID: Final = 255
MOST_PARTS: Final = 20  # of a distinguished name
_NAME: Final = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_])?")
_NUMBERS: Final = re.compile(r"[0-9./-]+")
_HEX: Final = re.compile(r"([0-9A-Fa-f]{2})+")
_TYPED: Final = re.compile(r"([A-Za-z0-9]+):(.*)")
# What strongSwan calls the types, and others; ours come first.
_OTHER_TYPES: Final[Mapping[str, str]] = {
    "ipv4": "ip", "ipv6": "ip", "dns": "fqdn", "rfc822": "email", "userfqdn": "email", "asn1dn": "dn",
}  # fmt: skip
# The attributes of distinguished names that strongSwan knows: tried with 5.9.8 and 6.0.1, in tests/live.
_ATTRIBUTES: Final = frozenset({
    *("nd", "uid", "dc", "cn", "sn", "serialnumber", "c", "l", "st", "o", "ou", "t", "d", "n", "g", "i", "id"),
    *("dnqualifier", "pseudonym", "en", "employeenumber", "e", "email", "emailaddress", "un", "unstructuredname"),
    *("ua", "unstructuredaddress", "street", "postalcode"),
})  # fmt: skip


def parse_identity(value: object) -> tuple[str, str]:
    """The identity in strongSwan's words, and what is wrong with it; one of both is empty."""
    wrong = bad_text(value, LONGEST_ID)
    text = str(value) if not wrong else ""
    if not wrong and not text.isascii():
        wrong = f"{shown(value)} has letters outside ASCII; IKE identities are plain text."
    if not wrong and ("*" in text or text.startswith("%")):
        wrong = f"{shown(value)} stands for any identity; give the one that the peer sends."
    if wrong:
        return "", wrong
    kind, plain = _typed(text)
    if kind not in _READERS:
        known = tuple(_READERS)[:-1]
        hint = suggestion(kind, known) or f" Write keyid:{text} if it is a key id."
        return "", f"{shown(text)} is of no known type.{hint} Known: {', '.join(known)}."
    return _READERS[kind](plain)


def _typed(text: str) -> tuple[str, str]:
    """The type of an identity and its text without it: as it is written, or else as it can't be meant otherwise."""
    found = _TYPED.fullmatch(text)
    if text.startswith("@"):  # as in ipsec.conf
        kind = {"#": "keyid", "@": "email"}.get(text[1:2], "fqdn")
        return kind, {"keyid": text[1:], "email": text[2:]}.get(kind, text[1:])
    if _is_address(text):
        return "ip", text
    if found and "=" not in found[1]:
        kind = found[1].lower()
        return _OTHER_TYPES.get(kind, kind), found[2]
    return ("dn" if "=" in text else "email" if "@" in text else ""), text


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def _ip(text: str) -> tuple[str, str]:
    if not _is_address(text):
        return "", f"{shown(text)} is not an IP address."
    return str(ip_address(text)), ""


def _fqdn(text: str) -> tuple[str, str]:
    if not _NAME.fullmatch(text):
        return "", f"{shown(text)} is no name of letters, digits, hyphens and dots; write keyid:{text} for a key id."
    return (f"fqdn:{text}" if _NUMBERS.fullmatch(text) else text), ""


def _name(text: str) -> tuple[str, str]:
    """A name without a type."""
    if _NUMBERS.fullmatch(text):
        return "", f"{shown(text)} is no IP address; write fqdn:{text} or keyid:{text} if it is meant so."
    return _fqdn(text)


def _email(text: str) -> tuple[str, str]:
    local, _at, domain = text.rpartition("@")
    if not local or local.startswith("@") or " " in local or not _NAME.fullmatch(domain):
        return "", f"{shown(text)} is not an e-mail address, like vpn@example.org."
    return text, ""


def _keyid(text: str) -> tuple[str, str]:
    if not text or (text.startswith("#") and not _HEX.fullmatch(text[1:])):
        return "", f"{shown(text)} is no key id: give text, or # and an even number of hexadecimal digits."
    return f"keyid:{text}", ""


def _dn(text: str) -> tuple[str, str]:
    """A distinguished name. One that strongSwan cannot read would become a key id."""
    parts = text[1:].split("/") if text.startswith("/") else text.split(",")
    if len(parts) > MOST_PARTS:
        return "", f"a distinguished name of {len(parts)} parts; strongSwan reads at most {MOST_PARTS}."
    for part in parts:
        name, equals, value = part.strip().partition("=")
        if not equals or not value.strip() or name.strip().lower() not in _ATTRIBUTES or set(value) & set("'\"\\+"):
            return "", f"{shown(part.strip())} is no part of a distinguished name, like C=DE, O=Example, CN=gw."
    return text, ""


_READERS: Final[Mapping[str, Callable[[str], tuple[str, str]]]] = {
    "ip": _ip, "fqdn": _fqdn, "email": _email, "keyid": _keyid, "dn": _dn,
    "": _name,
}  # fmt: skip


def same_as(text: str) -> str:
    """What is the same of two texts that name one identity: upper and lower case count in key ids alone."""
    return text if text.startswith("keyid:") else text.lower()
