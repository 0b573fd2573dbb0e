# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ``connections`` of strongSwan's swanctl.conf, for one gateway. Secrets are not its business.

Loads in strongSwan 5.9.8 and 6.0.1. Every value is quoted: outside quotes ``#`` begins a comment, blanks collapse and
``}`` is a syntax error, which makes swanctl take the whole file for empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..topology.crypto import proposal_token

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..topology.model import ChildIntent, ConnectionIntent, GatewayIntent

INDENT: Final = "  "
DPD_DELAY: Final = "30s"
_ESCAPES: Final = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n", "\r": r"\r", "\t": r"\t"})

# A line's depth and its text.
Line = tuple[int, str]


def render(intent: GatewayIntent) -> str:
    """The text for one gateway: the same intent gives the same bytes."""
    lines: list[Line] = [
        (0, f"# Managed by causeway.ipsec: connections of {comment(intent.host)}. Changes made here are overwritten."),
        *_section(0, "connections", _connections(intent.connections)),
    ]
    return "".join(f"{INDENT * depth}{text}\n" for depth, text in lines)


def quote(value: str) -> str:
    """A value that strongSwan reads back unchanged, whatever characters it has."""
    if "\0" in value:
        raise ValueError("a NUL character cannot be written to swanctl.conf.")
    return f'"{value.translate(_ESCAPES)}"'


def comment(text: str) -> str:
    """Text that cannot end its comment."""
    return "".join(char if char.isprintable() else " " for char in text)


def _section(depth: int, name: str, body: Iterable[Line]) -> Iterator[Line]:
    yield depth, f"{name} {{"
    yield from ((depth + 1 + inner, text) for inner, text in body)
    yield depth, "}"


def _settings(**values: str) -> Iterator[Line]:
    yield from ((0, f"{key} = {quote(value)}") for key, value in values.items())


def _connections(connections: Iterable[ConnectionIntent]) -> Iterator[Line]:
    for connection in connections:
        peer = f"{connection.peer_site} ({connection.peer_host or 'not managed'})"
        yield 0, f"# tunnel {comment(connection.tunnel)} to {comment(peer)}"
        yield from _section(0, connection.name, _connection(connection))


def _connection(connection: ConnectionIntent) -> Iterator[Line]:
    tenth = connection.ike_lifetime // 10
    yield from _settings(
        version=str(connection.ike_version),
        local_addrs=connection.local_address,
        remote_addrs=connection.remote_address,
        proposals=",".join(map(proposal_token, connection.ike_proposals)),
        # New keys come after 80 to 90 % of the lifetime (at random, so that the ends do not collide); at 100 % it ends.
        rekey_time=f"{connection.ike_lifetime - tenth}s",
        over_time=f"{tenth}s",
        rand_time=f"{tenth}s",
        dpd_delay=DPD_DELAY,
        # For ever: a peer that comes back after a day must find us still trying.
        keyingtries="0",
        unique="replace",
        mobike="no",
    )
    yield from _section(0, "local", _settings(auth="psk", id=connection.local_id))
    yield from _section(0, "remote", _settings(auth="psk", id=connection.remote_id))
    children = (line for child in connection.children for line in _section(0, child.name, _child(connection, child)))
    yield from _section(0, "children", children)


def _child(connection: ConnectionIntent, child: ChildIntent) -> Iterator[Line]:
    tenth = connection.esp_lifetime // 10
    # One end starts, the other waits and traps: two that start make double SAs.
    again = "start" if connection.initiator else "trap"
    yield from _settings(
        local_ts=",".join(child.local_subnets),
        remote_ts=",".join(child.remote_subnets),
        esp_proposals=",".join(map(proposal_token, connection.esp_proposals)),
        life_time=f"{connection.esp_lifetime}s",
        rekey_time=f"{connection.esp_lifetime - tenth}s",
        rand_time=f"{tenth}s",
        start_action="trap|start" if connection.initiator else "trap",
        dpd_action=again,
        close_action=again,
    )
