# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A daemon that is played: enough of charon for whole runs of the connections module."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

from ansible_collections.causeway.ipsec.plugins.module_utils.connection_view import actions, duration
from ansible_collections.causeway.ipsec.plugins.module_utils.credential_files import der_of
from ansible_collections.causeway.ipsec.plugins.module_utils.vici import ViciCommandError, ViciTimeoutError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Charon:
    """Enough of charon: it keeps what it is given, and shows it in its own way."""

    def __init__(self) -> None:
        self.connections: dict[str, dict[str, Any]] = {"other": {}}
        self.secrets: dict[str, Any] = {"ike-other": b"theirs"}
        self.authorities: dict[str, Any] = {"other": {}}
        self.keys: dict[str, str] = {"ff": "theirs"}
        self.certificates: list[str] = []  # in PEM, the last one first
        self.sas: dict[str, str] = {}  # unique id to connection
        self.deleting: set[str] = set()  # SAs whose peers have yet to answer: they do once these were listed
        self.silenced: set[str] = set()  # SAs that ended without their peers' having answered
        self.traps: set[tuple[str, str]] = set()  # connection and child; loading installs none
        self.dialled: set[str] = set()  # connections that their peers set up, once, the moment they are loaded
        self.calls: list[tuple[str, str]] = []
        self.refused: set[str] = set()
        self.emptied: set[str] = set()
        self.hangs_at = ""
        self.plugins = ["kernel-libipsec"]
        self.release = "5.9.8"

    def close(self) -> None:
        """Nothing to close."""

    def request(self, command: str, message: Mapping[str, Any] | None = None) -> dict[str, Any]:
        message = message or {}
        subject = str(message.get("name") or message.get("id") or message.get("ike-id") or next(iter(message), ""))
        self.calls.append((command, subject))
        if self.hangs_at and self.hangs_at == f"{command} {subject}":
            raise ViciTimeoutError("it hangs")
        answer = getattr(self, command.replace("-", "_"))(subject, message)
        return answer or {}

    def get_conns(self, _subject: str, _message: Mapping[str, Any]) -> dict[str, Any]:
        return {"conns": list(self.connections)}

    def get_shared(self, _subject: str, _message: Mapping[str, Any]) -> dict[str, Any]:
        return {"keys": list(self.secrets)}

    def get_algorithms(self, _subject: str, _message: Mapping[str, Any]) -> dict[str, Any]:
        return {"dh": {"MODP_2048": "openssl"}}

    def stats(self, _subject: str, _message: Mapping[str, Any]) -> dict[str, Any]:
        return {"plugins": self.plugins}

    def version(self, _subject: str, _message: Mapping[str, Any]) -> dict[str, Any]:
        return {"version": self.release}

    def load_conn(self, name: str, message: Mapping[str, Any]) -> None:
        if name in self.refused:
            raise ViciCommandError("load-conn", "unknown option: frobnicate, config discarded")
        self.connections[name] = {} if name in self.emptied else dict(message[name])
        if name in self.dialled:
            self.dialled.remove(name)
            self.sas[f"dialled {name}"] = name

    def unload_conn(self, name: str, _message: Mapping[str, Any]) -> None:
        gone = self.connections.pop(name, None)
        if gone is None:
            raise ViciCommandError("unload-conn", "not found")
        if any("start" in child["start_action"] for child in gone.get("children", {}).values()):
            self.deleting |= {number for number, of in self.sas.items() if of == name}

    def load_shared(self, name: str, message: Mapping[str, Any]) -> None:
        self.secrets[name] = message["data"]

    def unload_shared(self, name: str, _message: Mapping[str, Any]) -> None:
        del self.secrets[name]

    def get_keys(self, _subject: str, _message: Mapping[str, Any]) -> dict[str, Any]:
        return {"keys": list(self.keys)}

    def get_authorities(self, _subject: str, _message: Mapping[str, Any]) -> dict[str, Any]:
        return {"authorities": list(self.authorities)}

    def load_authority(self, name: str, message: Mapping[str, Any]) -> None:
        self.authorities[name] = dict(message[name])

    def unload_authority(self, name: str, _message: Mapping[str, Any]) -> None:
        if self.authorities.pop(name, None) is None:
            raise ViciCommandError("unload-authority", "not found")

    def load_key(self, _subject: str, message: Mapping[str, Any]) -> None:
        self.keys[id_of(message["data"])] = message["data"]

    def unload_key(self, key: str, _message: Mapping[str, Any]) -> None:
        del self.keys[key]

    def load_cert(self, _subject: str, message: Mapping[str, Any]) -> None:
        if message["data"] not in self.refused:
            self.certificates.insert(0, message["data"])

    def flush_certs(self, _subject: str, _message: Mapping[str, Any]) -> None:
        """Nothing is cached."""

    def certificate(self, content: str) -> dict[str, str]:
        """As it is shown; one that is `x of key x` belongs to the private key `key x`."""
        _name, _of, key = content.partition(" of ")
        has_key = id_of(pem("PRIVATE KEY", key)) in self.keys
        return {"data": content, "has_privkey": "yes" if has_key else "no"}

    def terminate(self, unique_id: str, _message: Mapping[str, Any]) -> None:
        if unique_id in self.deleting:
            self.silenced.add(unique_id)
        del self.sas[unique_id]

    def uninstall(self, _subject: str, message: Mapping[str, Any]) -> None:
        self.traps.remove((message["ike"], message["child"]))

    def stream(self, command: str, _event: str, message: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        if command == "list-conns":
            wanted = (message or {}).get("ike")
            return [{name: shown(one)} for name, one in self.connections.items() if wanted in {None, name}]
        if command == "list-certs":
            return [self.certificate(der_of(text).decode()) for text in self.certificates]
        if command == "list-sas":
            return list(self.list_sas())
        return [{f"{ike}/{child}": {"ike": ike, "child": child}} for ike, child in self.traps]

    def list_sas(self) -> Iterator[dict[str, Any]]:
        for number, name in list(self.sas.items()):
            yield {name: {"uniqueid": number, "state": "DELETING" if number in self.deleting else "ESTABLISHED"}}
            if number in self.deleting:
                self.deleting.remove(number)
                del self.sas[number]


def one_round(auth: Mapping[str, Any]) -> dict[str, str]:
    return {"class": {"psk": "pre-shared key", "pubkey": "public key"}[auth["auth"]], "id": auth["id"]}


def pem(word: str, content: str) -> str:
    return f"-----BEGIN {word}-----\n{base64.b64encode(content.encode()).decode()}\n-----END {word}-----\n"


def id_of(key: str) -> str:
    """What the daemon calls a private key; there it is made of the public one."""
    return hashlib.sha1(key.encode(), usedforsecurity=False).hexdigest()


def shown(message: Mapping[str, Any]) -> dict[str, Any]:
    children = message.get("children", {})
    return {
        "local_addrs": message.get("local_addrs", ["%any"]),
        "remote_addrs": message.get("remote_addrs", ["%any"]),
        "version": f"IKEv{message.get('version', '1/2')}",
        "unique": "UNIQUE_NO",
        "reauth_time": "0",
        "rekey_time": duration(message.get("rekey_time", "4h")),
        **{f"{end}-1": one_round(message[end]) for end in ("local", "remote") if message},
        "children": {
            name: {
                "mode": "TUNNEL",
                "rekey_time": "3600",
                "dpd_action": "none",
                "close_action": actions(child.get("close_action", "none")),
                "local-ts": child["local_ts"],
                "remote-ts": child["remote_ts"],
            }
            for name, child in children.items()
        },
    }
