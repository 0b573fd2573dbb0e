# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Setting tunnels up: all at once, without blocking the daemon, and with the reason where one fails.

A blocking initiate holds one of charon's few threads for as long as it waits, so tunnels are dialled without waiting
and watched; only those that have already failed are dialled again, a few at a time, to hear the log of the attempt.
"""

from __future__ import annotations

import contextlib
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ansible_collections.causeway.ipsec.plugins.module_utils.charon import read_sas
from ansible_collections.causeway.ipsec.plugins.module_utils.connection_run import CONNECTIONS, messages_of
from ansible_collections.causeway.ipsec.plugins.module_utils.files import FileError
from ansible_collections.causeway.ipsec.plugins.module_utils.host_files import read_host_file
from ansible_collections.causeway.ipsec.plugins.module_utils.sa_causes import (
    HALF,
    PASSIVE,
    TOO_SLOW,
    Cause,
    Offer,
    classify,
    no_answer,
    unauthenticated,
)
from ansible_collections.causeway.ipsec.plugins.module_utils.sas import IkeSa, missing_children, state_of
from ansible_collections.causeway.ipsec.plugins.module_utils.swanctl_conf import ConfigError, parse_text
from ansible_collections.causeway.ipsec.plugins.module_utils.tunnel_listen import QUIET_SECONDS, Listener, listening
from ansible_collections.causeway.ipsec.plugins.module_utils.vici import Client, ViciCommandError, find_socket

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

HEAR_AFTER = 1 / 6  # of the time given: by then the other end listens, too, if it was asked at the same time
GRACE_SECONDS = 4.0  # for what is on its way already: start actions, traps, the peer's own attempts
SETTLE_SECONDS = 0.7  # between asking for a tunnel (or loading it) and taking the absence of any SA for a failure
HEAR_SECONDS = 8.0
POLL_SECONDS = 0.2
LOG_LINES = 60
PARALLEL = 4


@dataclass(frozen=True)
class Tunnel:
    """A connection to be brought up or down; only the initiating end dials.

    anew: what it has now is dead, because the peer knows nothing of it.
    """

    name: str
    children: tuple[str, ...]
    initiate: bool = True
    anew: bool = False


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


@dataclass
class _Attempt:
    tunnel: Tunnel
    dialled: float | None = None
    failed: Result | None = None

    def own(self, sas: Iterable[IkeSa]) -> list[IkeSa]:
        return [sa for sa in sas if sa.name == self.tunnel.name]

    def missing(self, sas: Sequence[IkeSa]) -> list[str]:
        return missing_children(self.tunnel.name, self.tunnel.children, sas)

    def due(self, sas: Sequence[IkeSa], elapsed: float) -> bool:
        """Whether it is our turn to dial: nothing is on its way, or what was has had its time."""
        if not self.tunnel.initiate or self.dialled is not None:
            return False
        own = self.own(sas)
        return elapsed > (GRACE_SECONDS if own else SETTLE_SECONDS) and not any(sa.busy for sa in own)

    def gone(self, sas: Sequence[IkeSa], now: float) -> bool:
        """Whether what we dialled has failed already: nothing is on its way any more."""
        waited = self.dialled is not None and now - self.dialled > SETTLE_SECONDS
        return waited and not any(sa.busy for sa in self.own(sas))

    def listen(self, listener: Listener, quiet: float) -> None:
        """Where the peer dials, keep why that failed here, unless it may yet try again."""
        heard = None if self.tunnel.initiate else listener.failure(self.tunnel.name, quiet)
        if heard:
            cause, lines = heard
            self.failed = Result(self.tunnel.name, "down", cause=cause, log=tuple(lines[-LOG_LINES:]))


def bring_up(client: Client, tunnels: Sequence[Tunnel], timeout: float) -> list[Result]:
    """Wait for the tunnels to come up; initiate those whose turn it is here."""
    attempts = [_Attempt(tunnel) for tunnel in tunnels]
    with listening(read_offers(), wanted=any(not tunnel.initiate for tunnel in tunnels)) as listener:
        sas = _wait(client, attempts, listener, timeout)
        for attempt in attempts:
            attempt.listen(listener, quiet=0)
    return [_result(attempt, sas, listener.offers) for attempt in attempts]


def _wait(client: Client, attempts: Sequence[_Attempt], listener: Listener, timeout: float) -> list[IkeSa]:
    """Watch and dial until each tunnel is up or has failed, or time is over; return the SAs of that moment."""
    begun = time.monotonic()
    while True:
        sas = read_sas(client)
        listener.hear()
        now = time.monotonic()
        waiting = [attempt for attempt in attempts if attempt.missing(sas) and not attempt.failed]
        if not waiting or now - begun >= timeout:
            return sas
        for attempt in waiting:
            attempt.listen(listener, QUIET_SECONDS)
            if attempt.due(sas, now - begun):
                _dial(client, attempt, sas)
        if now - begun > timeout * HEAR_AFTER:
            _hear([attempt for attempt in waiting if attempt.gone(sas, now)], listener.offers)
        time.sleep(POLL_SECONDS)


def _dial(client: Client, attempt: _Attempt, sas: Sequence[IkeSa]) -> None:
    """Ask for the tunnel and return at once; whatever is wrong shows later."""
    attempt.dialled = time.monotonic()
    for child in attempt.missing(sas):
        with contextlib.suppress(ViciCommandError):
            client.request("initiate", {"ike": attempt.tunnel.name, "child": child, "timeout": "-1"})


def _hear(attempts: Sequence[_Attempt], offers: Mapping[str, Offer]) -> None:
    """Dial again those that have failed, and keep the reason."""
    if attempts:
        with ThreadPoolExecutor(max_workers=PARALLEL) as pool:
            jobs = [(attempt, pool.submit(_initiate, attempt.tunnel, offers)) for attempt in attempts]
            for attempt, job in jobs:
                attempt.failed = job.result()


def _initiate(tunnel: Tunnel, offers: Mapping[str, Offer]) -> Result | None:
    """Set the tunnel up and wait for it; return why that failed, or None if it did not."""
    with contextlib.closing(Client(find_socket())) as client:
        for child in missing_children(tunnel.name, tunnel.children, read_sas(client)):
            request = {"ike": tunnel.name, "child": child, "timeout": str(int(HEAR_SECONDS * 1000)), "loglevel": "1"}
            events, reply = client.converse("initiate", "control-log", request, timeout=HEAR_SECONDS + 5)
            if reply.get("success") != "yes":
                lines = [str(event.get("msg", "")) for event in events]
                cause = classify(lines, str(reply.get("errmsg", "")), offers.get(tunnel.name, Offer()))
                return Result(tunnel.name, "down", cause=cause, log=tuple(lines[-LOG_LINES:]))
    return None


def _result(attempt: _Attempt, sas: Sequence[IkeSa], offers: Mapping[str, Offer]) -> Result:
    tunnel = attempt.tunnel
    state = state_of(tunnel.name, tunnel.children, sas)
    if state == "up":
        return Result(tunnel.name, state, changed=attempt.dialled is not None)
    if attempt.failed:
        return replace(attempt.failed, state=state)
    own = attempt.own(sas)
    offer = offers.get(tunnel.name, Offer())
    if own and not any(sa.answered for sa in own):
        return Result(tunnel.name, state, cause=no_answer(offer))
    if any(sa.unauthenticated for sa in own):
        return Result(tunnel.name, state, cause=unauthenticated(offer))
    if not tunnel.initiate:
        return Result(tunnel.name, state, cause=PASSIVE)
    return Result(tunnel.name, state, cause=HALF if any(sa.up for sa in own) else TOO_SLOW)


def read_offers(path: str = CONNECTIONS) -> dict[str, Offer]:
    """Return what our file offers in each connection (the daemon does not tell its proposals)."""
    try:
        messages = messages_of(parse_text(read_host_file(path).text or "", path))
    except (ConfigError, FileError):
        return {}
    return {name: _offer(message) for name, message in messages.items()}


def _offer(message: Mapping[str, Any]) -> Offer:
    children = message.get("children", {}).values()
    ah_proposals = _union(children, "ah_proposals")
    return Offer(
        remote_address=", ".join(message.get("remote_addrs", [])) or "the peer",
        local_id=message.get("local", {}).get("id", ""),
        remote_id=message.get("remote", {}).get("id", ""),
        ike_proposals=tuple(message.get("proposals", [])),
        ipsec_proposals=ah_proposals or _union(children, "esp_proposals"),
        local_subnets=_union(children, "local_ts"),
        remote_subnets=_union(children, "remote_ts"),
        protocol="AH" if ah_proposals else "ESP",
        ike_version=message.get("version", "2"),
        local_auth=message.get("local", {}).get("auth", "psk"),
    )


def _union(children: Iterable[Mapping[str, Any]], key: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item for child in children for item in child.get(key, [])))
