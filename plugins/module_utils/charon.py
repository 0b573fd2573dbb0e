# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What charon has loaded: one reading of everything that a plan for our connections needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ansible_collections.causeway.ipsec.plugins.module_utils.sas import IkeSa, parse_sas
from ansible_collections.causeway.ipsec.plugins.module_utils.versions import NO_TRAPS, traps

if TYPE_CHECKING:
    from ansible_collections.causeway.ipsec.plugins.module_utils.vici import Client

USERSPACE_PLUGIN = "kernel-libipsec"


@dataclass
class Daemon:
    """The running daemon's connections, secrets (names only; it never shows their values), SAs and traps."""

    connections: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    secrets: frozenset[str] = frozenset()
    authorities: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()  # ids of private keys
    certificates: Mapping[bytes, bool] = field(default_factory=dict)  # CRLs too; whether the private key is there
    sas: list[IkeSa] = field(default_factory=list)
    traps: frozenset[tuple[str, str]] = frozenset()
    algorithms: Mapping[str, frozenset[str]] = field(default_factory=dict)
    has_traps: bool = True
    version: str = ""


def read_daemon(client: Client) -> Daemon:
    """Ask the daemon for all of it."""
    shown: dict[str, Mapping[str, Any]] = {}
    for event in client.stream("list-conns", "list-conn"):
        shown.update(event)
    version = client.request("version").get("version", "")
    return Daemon(
        connections={name: shown.get(name, {}) for name in client.request("get-conns").get("conns", [])},
        secrets=frozenset(client.request("get-shared").get("keys", [])),
        authorities=frozenset(client.request("get-authorities").get("authorities", [])),
        keys=frozenset(client.request("get-keys").get("keys", [])),
        certificates=read_certificates(client),
        sas=read_sas(client),
        traps=read_traps(client),
        algorithms=_algorithms(client),
        has_traps=_has_traps(client, version),
        version=version,
    )


def read_certificates(client: Client) -> dict[bytes, bool]:
    """Return the certificates and revocation lists that are loaded, in DER."""
    return {
        str(event.get("data", "")).encode("utf-8", "surrogateescape"): event.get("has_privkey") == "yes"
        for event in client.stream("list-certs", "list-cert")
    }


def read_sas(client: Client) -> list[IkeSa]:
    """Return the SAs of the moment."""
    return parse_sas(client.stream("list-sas", "list-sa"))


def read_traps(client: Client) -> frozenset[tuple[str, str]]:
    """Return (connection, child) of each trap policy that is installed."""
    events = client.stream("list-policies", "list-policy", {"trap": "yes"})
    return frozenset((policy.get("ike", ""), policy.get("child", "")) for event in events for policy in event.values())


def _algorithms(client: Client) -> dict[str, frozenset[str]]:
    """Return the names of the algorithms by kind; key exchange was called dh before strongSwan 5.9.9."""
    answer = client.request("get-algorithms")
    found = {kind: frozenset(names) for kind, names in answer.items() if isinstance(names, Mapping)}
    if "dh" in found:
        found.setdefault("ke", found["dh"])
    return found


def _has_traps(client: Client, version: str) -> bool:
    """Whether trap policies work at all."""
    userspace = USERSPACE_PLUGIN in client.request("stats").get("plugins", [])
    return traps(version, userspace=userspace) != NO_TRAPS


def missing_algorithms(needed: Mapping[str, list[str]], daemon: Daemon) -> list[str]:
    """Return, as `kind NAME`, which of the needed algorithms no loaded plugin provides."""
    return [
        f"{kind} {name}"
        for kind, names in needed.items()
        for name in names
        if name not in daemon.algorithms.get(kind, frozenset())
    ]
