# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies: what is accepted and what becomes of it, what is warned of."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology import policies, policy_warnings
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.crypto import (
    ENCRYPTION,
    members,
    proposal_token,
)
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.crypto_data import ACCEPTABLE, RECOMMENDED
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.policies import BUILT_IN, Policy, parse_policy
from hypothesis import example, given
from hypothesis import strategies as st

IKE: dict[str, Any] = {"encryption": "aes256gcm16", "dh_group": 20}


def parsed(raw: object) -> Policy:
    policy, problems = parse_policy(raw, "p")
    assert problems == []
    assert policy is not None
    return policy


def tokens(policy: Policy) -> tuple[list[str], list[str]]:
    return [proposal_token(item) for item in policy.ike.proposals], [
        proposal_token(item) for item in policy.ipsec.proposals
    ]


def test_recommended_names_nothing_weak_and_aead_first() -> None:
    policy = BUILT_IN["recommended"]
    rows = {row for half in (policy.ike, policy.ipsec) for item in half.proposals for _kind, row in members(item)}
    assert {row.status for row in rows} <= {RECOMMENDED, ACCEPTABLE}
    assert min(row.strength_bits for row in rows) >= 128
    assert policy_warnings.policy_warnings("recommended", policy, "policies[recommended]") == []
    halves = (policy.ike, policy.ipsec)
    assert [[ENCRYPTION[item.encryption[0]].kind for item in half.proposals] for half in halves] == [
        ["aead", "classic"],
        ["aead", "classic"],
    ]
    assert all(item.dh_groups for item in policy.ipsec.proposals)


def test_the_tutorial() -> None:
    half = {"encryption": "aes128ctr", "integrity": "sha256"}
    policy = parsed(
        {
            "ike": {"version": 2, **half, "dh_group": 15, "lifetime": 86400},
            "esp": {**half, "pfs_group": 15, "lifetime": 3600},
        }
    )
    assert tokens(policy) == (["aes128ctr-sha256-prfsha256-modp3072"], ["aes128ctr-sha256-modp3072"])
    assert (policy.ike.version, policy.ike.lifetime, policy.ipsec.lifetime) == (2, 86400, 3600)


def test_a_missing_half_is_the_recommended_one() -> None:
    assert parsed({"ike": IKE}).ipsec == BUILT_IN["recommended"].ipsec
    assert parsed({"esp": {"encryption": "aes256gcm16"}}).ike == BUILT_IN["recommended"].ike


def test_pfs_is_on_unless_refused() -> None:
    assert tokens(parsed({"ike": IKE, "esp": {"encryption": "aes256gcm16"}}))[1] == ["aes256gcm16-ecp384"]
    for none in (None, 0, "0", "none", "off", "no", False):
        policy = parsed({"ike": IKE, "esp": {"encryption": "aes256gcm16", "pfs_group": none}})
        assert tokens(policy)[1] == ["aes256gcm16"]
        assert [str(warning) for warning in policy_warnings.policy_warnings("mine", policy, "p")] == [
            (
                "p.esp.pfs_group: policy 'mine' has no perfect forward secrecy: who breaks one IKE key reads all "
                "traffic; use 20 (ecp384) or 15 (modp3072)."
            )
        ]


@pytest.mark.parametrize(
    ("encryption", "integrity", "prf"),
    [
        ("aes128gcm16", None, "prfsha256"),
        ("aes256gcm16", None, "prfsha384"),
        ("chacha20poly1305", None, "prfsha384"),
        (["aes256gcm16", "aes128gcm16"], None, "prfsha384-prfsha256"),
        (["aes256gcm16", "aes256"], "sha512", "prfsha512"),
    ],
)
def test_default_prf(encryption: object, integrity: object, prf: str) -> None:
    ike = {**IKE, "encryption": encryption} | ({"integrity": integrity} if integrity else {})
    assert f"-{prf}-ecp384" in tokens(parsed({"ike": ike}))[0][0]


def test_ikev1_proposes_one_of_each_kind() -> None:
    policy = parsed(
        {
            "ike": {"version": 1, "encryption": ["aes256", "aes128"], "integrity": "sha1", "dh_group": [14, 5]},
            "esp": {"encryption": "aes256", "integrity": "sha1"},
        }
    )
    assert tokens(policy) == (
        ["aes256-sha1-modp2048", "aes256-sha1-modp1536", "aes128-sha1-modp2048", "aes128-sha1-modp1536"],
        ["aes256-sha1-modp2048"],
    )


