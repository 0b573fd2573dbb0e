# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ``connections`` of strongSwan's swanctl.conf, for one gateway. Secrets are not its business.

Loads in strongSwan 5.9.5, 5.9.8 and 6.0.1. Every value is quoted: outside quotes ``#`` begins a comment, blanks
collapse and ``}`` is a syntax error, which makes swanctl take the whole file for empty.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from ansible_collections.causeway.ipsec.plugins.module_utils.versions import BESIDE_START, NO_TRAPS

from ..topology.authentication import CERTIFICATE, PSK, PUBLIC_KEY
from ..topology.behaviour import STANDARD
from ..topology.crypto import proposal_token

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..topology.behaviour import Behaviour
    from ..topology.crypto import Proposal
    from ..topology.model import ChildIntent, ConnectionIntent, GatewayIntent

_ESCAPES: Final = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n", "\r": r"\r", "\t": r"\t"})
_HEAD: Final = """\
# Managed by causeway.ipsec: connections of {host}. Changes made here are overwritten.
connections {{
"""
_INDENTS: Final = {"connection": "    ", "local": "      ", "remote": "      ", "child": "        "}
_METHODS: Final = {PSK: "psk", CERTIFICATE: "pubkey", PUBLIC_KEY: "pubkey"}
_AGGRESSIVE: Final = '    aggressive = "yes"\n'
_FIRST_REQID: Final = 1 << 30  # strongSwan counts its own from 1


def render(intent: GatewayIntent, *, traps: str = BESIDE_START) -> str:
    """The text for one gateway: the same intent gives the same bytes. ``traps`` is one of versions.TRAPS."""
    reqids = {} if traps == BESIDE_START else _reqids(intent)
    connections = (_connection(connection, traps, reqids) for connection in intent.connections)
    return "".join((_HEAD.format(host=comment(intent.host)), *connections, "}\n", _authorities(intent)))


def _reqids(intent: GatewayIntent) -> dict[str, int]:
    """A number of its own for each child that is dialled anew without a trap that keeps its number for it.

    strongSwan dials it with the number that it had, which another may have got meanwhile. Then the packets of both
    leave by one of them: seen on 5.9.8, when two tunnels were lost at once.
    """
    taken: dict[int, str] = {}
    for connection in intent.connections:
        if connection.initiator and not (connection.extra or {}).get("child", {}).get("reqid"):
            for child in connection.children:
                number = _FIRST_REQID + int(hashlib.sha256(child.name.encode()).hexdigest()[:7], 16)
                while number in taken:
                    number += 1
                taken[number] = child.name
    return {name: number for number, name in taken.items()}


def _authorities(intent: GatewayIntent) -> str:
    """Where to ask whether certificates are revoked."""
    if not intent.authorities:
        return ""
    sections = (
        f"  {one.name} {{\n    cacert = {quote(one.file)}\n"
        f"{_lines('    ', crl_uris=','.join(one.crl_uris), ocsp_uris=','.join(one.ocsp_uris))}  }}\n"
        for one in intent.authorities
    )
    return "".join(("authorities {\n", *sections, "}\n"))


@lru_cache(maxsize=4096)  # each gateway's addresses and identity stand in the connections of all its peers
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


def _connection(connection: ConnectionIntent, traps: str, reqids: Mapping[str, int]) -> str:
    margin = connection.ike_rekey_margin or connection.ike_lifetime // 10
    behaviour = connection.behaviour
    peer = f"{connection.peer_site} ({connection.peer_host or 'not managed'})"
    # New keys come between two margins and one before the end of the lifetime (at random, so that the ends do not
    # collide). A dialler tries for ever (keyingtries): a peer that comes back after a day must find us still trying.
    return f"""\
  # tunnel {comment(connection.tunnel)} to {comment(peer)}
  {connection.name} {{
    version = "{connection.ike_version}"
{_AGGRESSIVE if connection.aggressive else ""}\
    local_addrs = {_addresses(connection.local_address, connection.more_local_addresses)}
    remote_addrs = {_addresses(connection.remote_address, connection.more_remote_addresses)}
    proposals = "{_proposals(connection.ike_proposals)}"
    rekey_time = "{connection.ike_lifetime - margin}s"
    over_time = "{margin}s"
    rand_time = "{margin}s"
{_reauthentication(connection, margin)}\
    dpd_delay = "{behaviour.dpd_delay}s"
    keyingtries = "0"
    unique = "{behaviour.unique}"
    mobike = "{"yes" if behaviour.mobike else "no"}"
{_of_connection(behaviour)}{_extra(connection, "connection")}\
    local {{
      auth = "{_METHODS[connection.local_auth]}"
      id = {quote(connection.local_id)}
{_public_keys(connection.local_files)}{_extra(connection, "local")}\
    }}
    remote {{
      auth = "{_METHODS[connection.remote_auth]}"
      id = {quote(connection.remote_id)}
{_of_peer(connection)}{_extra(connection, "remote")}\
    }}
    children {{
{"".join([_child(connection, child, traps, reqids.get(child.name, 0)) for child in connection.children])}\
    }}
  }}
"""


def _reauthentication(connection: ConnectionIntent, margin: int) -> str:
    if not connection.ike_reauth_lifetime:
        return ""
    return f'    reauth_time = "{connection.ike_reauth_lifetime - margin}s"\n'


