# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Platforms: what their limits let pass, their data, and the built-in policies. Refusals are in bad_platforms.yml."""

from __future__ import annotations

import base64
import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology import (
    check,
    load,
    validate_platform_policies,
    validate_platforms,
    warnings,
)
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.built_in_policies import (
    BUILT_IN_POLICIES,
    PLATFORM_DEFAULTS,
)
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.crypto import (
    DH_GROUPS,
    ENCRYPTION,
    INTEGRITY,
    PRF,
    members,
    proposal_token,
)
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.crypto_data import ACCEPTABLE, RECOMMENDED
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.platform_data import PLATFORMS
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.platform_types import MAKES_KEY
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.policies import parse_policy
from hypothesis import example, given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.policies import Policy

PSK = "Ab3dEf6hIj9kLm2nOp5qRs8tUv1wXy4z"
SETTABLE_PROPERLY = ("aws", "azure", "binero", "gcp", "ionos", "otc")  # UCloudStack has no SHA-2 in ESP


def cloud(stands: str | None, policy: str = "recommended", **tunnel: Any) -> dict[str, Any]:
    """A site of ours and a platform's gateway, with a tunnel between them."""
    named = {"platform": stands} if stands else {}
    gateway = {"address": "203.0.113.80", "lan_address": "10.20.0.5"}
    return {
        "sites": {
            "berlin": {"subnets": ["192.168.1.0/24"], "gateways": [{"host": "berlin-gw", "address": "198.51.100.10"}]},
            "cloud": {
                "subnets": ["10.20.0.0/16"], "gateways": [gateway], "management": ["198.51.100.7/32"], **named,
            },
        },
        "tunnels": [{"name": "t", "sites": ["berlin", "cloud"], "psk": PSK, "policy": policy, **tunnel}],
    }  # fmt: skip


def said(raw: dict[str, Any]) -> list[str]:
    return [str(problem) for problem in check(raw)]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_platform_takes_its_own_default(platform: str) -> None:
    assert said(cloud(platform, platform)) == []
    assert said(cloud(None, platform, platform=platform)) == []


@pytest.mark.parametrize("policy", ["recommended", "compatible", "bsi-tr-02102-3"])
@pytest.mark.parametrize("platform", SETTABLE_PROPERLY)
def test_where_one_common_choice_is_left_the_others_do_no_harm(platform: str, policy: str) -> None:
    assert said(cloud(platform, policy)) == []


def test_cnsa_is_more_than_some_can_do() -> None:
    assert [name for name in PLATFORMS if said(cloud(name, "cnsa"))] == ["ucloudstack"]


@pytest.mark.parametrize(
    ("platform", "policy", "more"),
    [
        ("aws", "aws", {"psk": "a" * 64}),
        ("aws", "aws", {"ids": {"berlin": "vpn@berlin.example"}}),
        ("azure", "azure", {"psk": "!" * 128}),
        ("gcp", "gcp", {"psk": PSK + " ~", "name": "n" * 63}),
        ("otc", "otc", {"psk": "Aa1" * 42 + "!}", "name": "n" * 64, "ids": {"berlin": "gw.berlin.example"}}),
        ("ucloudstack", "ucloudstack", {"psk": '"' * 128, "ids": {"berlin": "gw.berlin.example"}}),
    ],
)
def test_what_is_just_allowed(platform: str, policy: str, more: dict[str, Any]) -> None:
    assert said(cloud(platform, policy, **more)) == []


def test_lifetimes_that_are_just_allowed() -> None:
    half = {"encryption": "aes256gcm16"}
    for platform, ike, esp in (("aws", 28800, 3600), ("aws", 901, 900), ("ionos", 86400, 86400), ("ionos", 3600, 3600)):
        raw = cloud(platform, "p")
        raw["policies"] = {"p": {"ike": {**half, "dh_group": 20, "lifetime": ike}, "esp": {**half, "lifetime": esp}}}
        assert said(raw) == []


def test_ipv6_where_a_platform_has_it() -> None:
    raw = cloud("aws")
    for site, address in (("berlin", "2001:db8::10"), ("cloud", "2001:db8::80")):
        raw["sites"][site]["gateways"][0]["address"] = address
    assert said(raw) == []


def hub(platform: str, count: int) -> dict[str, Any]:
    """Sites of ours around a gateway that has the platform, which we are said to manage."""
    raw = cloud(platform, platform)
    raw["sites"]["cloud"]["gateways"][0]["host"] = "cloud-gw"
    for number in range(count):
        raw["sites"][f"s{number}"] = {
            "subnets": [f"10.30.{number}.0/24"],
            "gateways": [{"host": f"gw{number}", "address": f"198.18.0.{number + 1}"}],
        }
    names = [f"s{number}" for number in range(count)]
    return {"sites": raw["sites"], "meshes": [{"name": "m", "hub": "cloud", "sites": names, "policy": platform}]}


def test_tunnels_of_a_platforms_gateway() -> None:
    assert said(hub("ucloudstack", 20)) == []
    assert said(hub("ucloudstack", 21)) == [
        (
            "sites[cloud]: its gateway has 21 tunnels; UCloudStack IPsecVPN has at most 20 per gateway. Divide them "
            "between two gateways, each a site of its own."
        )
    ]


