# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection of swanctl.conf as the load-conn message that swanctl makes of it, and what may not be in ours."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ansible_collections.causeway.ipsec.plugins.module_utils.swanctl_conf import ConfigError, Section

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ansible_collections.causeway.ipsec.plugins.module_utils.vici_message import Message

LIST_KEYS = frozenset(
    {
        "local_addrs",
        "remote_addrs",
        "proposals",
        "esp_proposals",
        "ah_proposals",
        "local_ts",
        "remote_ts",
        "vips",
        "pools",
        "groups",
        "cert_policy",
        "cacerts",
        "pubkeys",
        "crl_uris",
        "ocsp_uris",
    }
)
FILE_KEYS = {
    "cacert": "x509ca",
    "cacerts": "x509ca",
    "pubkeys": "pubkey",
}  # what they name is in swanctl's directory of this name
# What nothing here sees to. Of certs, a tunnel would keep the first for its life, and never show a renewed one.
CERTIFICATE_KEYS = frozenset({"certs", "ca_id", "cert_policy", "ocsp"})
METHODS = ("psk", "pubkey")
AUTHORITY_KEYS = frozenset({"cacert", "crl_uris", "ocsp_uris"})
CERTIFICATE_SECTION = re.compile(r"(ca)?cert.*", re.IGNORECASE)
PREFIX = "cw-"
OUR_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")  # before 6.0.4, swanctl reads names over 127 as sections without content
MAX_PATH = 255


def message_of(section: Section) -> Message:
    """Return what swanctl sends for this (already resolved) section: values first, then subsections."""
    message: Message = {}
    for key, value in section.values.items():
        if value is not None:
            message[key] = _items(value) if key.lower() in LIST_KEYS else value
    for name, child in section.sections.items():
        message[name] = message_of(child)
    return message


def _items(value: str) -> list[str]:
    return [item for item in (part.strip(" ") for part in value.split(",")) if item]


def problems_of(root: Section, file: str) -> Iterator[str]:
    """Yield what in a text that is to become our file would not do what it says, or is not ours to say."""
    for name in [*root.values, *(name for name in root.sections if name not in {"connections", "authorities"})]:
        yield f"{file}: {name!r} is neither a connection nor ours to set; only connections {{ … }} may be here."
    yield from _authority_problems(sections_of(root, "authorities"))
    top = root.sections.get("connections", Section())
    yield from (f"{file}: {key!r} stands outside of any connection." for key in top.values)
    for name, connection in top.sections.items():
        place = connection.places[0]
        if not name.startswith(PREFIX):
            yield f"{place}: the connection {name!r} must begin with {PREFIX!r}: that is how we know which are ours."
        if len(connection.places) > 1:
            yield f"{place}: the connection {name!r} is defined again at {connection.places[1]}; names must be unique."
        yield from _section_problems(connection, f"connections.{name}")
        yield from _authentication_problems(connection, name)
        yield from _ikev1_problems(connection)


def _authority_problems(authorities: Mapping[str, Section]) -> Iterator[str]:
    for name, authority in authorities.items():
        place = authority.places[0]
        if not name.startswith(PREFIX) or not OUR_NAME.fullmatch(name):
            yield f"{place}: the name {name!r} must be {PREFIX!r} and then characters A-Z a-z 0-9 _ -."
        for key in [*authority.sections, *(authority.values.keys() - AUTHORITY_KEYS)]:
            yield f"{place}: {key!r} of {name!r} is not supported; cacert, crl_uris and ocsp_uris are."
        if not authority.values.get("cacert"):
            yield f"{place}: {name!r} has no cacert, so it would be of no CA."


