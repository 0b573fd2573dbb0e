# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry holds what the issue asks for, right, and only what real daemons offer."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology import crypto
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.crypto import (
    DH_GROUPS,
    ENCRYPTION,
    INTEGRITY,
    KEMS,
    PRF,
    Proposal,
)
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.crypto_data import (
    ACCEPTABLE,
    BROKEN,
    LEGACY,
    PLUGIN_PACKAGES,
    RECOMMENDED,
    Algorithm,
)

TABLES = (ENCRYPTION, INTEGRITY, PRF, DH_GROUPS, KEMS)
ROWS = [row for table in TABLES for row in table.values()]

# IKEv2 parameters at IANA: encryption 3, 12-16, 18-20, 23, 28; integrity 1, 2, 5, 8, 12-14; PRF 1, 2, 4-8.
IANA = {
    "3des": 3,
    **{f"aes{bits}": 12 for bits in (128, 192, 256)},
    **{f"aes{bits}ctr": 13 for bits in (128, 192, 256)},
    **{f"aes{bits}ccm{tag}": number for bits in (128, 192, 256) for tag, number in ((8, 14), (12, 15), (16, 16))},
    **{f"aes{bits}gcm{tag}": number for bits in (128, 192, 256) for tag, number in ((8, 18), (12, 19), (16, 20))},
    **{f"camellia{bits}": 23 for bits in (128, 192, 256)},
    "chacha20poly1305": 28,
}


def offered(version: str, *more: str) -> set[str]:
    """What swanctl --list-algs said with openssl as the only plugin for cryptography, as kind:NAME; and with more."""
    names = [version, *(f"{version}-{plugins}" for plugins in more)]
    lines = [(Path(__file__).parent / f"list-algs-{name}.txt").read_text(encoding="ascii").split() for name in names]
    return {line.replace("dh:", "ke:", 1) for found in lines for line in found}


def test_ciphers_and_their_numbers() -> None:
    assert {name: cipher.iana[1] for name, cipher in ENCRYPTION.items()} == IANA


def test_hashes_and_their_numbers() -> None:
    assert {name: row.iana for name, row in INTEGRITY.items()} == {
        "md5": ("AUTH_HMAC_MD5_96", 1),
        "sha1": ("AUTH_HMAC_SHA1_96", 2),
        "sha256": ("AUTH_HMAC_SHA2_256_128", 12),
        "sha384": ("AUTH_HMAC_SHA2_384_192", 13),
        "sha512": ("AUTH_HMAC_SHA2_512_256", 14),
        "aesxcbc": ("AUTH_AES_XCBC_96", 5),
        "aescmac": ("AUTH_AES_CMAC_96", 8),
    }
    assert {name: row.iana[1] for name, row in PRF.items()} == {
        "md5": 1,
        "sha1": 2,
        "sha256": 5,
        "sha384": 6,
        "sha512": 7,
        "aesxcbc": 4,
        "aescmac": 8,
    }


def test_groups() -> None:
    assert list(DH_GROUPS) == [1, 2, 5, *range(14, 33)]
    assert all(number == group.number == group.iana[1] for number, group in DH_GROUPS.items())
    assert {name: (row.iana[1], row.algorithm) for name, row in KEMS.items()} == {
        "mlkem512": (35, "ML_KEM_512"),
        "mlkem768": (36, "ML_KEM_768"),
        "mlkem1024": (37, "ML_KEM_1024"),
    }


@pytest.mark.parametrize("version", ["5.9.8", "6.0.1", "6.1.0"])
def test_daemons_offer_every_row(version: str) -> None:
    whole = [
        *(Proposal((name,), (), (), ()) for name in ENCRYPTION),
        Proposal((), tuple(INTEGRITY), tuple(PRF), tuple(DH_GROUPS)),
    ]
    wanted = {f"{kind}:{name}" for kind, names in crypto.algorithms(whole, []).items() for name in names}
    assert wanted <= offered(version, "xcbc-cmac")
    own = {row.algorithm for row in (*INTEGRITY.values(), *PRF.values()) if row.plugins[0] in {"xcbc", "cmac"}}
    assert {name for name in wanted if name.partition(":")[2] not in own} <= offered(version)


@pytest.mark.parametrize(("version", "has"), [("5.9.8", False), ("6.0.1", False), ("6.1.0", True)])
def test_h14_daemons_offer_ml_kem_from_debian_14_on(version: str, has: bool) -> None:
    assert [f"ke:{row.algorithm}" in offered(version) for row in KEMS.values()] == [has] * 3


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{type(row).__name__}-{row.name}")
def test_every_row_is_complete(row: Algorithm) -> None:
    assert row.status in {RECOMMENDED, ACCEPTABLE, LEGACY, BROKEN}
    assert row.why
    assert row.strength_bits > 0
    assert row.standing.rfc8247
    assert row.standing.rfc8221
    assert row.standing.bsi
    assert row.plugins[0] in PLUGIN_PACKAGES
    assert set(row.debian) == {"12", "13"}


