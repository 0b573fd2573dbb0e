# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certification authorities, and what gateways prove themselves by, from what a user wrote. No message shows a text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from .authentication import METHODS, NOTHING, OWN_AUTHORITY, PEM, Authority, Credentials
from .entry import Entry, bad_text
from .parameters import keys
from .problems import Names, shown, suggestion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

AUTHORITY_KEYS: Final = keys("authority")
CREDENTIAL_KEYS: Final = ("ca", "certificate", "private_key", "public_key")
LONGEST_PATH: Final = 4096
LONGEST_PEM: Final = 65535  # of a value that strongSwan takes, in octets
MOST_CERTIFICATES: Final = 16
_URI: Final = re.compile(r"https?://[A-Za-z0-9._~:/?#\[\]@!$&'()*+;=%-]{1,1000}")


def parse_authorities(top: Entry) -> tuple[dict[str, Authority], Names]:
    """The usable authorities, and the names of all of them: a broken one is not unknown."""
    found: dict[str, Authority] = {}
    names = []
    for name, path, raw in top.named("authorities", "name to authority"):
        names.append(name)
        entry = Entry(raw, path, AUTHORITY_KEYS, top.problems)
        if name == OWN_AUTHORITY:
            entry.say("", f"{name!r} is the collection's own; choose another name.")
        entry.missing("certificates", "give the CA's certificate, and those above it up to the self-signed one.")
        found[name] = Authority(
            name,
            tuple(_several(entry, "certificates", bad_source)),
            tuple(_several(entry, "crls", bad_source)),
            tuple(_several(entry, "crl_uris", _bad_uri)),
            tuple(_several(entry, "ocsp_uris", _bad_uri)),
        )
    return found, Names("authority", names)


def _several(entry: Entry, key: str, bad: Callable[[object], str]) -> Iterator[str]:
    """One or a list of texts with which nothing is wrong."""
    value = entry.get(key)
    items = value if isinstance(value, (list, tuple)) else [] if value is None else [value]
    if len(items) > MOST_CERTIFICATES:
        entry.say(key, f"{len(items)} entries; at most {MOST_CERTIFICATES} are allowed.")
        return
    for index, item in enumerate(items):
        wrong = bad(item)
        if wrong:
            entry.say(f"{key}[{index}]" if item is not value else key, wrong)
        else:
            yield str(item)


def bad_source(value: object) -> str:
    """What keeps a value from being a path or PEM; empty if nothing does. It may hold a key, so it is not shown."""
    if not isinstance(value, str):
        return f"must be a path on the controller or text in PEM form, got {_kind(value)}."
    if value.lstrip().startswith(PEM):
        size = len(value.encode(errors="surrogatepass"))
        return f"{size} octets; strongSwan takes {LONGEST_PEM} at most." if size > LONGEST_PEM else ""
    if bad_text(value, LONGEST_PATH):
        return f"is neither a path on the controller nor text in PEM form, which begins with {PEM}."
    return ""


def _bad_uri(value: object) -> str:
    """What keeps a value from being a URI that strongSwan fetches; a comma would be the next one's beginning."""
    if isinstance(value, str) and _URI.fullmatch(value):
        return ""
    return f"must be a http or https URI, like http://pki.example/ca.crl, got {shown(value)}."


def _kind(value: object) -> str:
    return shown(value) if isinstance(value, (bool, list, tuple, dict)) or value is None else type(value).__name__


def read_credentials(entry: Entry, authorities: Names) -> Credentials:
    """What a gateway's entry says of its certificate and keys."""
    if entry.given.isdisjoint(CREDENTIAL_KEYS):
        return NOTHING
    ca = entry.text("ca")
    if ca is not None and ca not in authorities:
        entry.say("ca", authorities.unknown(ca))
    texts = {}
    for key in CREDENTIAL_KEYS[1:]:
        value = entry.get(key)
        wrong = bad_source(value) if value is not None else ""
        if wrong:
            entry.say(key, wrong)
        texts[key] = value if isinstance(value, str) else None
    _check_together(entry)
    return Credentials(ca, **texts)


def _check_together(entry: Entry) -> None:
    """What a gateway's credentials lack of each other."""
    has = entry.given
    if "certificate" in has and "ca" not in has:
        entry.say("ca", "missing; say which of the authorities has signed the certificate.")
    if entry.get("host") is None:
        if "private_key" in has:
            entry.say("private_key", "is of a gateway that we do not manage, and must be known there alone; remove it.")
        return
    if "ca" in has and "certificate" not in has:
        entry.say("certificate", "missing; give the certificate that ca has signed, or remove ca: then one is made.")
    for key in ("certificate", "public_key"):
        if key in has and "private_key" not in has:
            entry.say("private_key", f"missing; give the one of the {key.replace('_', ' ')}.")


def read_auth(entry: Entry, base: str) -> str:
    """How the ends of a tunnel prove who they are, in one word."""
    value = entry.get("auth")
    return base if value is None else read_method(entry, "auth", value) or base


def read_method(entry: Entry, key: str, value: object) -> str:
    """One of the methods; empty where it is none, which is said."""
    if isinstance(value, str) and value in METHODS:
        return str(value)
    known = f"{', '.join(METHODS[:-1])} or {METHODS[-1]}"
    entry.say(key, f"must be {known}, got {shown(value)}.{suggestion(value, METHODS)}")
    return ""
