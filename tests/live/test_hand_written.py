# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A peer that nobody here manages, whose owner has written a swanctl.conf by hand, with other proposals than ours."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from planned import PSK, plan
from tunnels import Pair, established

if TYPE_CHECKING:
    from gateways import Gateway

NAME = "cw-here-there"
# Each list begins with what the other has not. The strongest that both have is the second of ours, the third of theirs.
OURS: dict[str, Any] = {
    "ike": {
        "proposals": [
            {"encryption": "aes256gcm16", "dh_group": 20},
            {"encryption": "aes256", "integrity": "sha256", "dh_group": 19},
            {"encryption": "aes128", "integrity": "sha1", "dh_group": 14},
        ]
    },
    "esp": {
        "proposals": [
            {"encryption": "aes256gcm16", "pfs_group": 20},
            {"encryption": "aes256", "integrity": "sha256", "pfs_group": 19},
            {"encryption": "aes128", "integrity": "sha1", "pfs_group": "none"},
        ]
    },
}
THEIR_IKE = "camellia256-sha512-modp4096, aes256ccm16-prfsha384-ecp521, aes256-sha256-ecp256, aes128-sha1-modp2048"
THEIR_ESP = "camellia256-sha512, chacha20poly1305, aes256-sha256-ecp256, aes128-sha1"
THEIRS = """
connections {{
    office {{
        version = 2
        local_addrs = {there}
        remote_addrs = {here}
        proposals = {ike}
        local {{
            auth = psk
            id = office.example
        }}
        remote {{
            auth = psk
            id = {here}
        }}
        children {{
            lan {{
                local_ts = {their_lan}.1/32
                remote_ts = {our_lan}.1/32
                esp_proposals = {esp}
            }}
        }}
    }}
}}
secrets {{
    ike-office {{
        id = office.example
        secret = "{psk}"
    }}
}}
"""


def topology(here: Gateway, there: Gateway, **keys: Any) -> dict[str, Any]:
    """Our side of it."""
    return {
        "policies": {"partner": OURS},
        "sites": {
            here.lan: {"subnets": [f"{here.lan}.1/32"], "gateways": [{"host": here.lan, "address": here.address}]},
            "there": {"subnets": [f"{there.lan}.1/32"], "gateways": [{"address": there.address}]},
        },
        "tunnels": [
            {
                "name": "here-there",
                "sites": [here.lan, "there"],
                "policy": "partner",
                "psk": PSK,
                "ids": {"there": "office.example"},
                **keys,
            }
        ],
    }


def write_by_hand(here: Gateway, there: Gateway) -> None:
    """What their owner does."""
    ends = {"here": here.address, "there": there.address, "our_lan": here.lan, "their_lan": there.lan}
    text = THEIRS.format(**ends, ike=THEIR_IKE, esp=THEIR_ESP, psk=PSK)
    there.write("/etc/swanctl/conf.d/office.conf", text)
    there.sh("swanctl --load-all --noprompt")


def dial(we: bool, here: Gateway, there: Gateway) -> None:
    """Our side as it is loaded; theirs by its owner's hand."""
    (name,) = plan(here, topology(here, there, **({} if we else {"start": "answer_only"})))
    if not we:
        there.sh("swanctl --initiate --child lan --timeout 20")
    established(here, name)


@pytest.mark.parameters("ike.proposals", "esp.proposals", "tunnel.start", "tunnel.psk", "tunnel.ids")
@pytest.mark.parametrize("we", [True, False], ids=["we dial", "they dial"])
def test_the_strongest_that_both_ends_have_is_agreed_on(pair: Pair, we: bool) -> None:
    here, there = pair
    write_by_hand(here, there)
    dial(we, here, there)
    (seen,) = here.module("tunnel_info")["tunnels"]
    assert seen["initiator"] is we
    assert seen["ike_proposal"] == "AES_CBC-256/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/ECP_256"
    assert {child["proposal"] for child in seen["children"]} == {"AES_CBC-256/HMAC_SHA2_256_128"}
    assert here.pings(there)
    here.sh(f"swanctl --rekey --child {NAME}")
    assert eventually_agreed(here, "AES_CBC-256/HMAC_SHA2_256_128/ECP_256")


def eventually_agreed(here: Gateway, proposal: str) -> bool:
    """Whether the keys are exchanged anew in time, with a group now."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        (seen,) = here.module("tunnel_info")["tunnels"]
        if proposal in {child["proposal"] for child in seen["children"]}:
            return True
        time.sleep(0.3)
    return False
