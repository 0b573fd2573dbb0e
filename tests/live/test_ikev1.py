# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two tunnels of IKEv1 between the same two gateways: what the planner asks of them, and what becomes of them without.

Who answers goes by the addresses alone, and takes the first connection that has them.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from planned import plan, planned, two_sites
from tunnels import Pair, established

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gateways import Gateway

SUITE: dict[str, Any] = {"encryption": "aes256", "integrity": "sha256"}
MAIN: dict[str, Any] = {"ike": {**SUITE, "dh_group": 14, "version": 1}, "esp": {**SUITE, "pfs_group": 14}}
CONSENT = "/etc/strongswan.d/consent.conf"
AGGRESSIVE: dict[str, Any] = {**MAIN, "ike": {**MAIN["ike"], "mode": "aggressive"}}


@pytest.mark.parameters("ike.version", "tunnel.psk")
def test_two_tunnels_of_main_mode_with_the_same_key_and_proposals_come_up(pair: Pair) -> None:
    here, there = pair
    raw = two_sites(pair, [MAIN, MAIN])
    plan(there, raw)
    established(here, *plan(here, raw))


def other_key(options: dict[str, Any]) -> dict[str, Any]:
    """The second tunnel with a key of its own."""
    first, second = options["secrets"]
    return {**options, "secrets": [first, {**second, "psk": second["psk"][::-1]}]}


def other_proposals(options: dict[str, Any]) -> dict[str, Any]:
    """The second tunnel with other proposals for IKE."""
    first, second = options["config"].split("  # tunnel t1 ")
    return {**options, "config": f"{first}  # tunnel t1 {second.replace('modp2048', 'modp3072')}"}


@pytest.fixture
def consenting(pair: Pair) -> Iterator[Pair]:
    """Daemons that the role would have told that a tunnel is in aggressive mode."""
    for gateway in pair:
        gateway.write(CONSENT, "charon { i_dont_care_about_security_and_use_aggressive_mode_psk = yes }\n")
        gateway.sh("systemctl restart strongswan")
    yield pair
    for gateway in pair:
        gateway.sh(f"rm {CONSENT}")


@pytest.mark.parametrize(
    ("policy", "changed"),
    [(MAIN, other_key), (MAIN, other_proposals), (AGGRESSIVE, other_proposals)],
    ids=["keys", "proposals", "proposals, aggressive"],
)
def test_what_the_planner_refuses_leaves_one_of_two_down(
    consenting: Pair, policy: dict[str, Any], changed: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    here, there = consenting
    raw = two_sites(consenting, [policy, policy])
    for gateway in (there, here):
        done = gateway.connections(**changed(planned(raw, gateway.lan)))
        assert sorted(done["loaded"]) == ["cw-t0", "cw-t1"], done
    assert settled(here) == [False, True]


def test_two_tunnels_whose_dialling_end_has_one_identity_do_not_both_come_up(pair: Pair) -> None:
    """Who answers takes both for the same connection. The planner refuses them."""
    here, there = pair
    raw = two_sites(pair, [MAIN, MAIN])
    for tunnel in raw["tunnels"]:
        tunnel |= {"initiator": here.lan}
    for gateway in (there, here):
        options = planned(raw, gateway.lan)
        text = json.dumps(options).replace(f"1.{here.lan}.example", f"0.{here.lan}.example")
        assert sorted(gateway.connections(**json.loads(text))["loaded"]) == ["cw-t0", "cw-t1"]
    time.sleep(8)
    assert not all(states(here))


def settled(gateway: Gateway) -> list[bool]:
    """Which of the tunnels are up, some seconds after the first one is."""
    end = time.monotonic() + 20
    while not any(states(gateway)):
        assert time.monotonic() < end, gateway.sh("swanctl --list-sas")
    time.sleep(5)
    return sorted(states(gateway))


def states(gateway: Gateway) -> list[bool]:
    return [one["state"] == "up" for one in gateway.module("tunnel_info")["tunnels"]]
