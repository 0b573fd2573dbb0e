# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ML-KEM as a second key exchange: between two gateways of Debian 14, and with one of 13, which has not got it."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from containers import running
from planned import plan, two_sites
from playbook import play
from runs import eventually
from tunnels import Pair, established

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gateways import Gateway

SUITE: dict[str, Any] = {"encryption": "aes256gcm16"}
FIRST = "AES_GCM_16-256/PRF_HMAC_SHA2_384/ECP_384"
SIZES = (512, 768, 1024)


@pytest.fixture(scope="module")
def three() -> Iterator[tuple[Gateway, ...]]:
    """Two gateways of Debian 14 and one of 13, as they are when nobody has installed anything."""
    with running(f"causeway-live-{os.getpid()}-kem", {"a": "14", "b": "14", "c": "13"}) as gateways:
        for gateway in gateways:
            gateway.start()
        yield gateways


@pytest.fixture
def fresh(three: tuple[Gateway, ...], request: pytest.FixtureRequest) -> Pair:
    """One of 14, and one of the release that the test asks for."""
    here, alike, older = three
    pair = (here, older if getattr(request, "param", "14") == "13" else alike)
    for gateway in pair:
        gateway.sh("nft flush ruleset")  # what an earlier run guards
    return pair


@pytest.fixture
def pair(fresh: Pair) -> Pair:
    """The same with daemons that have nothing."""
    for gateway in fresh:
        gateway.prepare()
        gateway.reset()
    return fresh


def suite(*following: str, cipher: str = "aes256gcm16") -> dict[str, Any]:
    """One proposal for IKE."""
    return {"encryption": cipher, "dh_group": 20, **({"additional_key_exchanges": [*following]} if following else {})}


def policy(name: str) -> dict[str, Any]:
    """ML-KEM for IKE, and whenever a child gets new keys."""
    return {"ike": suite(name), "esp": {**SUITE, "pfs_group": 20, "additional_key_exchanges": [name]}}


def seen(gateway: Gateway) -> dict[str, dict[str, Any]]:
    """The tunnels as the collection reports them."""
    return {tunnel["name"]: tunnel for tunnel in gateway.module("tunnel_info")["tunnels"]}


def agreed(gateway: Gateway, name: str) -> str:
    """What the two ends took for IKE."""
    return str(seen(gateway)[name]["ike_proposal"])


def agree(here: Gateway, there: Gateway, ours: dict[str, Any], theirs: dict[str, Any]) -> str:
    """The one tunnel of two ends with policies of their own; what they took, once packets go through."""
    raw = two_sites((here, there), [ours])
    raw["tunnels"][0]["initiator"] = here.lan
    plan(there, {**raw, "policies": {"p0": theirs}})
    (name,) = plan(here, raw)
    established(here, name)
    assert here.pings(there)
    assert seen(here)[name]["initiator"]
    assert agreed(there, name) == agreed(here, name)
    return agreed(here, name)


def topology(pair: Pair) -> dict[str, Any]:
    """What a user would write."""
    sites = {
        f"site-{gateway.container[-1]}": {
            "subnets": [f"{gateway.lan}.0/24"],
            "gateways": [{"host": gateway.container, "address": gateway.address, "lan_address": f"{gateway.lan}.1"}],
        }
        for gateway in pair
    }
    tunnel = {"name": "quantum", "sites": list(sites), "policy": "strong"}
    return {"policies": {"strong": policy("mlkem768")}, "sites": sites, "tunnels": [tunnel]}


@pytest.mark.parameters("ike.additional_key_exchanges")
def test_site_yml_makes_a_tunnel_with_ml_kem_on_debian_14(fresh: Pair, tmp_path: Path) -> None:
    here, _there = fresh
    first = play(topology(fresh), tmp_path).succeeded()
    assert all(first.changed[gateway.container] for gateway in fresh)
    assert f"{FIRST}/KE1_ML_KEM_768" in first.words
    assert agreed_by_hand(here) == "ML_KEM_768"
    assert not any(play(topology(fresh), tmp_path).succeeded().changed.values())


def agreed_by_hand(gateway: Gateway) -> str:
    """What the daemon itself says of the key exchange that followed, asked without any of our modules."""
    return gateway.sh("swanctl --list-sas --raw").partition("ake1=")[2].split()[0]


@pytest.mark.parameters("ike.additional_key_exchanges")
@pytest.mark.parametrize("fresh", ["13"], indirect=True)
def test_h14_debian_13_is_refused_by_its_version_before_anything_changes(fresh: Pair, tmp_path: Path) -> None:
    _here, older = fresh
    refused = play(topology(fresh), tmp_path, "--limit", older.container)
    assert refused.failed == {older.container}
    assert refused.changed == {older.container: 0}
    assert "ML-KEM, which needs strongSwan 6.0.2 or later (its plugin openssl with OpenSSL 3.5)" in refused.words
    assert "and here is 6.0.1" in refused.words


@pytest.mark.parameters("ike.additional_key_exchanges", "esp.additional_key_exchanges")
def test_every_size_of_ml_kem_carries_packets_and_renews_keys(pair: Pair) -> None:
    here, there = pair
    raw = two_sites(pair, [policy(f"mlkem{size}") for size in SIZES])
    plan(there, raw)
    names = plan(here, raw)
    established(here, *names)
    for number, (name, size) in enumerate(zip(names, SIZES), 1):
        assert agreed(here, name) == f"{FIRST}/KE1_ML_KEM_{size}"
        here.sh(f"swanctl --rekey --child {name}")
        assert eventually(partial(renewed, here, name, size), 20)
        assert here.pings(there, number)


def renewed(gateway: Gateway, name: str, size: int) -> bool:
    """Whether the child's keys come from an exchange of its own, which was followed by ML-KEM."""
    proposals = {child["proposal"] for child in seen(gateway)[name]["children"]}
    return f"AES_GCM_16-256/ECP_384/KE1_ML_KEM_{size}" in proposals


@pytest.mark.parameters("ike.additional_key_exchanges", "ike.proposals")
def test_of_unequal_lists_the_size_that_both_have_is_taken(pair: Pair) -> None:
    ours = {"ike": {"proposals": [suite("mlkem1024"), suite("mlkem768")]}}
    assert agree(*pair, ours, {"ike": suite("mlkem768")}) == f"{FIRST}/KE1_ML_KEM_768"


@pytest.mark.parameters("ike.additional_key_exchanges", "ike.proposals")
@pytest.mark.parametrize("fresh", ["13"], indirect=True)
@pytest.mark.parametrize("we", [True, False], ids=["14 dials", "13 dials"])
def test_with_debian_13_the_proposal_without_ml_kem_is_taken(pair: Pair, we: bool) -> None:
    with_it = {"ike": {"proposals": [suite("mlkem768"), suite()]}}
    ends = ((pair[0], with_it), (pair[1], {"ike": suite()}))
    (here, ours), (there, theirs) = ends if we else ends[::-1]
    assert agree(here, there, ours, theirs) == FIRST
