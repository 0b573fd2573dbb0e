# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tunnels between the two gateways of the live tests."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from gateways import Gateway

Pair = tuple[Gateway, Gateway]
Settings = Mapping[str, Any]
STARTED: Settings = {"start_action": "trap|start"}
PSK = 's3cr#t "}\\ 0x12  with  spaces, ümläuts and all = { '
NUMBERS = {"cw-one": 1, "cw-two": 2, "cw-three": 3, "cw-four": 4}
SETTINGS: Settings = {
    "start_action": "trap",
    "rekey_time": "14400s",
    "esp_proposals": "aes128-sha256-modp2048",
    "proposals": "aes128-sha256-modp2048",
    "extra": "",
    "child": None,
}


def wanted(here: Gateway, there: Gateway, **tunnels: Settings) -> dict[str, Any]:
    """Return the module's options; one={…} is the tunnel cw-one, and so on."""
    return options_for(here, there, {f"cw-{key}": settings for key, settings in tunnels.items()})


def options_for(here: Gateway, there: Gateway, tunnels: Mapping[str, Settings], psk: str = PSK) -> dict[str, Any]:
    """Return the module's options; each tunnel has its own pair of host selectors, by its name."""
    blocks = [block(here, there, name, {**SETTINGS, **settings}) for name, settings in tunnels.items()]
    return {
        "config": "connections {\n" + "".join(blocks) + "}\n",
        "secrets": [
            {"name": f"ike-{name}", "ids": [identity(here, name), identity(there, name)], "psk": psk}
            for name in tunnels
        ],
    }


def identity(gateway: Gateway, name: str) -> str:
    return f"{name}.{gateway.lan}.example"


def block(here: Gateway, there: Gateway, name: str, settings: Settings) -> str:
    number = NUMBERS[name]
    return f"""
    {name} {{
        version = 2
        local_addrs = "{here.address}"
        remote_addrs = "{settings.get("remote", there.address)}"
        proposals = {settings["proposals"]}
        rekey_time = {settings["rekey_time"]}
        unique = replace
        keyingtries = 0
        dpd_delay = 30s
        mobike = no
        {settings["extra"]}
        local {{ auth = psk
            id = "{identity(here, name)}" }}
        remote {{ auth = psk
            id = "{identity(there, name)}" }}
        children {{
            {settings["child"] or name} {{
                local_ts = {here.lan}.{number}/32
                remote_ts = {there.lan}.{number}/32
                esp_proposals = {settings["esp_proposals"]}
                start_action = {settings["start_action"]}
                dpd_action = trap
                close_action = trap
            }}
        }}
    }}
"""


def established(gateway: Gateway, *names: str, instead_of: Iterable[str] = ()) -> dict[str, list[str]]:
    """Wait until each connection has its SAs, and none of those that it had before, and return their SPIs."""
    former = set(instead_of)
    deadline = time.monotonic() + 60
    while True:
        spis = {name: gateway.spis(name) for name in names}
        if all(len(found) == 2 and former.isdisjoint(found) for found in spis.values()):
            return spis
        assert time.monotonic() < deadline, (spis, gateway.sh("journalctl -u strongswan --no-pager | tail -40"))
        time.sleep(0.2)


def up(pair: Pair, *names: str, **settings: Any) -> dict[str, Any]:
    """Load the same tunnels at both ends, have the first gateway start them, and return its options."""
    here, there = pair
    done = there.connections(**options_for(there, here, {name: {} for name in names}))
    assert done.get("loaded") == sorted(names), done
    options = options_for(here, there, {name: {**STARTED, **settings} for name in names})
    done = here.connections(**options)
    assert done.get("loaded") == sorted(names), done
    established(here, *names)
    return options


def quiet(done: dict[str, Any]) -> bool:
    return done.get("changed") is False and not done["loaded"] and not done["replaced"] and not done["removed"]
