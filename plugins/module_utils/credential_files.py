# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates, keys and revocation lists in swanctl's directories: what the module is given, and what is there."""

from __future__ import annotations

import base64
import binascii
import glob
import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.causeway.ipsec.plugins.module_utils.host_files import HostFile, read_host_file
from ansible_collections.causeway.ipsec.plugins.module_utils.swanctl_conf import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# Ours by kind, which is the directory's name. swanctl reads every file of each at boot.
PLACES = {
    "private": "/etc/swanctl/private/cw-*.pem",
    "pubkey": "/etc/swanctl/pubkey/cw-*.pem",
    "x509": "/etc/swanctl/x509/cw-*.pem",
    "x509ca": "/etc/swanctl/x509ca/cw-*.pem",
    "x509crl": "/etc/swanctl/x509crl/cw-*.pem",
}
HEADER = "# Managed by causeway.ipsec: changes made here are lost at its next run.\n"
KEY_ID = "# Key id: "
NAME = re.compile(r"cw-[A-Za-z0-9_-]{1,80}\.pem")
ID = re.compile(r"[0-9a-f]{40}")
BODY = re.compile(r"-----BEGIN [A-Z0-9 ]+-----([A-Za-z0-9+/=\s]+)-----END [A-Z0-9 ]+-----\n?")
LOADED_AS = {"x509": ("X509", "NONE"), "x509ca": ("X509", "CA"), "x509crl": ("X509_CRL", "NONE")}


@dataclass(frozen=True)
class Credential:
    """One file. Its text form never shows what is in it. id: of a private key, as the daemon calls it."""

    kind: str
    name: str
    data: str = field(repr=False)  # PEM
    id: str = ""

    @property
    def path(self) -> str:
        return str(Path(PLACES[self.kind]).with_name(self.name))

    @property
    def text(self) -> str:
        """What the file holds; of a private key its id too, by which a later run unloads it (RFC 7468 allows text)."""
        return f"{HEADER}{KEY_ID}{self.id}\n{self.data}" if self.id else self.data

    @property
    def der(self) -> bytes:
        return der_of(self.data)

    def command(self) -> tuple[str, dict[str, str]] | None:
        """What loads it; None for a public key, which the connections bring with them."""
        if self.kind == "private":
            return "load-key", {"type": "any", "data": self.data}
        if self.kind not in LOADED_AS:
            return None
        kind, flag = LOADED_AS[self.kind]
        return "load-cert", {"type": kind, "flag": flag, "data": self.data}


Credentials = dict[str, Credential]  # by path


def der_of(text: str) -> bytes:
    """The bytes in a PEM text; empty where there are none."""
    found = BODY.search(text)
    try:
        return base64.b64decode("".join(found.group(1).split()), validate=True) if found else b""
    except binascii.Error:
        return b""


def parse_credentials(items: Iterable[Mapping[str, Any]]) -> Credentials:
    """Return the module's option by path; raise with every problem, none of which shows a text."""
    found: Credentials = {}
    problems: list[str] = []
    for item in items:
        one = Credential(str(item["kind"]), str(item["name"]), str(item["data"]), str(item.get("id") or ""))
        label = f"credentials[{one.kind}/{one.name}]"
        if not NAME.fullmatch(one.name):
            problems.append(f"{label}: the name must be cw-, characters A-Z a-z 0-9 _ -, and .pem.")
            continue
        if not one.der:
            problems.append(f"{label}: data must be text in PEM form.")
        if bool(ID.fullmatch(one.id)) != (one.kind == "private"):
            problems.append(f"{label}: a private key, and nothing else, needs id: 40 hexadecimal digits in lower case.")
        if one.path in found:
            problems.append(f"{label}: is given twice.")
        found[one.path] = one
    if problems:
        raise ConfigError("\n".join(problems))
    return found


def read_host_credentials() -> dict[str, HostFile]:
    """Return the files of ours on the host by path."""
    paths = sorted(path for pattern in PLACES.values() for path in glob.glob(pattern))  # noqa: PTH207 - absolute
    return {path: read_host_file(path) for path in paths}


def held(files: Mapping[str, HostFile]) -> Credentials:
    """Return the credentials that files hold; what somebody broke has no bytes."""
    kinds = {str(Path(pattern).parent): kind for kind, pattern in PLACES.items()}
    found = {}
    for path, file in files.items():
        text = file.text or ""
        key = re.search(f"^{KEY_ID}({ID.pattern})$", text, re.MULTILINE)
        body = BODY.search(text)
        data = body.group(0) if body else ""
        found[path] = Credential(kinds[str(Path(path).parent)], Path(path).name, data, key.group(1) if key else "")
    return found


def texts_of(credentials: Credentials) -> dict[tuple[str, str], str]:
    """Return what connections may name: the files' texts by kind and name."""
    return {(one.kind, one.name): one.data for one in credentials.values()}


def shown(one: Credential) -> str:
    """What a diff says of a file: of a private key its id, of others the fingerprint (SHA-256)."""
    if one.kind == "private":
        return f"private key with id {one.id or 'unknown'}\n"
    return f"SHA-256 {hashlib.sha256(one.der).hexdigest()}\n"


def diff_of(paths: Iterable[str], before: Credentials, after: Credentials) -> list[dict[str, str]]:
    """What a diff says of files that are written or removed; of keys only their ids."""
    found = []
    for path in paths:
        old, new = (shown(some[path]) if path in some else "" for some in (before, after))
        note = "(not as this module writes it, or not loaded)\n" if old == new else ""
        found.append({"before_header": path, "after_header": path, "before": old + note, "after": new})
    return found
