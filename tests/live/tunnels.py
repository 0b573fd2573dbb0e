# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections for the live tests: what a topology would make, and small."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conftest import Gateway

PSK = 's3cr#t "}\\ 0x12  with  spaces, ümläuts and all = { '
NUMBERS = {"cw-one": 1, "cw-two": 2, "cw-three": 3, "cw-four": 4}
SETTINGS = {
    "start_action": "trap", "rekey_time": "14400s", "esp_proposals": "aes128-sha256-modp2048",
    "proposals": "aes128-sha256-modp2048", "extra": "", "child": None,
}


def wanted(here: Gateway, there: Gateway, psk: str = PSK, **tunnels: dict[str, Any]) -> dict[str, Any]:
    """Return the module's options; each tunnel has its own pair of host selectors, by its name."""
    names = {"cw-" + key.replace("_", "-"): settings for key, settings in tunnels.items()}
    blocks = [block(here, there, name, {**SETTINGS, **settings}) for name, settings in names.items()]
    return {
        "config": "connections {\n" + "".join(blocks) + "}\n",
        "secrets": [{"name": f"ike-{name}", "ids": [identity(here, name), identity(there, name)], "psk": psk}
                    for name in names],
    }


def identity(gateway: Gateway, name: str) -> str:
    return f"{name}.{gateway.lan}.example"


def block(here: Gateway, there: Gateway, name: str, settings: dict[str, Any]) -> str:
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
