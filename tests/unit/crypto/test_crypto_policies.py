# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies: what is accepted, what is refused in which words, what is warned of."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology import policies, policy_warnings
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.crypto import (
    DH_GROUPS,
    ENCRYPTION,
    INTEGRITY,
    PRF,
    members,
    proposal_token,
)
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.crypto_data import ACCEPTABLE, RECOMMENDED
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.policies import BUILT_IN, Policy, parse_policy
from hypothesis import example, given
from hypothesis import strategies as st

CIPHERS = ", ".join(ENCRYPTION)
HASHES = ", ".join(INTEGRITY)
GROUPS = ", ".join(f"{number} ({group.token})" for number, group in DH_GROUPS.items())
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


def refused(raw: object) -> list[str]:
    policy, problems = parse_policy(raw, "p")
    assert policy is None
    return [str(problem) for problem in problems]


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


REFUSED: list[tuple[object, list[str]]] = [
    (None, ["p: null is not a mapping; allowed keys are ike, esp, ah."]),
    (
        {},
        ["p: says nothing: give ike, esp (or ah in its place), or both; what is missing is taken from 'recommended'."],
    ),
    (
        {"ike": {}},
        [
            "p.ike.encryption: missing; name one or more, for example [aes256gcm16, aes128gcm16].",
            "p.ike.dh_group: missing; IKE needs a Diffie-Hellman group, for example 20 (ecp384) or 15 (modp3072).",
        ],
    ),
    (
        {"ike": {"encryption": "aes256gcm16", "integrity": "sha256", "dh_group": 20}},
        [
            (
                "p.ike.integrity: aes256gcm16 encrypts and authenticates in one, an integrity algorithm beside it "
                "makes no sense; remove integrity, or use a cipher that needs one, for example aes256."
            )
        ],
    ),
    (
        {"ike": IKE, "esp": {"encryption": ["aes128gcm16", "aes256"]}},
        ["p.esp.integrity: missing; aes256 needs an integrity algorithm, for example sha256."],
    ),
    (
        {"ike": {**IKE, "encryption": ["aes256gcm16", "AES-128-CTR"], "integrity": "SHA2-256"}},
        [
            (
                f"p.ike.encryption[1]: unknown encryption algorithm 'AES-128-CTR'. Did you mean 'aes128ctr'? "
                f"Allowed: {CIPHERS}."
            ),
            (f"p.ike.integrity: unknown integrity algorithm 'SHA2-256'. Did you mean 'sha256'? Allowed: {HASHES}."),
        ],
    ),
    (
        {"ike": {**IKE, "dh_group": ["15", "modp3072", "group 14", 33, True, 15]}},
        [
            "p.ike.dh_group[1]: 'modp3072': groups are given by their number, write 15.",
            "p.ike.dh_group[2]: 'group 14': groups are given by their number, write 14.",
            f"p.ike.dh_group[3]: unknown Diffie-Hellman group 33. Allowed: {GROUPS}.",
            f"p.ike.dh_group[4]: unknown Diffie-Hellman group true. Allowed: {GROUPS}.",
            "p.ike.dh_group[5]: group 15 is named twice.",
        ],
    ),
    (
        {"ike": {**IKE, "prf": ["sha256", "sha256", 1], "lifetime": "1h", "version": "2"}},
        [
            "p.ike.version: '2' is not an IKE version; allowed are 2 (the default), 1 and any.",
            "p.ike.prf[1]: sha256 is named twice.",
            f"p.ike.prf[2]: unknown PRF 1. Allowed: {', '.join(PRF)}.",
            "p.ike.lifetime: '1h' is not a whole number of seconds, for example 14400.",
        ],
    ),
    (
        {"ike": {**IKE, "lifetime": 60, "pfs_group": 15}},
        [
            (
                "p.ike: unknown key 'pfs_group'. Did you mean 'dh_group'? "
                "Allowed: version, mode, encryption, integrity, prf, dh_group, lifetime, additional_key_exchanges, "
                "proposals, rekey_margin, reauth_lifetime."
            ),
            "p.ike.lifetime: 60 seconds; allowed are 300 to 2592000.",
        ],
    ),
    (
        {"ike": {**IKE, "encryption": []}},
        ["p.ike.encryption: a list of 0; name 1 to 16."],
    ),
    (
        {"ike": {**IKE, "version": 1, "dh_group": 31, "prf": "sha256"}},
        [
            "p.ike.encryption: IKEv1 cannot negotiate aes256gcm16 here; use aes256 or aes128, or version: 2.",
            "p.ike.dh_group: IKEv1 has no group 31; use 20 or 15, or version: 2.",
            "p.ike.prf: IKEv1 uses the integrity algorithm as its PRF; remove prf.",
            "p.esp: missing; with IKEv1 both halves must be given.",
        ],
    ),
    (
        {
            "ike": {
                "version": 1,
                "encryption": ["aes256", "aes192", "aes128"],
                "integrity": ["sha1", "sha256", "sha384"],
                "dh_group": [14, 15, 16],
            },
            "esp": {"encryption": "aes256", "integrity": "sha1", "pfs_group": 14},
        },
        ["p.ike: 27 combinations, each a proposal of its own in IKEv1; at most 24 are allowed."],
    ),
    (
        {"ike": {**IKE, "version": 1, "encryption": "aes128", "integrity": "aesxcbc"}, "ah": {"integrity": "aescmac"}},
        [
            "p.ike.integrity: IKEv1 cannot negotiate aesxcbc here; use sha256, or version: 2.",
            "p.ah.integrity: IKEv1 cannot negotiate aescmac here; use sha256, or version: 2.",
        ],
    ),
    (
        {"ike": {**IKE, "additional_key_exchanges": ["ML-KEM-768", "mlkem768", "mlkem768", 99]}},
        [
            (
                "p.ike.additional_key_exchanges[0]: unknown key exchange 'ML-KEM-768'. Did you mean 'mlkem768'? "
                "Allowed: mlkem512, mlkem768, mlkem1024 and the numbers of groups."
            ),
            "p.ike.additional_key_exchanges[2]: mlkem768 is named twice.",
            (
                "p.ike.additional_key_exchanges[3]: unknown key exchange 99. "
                "Allowed: mlkem512, mlkem768, mlkem1024 and the numbers of groups."
            ),
        ],
    ),
    (
        {"ike": {**IKE, "additional_key_exchanges": [14, 15, 16, 17, 18, 19, 20, 21]}},
        ["p.ike.additional_key_exchanges: 8 key exchanges; IKEv2 has room for 7 (RFC 9370)."],
    ),
    (
        {
            "ike": IKE,
            "esp": {
                "encryption": "aes256",
                "integrity": "sha256",
                "pfs_group": "none",
                "additional_key_exchanges": "mlkem768",
            },
        },
        ["p.esp.additional_key_exchanges: needs a pfs_group, which it follows (RFC 9370)."],
    ),
    (
        {
            "ike": {
                "version": 1,
                "encryption": "aes256",
                "integrity": "sha256",
                "dh_group": 14,
                "additional_key_exchanges": [19],
                "reauth_lifetime": 86400,
            },
            "esp": {"encryption": "aes256", "integrity": "sha256", "esn": "both"},
        },
        [
            "p.ike.additional_key_exchanges: IKEv1 has one key exchange and no more; remove it, or use version: 2.",
            "p.ike.reauth_lifetime: IKEv1 authenticates anew with all new keys; remove it, lifetime says when.",
            "p.esp.esn: IKEv1 cannot negotiate extended sequence numbers; remove esn, or use version: 2.",
        ],
    ),
    (
        {"ike": {**IKE, "version": "any"}},
        [
            "p.ike: names nothing that IKEv1 could negotiate, and version: any offers both; use version: 2.",
            "p.esp: missing; with IKEv1 both halves must be given.",
        ],
    ),
    (
        {"ike": {**IKE, "version": "any", "mode": "aggressive"}, "esp": {"encryption": "aes256gcm16"}},
        [
            "p.ike.mode: aggressive is a mode of IKEv1, and IKEv2 has none; remove mode, or set version: 1.",
        ],
    ),
    (
        {"ike": {**IKE, "lifetime": 3600, "rekey_margin": 1800, "reauth_lifetime": 400}},
        [
            (
                "p.ike.rekey_margin: 1800 seconds; new keys come between two margins and one before the end of the "
                "lifetime (3600), so less than half of it is allowed."
            ),
            "p.ike.reauth_lifetime: 400 seconds; more than two rekey margins (3600) are needed.",
        ],
    ),
    (
        {"esp": {"encryption": "aes256gcm16", "esn": "sometimes", "lifetime_bytes": 5, "lifetime_packets": 2**32}},
        [
            "p.esp.esn: must be yes, no or both, got 'sometimes'.",
            ("p.esp.lifetime_bytes: must be a whole number from 1000000 to 1000000000000000000, got 5."),
            "p.esp.lifetime_packets: packets are numbered up to 4294967295 only, unless esn is yes.",
        ],
    ),
    (
        {"ike": {"encryption": "aes256gcm16", "proposals": [{"encryption": "aes128", "dh_group": 14}, 7]}},
        [
            "p.ike.encryption: stands beside proposals; put it into each of them.",
            (
                "p.ike.proposals[1]: 7 is not a mapping; allowed keys are encryption, integrity, prf, dh_group, "
                "additional_key_exchanges."
            ),
            "p.ike.proposals[0].integrity: missing; aes128 needs an integrity algorithm, for example sha256.",
        ],
    ),
    (
        {"ike": {"proposals": IKE}, "esp": {"proposals": []}},
        [
            "p.ike.proposals: must be a list of proposals, strongest first, got a mapping of 2.",
            "p.esp.proposals: a list of 0; name 1 to 16.",
        ],
    ),
    (
        {"ah": {"proposals": [{"encryption": "aes128", "integrity": "sha256"}, {"lifetime": 3600}]}},
        [
            (
                "p.ah.proposals[0].encryption: AH encrypts nothing; give esp with encryption and integrity instead, or "
                "remove it."
            ),
            ("p.ah.proposals[1]: unknown key 'lifetime'. Allowed: integrity, pfs_group, additional_key_exchanges."),
            "p.ah.proposals[1].integrity: missing; AH needs an integrity algorithm, for example sha256.",
        ],
    ),
    (
        {"ike": {**IKE, "mode": "main", "version": "1"}, "ah": {}},
        [
            "p.ike.version: '1' is not an IKE version; allowed are 2 (the default), 1 and any.",
            "p.ah.integrity: missing; AH needs an integrity algorithm, for example sha256.",
        ],
    ),
]


@pytest.mark.parametrize(("raw", "messages"), REFUSED)
def test_refused(raw: object, messages: list[str]) -> None:
    assert refused(raw) == messages


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
