# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tunnels of a host are like; apart from what changes them, so that whoever only looks loads little code."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from ansible_collections.causeway.ipsec.plugins.module_utils.charon import read_sas
from ansible_collections.causeway.ipsec.plugins.module_utils.coverage import configured_pairs, uncovered
from ansible_collections.causeway.ipsec.plugins.module_utils.sas import live_children, summary
from ansible_collections.causeway.ipsec.plugins.module_utils.swanctl_connections import PREFIX
from ansible_collections.causeway.ipsec.plugins.module_utils.tunnel_mtu import TunnelMtu
from ansible_collections.causeway.ipsec.plugins.module_utils.vici import Client, find_socket

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ansible_collections.causeway.ipsec.plugins.module_utils.host_network import Run
    from ansible_collections.causeway.ipsec.plugins.module_utils.sas import IkeSa


def read_summaries(names: Sequence[str], run_command: Run) -> list[dict[str, Any]]:
    """Return what the module tunnel_info returns as ``tunnels``."""
    with contextlib.closing(Client(find_socket())) as client:
        shown: dict[str, Mapping[str, Any]] = {}
        for event in client.stream("list-conns", "list-conn"):
            shown.update(event)
        sas = read_sas(client)
    known = {name for name in (*shown, *(sa.name for sa in sas)) if name.startswith(PREFIX)}
    mtu = TunnelMtu(run_command, sas)
    return [_summary(name, shown.get(name, {}).get("children", {}), sas, mtu) for name in names or sorted(known)]


def _summary(
    name: str, children: Mapping[str, Mapping[str, Any]], sas: Sequence[IkeSa], mtu: TunnelMtu
) -> dict[str, Any]:
    left = uncovered(configured_pairs(children), live_children(name, sas))
    return {**summary(name, children, sas, mtu), "uncovered": [f"{ours} === {theirs}" for ours, theirs in left]}
