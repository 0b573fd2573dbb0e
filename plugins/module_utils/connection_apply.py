# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carrying out a plan in the daemon: tried first, then loaded, read back, and undone if anything is not as wanted."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

from ansible_collections.causeway.ipsec.plugins.module_utils.charon import (
    Daemon,
    missing_algorithms,
    read_daemon,
    read_sas,
    read_traps,
)
from ansible_collections.causeway.ipsec.plugins.module_utils.connection_plan import (
    Current,
    Plan,
    Wanted,
    has_action,
    verify,
)
from ansible_collections.causeway.ipsec.plugins.module_utils.connection_view import (
    differences,
    shown_view,
    wanted_view,
)
from ansible_collections.causeway.ipsec.plugins.module_utils.vici import Client, ViciCommandError, ViciError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from ansible_collections.causeway.ipsec.plugins.module_utils.sas import IkeSa
    from ansible_collections.causeway.ipsec.plugins.module_utils.vici_message import Message

PROBE = "cw-probe."  # a dot: no connection of the file can be called that
NOWHERE = "::1"  # a peer that dials just then must not be taken for the probe's
PATIENCE_SECONDS = 5.0  # for the answer to a DELETE, which charon sends again after 4 s (its retransmit_timeout)
FORCED_SECONDS = 3.0
POLL_SECONDS = 0.05


KEM_PLUGINS = (
    "ML-KEM is in the plugin openssl since 6.0.2 (with OpenSSL 3.5), and in ml, botan and wolfssl since 6.0.0: "
    "upgrade the host, or choose another policy."
)


class LoadError(Exception):
    """The daemon does not take, or does not show, what it was given."""


def check_algorithms(needed: Mapping[str, list[str]], daemon: Daemon) -> None:
    """Raise if a proposal needs what no plugin provides: it would load, and fail at every negotiation."""
    missing = missing_algorithms(needed, daemon)
    if missing:
        lacks = f"strongSwan {daemon.version} on this host lacks {', '.join(missing)}."
        if all("ML_KEM" in name for name in missing):
            raise LoadError(f"{lacks} {KEM_PLUGINS}")
        raise LoadError(
            f"{lacks} Install libstrongswan-standard-plugins and libstrongswan-extra-plugins and restart "
            "strongswan.service, or choose another policy."
        )


def probe(client: Client, connections: Mapping[str, Message]) -> None:
    """Load each under another name, with nothing to start and no peer to match, compare, and unload it."""
    problems: list[str] = []
    for name, wanted in connections.items():
        message = {**passive(wanted), "local_addrs": [NOWHERE], "remote_addrs": [NOWHERE]}
        try:
            client.request("load-conn", {PROBE + name: message})
        except ViciCommandError as exc:
            problems.append(f"{name}: strongSwan refuses it: {exc.reason}")
            continue
        shown = {
            key: value
            for event in client.stream("list-conns", "list-conn", {"ike": PROBE + name})
            for key, value in event.items()
        }
        client.request("unload-conn", {"name": PROBE + name})
        wrong = differences(wanted_view(message), shown_view(shown.get(PROBE + name, {})))
        problems += [f"{name}: strongSwan would read it differently: {difference}" for difference in wrong]
    if problems:
        raise LoadError("\n".join(problems))


def passive(message: Message) -> Message:
    """Return the message with no child started or trapped."""
    children = {name: {**child, "start_action": "none"} for name, child in message.get("children", {}).items()}
    return {**message, "children": children} if children else message


def apply_plan(client: Client, plan: Plan, wanted: Wanted, touched: set[str]) -> None:
    """Bring the daemon to what is wanted and raise LoadError unless it then shows just that.

    The connections that it has begun to change are added to `touched`.
    """
    load_credentials(client, wanted, plan)
    touched.update(plan.load, plan.replace, plan.remove)
    for name in (*plan.remove, *plan.replace):
        withdraw(client, name)
    waiting = {name: wanted.connections[name] for name in (*plan.load, *plan.replace)}
    old = sas_of(client, {*plan.remove, *waiting})  # before anything is loaded: what a peer then dials is as wanted
    for name, message in waiting.items():
        if not _starts(message):  # a peer that dials again the moment its SA ends must not find nothing
            client.request("load-conn", {name: passive(message)})
    end_and_load(client, old, waiting)
    for connection, child in plan.traps:
        client.request("install", {"ike": connection, "child": child})
    unload_credentials(client, plan)
    wrong = verify(wanted, plan, read_daemon(client))
    if wrong:
        raise LoadError("\n".join(wrong))


def load_credentials(client: Client, wanted: Wanted, plan: Plan) -> None:
    """Load what is new. Of two certificates for one identity, strongSwan shows the one that was loaded last."""
    for secret in wanted.secrets.values():
        client.request("load-shared", secret.message())
    for path in plan.credentials_changed:
        command = wanted.credentials[path].command()
        if command:
            try:
                client.request(*command)
            except ViciCommandError as exc:
                raise LoadError(f"{path}: strongSwan refuses it: {exc.reason}") from exc
    if plan.credentials_changed or plan.credentials_removed:
        client.request("flush-certs")  # what the daemon concluded before it knew them
    for name in plan.authorities_changed:
        client.request("load-authority", {name: wanted.authorities[name]})


