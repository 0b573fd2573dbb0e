# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the daemon ought to show of a connection, and what it shows, in one canonical form to compare.

The daemon normalises what it is given and shows only a part of it. A field whose shown form we cannot foretell
(ranges, certificates, distinguished names) is left out rather than guessed.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from typing import Any

View = dict[str, str]

DURATION = re.compile(r"([1-9][0-9]*|0) *([smhdSMHD]?)")
UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
VERSIONS = {"0": "IKEv1/2", "1": "IKEv1", "2": "IKEv2"}
CLASSES = {"psk": "pre-shared key", "pubkey": "public key"}
ACTIONS = {"restart": "start", "route": "trap", "clear": "none", "hold": "trap"}
MODES = {"tunnel": "TUNNEL", "transport": "TRANSPORT", "beet": "BEET", "pass": "PASS", "drop": "DROP"}
IKE_REKEY_DEFAULT, CHILD_REKEY_DEFAULT = "14400", "3600"


def address(text: str) -> str:
    """Canonical form of an address, subnet or name: `2001:DB8::0` is `2001:db8::`, `10.0.0.1/32` stays."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return text.lower()


def selector(text: str) -> str | None:
    """Canonical form of a traffic selector; None for one with a range, protocol or port."""
    if text == "dynamic":
        return text
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        return None


def identity(text: str) -> str | None:
    """Canonical form of an identity; None where the daemon's way to print it is not plain."""
    kind, colon, rest = text.partition(":")
    if colon and kind in {"fqdn", "email", "userfqdn", "ipv4", "ipv6"}:
        text = rest
    elif text.startswith("@") and not text.startswith(("@#", "@@")):
        text = text[1:]
    if not text or re.search(r"[=*%#@{}]|^\w+:[^:]+$", text) or not text.isascii():
        return None
    return address(text)


def duration(text: str) -> str | None:
    """Seconds of a duration as swanctl.conf writes them (90, 15m, 4h, 1d)."""
    found = DURATION.fullmatch(text)
    return str(int(found.group(1)) * UNITS[found.group(2).lower()]) if found else None


def actions(text: str) -> str:
    """Canonical form of start, dpd and close actions: `trap|start` in any order, with today's words."""
    words = (word.strip().lower() for word in text.split("|"))
    return "|".join(sorted({ACTIONS.get(word, word) for word in words}))


def wanted_view(message: Mapping[str, Any]) -> View:
    """Return what list-conns ought to show once this load-conn message is loaded."""
    view = _present(
        {
            "local_addrs": _joined(map(address, message.get("local_addrs", ["%any"]))),
            "remote_addrs": _joined(map(address, message.get("remote_addrs", ["%any"]))),
            "version": VERSIONS.get(message.get("version", "0")),
            "unique": "UNIQUE_" + message.get("unique", "no").upper(),
            "rekey_time": duration(message.get("rekey_time", "0" if "reauth_time" in message else IKE_REKEY_DEFAULT)),
            "reauth_time": duration(message.get("reauth_time", "0")),
            "dpd_delay": duration(message.get("dpd_delay", "0")),
            "dpd_timeout": duration(message.get("dpd_timeout", "0")),
        }
    )
    for end in ("local", "remote"):
        for index, auth in enumerate(_rounds(message, end), 1):
            view.update(
                _present(
                    {
                        f"{end}-{index}.class": CLASSES.get(auth.get("auth", "pubkey")),
                        f"{end}-{index}.id": identity(auth.get("id", "")),
                    }
                )
            )
    children: Mapping[str, Mapping[str, Any]] = message.get("children", {})
    view["children"] = _joined(sorted(children))
    for name, child in children.items():
        view.update({f"{name}.{key}": value for key, value in _wanted_child(child).items()})
    return view


def _wanted_child(child: Mapping[str, Any]) -> View:
    return _present(
        {
            "mode": MODES.get(child.get("mode", "tunnel")),
            "rekey_time": duration(child.get("rekey_time", CHILD_REKEY_DEFAULT)),
            "dpd_action": actions(child.get("dpd_action", "none")),
            "close_action": actions(child.get("close_action", "none")),
            "local_ts": _selectors(child.get("local_ts", ["dynamic"])),
            "remote_ts": _selectors(child.get("remote_ts", ["dynamic"])),
        }
    )


def shown_view(shown: Mapping[str, Any]) -> View:
    """Return the same fields of a connection as list-conns shows it."""
    view = _present(
        {
            "local_addrs": _joined(map(address, shown.get("local_addrs", []))),
            "remote_addrs": _joined(map(address, shown.get("remote_addrs", []))),
            "dpd_delay": "0",
            "dpd_timeout": "0",
        }
    )
    view.update(
        {
            key: str(shown[key])
            for key in ("version", "unique", "rekey_time", "reauth_time", "dpd_delay", "dpd_timeout")
            if key in shown
        }
    )
    for name, auth in shown.items():
        if isinstance(auth, Mapping) and re.fullmatch(r"(local|remote)-\d+", name):
            view.update(_present({f"{name}.class": auth.get("class"), f"{name}.id": identity(auth.get("id", ""))}))
    children: Mapping[str, Mapping[str, Any]] = shown.get("children", {})
    view["children"] = _joined(sorted(children))
    for name, child in children.items():
        view.update({f"{name}.{key}": value for key, value in _shown_child(child).items()})
    return view


def _shown_child(child: Mapping[str, Any]) -> View:
    return _present(
        {
            "mode": child.get("mode"),
            "rekey_time": child.get("rekey_time"),
            "dpd_action": actions(child.get("dpd_action", "none")),
            "close_action": actions(child.get("close_action", "none")),
            "local_ts": _selectors(child.get("local-ts", [])),
            "remote_ts": _selectors(child.get("remote-ts", [])),
        }
    )


def differences(wanted: View, shown: View) -> list[str]:
    """Return in words how a connection in the daemon differs from the wanted one."""
    return [
        f"{key} is {shown.get(key, 'absent')!r} instead of {value!r}"
        for key, value in wanted.items()
        if shown.get(key) != value
    ]


def _rounds(message: Mapping[str, Any], end: str) -> list[Mapping[str, Any]]:
    found = [value for key, value in message.items() if key.startswith(end) and isinstance(value, Mapping)]
    return sorted(found, key=lambda auth: int(auth.get("round", "0")) if auth.get("round", "0").isdigit() else 0)


def _selectors(items: Iterable[str]) -> str | None:
    """Return the selectors in one order (the daemon has its own); None as soon as one is not foretold."""
    found = [selector(item) for item in items]
    return None if None in found else _joined(sorted(str(item) for item in found))


def _joined(items: Iterable[str]) -> str:
    return ", ".join(items)


def _present(fields: Mapping[str, str | None]) -> View:
    return {key: value for key, value in fields.items() if value is not None}