def _public_keys(files: tuple[str, ...]) -> str:
    return _lines("      ", pubkeys=",".join(files)) if files else ""


def _addresses(first: str, more: tuple[str, ...]) -> str:
    return quote(",".join((first, *more)) if more else first)


def _of_connection(behaviour: Behaviour) -> str:
    """What is not as strongSwan has it by default."""
    if behaviour is STANDARD:
        return ""
    return _lines(
        "    ",
        dpd_timeout=f"{behaviour.dpd_timeout}s" if behaviour.dpd_timeout else "",
        fragmentation=behaviour.fragmentation if behaviour.fragmentation != "yes" else "",
        encap="yes" if behaviour.udp_encapsulation == "force" else "",
        childless=behaviour.childless if behaviour.childless != "allow" else "",
    )


def _of_peer(connection: ConnectionIntent) -> str:
    """What the peer must show, besides its identity.

    Of our own certificate nothing is said: strongSwan would keep to it as long as the tunnel lives, reauthentication
    included. It finds the newest that has our identity by itself, so a renewed one needs no new tunnel.
    """
    if connection.remote_auth == CERTIFICATE:
        files = ",".join(connection.remote_files)
        return _lines("      ", cacerts=files, revocation=connection.behaviour.revocation)
    return _public_keys(connection.remote_files)


def _extra(connection: ConnectionIntent, level: str) -> str:
    """strongSwan's own keys of that level, as the topology has them."""
    if connection.extra is None:
        return ""
    settings = sorted(connection.extra.get(level, {}).items())
    return "".join(f"{_INDENTS[level]}{key} = {quote(value)}\n" for key, value in settings)


def _lines(indent: str, **values: str) -> str:
    """A line for each value that is not empty."""
    return "".join(f'{indent}{key} = "{value}"\n' for key, value in values.items() if value)


def _child(connection: ConnectionIntent, child: ChildIntent, traps: str, reqid: int) -> str:
    margin = connection.ipsec_rekey_margin or connection.ipsec_lifetime // 10
    start, again = _actions(connection, traps)
    behaviour = connection.behaviour
    bound = _of_child(behaviour, connection.ipsec_lifetime_bytes, connection.ipsec_lifetime_packets)
    # What a peer closes may be one of two that both ends have set up at once. To dial then would give it two again,
    # of which it would close one after ten seconds, and so for ever. The next packet dials, if there is none left.
    close = _action(behaviour.close_action or ("" if traps == NO_TRAPS else "trap"), again)
    return f"""\
      {child.name} {{
        local_ts = "{_selectors(child.local_subnets, child.protocol, child.local_ports)}"
        remote_ts = "{_selectors(child.remote_subnets, child.protocol, child.remote_ports)}"
        {connection.protocol}_proposals = "{_proposals(connection.ipsec_proposals)}"
        life_time = "{connection.ipsec_lifetime}s"
        rekey_time = "{connection.ipsec_lifetime - margin}s"
        rand_time = "{margin}s"
{bound}{_lines("        ", reqid=str(reqid or ""))}{_extra(connection, "child")}\
        start_action = "{start}"
        dpd_action = "{_action(behaviour.dpd_action, again)}"
        close_action = "{close}"
      }}
"""


def _selectors(subnets: tuple[str, ...], protocol: int, ports: str) -> str:
    """Traffic selectors: subnets, and in brackets what of their traffic."""
    what = f"[{protocol}{'/' if ports else ''}{ports}]" if protocol else ""
    return ",".join(f"{subnet}{what}" for subnet in subnets) if what else ",".join(subnets)


def _of_child(behaviour: Behaviour, lifetime_bytes: int, lifetime_packets: int) -> str:
    """What is not as strongSwan has it by default. Crypto offload is called yes: 5.9.8 knows no other name for it."""
    if behaviour is STANDARD and not (lifetime_bytes or lifetime_packets):
        return ""
    offload = {"no": "", "crypto": "yes"}.get(behaviour.hw_offload, behaviour.hw_offload)
    return _lines("        ", **_volume("bytes", lifetime_bytes), **_volume("packets", lifetime_packets)) + _lines(
        "        ",
        replay_window=str(behaviour.replay_window) if behaviour.replay_window != STANDARD.replay_window else "",
        hw_offload=offload,
        per_cpu_sas=behaviour.per_cpu_sas if behaviour.per_cpu_sas != "no" else "",
    )


def _volume(what: str, most: int) -> dict[str, str]:
    """How much one key encrypts: new keys come after 80 to 90 % of it."""
    if not most:
        return {}
    tenth = most // 10
    return {f"life_{what}": str(most), f"rekey_{what}": str(most - tenth), f"rand_{what}": str(tenth)}


def _actions(connection: ConnectionIntent, traps: str) -> tuple[str, str]:
    """What this end does at first, and when the tunnel is lost."""
    if connection.answers_only:
        return "none", "none"
    # One end starts, the other waits and traps: two that start make double SAs.
    if connection.initiator and connection.behaviour.start == "always":
        return "trap|start" if traps == BESIDE_START else "start", "start"
    return "trap", "trap"


def _action(wanted: str, again: str) -> str:
    """The action that a tunnel asks for, as far as this end does what it does at first."""
    if not wanted:
        return again
    if wanted == "clear" or again == "none":
        return "none"
    return "trap" if wanted == "trap" else again
