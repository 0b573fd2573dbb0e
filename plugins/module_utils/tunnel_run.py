# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing tunnels up and down, and telling why one does not come up."""
from __future__ import annotations

import contextlib
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ansible_collections.causeway.ipsec.plugins.module_utils.charon import read_sas
from ansible_collections.causeway.ipsec.plugins.module_utils.connection_apply import LoadError, end_and_load
from ansible_collections.causeway.ipsec.plugins.module_utils.connection_run import CONNECTIONS, connected, messages_of
from ansible_collections.causeway.ipsec.plugins.module_utils.host_files import FileError, read_host_file
from ansible_collections.causeway.ipsec.plugins.module_utils.sa_causes import PASSIVE, Cause, Offer, classify
from ansible_collections.causeway.ipsec.plugins.module_utils.sas import (
    IkeSa,
    missing_children,
    state_of,
    summary,
)
from ansible_collections.causeway.ipsec.plugins.module_utils.swanctl_conf import ConfigError, parse_text
from ansible_collections.causeway.ipsec.plugins.module_utils.swanctl_connections import PREFIX
from ansible_collections.causeway.ipsec.plugins.module_utils.vici import Client, ViciError, find_socket

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

GRACE_SECONDS = 4.0  # start actions and traps bring most tunnels up by themselves
POLL_SECONDS = 0.2
LOG_LINES = 60
PARALLEL = 16
EXPECTED = (LoadError, ViciError)


@dataclass(frozen=True)
class Request:
    """The module tunnel's options."""

    connections: Sequence[Mapping[str, Any]]
    state: str
    timeout: int
    strict: bool
    check: bool = False


@dataclass(frozen=True)
class Tunnel:
    """A connection to be brought up or down; only the initiating end dials."""

    name: str
    children: tuple[str, ...]
    initiate: bool = True


@dataclass(frozen=True)
class Result:
    """What became of a tunnel."""

    name: str
    state: str
    changed: bool = False
    cause: Cause | None = None
    log: tuple[str, ...] = field(default=(), repr=False)

    def as_dict(self) -> dict[str, Any]:
        """Return the module's view of it."""
        return {
            "name": self.name,
            "state": self.state,
            "changed": self.changed,
            "cause": self.cause.text if self.cause else None,
            "cause_code": self.cause.code if self.cause else None,
            "log": list(self.log),
        }


def run(request: Request) -> dict[str, Any]:
    """Do what the module tunnel does; return its results, with a msg if it is to fail."""
    tunnels = parse_tunnels(request.connections)
    with connected(optional=request.check) as client:
        if client is None:
            results = [Result(tunnel.name, "down", changed=request.state == "up") for tunnel in tunnels]
        elif request.check:
            results = foresee(client, tunnels, request.state)
        elif request.state == "up":
            results = bring_up(client, tunnels, request.timeout)
        else:
            results = bring_down(client, tunnels)
    return _report(results, request)


def _report(results: Sequence[Result], request: Request) -> dict[str, Any]:
    changed = [result.name for result in results if result.changed]
    other = "down" if request.state == "up" else "up"
    report: dict[str, Any] = {
        "changed": bool(changed),
        "tunnels": [result.as_dict() for result in results],
        "diff": {"before": "".join(f"{name}: {other}\n" for name in changed),
                 "after": "".join(f"{name}: {request.state}\n" for name in changed)},
    }
    failed = [result for result in results if request.state == "up" and result.state != "up"]
    if failed and request.strict and not request.check:
        report["msg"] = "\n".join(f"{result.name} is {result.state}: {result.cause.text}"
                                  for result in failed if result.cause)
    return report


def parse_tunnels(items: Iterable[Mapping[str, Any]]) -> list[Tunnel]:
    """Return the module's `connections` option."""
    return [Tunnel(item["name"], tuple(item["children"] or [item["name"]]), item["initiate"]) for item in items]


def bring_up(client: Client, tunnels: Sequence[Tunnel], timeout: float) -> list[Result]:
    """Wait for the tunnels to come up by themselves; initiate those that do not and whose turn it is here."""
    deadline = time.monotonic() + timeout
    first = read_sas(client)
    down = _down(tunnels, first)
    if not down:
        return [Result(tunnel.name, "up") for tunnel in tunnels]
    sas = _wait(client, down, min(deadline, time.monotonic() + GRACE_SECONDS))
    dialled = _dial(_down([tunnel for tunnel in down if tunnel.initiate], sas), deadline)
    sas = _wait(client, down, deadline if any(not tunnel.initiate for tunnel in down) else time.monotonic() + 1)
    return [_result(tunnel, sas, dialled.get(tunnel.name)) for tunnel in tunnels]


