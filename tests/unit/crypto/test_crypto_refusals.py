# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies that are refused, in which words."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.crypto import (
    DH_GROUPS,
    ENCRYPTION,
    INTEGRITY,
    PRF,
)
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.policies import parse_policy

CIPHERS = ", ".join(ENCRYPTION)
HASHES = ", ".join(INTEGRITY)
GROUPS = ", ".join(f"{number} ({group.token})" for number, group in DH_GROUPS.items())
IKE: dict[str, Any] = {"encryption": "aes256gcm16", "dh_group": 20}


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


def refused(raw: object) -> list[str]:
    policy, problems = parse_policy(raw, "p")
    assert policy is None
    return [str(problem) for problem in problems]


@pytest.mark.parametrize(("raw", "messages"), REFUSED)
def test_refused(raw: object, messages: list[str]) -> None:
    assert refused(raw) == messages