def test_several_proposals_stand_in_their_order() -> None:
    strong = {"encryption": "aes256gcm16", "dh_group": 20, "additional_key_exchanges": "mlkem768"}
    weak = {"encryption": ["aes128", "3des"], "integrity": "sha1", "dh_group": 2}
    policy = parsed({"ike": {"proposals": [strong, weak]}, "esp": {"proposals": [{"encryption": "aes128gcm16"}]}})
    assert tokens(policy) == (
        ["aes256gcm16-prfsha384-ecp384-ke1_mlkem768", "aes128-3des-sha1-prfsha1-modp1024"],
        ["aes128gcm16-ecp384-modp1024"],
    )
    order = "the ends take the first that both have; put the stronger first."
    assert order not in str(policy_warnings.policy_warnings("mine", policy, "p"))
    turned = parsed({"ike": {"proposals": [weak, strong]}})
    assert str(policy_warnings.policy_warnings("mine", turned, "p")[-1]) == (
        "p.ike.proposals: policy 'mine' names aes256gcm16-prfsha384-ecp384-ke1_mlkem768 after "
        f"aes128-3des-sha1-prfsha1-modp1024, which is weaker: {order}"
    )


def test_either_version_offers_what_each_can_say() -> None:
    suites = [
        {"encryption": ["aes256gcm16", "aes128gcm16"], "dh_group": [31, 20]},
        {"encryption": ["aes256", "aes128"], "integrity": "sha256", "dh_group": 14},
    ]
    policy = parsed(
        {
            "ike": {"version": "any", "proposals": suites},
            "esp": {"encryption": ["aes256", "aes256gcm16"], "integrity": "sha1", "pfs_group": 14},
        }
    )
    assert policy.ike.version == 0
    assert tokens(policy) == (
        [
            "aes256gcm16-aes128gcm16-prfsha384-prfsha256-curve25519-ecp384",
            "aes256-sha256-prfsha256-modp2048",
            "aes128-sha256-prfsha256-modp2048",
        ],
        ["aes256gcm16-modp2048", "aes256-sha1-modp2048"],
    )


def test_either_version_of_aead_and_others_together_has_a_prf_for_each() -> None:
    """strongSwan takes no IKE proposal with AEAD alone; its whole connection would be discarded."""
    ike = {**IKE, "version": "any", "encryption": ["aes256gcm16", "aes256"], "integrity": ["sha512", "sha256"]}
    assert tokens(parsed({"ike": ike, "esp": {"encryption": "aes256", "integrity": "sha256"}}))[0] == [
        "aes256gcm16-prfsha512-prfsha256-ecp384",
        "aes256-sha512-prfsha512-ecp384",
        "aes256-sha256-prfsha256-ecp384",
    ]


def test_what_follows_the_first_key_exchange_is_taken_from_ike() -> None:
    ike = {**IKE, "additional_key_exchanges": ["mlkem768", 31]}
    assert tokens(parsed({"ike": ike, "esp": {"encryption": "aes256gcm16"}}))[1] == [
        "aes256gcm16-ecp384-ke1_mlkem768-ke2_curve25519"
    ]
    assert tokens(parsed({"ike": ike, "esp": {"encryption": "aes256gcm16", "pfs_group": 20}}))[1] == [
        "aes256gcm16-ecp384"
    ]


def test_times_and_volumes() -> None:
    policy = parsed(
        {
            "ike": {**IKE, "lifetime": 86400, "rekey_margin": 540, "reauth_lifetime": 604800},
            "esp": {"encryption": "aes256gcm16", "esn": True, "lifetime_bytes": 10**9, "lifetime_packets": 2**40},
        }
    )
    assert (policy.ike.rekey_margin, policy.ike.reauth_lifetime, policy.ipsec.rekey_margin) == (540, 604800, 0)
    assert (policy.ipsec.lifetime_bytes, policy.ipsec.lifetime_packets) == (10**9, 2**40)
    assert tokens(policy)[1] == ["aes256gcm16-ecp384-esn"]


