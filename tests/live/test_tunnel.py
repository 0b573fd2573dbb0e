# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules tunnel and tunnel_info against a real daemon: up, down, and the right word for each fault."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from tunnels import PSK, Pair, Settings, options_for, wanted

if TYPE_CHECKING:
    from gateways import Gateway

ONE = [{"name": "cw-one"}]


PASSIVE = {"start_action": "none"}


def load(pair: Pair, here: Settings | None = None, psk: str = PSK) -> None:
    """Load tunnel one at both ends, neither of which starts it by itself; `here` and `psk` make them differ."""
    one, other = pair
    done = one.connections(**wanted(one, other, one={**PASSIVE, **(here or {})}))
    assert not done.get("failed"), done
    done = other.connections(**options_for(other, one, {"cw-one": PASSIVE}, psk))
    assert not done.get("failed"), done


def test_up_once_and_only_once(pair: Pair) -> None:
    load(pair)
    here, there = pair
    foreseen = here.module("tunnel", check=True, connections=ONE)
    assert (foreseen["changed"], foreseen["tunnels"][0]["state"]) == (True, "down")
    first = here.module("tunnel", connections=ONE)
    assert (first["changed"], first["tunnels"][0]["state"], first["tunnels"][0]["cause"]) == (True, "up", None)
    spis = here.spis("cw-one")
    assert len(spis) == 2
    assert here.module("tunnel", connections=ONE)["changed"] is False
    assert here.module("tunnel", check=True, connections=ONE)["changed"] is False
    assert there.module("tunnel", connections=[{"name": "cw-one", "initiate": False}])["changed"] is False
    assert here.spis("cw-one") == spis


def test_one_that_starts_by_itself_is_only_waited_for(pair: Pair) -> None:
    here, there = pair
    there.connections(**wanted(there, here, one={}))
    here.connections(**wanted(here, there, one={"start_action": "start"}))
    done = here.module("tunnel", connections=ONE)
    assert (done["changed"], done["tunnels"][0]["state"]) == (False, "up")
    assert len(here.spis("cw-one")) == 2


def test_down(pair: Pair) -> None:
    load(pair)
    here, there = pair
    here.module("tunnel", connections=ONE)
    done = here.module("tunnel", connections=ONE, state="down")
    assert (done["changed"], done["tunnels"][0]["state"]) == (True, "down")
    assert (here.spis("cw-one"), there.spis("cw-one")) == ([], [])
    assert here.module("tunnel", connections=ONE, state="down")["changed"] is False


def test_info(pair: Pair) -> None:
    load(pair)
    here, there = pair
    assert here.module("tunnel_info")["tunnels"][0]["state"] == "down"
    here.module("tunnel", connections=ONE)
    assert here.pings(there)
    (found,) = here.module("tunnel_info")["tunnels"]
    assert (found["name"], found["state"], found["initiator"], found["ike_version"]) == ("cw-one", "up", True, 2)
    assert found["remote_address"] == there.address
    assert found["ike_proposal"] == "AES_CBC-128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048"
    (child,) = found["children"]
    assert (child["state"], child["proposal"]) == ("INSTALLED", "AES_CBC-128/HMAC_SHA2_256_128")
    assert (child["local_subnets"], child["packets_in"], child["packets_out"]) == ([f"{here.lan}.1/32"], 3, 3)
    assert here.module("tunnel_info", names=["cw-nobody"])["tunnels"][0]["state"] == "down"


def cause(gateway: Gateway, **options: Any) -> tuple[str, str]:
    done = gateway.module("tunnel", connections=ONE, timeout=10, **options)
    assert done["failed"], done
    assert done["msg"].startswith("cw-one is ")
    (tunnel,) = done["tunnels"]
    return tunnel["cause_code"], tunnel["cause"]


@pytest.mark.parametrize(
    ("here", "code", "words"),
    [
        ({"proposals": "aes256-sha384-modp3072"}, "ike_proposal", "aes256-sha384-modp3072"),
        ({"proposals": "aes128-sha256-modp4096"}, "ike_proposal", "modp4096"),
        ({"esp_proposals": "aes256gcm16"}, "child_proposal", "aes256gcm16"),
        ({"remote": "198.18.99.99"}, "no_answer", "no answer from 198.18.99.99"),
    ],
)
def test_each_fault_has_its_cause(pair: Pair, here: Settings, code: str, words: str) -> None:
    load(pair, here)
    found = cause(pair[0])
    assert found[0] == code, found
    assert words in found[1]


def test_another_key_and_another_identity_are_told(pair: Pair) -> None:
    load(pair, psk="a different key that is long enough for everybody")
    here, there = pair
    found = cause(here)
    assert found[0] == "authentication", found
    assert "its pre-shared key differs" in found[1]
    there.connections(**wanted(there, here, two=PASSIVE))
    found = cause(here)
    assert found[0] == "authentication", found
    assert "cw-one.192.168.1.example" in found[1]


