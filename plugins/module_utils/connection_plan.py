# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to happen to a host's connections: a pure function of what is wanted, what the files hold and what runs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ansible_collections.causeway.ipsec.plugins.module_utils.charon import Daemon
from ansible_collections.causeway.ipsec.plugins.module_utils.connection_view import (
    actions,
    differences,
    shown_view,
    wanted_view,
)
from ansible_collections.causeway.ipsec.plugins.module_utils.sas import state_of
from ansible_collections.causeway.ipsec.plugins.module_utils.swanctl_connections import PREFIX
from ansible_collections.causeway.ipsec.plugins.module_utils.swanctl_secrets import PREFIX as SECRET_PREFIX
from ansible_collections.causeway.ipsec.plugins.module_utils.swanctl_secrets import Secret

if TYPE_CHECKING:
    from ansible_collections.causeway.ipsec.plugins.module_utils.credential_files import Credential, Credentials
    from ansible_collections.causeway.ipsec.plugins.module_utils.host_files import HostFile
    from ansible_collections.causeway.ipsec.plugins.module_utils.vici_message import Message


@dataclass(frozen=True)
class Wanted:
    """The desired set: connections as load-conn messages, secrets, and the files' texts."""

    connections: Mapping[str, Message]
    secrets: Mapping[str, Secret]
    text: str
    secrets_text: str
    credentials: Credentials = field(default_factory=dict)
    authorities: Mapping[str, Message] = field(default_factory=dict)


@dataclass(frozen=True)
class Current:
    """What the files hold, and what the daemon runs; `daemon` is None where none runs."""

    connections: Mapping[str, Message]
    secrets: Mapping[str, Secret]
    text: str | None
    secrets_text: str | None
    unsafe: tuple[str, ...]  # those of our files that are not there as root's own, nobody else's to read
    daemon: Daemon | None
    credentials: Credentials = field(default_factory=dict)
    credential_files: Mapping[str, HostFile] = field(default_factory=dict)
    authorities: Mapping[str, Message] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """What to do, by connection name; `reasons` says why for each that is not left alone."""

    load: tuple[str, ...]
    replace: tuple[str, ...]
    remove: tuple[str, ...]
    unchanged: tuple[str, ...]
    up: tuple[str, ...]  # of the unchanged: those that nobody need dial, since all their children have a live SA
    interrupted: tuple[str, ...]
    traps: tuple[tuple[str, str], ...]
    secrets_changed: tuple[str, ...]
    secrets_removed: tuple[str, ...]
    write_files: bool
    credentials_changed: tuple[str, ...] = ()  # paths
    credentials_removed: tuple[str, ...] = ()
    authorities_changed: tuple[str, ...] = ()  # names
    authorities_removed: tuple[str, ...] = ()
    keys_loaded: tuple[str, ...] = ()  # ids
    keys_removed: tuple[str, ...] = ()
    reasons: Mapping[str, str] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        """Whether anything at all is to be done (loading the same secrets again is not)."""
        return bool(
            self.load
            or self.replace
            or self.remove
            or self.traps
            or self.secrets_changed
            or self.secrets_removed
            or self.credentials_changed
            or self.credentials_removed
            or self.authorities_changed
            or self.authorities_removed
            or self.write_files
        )


def plan_connections(wanted: Wanted, current: Current) -> Plan:
    """Compare and decide."""
    daemon = current.daemon or Daemon()
    reasons = dict(_reasons(wanted, current, daemon))
    load = tuple(sorted(name for name in reasons if name not in daemon.connections))
    replace = tuple(sorted(name for name in reasons if name in daemon.connections))
    remove = tuple(sorted(_ours(current, daemon) - set(wanted.connections)))
    reasons.update(dict.fromkeys(remove, "no longer wanted"))
    touched = {*replace, *remove, *load}
    unchanged = tuple(sorted(set(wanted.connections) - touched))
    return Plan(
        load=load,
        replace=replace,
        remove=remove,
        unchanged=unchanged,
        up=tuple(name for name in unchanged if _is_up(name, wanted.connections[name], daemon)),
        interrupted=tuple(sorted({sa.name for sa in daemon.sas if sa.up and sa.name in touched})),
        traps=tuple(
            sorted(
                set(wanted_traps(wanted.connections, daemon))
                - daemon.traps
                - {trap for trap in wanted_traps(wanted.connections, daemon) if trap[0] in touched}
            )
        ),
        secrets_changed=tuple(sorted(_secrets_changed(wanted, current))),
        secrets_removed=tuple(sorted(_our_secrets(current, daemon) - set(wanted.secrets))),
        write_files=(current.text, current.secrets_text, current.unsafe) != (wanted.text, wanted.secrets_text, ()),
        credentials_changed=tuple(sorted(_credentials_changed(wanted, current))),
        credentials_removed=tuple(sorted(set(current.credentials) - set(wanted.credentials))),
        authorities_changed=tuple(sorted(_authorities_changed(wanted, current))),
        authorities_removed=tuple(sorted(_our_authorities(current, daemon) - set(wanted.authorities))),
        keys_loaded=tuple(sorted(_keys(wanted.credentials) - daemon.keys)),
        keys_removed=tuple(sorted((_keys(current.credentials) & daemon.keys) - _keys(wanted.credentials))),
        reasons=reasons,
    )


def _is_up(name: str, message: Message, daemon: Daemon) -> bool:
    return state_of(name, message.get("children", {}), daemon.sas) == "up"