def _section_problems(section: Section, path: str) -> Iterator[str]:
    place = section.places[0]
    name = path.rpartition(".")[2]
    if not OUR_NAME.fullmatch(name):
        yield f"{place}: the name {name!r} must be 1 to 64 of the characters A-Z a-z 0-9 _ and -."
    if len(path) > MAX_PATH:
        yield (
            f"{place}: the path {path} has {len(path)} characters; strongSwan reads sections beyond {MAX_PATH} as "
            "empty. Shorten the names."
        )
    if section.references:
        yield f"{place}: references to other sections are not supported here; write {name!r} out."
    for key in section.values:
        if key.lower() in CERTIFICATE_KEYS:
            yield f"{place}: {key} is not supported; a certificate is found by id, and the peer's checked by cacerts."
    for child_name, child in section.sections.items():
        yield from _section_problems(child, f"{path}.{child_name}")


def _authentication_problems(connection: Section, name: str) -> Iterator[str]:
    """Yield which end does not say how it is authenticated (nothing at all is no constraint), or says certificates."""
    for end in ("local", "remote"):
        rounds = [section for key, section in connection.sections.items() if key.lower().startswith(end)]
        if not rounds or any((section.values.get("auth") or "").lower() not in METHODS for section in rounds):
            yield (
                f"{connection.places[0]}: the connection {name!r} must have auth = psk or auth = pubkey in {end} "
                "{ … }; nothing else is supported yet."
            )
        for section in rounds:
            by_key = end == "remote" and section.values.get("auth") == "pubkey"
            if by_key and not FILE_KEYS.keys() & section.values.keys():
                yield (
                    f"{section.places[0]}: auth = pubkey in remote {{ … }} of {name!r} needs cacerts or pubkeys; else "
                    "everybody with a certificate of any CA that the daemon knows is taken for the peer."
                )
            for key in filter(CERTIFICATE_SECTION.fullmatch, section.sections):
                yield f"{section.sections[key].places[0]}: {key} {{ … }} is not supported; name files by cacerts."


def with_files(message: Message, texts: Mapping[tuple[str, str], str], missing: list[str]) -> Message:
    """Return the message with the texts of the files that it names, as swanctl sends it; unknown ones go to missing."""
    found: Message = {}
    for key, value in message.items():
        kind = FILE_KEYS.get(key)
        if isinstance(value, dict):
            found[key] = with_files(value, texts, missing)
        elif kind:
            names = value if isinstance(value, list) else [value]
            missing += [f"{kind}/{name}" for name in names if (kind, name) not in texts]
            read = [texts.get((kind, name), "") for name in names]
            found[key] = read if isinstance(value, list) else read[0]
        else:
            found[key] = value
    return found


def _ikev1_problems(connection: Section) -> Iterator[str]:
    """Yield where IKEv1 would drop subnets without a word: it carries one at each end of a child."""
    if connection.values.get("version", "0") not in {"0", "1"}:
        return
    for name, child in connection.sections.get("children", Section()).sections.items():
        for key in ("local_ts", "remote_ts"):
            if len(_items(child.values.get(key) or "")) > 1:
                yield (
                    f"{child.places[0]}: {key} of {name!r} names several subnets, of which IKEv1 carries one; "
                    "write a child for each pair, or version = 2."
                )


def connections_of(root: Section) -> dict[str, Section]:
    """Return the sections of the connections by name."""
    return sections_of(root, "connections")


def sections_of(root: Section, kind: str) -> dict[str, Section]:
    """Return what stands inside the top-level section of that name."""
    return root.sections[kind].sections if kind in root.sections else {}


def clashes(found: dict[str, Section], prefix: str, file: str) -> Iterator[str]:
    """Yield which of our names another file on the host defines, too: swanctl merges the two without a word."""
    for name, section in found.items():
        others = [place for place in section.places if place.rpartition(":")[0] != file]
        if others and name.startswith(prefix):
            yield f"{name!r} is defined at {others[0]}; remove it there: names with {prefix!r} belong to {file}."


def check_wanted(root: Section, file: str) -> None:
    """Raise with every problem of the text at once."""
    found = list(problems_of(root, file))
    if found:
        raise ConfigError("\n".join(found))
