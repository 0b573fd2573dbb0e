# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ``connections`` of strongSwan's swanctl.conf, for one gateway. Secrets are not its business.

Loads in strongSwan 5.9.8 and 6.0.1. Every value is quoted: outside quotes ``#`` begins a comment, blanks collapse and
``}`` is a syntax error, which makes swanctl take the whole file for empty.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from ..topology.crypto import proposal_token

if TYPE_CHECKING:
    from ..topology.crypto import Proposal
    from ..topology.model import ChildIntent, ConnectionIntent, GatewayIntent

_ESCAPES: Final = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n", "\r": r"\r", "\t": r"\t"})
_HEAD: Final = """\
# Managed by causeway.ipsec: connections of {host}. Changes made here are overwritten.
connections {{
"""
# New keys come after 80 to 90 % of the lifetime (at random, so that the ends do not collide); at 100 % it ends.
# A dialler tries for ever (keyingtries): a peer that comes back after a day must find us still trying.
_CONNECTION: Final = """\
  # tunnel {tunnel} to {peer}
  {name} {{
    version = "{version}"
{aggressive}\
    local_addrs = {local_address}
    remote_addrs = {remote_address}
    proposals = "{proposals}"
    rekey_time = "{rekey}s"
    over_time = "{tenth}s"
    rand_time = "{tenth}s"
    dpd_delay = "30s"
    keyingtries = "0"
    unique = "replace"
    mobike = "no"
    local {{
      auth = "psk"
      id = {local_id}
    }}
    remote {{
      auth = "psk"
      id = {remote_id}
    }}
    children {{
{children}\
    }}
  }}
"""
_AGGRESSIVE: Final = '    aggressive = "yes"\n'
_CHILD: Final = """\
      {name} {{
        local_ts = "{local}"
        remote_ts = "{remote}"
        {protocol}_proposals = "{proposals}"
        life_time = "{lifetime}s"
        rekey_time = "{rekey}s"
        rand_time = "{tenth}s"
        start_action = "{start}"
        dpd_action = "{again}"
        close_action = "{close}"
      }}
"""


def render(intent: GatewayIntent, *, traps: bool = True) -> str:
    """The text for one gateway: the same intent gives the same bytes. Not every daemon has ``traps``."""
    connections = (_connection(connection, traps) for connection in intent.connections)
    return "".join((_HEAD.format(host=comment(intent.host)), *connections, "}\n"))


def quote(value: str) -> str:
    """A value that strongSwan reads back unchanged, whatever characters it has."""
    if "\0" in value:
        raise ValueError("a NUL character cannot be written to swanctl.conf.")
    return f'"{value.translate(_ESCAPES)}"'


def comment(text: str) -> str:
    """Text that cannot end its comment."""
    return text if text.isprintable() else "".join(char if char.isprintable() else " " for char in text)


@lru_cache(maxsize=256)  # a fleet has few policies, and a connection for each pair of gateways
def _proposals(proposals: tuple[Proposal, ...]) -> str:
    return ",".join(map(proposal_token, proposals))


def _connection(connection: ConnectionIntent, traps: bool) -> str:
    tenth = connection.ike_lifetime // 10
    return _CONNECTION.format(
        tunnel=comment(connection.tunnel),
        peer=comment(f"{connection.peer_site} ({connection.peer_host or 'not managed'})"),
        name=connection.name,
        version=connection.ike_version,
        aggressive=_AGGRESSIVE if connection.aggressive else "",
        local_address=quote(connection.local_address),
        remote_address=quote(connection.remote_address),
        proposals=_proposals(connection.ike_proposals),
        rekey=connection.ike_lifetime - tenth,
        tenth=tenth,
        local_id=quote(connection.local_id),
        remote_id=quote(connection.remote_id),
        children="".join(_child(connection, child, traps) for child in connection.children),
    )


def _child(connection: ConnectionIntent, child: ChildIntent, traps: bool) -> str:
    tenth = connection.ipsec_lifetime // 10
    return _CHILD.format(
        name=child.name,
        local=",".join(child.local_subnets),
        remote=",".join(child.remote_subnets),
        protocol=connection.protocol,
        proposals=_proposals(connection.ipsec_proposals),
        lifetime=connection.ipsec_lifetime,
        rekey=connection.ipsec_lifetime - tenth,
        tenth=tenth,
        # One end starts, the other waits and traps: two that start make double SAs.
        start="trap|start" if connection.initiator else "trap",
        again="start" if connection.initiator else "trap",
        # What a peer closes may be one of two that both ends have set up at once. To dial then would give it two again,
        # of which it would close one after ten seconds, and so for ever. The next packet dials, if there is none left.
        close="start" if connection.initiator and not traps else "trap",
    )
