# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gateways of every kind of address, each version of IP in the other, and tunnels that carry some of the traffic only.

The tests build on one another, in this order.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from modules import module
from packets import ESP
from sites import BERLIN_LAN, GATEWAYS, LONDON_LAN, play_topology, states
from traffic import Capture, capturing, pings
from vmlab import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vmlab import Lab, Run

BERLIN, BERLIN_TOO, LONDON = "198.51.100.10", "198.51.100.11", "198.51.100.20"
BERLIN6, LONDON6 = "2001:db8:100::10", "2001:db8:100::20"
BERLIN_LAN6, LONDON_LAN6 = "2001:db8:1::11", "2001:db8:2::11"
NAME = "gw.london.example"
V4 = {"berlin": ["192.168.1.0/24"], "london": ["192.168.2.0/24"]}
V6 = {"berlin": ["2001:db8:1::/64"], "london": ["2001:db8:2::/64"]}
KEMS = {"ike": {"encryption": "aes256gcm16", "dh_group": 31, "additional_key_exchanges": "mlkem768"}}
LISTENER = """
import socket
for port in (443, 444):
    socket.create_server(("192.168.2.11", port))
"""
LISTEN = "nohup python3 -c 'import http.server as h; h.test(h.SimpleHTTPRequestHandler, port={})' >/dev/null 2>&1 </dev/null &"
CONNECT = "python3 -c 'import socket; socket.create_connection((\"{}\", {}), 3)'"


def topology(lab: Lab, berlin: Any, london: Any, *tunnels: dict[str, Any]) -> dict[str, Any]:
    """The sites at other addresses. LAN hosts go by their default routes, which both versions of IP have."""
    sites = lab.scenario.topology["sites"]
    found = {
        name: {
            "subnets": [*V4[name], *V6[name]],
            "gateways": [{**sites[name]["gateways"][0], "address": address}],
        }
        for name, address in (("berlin", berlin), ("london", london))
    }
    ends = {"sites": ["berlin", "london"]}
    return {"sites": found, "tunnels": [{**ends, "ids": ids(tunnel["name"]), **tunnel} for tunnel in tunnels]}


def ids(tunnel: str) -> dict[str, str]:
    return {site: f"{tunnel}.{site}.example" for site in ("berlin", "london")}
