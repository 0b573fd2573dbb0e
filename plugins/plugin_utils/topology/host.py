# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a gateway's tunnels ask of its host as a whole: small, however many tunnels there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .authentication import PSK
from .plain import Plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .gates import Requirement
    from .model import GatewayIntent


@dataclass(frozen=True, slots=True)
class HostIntent(Plain):
    """What a gateway's tunnels ask of its host, without secrets."""

    host: str
    local_address: str  # empty where it is not known
    lan_address: str | None
    carries_ipv6: bool  # whether a tunnel does, inside
    tunnels: Mapping[str, str]  # the user's names, by connection
    made_psks: tuple[str, ...]  # the tunnels, by the user's names, whose pre-shared keys the topology doesn't give
    aggressive_psks: tuple[str, ...]  # those with IKEv1's aggressive mode and a pre-shared key
    ah: tuple[str, ...]  # those with AH
    pubkey: tuple[str, ...]  # those with certificates or raw public keys, at either end
    algorithms: Mapping[str, tuple[str, ...]]  # by kind, as strongSwan's get-algorithms names them
    plugins: tuple[str, ...]
    requires: tuple[Requirement, ...]  # what not every strongSwan can do
    daemon: Mapping[str, str]  # charon's own options, by their names


def host_intent(intent: GatewayIntent) -> HostIntent:
    """What one gateway's tunnels ask of its host."""
    connections = intent.connections
    behind = [subnet for one in connections for child in one.children for subnet in child.remote_subnets]
    return HostIntent(
        host=intent.host,
        local_address=intent.local_address,
        lan_address=intent.lan_address,
        carries_ipv6=any(":" in subnet for subnet in behind),
        tunnels={one.name: one.tunnel for one in connections},
        made_psks=tuple(one.tunnel for one in connections if not one.psk_given),
        aggressive_psks=tuple(sorted(one.tunnel for one in connections if one.aggressive and one.local_auth == PSK)),
        ah=tuple(sorted(one.tunnel for one in connections if one.protocol == "ah")),
        pubkey=tuple(sorted(one.tunnel for one in connections if {one.local_auth, one.remote_auth} != {PSK})),
        algorithms=intent.algorithms,
        plugins=intent.plugins,
        requires=intent.requires,
        daemon=intent.daemon,
    )