def unload_credentials(client: Client, plan: Plan) -> None:
    """Unload what is no longer wanted; it may have been in our old files only."""
    old = [("unload-shared", {"id": name}) for name in plan.secrets_removed]
    old += [("unload-authority", {"name": name}) for name in plan.authorities_removed]
    old += [("unload-key", {"id": key}) for key in plan.keys_removed]
    for command, message in old:
        with contextlib.suppress(ViciCommandError):
            client.request(command, message)


def _starts(message: Message) -> bool:
    return any(has_action(child, "start") for child in message.get("children", {}).values())


def withdraw(client: Client, name: str) -> None:
    """Unload a connection if it is there, and uninstall what traps it may leave behind."""
    with contextlib.suppress(ViciCommandError):
        client.request("unload-conn", {"name": name})
    for connection, child in read_traps(client):
        if connection == name:
            with contextlib.suppress(ViciCommandError):
                client.request("uninstall", {"ike": connection, "child": child})


def sas_of(client: Client, connections: Collection[str]) -> list[IkeSa]:
    """Return the IKE SAs that these connections have now."""
    return [sa for sa in read_sas(client) if sa.name in connections]


def end_and_load(
    client: Client, old: Sequence[IkeSa], waiting: Mapping[str, Message], patience: float = PATIENCE_SECONDS
) -> None:
    """End IKE SAs; load each connection as soon as none of its own is among them any more, not waiting for others'.

    patience: seconds for a peer to answer, after which an SA ends all the same; a peer that has not heard of it keeps
    half a tunnel until it notices by itself, after minutes.
    """
    ending = {sa.unique_id: sa.name for sa in old}
    # Unloading a connection may have begun to end its SAs, and such a one, asked again, ends at once and in silence.
    _terminate(client, [sa.unique_id for sa in old if sa.state != "DELETING"], force=False)
    left = dict(waiting)
    begun = time.monotonic()
    forced = False
    while True:
        for name in [name for name in left if name not in ending.values()]:
            client.request("load-conn", {name: left.pop(name)})
        if not ending:
            return
        time.sleep(POLL_SECONDS)
        alive = {sa.unique_id for sa in read_sas(client)}
        ending = {unique_id: name for unique_id, name in ending.items() if unique_id in alive}
        if not forced and time.monotonic() - begun > patience:  # a dead peer answers no DELETE
            _terminate(client, ending, force=True)
            forced = True
        if time.monotonic() - begun > patience + FORCED_SECONDS:
            raise LoadError(f"{', '.join(sorted(set(ending.values())))}: the old SAs do not end.")


def _terminate(client: Client, ids: Iterable[str], force: bool) -> None:
    """Ask for the end of these IKE SAs without waiting; one that has gone by itself is no error."""
    for unique_id in ids:
        with contextlib.suppress(ViciCommandError):
            client.request("terminate", {"ike-id": unique_id, "timeout": "-1", "force": "yes" if force else "no"})


def roll_back(client: Client, plan: Plan, current: Current, touched: set[str]) -> list[str]:
    """Bring back what ran before; return in words what could not be."""
    before = current.daemon or Daemon()
    problems: list[str] = []
    for name in (*plan.secrets_changed, *plan.secrets_removed):
        if name in current.secrets and name in before.secrets:
            _attempt(client, "load-shared", current.secrets[name].message(), name, problems)
        elif name in plan.secrets_changed:
            _attempt(client, "unload-shared", {"id": name}, name, [])
    _restore_keys(client, plan, current, before, problems)
    _restore_authorities(client, plan, current, problems)
    for name in sorted(touched):
        withdraw(client, name)
    with contextlib.suppress(LoadError):  # SAs that came up meanwhile have the new parameters
        end_and_load(client, sas_of(client, touched), {})
    for name in sorted(touched & set(before.connections)):
        if name in current.connections:
            _attempt(client, "load-conn", {name: current.connections[name]}, name, problems)
        else:
            problems.append(f"{name}: our file did not hold what was loaded, so it stays unloaded")
    return problems


def _restore_authorities(client: Client, plan: Plan, current: Current, problems: list[str]) -> None:
    for name in (*plan.authorities_changed, *plan.authorities_removed):
        if name in current.authorities:
            _attempt(client, "load-authority", {name: current.authorities[name]}, name, problems)
        else:
            _attempt(client, "unload-authority", {"name": name}, name, [])


def _restore_keys(client: Client, plan: Plan, current: Current, before: Daemon, problems: list[str]) -> None:
    """Bring back the private keys; new certificates cannot be unloaded, and are of no use without their keys."""
    for one in current.credentials.values():
        if one.id in plan.keys_removed:
            _attempt(client, "load-key", {"type": "any", "data": one.data}, one.path, problems)
    new = {key for key in client.request("get-keys").get("keys", []) if key in plan.keys_loaded} - before.keys
    for key in sorted(new):
        _attempt(client, "unload-key", {"id": key}, key, problems)


def _attempt(client: Client, command: str, message: Mapping[str, Any], name: str, problems: list[str]) -> None:
    try:
        client.request(command, message)
    except ViciError as exc:
        problems.append(f"{name}: {exc}")