def test_standing_and_status_agree() -> None:
    for row in ROWS:
        words = {row.standing.rfc8247, row.standing.rfc8221}
        if words & {"MUST NOT", "SHOULD NOT"}:
            assert row.status in {LEGACY, BROKEN}, row
        if row.status == RECOMMENDED:
            assert row.strength_bits >= 120, row


def test_tokens_are_unique() -> None:
    tokens = [row.token for row in (*ENCRYPTION.values(), *INTEGRITY.values(), *PRF.values(), *DH_GROUPS.values())]
    assert len(tokens) == len(set(tokens))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("AES-256-GCM", "aes256gcm16"),
        ("aes256-gcm128", "aes256gcm16"),
        ("aes_gcm_256", "aes256gcm16"),
        ("AES-128-CBC", "aes128"),
        ("AES128-CTR", "aes128ctr"),
        ("aes", "aes128"),
        ("triple-des", "3des"),
        ("ChaCha20", "chacha20poly1305"),
        ("aes265", "aes256"),
        ("Camellia-256-CBC", "camellia256"),
        ("rot13", ""),
        ("", ""),
        ("x" * 100000, ""),
    ],
)
def test_hints_for_ciphers(typed: str, meant: str) -> None:
    assert crypto.hint(ENCRYPTION, typed) == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("SHA2-256", "sha256"), ("hmac-sha2-512", "sha512"), ("sha-1", "sha1"), ("HMAC_SHA256_128", "sha256")],
)
def test_hints_for_hashes(typed: str, meant: str) -> None:
    assert crypto.hint(INTEGRITY, typed) == meant


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (15, 15),
        ("15", 15),
        ("group 15", 15),
        ("DH15", 15),
        ("dh-group-15", 15),
        ("modp3072", 15),
        ("x25519", 31),
        ("brainpoolP256r1", 28),
        ("secp384r1", 20),
        (True, None),
        (None, None),
        ("big", None),
        ("\u0661\u0665", None),
        ("9" * 10000, None),
    ],
)
def test_group_numbers(value: object, number: int | None) -> None:
    assert crypto.group_number(value) == number


def test_aead_and_classic_are_proposed_apart_aead_first() -> None:
    whole = crypto.proposals(("aes128", "aes256gcm16", "3des"), ("sha256",), ("sha256",), (15,))
    assert [crypto.proposal_token(proposal) for proposal in whole] == [
        "aes256gcm16-prfsha256-modp3072",
        "aes128-3des-sha256-prfsha256-modp3072",
    ]


def test_key_exchanges_that_follow_are_numbered() -> None:
    whole = crypto.proposals(("aes256gcm16",), (), ("sha384",), (20,), additional=("mlkem768", "31"))
    assert crypto.proposal_token(whole[0]) == "aes256gcm16-prfsha384-ecp384-ke1_mlkem768-ke2_curve25519"
    assert crypto.algorithms(whole, [])["ke"] == ("CURVE_25519", "ECP_384", "ML_KEM_768")
    (esp,) = crypto.proposals(("aes256gcm16",), (), (), (20,), esn=("esn", "noesn"))
    assert crypto.proposal_token(esp) == "aes256gcm16-ecp384-esn-noesn"


def test_h29_one_of_each_kind_for_ikev1() -> None:
    whole = crypto.singly(crypto.proposals(("aes128", "3des"), ("sha1",), (), (14, 2)))
    assert [crypto.proposal_token(proposal) for proposal in whole] == [
        "aes128-sha1-modp2048",
        "aes128-sha1-modp1024",
        "3des-sha1-modp2048",
        "3des-sha1-modp1024",
    ]


def test_algorithms_of_ikev1_include_the_prf() -> None:
    whole = [Proposal(("aes128",), ("sha1",), (), (14,))]
    assert crypto.algorithms(whole, [])["prf"] == ("PRF_HMAC_SHA1",)
    assert crypto.algorithms([], whole)["prf"] == ()


def test_h25_packages() -> None:
    needed = crypto.plugins([Proposal(("aes128ctr",), ("sha256",), ("sha256",), (15,))], [])
    assert crypto.packages(needed, "12") == ("libstrongswan-standard-plugins",)
    assert crypto.packages(needed, "13") == ("libstrongswan",)
    slow = crypto.plugins([Proposal(("aes128",), ("aesxcbc",), ("aescmac",), (15,))], [])
    assert slow == ("cmac", "openssl", "xcbc")
    assert crypto.packages(slow, "12") == (
        "libstrongswan",
        "libstrongswan-extra-plugins",
        "libstrongswan-standard-plugins",
    )
    assert crypto.packages(slow, "13") == ("libstrongswan", "libstrongswan-extra-plugins")
    with pytest.raises(ValueError, match=r"^release '11' is not known; known are 12, 13\.$"):
        crypto.packages(needed, "11")