def test_other_subnets_are_told(pair: Pair) -> None:
    load(pair)
    here, there = pair
    options = wanted(there, here, one=PASSIVE)
    options["config"] = options["config"].replace(f"{there.lan}.1/32", f"{there.lan}.3/32")
    there.connections(**options)
    found = cause(here)
    assert found[0] == "selectors", found
    assert "192.168.2.1/32" in found[1]


def test_a_peer_that_does_not_listen_and_one_without_our_connection(pair: Pair) -> None:
    load(pair)
    here, there = pair
    there.connections(config="")
    assert cause(here)[0] == "ike_proposal"
    there.sh("systemctl stop strongswan")
    assert cause(here)[0] == "no_answer"


def test_what_this_end_lacks(pair: Pair) -> None:
    load(pair)
    here, there = pair
    options = wanted(here, there, one=PASSIVE)
    here.connections(config=options["config"])
    assert cause(here)[0] == "secret_missing"
    here.connections(config="")
    assert cause(here)[0] == "not_loaded"


def test_the_answering_end_waits_and_lenience(pair: Pair) -> None:
    load(pair)
    here, _unused = pair
    done = here.module("tunnel", connections=[{"name": "cw-one", "initiate": False}], timeout=5, strict=False)
    assert (done.get("failed"), done["changed"]) == (None, False)
    assert done["tunnels"][0]["cause_code"] == "waits"


def test_a_dead_peer_delays_nobody_else(pair: Pair) -> None:
    here, there = pair
    there.connections(**wanted(there, here, one=PASSIVE))
    here.connections(**wanted(here, there, two={"start_action": "none", "remote": "198.18.99.99"}, one=PASSIVE))
    done = here.module("tunnel", connections=[{"name": "cw-two"}, {"name": "cw-one"}], timeout=10, strict=False)
    assert [tunnel["state"] for tunnel in done["tunnels"]] == ["connecting", "up"], done


def test_the_answering_end_tells_what_it_refuses(pair: Pair) -> None:
    one, other = pair
    both = ["cw-one", "cw-two"]
    one.connections(**options_for(one, other, dict.fromkeys(both, PASSIVE)))
    options = options_for(other, one, {"cw-one": PASSIVE, "cw-two": {**PASSIVE, "esp_proposals": "aes256gcm16"}})
    options["secrets"][0]["psk"] = "a different key that is long enough for everybody"
    other.connections(**options)
    with ThreadPoolExecutor() as pool:
        dials, answers = (
            pool.submit(
                gateway.module, "tunnel", connections=[{"name": name, "initiate": gateway is one} for name in both]
            )
            for gateway in pair
        )
    assert dials.result()["failed"]
    psk, proposal = answers.result()["tunnels"]
    assert (psk["state"], psk["cause_code"], proposal["cause_code"]) == ("down", "psk_mismatch", "child_proposal")
    assert f"the peer at {one.address} proved to know another pre-shared key than this end has" in psk["cause"]
    assert "(it has aes256gcm16)" in proposal["cause"]


def test_what_the_peer_has_lost_in_a_crash_is_dialled_anew(pair: Pair) -> None:
    load(pair)
    here, there = pair
    here.module("tunnel", connections=ONE)
    before = here.spis("cw-one")
    there.sh("systemctl kill -s KILL strongswan; systemctl restart strongswan")
    assert there.spis("cw-one") == []
    assert here.module("tunnel", connections=ONE)["changed"] is False
    foreseen = here.module("tunnel", check=True, connections=[{**ONE[0], "anew": True}])
    done = here.module("tunnel", connections=[{**ONE[0], "anew": True}])
    assert (foreseen["changed"], done["changed"], done["tunnels"][0]["state"]) == (True, True, "up")
    assert len(here.spis("cw-one")) == len(there.spis("cw-one")) == 2
    assert not set(here.spis("cw-one")) & set(before)


def test_an_ike_sa_that_the_peer_has_lost_is_told_and_dialled_anew(pair: Pair) -> None:
    """The end that has it waits for an answer for minutes, and would not dial while it does."""
    load(pair)
    here, there = pair
    here.sh("swanctl --initiate --timeout 20 --ike cw-one")
    there.sh("systemctl kill -s KILL strongswan; systemctl restart strongswan")
    assert cause(here)[0] == "half"
    assert there.module("tunnel_info", names=["cw-one"])["tunnels"][0]["state"] == "down"
    done = here.module("tunnel", connections=[{**ONE[0], "anew": True}])
    assert (done["changed"], done["tunnels"][0]["state"]) == (True, "up")
    assert len(here.spis("cw-one")) == len(there.spis("cw-one")) == 2
