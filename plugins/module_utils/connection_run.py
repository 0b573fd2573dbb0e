# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connections of one host: what its files and daemon have now, and the whole run from the wanted text on."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ansible_collections.causeway.ipsec.plugins.module_utils.charon import Daemon, read_daemon
from ansible_collections.causeway.ipsec.plugins.module_utils.connection_apply import (
    LoadError,
    apply_plan,
    check_algorithms,
    probe,
    roll_back,
)
from ansible_collections.causeway.ipsec.plugins.module_utils.connection_plan import (
    Current,
    Plan,
    Wanted,
    plan_connections,
)
from ansible_collections.causeway.ipsec.plugins.module_utils.credential_files import (
    Credentials,
    diff_of,
    held,
    parse_credentials,
    read_host_credentials,
    texts_of,
)
from ansible_collections.causeway.ipsec.plugins.module_utils.credential_steps import forget, stage_credentials
from ansible_collections.causeway.ipsec.plugins.module_utils.files import FileError
from ansible_collections.causeway.ipsec.plugins.module_utils.host_files import (
    HostFile,
    Staged,
    read_host_file,
)
from ansible_collections.causeway.ipsec.plugins.module_utils.swanctl_conf import ConfigError, Section, parse_text
from ansible_collections.causeway.ipsec.plugins.module_utils.swanctl_connections import (
    PREFIX,
    check_wanted,
    clashes,
    connections_of,
    message_of,
    sections_of,
    with_files,
)
from ansible_collections.causeway.ipsec.plugins.module_utils.swanctl_secrets import (
    PREFIX as SECRET_PREFIX,
)
from ansible_collections.causeway.ipsec.plugins.module_utils.swanctl_secrets import (
    masked,
    parse_secrets,
    read_secrets,
    render_secrets,
)
from ansible_collections.causeway.ipsec.plugins.module_utils.swanctl_tree import read_tree, resolved
from ansible_collections.causeway.ipsec.plugins.module_utils.turn import turn
from ansible_collections.causeway.ipsec.plugins.module_utils.vici import (
    Client,
    ViciError,
    ViciUnavailableError,
    find_socket,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ansible_collections.causeway.ipsec.plugins.module_utils.host_network import Run

MAIN = "/etc/swanctl/swanctl.conf"
CONNECTIONS = "/etc/swanctl/conf.d/causeway.conf"
SECRETS = "/etc/swanctl/conf.d/causeway-secrets.conf"


class ConnectionsError(Exception):
    """Why the wanted connections are not in force; whatever was begun has been undone."""


EXPECTED = (ConfigError, FileError, LoadError, ViciError, ConnectionsError)


@dataclass(frozen=True)
class Request:
    """The module's options."""

    config: str
    secrets: Sequence[Mapping[str, Any]]
    algorithms: Mapping[str, list[str]] = field(default_factory=dict)
    check: bool = False
    run: Mapping[str, str] | None = None
    credentials: Sequence[Mapping[str, Any]] = ()
    run_command: Run | None = None


def run(request: Request) -> dict[str, Any]:
    """Check, plan and (unless only checking) apply; return the module's results."""
    wanted = parse_wanted(request)
    ours = (CONNECTIONS, SECRETS)
    with turn(request.run, request.check, (*ours, *wanted.credentials)), connected(optional=request.check) as client:
        files = [read_host_file(path) for path in ours]
        daemon = read_daemon(client) if client else None
        current = read_current(files, daemon, read_host_credentials())
        check_tree(wanted, daemon is None)
        if daemon:
            check_algorithms(request.algorithms, daemon)
        plan = plan_connections(wanted, current)
        if client and not request.check:
            carry_out(client, plan, wanted, current, files, run_command=request.run_command)
    return results(plan, wanted, current)


def parse_wanted(request: Request) -> Wanted:
    """Return the wanted set; raise with every problem of its text."""
    root = parse_text(request.config, CONNECTIONS)
    check_wanted(root, CONNECTIONS)
    secrets = parse_secrets(request.secrets)
    credentials = parse_credentials(request.credentials)
    missing: list[str] = []
    messages = messages_of(root, credentials, missing)
    authorities = messages_of(root, credentials, missing, "authorities")
    if missing:
        raise ConfigError(f"{CONNECTIONS} names {', '.join(sorted(set(missing)))}, not among the credentials given.")
    return Wanted(messages, secrets, request.config, render_secrets(secrets), credentials, authorities)


def messages_of(
    root: Section, credentials: Credentials | None = None, missing: list[str] | None = None, kind: str = "connections"
) -> dict[str, Any]:
    """Return the load-conn messages of a parsed text, by name; files that are not given go to `missing`."""
    texts = texts_of(credentials or {})
    lacking = [] if missing is None else missing
    return {
        name: with_files(message_of(resolved(root, section)), texts, lacking)
        for name, section in sections_of(root, kind).items()
    }


@contextlib.contextmanager
def connected(optional: bool) -> Iterator[Client | None]:
    """Give a client of the daemon; in check mode its absence is no error, since a role may yet install it."""
    try:
        client = Client(find_socket())
    except ViciUnavailableError:
        if not optional:
            raise
        yield None
        return
    with contextlib.closing(client):
        yield client


def read_current(files: Sequence[HostFile], daemon: Daemon | None, others: Mapping[str, HostFile]) -> Current:
    """Return what there is; a file of ours that somebody broke counts as holding nothing."""
    connections, secrets = files
    credentials = held(others)
    try:
        root = parse_text(connections.text or "", connections.path)
        messages = messages_of(root, credentials)
        authorities = messages_of(root, credentials, kind="authorities")
    except ConfigError:
        messages = authorities = {}
    return Current(
        connections=messages,
        secrets=read_secrets(secrets.text, secrets.path),
        text=connections.text,
        secrets_text=secrets.text,
        unsafe=tuple(file.path for file in files if not file.safe),
        daemon=daemon,
        credentials=credentials,
        credential_files=others,
        authorities=authorities,
    )


def check_tree(wanted: Wanted, tolerant: bool) -> None:
    """Raise if swanctl, reading all its files with ours among them, would not come to just what is wanted.

    One broken file of anybody's makes swanctl unload everything at the next boot or reload.
    """
    if tolerant and read_host_file(MAIN).text is None:
        return
    tree = read_tree(MAIN, {CONNECTIONS: wanted.text, SECRETS: wanted.secrets_text})
    missing = [path for path in (CONNECTIONS, SECRETS) if path not in tree.files]
    if missing:
        raise ConnectionsError(
            f"{MAIN} does not include {' and '.join(missing)}, so no connection would come back "
            "after a reboot. Add the line `include conf.d/*.conf` to it."
        )
    root = resolved(tree.root, tree.root)
    found = connections_of(root)
    problems = [*clashes(found, PREFIX, CONNECTIONS), *clashes(sections_of(root, "secrets"), SECRET_PREFIX, SECRETS)]
    problems += [
        f"swanctl would not find the connection {name!r} in {CONNECTIONS}: is the include in {MAIN} inside of some "
        "section? It must stand outside of all braces."
        for name in wanted.connections
        if name not in found
    ]
    if problems:
        raise ConnectionsError("\n".join(problems))


def carry_out(
    client: Client, plan: Plan, wanted: Wanted, current: Current, files: Sequence[HostFile], *, run_command: Run | None
) -> None:
    """Make it so, or leave everything as it was and raise.

    The files are replaced last: if we die half-way, they still tell the next run (and the next boot) what held before.
    """
    probe(client, {name: wanted.connections[name] for name in (*plan.load, *plan.replace)})
    staged = Staged()
    touched: set[str] = set()
    try:
        if plan.write_files:
            for file, text in zip(files, (wanted.text, wanted.secrets_text)):
                staged.add(file, text)
        stage_credentials(staged, plan, wanted, current)
        apply_plan(client, plan, wanted, touched)
        staged.commit()
        forget(client, wanted, current, run_command)
    except EXPECTED as exc:
        staged.put_back()
        raise _undone(exc, plan, current, touched) from exc


def _undone(exc: Exception, plan: Plan, current: Current, touched: set[str]) -> ConnectionsError:
    """Undo on a fresh connection (the old one may be what broke) and tell how that went."""
    try:
        with contextlib.closing(Client(find_socket())) as client:
            problems = roll_back(client, plan, current, touched)
    except ViciError as further:
        problems = [str(further)]
    end = (
        "What ran before could not all be brought back: " + "; ".join(problems)
        if problems
        else "What ran before has been brought back, and no file was changed."
    )
    return ConnectionsError(f"{exc}\n{end}")


def results(plan: Plan, wanted: Wanted, current: Current) -> dict[str, Any]:
    """Return what the module returns; no key is in it."""
    return {
        "changed": plan.changed,
        "loaded": list(plan.load),
        "replaced": list(plan.replace),
        "removed": list(plan.remove),
        "unchanged": list(plan.unchanged),
        "interrupted": list(plan.interrupted),
        "secrets_changed": list(plan.secrets_changed),
        "secrets_removed": list(plan.secrets_removed),
        "credentials_changed": list(plan.credentials_changed),
        "credentials_removed": list(plan.credentials_removed),
        "up": list(plan.up),
        "reasons": dict(plan.reasons),
        "diff": diff(plan, wanted, current),
    }


def diff(plan: Plan, wanted: Wanted, current: Current) -> list[dict[str, str]]:
    """Return the files' differences, keys masked, and what changes in the daemon alone."""
    secrets, wanted_secrets = masked(current.secrets, {}), masked(wanted.secrets, current.secrets)
    if secrets == wanted_secrets and current.secrets_text not in (None, wanted.secrets_text):
        secrets += "(the same keys, but not as this module writes them)\n"
    found = [
        _texts(CONNECTIONS, _without_keys(current.text or "") + _unsafe(CONNECTIONS, current), wanted.text),
        _texts(SECRETS, secrets + _unsafe(SECRETS, current), wanted_secrets),
        _texts(
            "charon",
            "".join(f"{name}: {why}\n" for name, why in sorted(plan.reasons.items())),
            "".join(f"{name}: as configured\n" for name in (*plan.load, *plan.replace))
            + "".join(f"{name}: gone\n" for name in plan.remove),
        ),
    ]
    paths = (*plan.credentials_changed, *plan.credentials_removed)
    found += diff_of(paths, current.credentials, wanted.credentials)
    return [item for item in found if item["before"] != item["after"]]


def _without_keys(text: str) -> str:
    """A text without what somebody may have put there by hand, where keys do not belong."""
    return re.sub(r"(secret\s*=).*", r"\1 (hidden)", text)


def _unsafe(path: str, current: Current) -> str:
    """What a diff says of a file that is there, but is somebody else's as well."""
    text = current.text if path == CONNECTIONS else current.secrets_text
    return "(not a file of root's with mode 0600)\n" if path in current.unsafe and text is not None else ""


def _texts(header: str, before: str, after: str) -> dict[str, str]:
    return {"before_header": header, "after_header": header, "before": before, "after": after}