def _reasons(wanted: Wanted, current: Current, daemon: Daemon) -> Iterator[tuple[str, str]]:
    """Yield why a wanted connection cannot be left alone; what list-conns hides is judged by our file."""
    for name, message in wanted.connections.items():
        if name not in daemon.connections:
            yield name, "not loaded"
        elif name not in current.connections:
            yield name, "loaded by others than us: it is not in our file"
        elif current.connections[name] != message:
            yield name, "changed: " + ", ".join(changed_keys(current.connections[name], message))
        else:
            found = differences(wanted_view(message), shown_view(daemon.connections[name]))
            if found:
                yield name, "altered in the daemon: " + "; ".join(found)


def changed_keys(old: Mapping[str, Any], new: Mapping[str, Any], path: str = "") -> list[str]:
    """Return the dotted names of the settings that two messages differ in."""
    found: list[str] = []
    for key in sorted({*old, *new}):
        before, after = old.get(key), new.get(key)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            found += changed_keys(before, after, f"{path}{key}.")
        elif before != after:
            found.append(path + key)
    return found


def _ours(current: Current, daemon: Daemon) -> set[str]:
    """Return the connections that are ours by name: loaded, in our file, or left behind as an SA or a trap."""
    names = {
        *current.connections,
        *daemon.connections,
        *(sa.name for sa in daemon.sas),
        *(connection for connection, _unused in daemon.traps),
    }
    return {name for name in names if name.startswith(PREFIX)}


def wanted_traps(connections: Mapping[str, Message], daemon: Daemon) -> Iterator[tuple[str, str]]:
    """Yield (connection, child) of each trap policy that ought to be installed on this host."""
    if daemon.has_traps:
        for name, message in connections.items():
            for child, settings in message.get("children", {}).items():
                if has_action(settings, "trap"):
                    yield name, child


def has_action(child: Mapping[str, Any], action: str) -> bool:
    """Whether the child's start action contains this one."""
    return action in actions(child.get("start_action", "none")).split("|")


def _secrets_changed(wanted: Wanted, current: Current) -> Iterator[str]:
    for name, secret in wanted.secrets.items():
        missing = current.daemon is not None and name not in current.daemon.secrets
        if missing or current.secrets.get(name) != secret:
            yield name


def _credentials_changed(wanted: Wanted, current: Current) -> Iterator[str]:
    """Yield the paths of files that are not there as they should be, or not loaded."""
    for path, one in wanted.credentials.items():
        file = current.credential_files.get(path)
        there = file is not None and file.safe and file.text == one.text
        if not there or (current.daemon is not None and not loaded(one, current.daemon)):
            yield path


def _authorities_changed(wanted: Wanted, current: Current) -> Iterator[str]:
    for name, message in wanted.authorities.items():
        missing = current.daemon is not None and name not in current.daemon.authorities
        if missing or current.authorities.get(name) != message:
            yield name


def _our_authorities(current: Current, daemon: Daemon) -> set[str]:
    return {name for name in {*current.authorities, *daemon.authorities} if name.startswith(PREFIX)}


def loaded(one: Credential, daemon: Daemon) -> bool:
    """Whether the daemon has it; a public key comes with the connections."""
    if one.kind == "private":
        return one.id in daemon.keys
    return one.kind == "pubkey" or one.der in daemon.certificates


def _keys(credentials: Credentials) -> set[str]:
    return {one.id for one in credentials.values() if one.id}


def _our_secrets(current: Current, daemon: Daemon) -> set[str]:
    return {name for name in {*current.secrets, *daemon.secrets} if name.startswith(SECRET_PREFIX)}


def _lacking(wanted: Wanted, daemon: Daemon) -> Iterator[str]:
    """Yield the paths of what is not loaded, and of certificates whose private key is not."""
    for path, one in wanted.credentials.items():
        if not loaded(one, daemon) and one.kind != "x509crl":  # one that is older than the daemon's: see forget
            yield path
        elif one.kind == "x509" and not daemon.certificates.get(one.der):
            yield f"{path}: with its private key"


def _why_no_trap(message: Message) -> str:
    names = [peer for peer in message.get("remote_addrs", []) if re.search(r"[G-Zg-z]", peer)]
    hint = f"can this host resolve {', '.join(names)}, and " if names else ""
    return f"{hint}does this kernel have XFRM and ESP?"


def verify(wanted: Wanted, plan: Plan, daemon: Daemon) -> list[str]:
    """Return, in words, what the daemon does not have as it was asked to; an exit status would prove nothing."""
    found = []
    for name, message in wanted.connections.items():
        if name not in daemon.connections:
            found.append(f"{name}: the daemon took it but does not list it")
            continue
        wrong = differences(wanted_view(message), shown_view(daemon.connections[name]))
        found += [f"{name}: after loading, {difference}" for difference in wrong]
    found += [f"{name}: is still loaded" for name in plan.remove if name in daemon.connections]
    found += [
        f"{name}: the daemon took the secret but does not list it"
        for name in wanted.secrets
        if name not in daemon.secrets
    ]
    found += [f"{name}: the daemon took the authority but does not list it" for name in wanted.authorities
              if name not in daemon.authorities]  # fmt: skip
    found += [f"{path}: the daemon took it but does not list it" for path in _lacking(wanted, daemon)]
    found += [f"the private key {key} is still loaded" for key in plan.keys_removed if key in daemon.keys]
    found += [f"{name}: the secret is still loaded" for name in plan.secrets_removed if name in daemon.secrets]
    found += [
        f"{name}: no trap policy was installed for {child!r} ({_why_no_trap(wanted.connections[name])})"
        for name, child in sorted(set(wanted_traps(wanted.connections, daemon)) - daemon.traps)
    ]
    return found