def _down(tunnels: Iterable[Tunnel], sas: Sequence[IkeSa]) -> list[Tunnel]:
    return [tunnel for tunnel in tunnels if missing_children(tunnel.name, tunnel.children, sas)]


def _wait(client: Client, tunnels: Sequence[Tunnel], deadline: float) -> list[IkeSa]:
    """Return the SAs as soon as all of these tunnels are up, or at the deadline."""
    while True:
        sas = read_sas(client)
        if not _down(tunnels, sas) or time.monotonic() >= deadline:
            return sas
        time.sleep(POLL_SECONDS)


def _result(tunnel: Tunnel, sas: Sequence[IkeSa], dialled: Result | None) -> Result:
    state = state_of(tunnel.name, tunnel.children, sas)
    if state == "up":
        return Result(tunnel.name, state, changed=dialled is not None)
    if dialled is not None:
        return replace(dialled, state=state)
    return Result(tunnel.name, state, cause=PASSIVE)


def _dial(tunnels: Sequence[Tunnel], deadline: float) -> dict[str, Result]:
    """Initiate several at once (a dead peer must not delay the others), the children of one in turn."""
    offers = read_offers()
    with ThreadPoolExecutor(max_workers=PARALLEL) as pool:
        jobs = {tunnel.name: pool.submit(_initiate, tunnel, offers.get(tunnel.name, Offer()), deadline)
                for tunnel in tunnels}
        return {name: job.result() for name, job in jobs.items()}


def _initiate(tunnel: Tunnel, offer: Offer, deadline: float) -> Result:
    with contextlib.closing(Client(find_socket())) as client:
        for child in missing_children(tunnel.name, tunnel.children, read_sas(client)):
            seconds = max(1.0, deadline - time.monotonic())
            request = {"ike": tunnel.name, "child": child, "timeout": str(int(seconds * 1000)), "loglevel": "1"}
            events, reply = client.converse("initiate", "control-log", request, timeout=seconds + 5)
            if reply.get("success") != "yes":
                lines = [str(event.get("msg", "")) for event in events]
                cause = classify(lines, str(reply.get("errmsg", "")), offer)
                return Result(tunnel.name, "down", cause=cause, log=tuple(lines[-LOG_LINES:]))
    return Result(tunnel.name, "up", changed=True)


def read_offers(path: str = CONNECTIONS) -> dict[str, Offer]:
    """Return what our file offers in each connection (the daemon does not tell its proposals)."""
    try:
        messages = messages_of(parse_text(read_host_file(path).text or "", path))
    except (ConfigError, FileError):
        return {}
    return {name: _offer(message) for name, message in messages.items()}


def _offer(message: Mapping[str, Any]) -> Offer:
    children = message.get("children", {}).values()
    return Offer(
        remote_address=", ".join(message.get("remote_addrs", [])) or "the peer",
        local_id=message.get("local", {}).get("id", ""),
        remote_id=message.get("remote", {}).get("id", ""),
        ike_proposals=tuple(message.get("proposals", [])),
        esp_proposals=_union(children, "esp_proposals"),
        local_subnets=_union(children, "local_ts"),
        remote_subnets=_union(children, "remote_ts"),
    )


def _union(children: Iterable[Mapping[str, Any]], key: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item for child in children for item in child.get(key, [])))


def bring_down(client: Client, tunnels: Sequence[Tunnel]) -> list[Result]:
    """End the tunnels' SAs."""
    before = {sa.name for sa in read_sas(client)}
    end_and_load(client, [tunnel.name for tunnel in tunnels if tunnel.name in before], {})
    after = read_sas(client)
    return [Result(tunnel.name, state_of(tunnel.name, tunnel.children, after), changed=tunnel.name in before)
            for tunnel in tunnels]


def foresee(client: Client, tunnels: Sequence[Tunnel], state: str) -> list[Result]:
    """Return what a run would do, for check mode: the present state, and whether it would be changed."""
    sas = read_sas(client)
    states = {tunnel.name: state_of(tunnel.name, tunnel.children, sas) for tunnel in tunnels}
    return [Result(tunnel.name, states[tunnel.name],
                   changed=states[tunnel.name] != "down" if state == "down"
                   else states[tunnel.name] != "up" and tunnel.initiate) for tunnel in tunnels]


def read_summaries(names: Sequence[str]) -> list[dict[str, Any]]:
    """Return what the module tunnel_info returns."""
    with contextlib.closing(Client(find_socket())) as client:
        shown: dict[str, Mapping[str, Any]] = {}
        for event in client.stream("list-conns", "list-conn"):
            shown.update(event)
        sas = read_sas(client)
    known = {name for name in (*shown, *(sa.name for sa in sas)) if name.startswith(PREFIX)}
    return [summary(name, shown.get(name, {}).get("children", {}), sas) for name in names or sorted(known)]