def test_ah_has_integrity_alone() -> None:
    policy = parsed({"ike": IKE, "ah": {"integrity": ["sha256", "sha1"], "lifetime": 1800}})
    assert (policy.ipsec.protocol, policy.ipsec.lifetime, tokens(policy)[1]) == ("ah", 1800, ["sha256-sha1-ecp384"])
    assert parsed({"ah": {"integrity": "sha256"}}).ike == BUILT_IN["recommended"].ike
    assert [str(warning) for warning in policy_warnings.policy_warnings("mine", policy, "p")] == [
        "p.ah: policy 'mine' uses AH, which encrypts nothing: who listens reads all traffic; use esp.",
        (
            "p.ah.integrity: policy 'mine' names sha1, which is legacy: SHA-1 is being withdrawn everywhere, and its "
            "tag has only 96 bits; use sha256."
        ),
    ]


def test_ah_in_ikev1_proposes_one_of_each_kind() -> None:
    ike = {"version": 1, "encryption": "aes256", "integrity": "sha256", "dh_group": 14}
    policy = parsed({"ike": ike, "ah": {"integrity": ["sha256", "sha512"], "pfs_group": [14, 15]}})
    assert tokens(policy)[1] == ["sha256-modp2048", "sha256-modp3072", "sha512-modp2048", "sha512-modp3072"]


@pytest.mark.parametrize(("mode", "aggressive"), [(None, False), ("main", False), ("aggressive", True)])
def test_h30_modes_of_ikev1(mode: str | None, aggressive: bool) -> None:
    ike = {"version": 1, "mode": mode, "encryption": "aes256", "integrity": "sha256", "dh_group": 14}
    policy = parsed({"ike": ike, "esp": {"encryption": "aes256", "integrity": "sha256"}})
    assert policy.ike.aggressive == aggressive
    assert [str(warning) for warning in policy_warnings.policy_warnings("mine", policy, "p")][1:] == aggressive * [
        (
            "p.ike.mode: policy 'mine' uses aggressive mode, which sends a hash made with the PSK in clear: who "
            "listens, or just asks, can try passwords offline; use main mode or version 2, or at least a long random "
            "PSK."
        )
    ]


def test_weak_algorithms_are_named_with_the_reason() -> None:
    half = {"encryption": "3des", "integrity": "md5"}
    policy = parsed({"ike": {"version": 1, **half, "dh_group": 2}, "esp": {**half, "pfs_group": 2}})
    assert [str(warning) for warning in policy_warnings.policy_warnings("old", policy, "p")][:4] == [
        "p.ike.version: policy 'old' uses IKEv1, which RFC 9395 retired in 2023; use version 2.",
        (
            "p.ike.encryption: policy 'old' names 3des, which is legacy: 64-bit blocks leak plaintext after some "
            "gigabytes under one key (Sweet32), and it is slow; use aes256gcm16 or aes256."
        ),
        (
            "p.ike.integrity: policy 'old' names md5, which is broken: collisions are made in seconds, and RFC 8247 "
            "and RFC 8221 forbid it; use sha256."
        ),
        (
            "p.ike.dh_group: policy 'old' names group 2 (modp1024), which is broken: its 1024-bit prime gives about 80 "
            "bits of security: within reach of a state (Logjam); use 20 (ecp384) or 15 (modp3072)."
        ),
    ]


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.binary(max_size=20)
    | st.dates()
    | st.sampled_from([*ENCRYPTION, "sha256", "md5", "none", "aggressive", -1, 15, 31])
    | st.builds(lambda: 10**5000),
    lambda inner: (
        st.lists(inner, max_size=20)
        | st.dictionaries(
            st.sampled_from(["ike", "esp", "ah", *policies.IKE_KEYS, "pfs_group"])
            | st.text(max_size=5)
            | st.integers(),
            inner,
        )
    ),
    max_leaves=30,
)
HALF = st.dictionaries(st.sampled_from([*policies.IKE_KEYS, "pfs_group"]), ANYTHING)


@example({"esp": {"encryption": None}})
@given(ANYTHING | st.fixed_dictionaries({}, optional={"ike": HALF, "esp": HALF, "ah": HALF}))
def test_never_raises_and_says_why_or_gives_a_policy(raw: object) -> None:
    policy, problems = parse_policy(raw, "p")
    assert (policy is None) == bool(problems)
    if policy:
        policy_warnings.policy_warnings("p", policy, "p")
        assert all(tokens(policy))
