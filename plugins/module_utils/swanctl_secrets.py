# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pre-shared keys of connections: their file's text, and what an existing file holds."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ansible_collections.causeway.ipsec.plugins.module_utils.swanctl_conf import ConfigError, parse_text, quote
from ansible_collections.causeway.ipsec.plugins.module_utils.swanctl_connections import OUR_NAME, sections_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PREFIX = "ike-cw-"  # swanctl takes only secrets whose names begin with their kind
HEADER = "# Managed by causeway.ipsec: changes made here are lost at its next run. Keys: nobody else may read this.\n"


@dataclass(frozen=True)
class Secret:
    """A pre-shared key and the identities that it belongs to. Its text form never shows the key."""

    name: str
    ids: tuple[str, ...]
    psk: bytes = field(repr=False)

    def message(self) -> dict[str, Any]:
        """Return the load-shared message."""
        return {"id": self.name, "type": "ike", "data": self.psk, "owners": list(self.ids)}


def parse_secrets(items: Iterable[Mapping[str, Any]]) -> dict[str, Secret]:
    """Return the module's `secrets` option by name; raise with every problem, none of which shows a key."""
    found: dict[str, Secret] = {}
    problems: list[str] = []
    for item in items:
        name = str(item["name"])
        if not name.startswith(PREFIX) or not OUR_NAME.fullmatch(name):
            problems.append(f"secrets: the name {name!r} must be {PREFIX!r} and then characters A-Z a-z 0-9 _ -.")
        if name in found:
            problems.append(f"secrets: {name!r} is given twice.")
        if not item["psk"] or not item["ids"]:
            problems.append(f"secrets[{name}]: psk and ids must not be empty.")
        found[name] = Secret(name, tuple(str(owner) for owner in item["ids"]), str(item["psk"]).encode("utf-8"))
    if problems:
        raise ConfigError("\n".join(problems))
    return found


def render_secrets(secrets: Mapping[str, Secret]) -> str:
    """Return the file's text; base64 because swanctl gives #, 0x, spaces and } in a plain secret a meaning."""
    lines = [HEADER, "secrets {\n"]
    for name in sorted(secrets):
        secret = secrets[name]
        lines.append(f"    {name} {{\n")
        lines += [f"        id-{number} = {quote(owner)}\n" for number, owner in enumerate(secret.ids, 1)]
        lines.append(f'        secret = "0s{base64.b64encode(secret.psk).decode("ascii")}"\n    }}\n')
    return "".join([*lines, "}\n"])


def read_secrets(text: str | None, file: str) -> dict[str, Secret]:
    """Return what our file on the host holds; nothing if somebody broke it, so that all is written anew."""
    try:
        root = parse_text(text or "", file)
    except ConfigError:
        return {}
    found = {}
    for name, section in sections_of(root, "secrets").items():
        ids = tuple(value for key, value in section.values.items() if key.startswith("id") and value is not None)
        found[name] = Secret(name, ids, _decoded(section.values.get("secret") or ""))
    return found


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text[2:], validate=True) if text.startswith("0s") else text.encode("utf-8", "replace")
    except binascii.Error:
        return b""


def masked(secrets: Mapping[str, Secret], before: Mapping[str, Secret]) -> str:
    """Return what a diff may show: names, identities, and whether a key differs from the one before."""
    lines = []
    for name in sorted(secrets):
        old = before.get(name)
        note = "changed" if old is not None and old.psk != secrets[name].psk else "(hidden)"
        lines.append(f"{name}: ids: {', '.join(secrets[name].ids)}; psk: {note}\n")
    return "".join(lines)
