# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the end that only answers can tell of the peer's attempts: it listens to the daemon's log meanwhile."""

from __future__ import annotations

import contextlib
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ansible_collections.causeway.ipsec.plugins.module_utils.sa_causes import Cause, Offer, overheard
from ansible_collections.causeway.ipsec.plugins.module_utils.vici import Client, ViciError, find_socket

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

QUIET_SECONDS = 6.0  # after a failure, for the peer to try anew
INITIATING = re.compile(r"(\S+) is initiating ")
UNNAMED = "(unnamed)"  # an IKE SA before charon knows whose it is


@dataclass
class Attempt:
    """The log of one IKE SA, whose connection charon knows from its first authentication on."""

    name: str = UNNAMED
    lines: list[str] = field(default_factory=list)
    last: float = 0.0


class Listener:
    """The attempts of peers; without a client it hears none."""

    def __init__(self, offers: Mapping[str, Offer], client: Client | None = None) -> None:
        self.offers = offers
        self._client = client
        self._attempts: dict[str, Attempt] = {}  # by IKE SA
        self._latest: dict[str, Attempt] = {}  # by connection, and by address of the peer

    def hear(self) -> None:
        """Take what the daemon has logged since."""
        for event in self._client.heard() if self._client else ():
            attempt = self._attempts.setdefault(str(event.get("ikesa-uniqueid")), Attempt())
            line = str(event.get("msg", ""))
            attempt.name = str(event.get("ikesa-name", UNNAMED))
            attempt.lines.append(line)
            attempt.last = time.monotonic()
            self._latest[attempt.name] = attempt
            opening = INITIATING.match(line)
            if opening:
                self._latest[opening.group(1)] = attempt

    def failure(self, name: str, quiet: float = 0.0) -> tuple[Cause, list[str]] | None:
        """Return why the peer's last attempt at a tunnel failed, with its log, if nothing has come for so long.

        An attempt that is at none of our tunnels may have been meant for any one of that peer's.
        """
        offer = self.offers.get(name, Offer())
        found = [self._latest.get(name), self._latest.get(offer.remote_address)]
        last = next((attempt for attempt in found if attempt and attempt.name in {name, UNNAMED}), None)
        if last is None or time.monotonic() - last.last < quiet:
            return None
        cause = overheard(last.lines, offer)
        return (cause, last.lines) if cause else None


@contextlib.contextmanager
def listening(offers: Mapping[str, Offer], wanted: bool) -> Iterator[Listener]:
    """Give a listener; from a daemon that lets nobody listen there is just nothing to hear."""
    client = None
    with contextlib.ExitStack() as stack:
        if wanted:
            with contextlib.suppress(ViciError):
                opened = stack.enter_context(contextlib.closing(Client(find_socket())))
                opened.listen("log")
                client = opened
        yield Listener(offers, client)