def test_tunnels_that_name_the_platform_themselves_are_counted() -> None:
    raw = hub("ionos", 21)
    del raw["meshes"], raw["sites"]["cloud"]["platform"], raw["sites"]["cloud"]["gateways"][0]["host"]
    raw["tunnels"] = [
        {"name": f"t{number}", "sites": [f"s{number}", "cloud"], "psk": PSK, "platform": "ionos"}
        for number in range(21)
    ]
    assert said(raw) == [
        (
            "sites[cloud]: its gateway has 21 tunnels; IONOS Cloud VPN Gateway has at most 20 per gateway. Divide them "
            "between two gateways, each a site of its own."
        )
    ]


def test_names_of_tunnels_in_a_mesh() -> None:
    raw = hub("ionos", 2)
    raw["meshes"][0]["name"] = "n" * 246
    assert said(raw) == []  # n...n-cloud-s0 has 255
    raw["meshes"][0]["name"] += "n"
    tunnel = f"{'n' * 247}-cloud-s0"
    path = f"meshes[{'n' * 77}...]"
    assert said(raw) == [
        f"{path}: {tunnel}: 256 characters; IONOS Cloud VPN Gateway gives a tunnel a name of at most 255. Rename it."
    ]


@given(st.binary(min_size=48, max_size=48), st.binary(min_size=32, max_size=32))
@example(bytes(48), bytes(32))
def test_the_remedies_make_keys_that_are_taken(some: bytes, other: bytes) -> None:
    keys = {
        MAKES_KEY: base64.b64encode(some).decode(),
        "openssl rand -hex 32 | tr 0 g": other.hex().replace("0", "g"),
    }
    for platform in PLATFORMS.values():
        if platform.psk and not platform.psk.kinds:
            assert validate_platforms._bad_for(platform.psk, keys[platform.psk.made_by], "it") == ""


def test_no_rule_knows_a_platform_by_its_name() -> None:
    for module in (validate_platforms, validate_platform_policies):
        source = Path(str(module.__file__)).read_text(encoding="utf-8")
        assert [name for name in PLATFORMS if f'"{name}"' in source] == []


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_profile_is_whole(name: str) -> None:
    platform = PLATFORMS[name]
    assert platform.sources
    assert name in PLATFORM_DEFAULTS
    assert platform.ike.keys() == platform.ipsec.keys()
    assert set(platform.protocols) <= {"esp", "ah"}
    for span in (platform.ike_lifetime, platform.ipsec_lifetime, platform.lan_octet):
        assert span is None or span.most is None or span.least <= span.most
    # What IKE has and the registry has not (yet); nobody can write it in a policy.
    elsewhere = {"aesxcbc", "aescmac", 22, 23, 28, 29, 30}
    for algorithms in (*platform.ike.values(), *platform.ipsec.values()):
        assert {*algorithms.encryption} <= ENCRYPTION.keys()
        assert {*algorithms.integrity} <= INTEGRITY.keys() | elsewhere
        assert {*algorithms.prf} <= PRF.keys() | elsewhere
        assert {*algorithms.groups} <= DH_GROUPS.keys() | elsewhere


def rows(policy: Policy) -> list[Any]:
    return [row for half in (policy.ike, policy.ipsec) for each in half.proposals for _kind, row in members(each)]


def test_the_bsi_policy_has_what_the_bsi_recommends() -> None:
    assert {row.standing.bsi for row in rows(BUILT_IN_POLICIES["bsi-tr-02102-3"])} == {"recommended"}


def test_cnsa_has_one_choice() -> None:
    policy = BUILT_IN_POLICIES["cnsa"]
    assert [proposal_token(each) for each in policy.ike.proposals] == ["aes256gcm16-prfsha384-ecp384"]
    assert [proposal_token(each) for each in policy.ipsec.proposals] == ["aes256gcm16-ecp384"]


def test_compatible_has_nothing_weak_and_more_than_recommended() -> None:
    tokens = {row.token for row in rows(BUILT_IN_POLICIES["compatible"])}
    assert {row.status for row in rows(BUILT_IN_POLICIES["compatible"])} <= {RECOMMENDED, ACCEPTABLE}
    assert tokens > {row.token for row in rows(BUILT_IN_POLICIES["recommended"])}


def test_ucloudstacks_policy_is_its_downloaded_configuration() -> None:
    policy = BUILT_IN_POLICIES["ucloudstack"]
    assert [proposal_token(each) for each in policy.ike.proposals] == ["aes128-sha1-prfsha1-modp1024"]
    assert [proposal_token(each) for each in policy.ipsec.proposals] == ["aes128-sha1-modp1024"]
    assert (policy.ike.version, policy.ike.lifetime, policy.ipsec.lifetime) == (2, 86400, 86400)


def test_a_built_in_policy_is_warned_of_where_it_is_used() -> None:
    assert warnings(load(cloud("ucloudstack", "compatible", platform="aws"))) == []
    warned = [warning.path for warning in warnings(load(cloud("ucloudstack", "ucloudstack")))]
    halves = ("ike.integrity", "ike.prf", "ike.dh_group", "esp.integrity", "esp.pfs_group")
    assert warned == [f"policies[ucloudstack].{key}" for key in halves]
    in_mesh = [warning.path for warning in warnings(load(hub("ucloudstack", 2)))]
    assert in_mesh == warned


def test_what_a_user_would_write_is_what_is_built_in() -> None:
    for name, raw in PLATFORM_DEFAULTS.items():
        before = copy.deepcopy(raw)
        policy, problems = parse_policy(raw, name)
        assert (policy, problems) == (BUILT_IN_POLICIES[name], [])
        assert raw == before
