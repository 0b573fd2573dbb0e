# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""States of tunnels, and the cause for what charon logs (the lines are those that 5.9.8 and 6.0.1 write)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.causeway.ipsec.plugins.module_utils.sa_causes import (
    HALF,
    OVERHEARD,
    PASSIVE,
    SYMPTOMS,
    TOO_SLOW,
    Offer,
    classify,
    no_answer,
    unauthenticated,
    words,
)
from ansible_collections.causeway.ipsec.plugins.module_utils.sas import (
    live_children,
    missing_children,
    parse_sas,
    state_of,
    summary,
)
from ansible_collections.causeway.ipsec.plugins.module_utils.tunnel_dial import read_offers
from ansible_collections.causeway.ipsec.plugins.modules import tunnel

CHILD = {
    "name": "c",
    "state": "INSTALLED",
    "mode": "TUNNEL",
    "protocol": "ESP",
    "encap": "yes",
    "encr-alg": "AES_GCM_16",
    "encr-keysize": "256",
    "bytes-in": "84",
    "packets-in": "1",
    "spi-in": "c0ffee00",
    "local-ts": ["192.168.1.0/24"],
    "remote-ts": ["192.168.2.0/24"],
    "rekey-time": "3000",
}
IKE = {
    "uniqueid": "7",
    "version": "2",
    "state": "ESTABLISHED",
    "initiator": "yes",
    "local-host": "198.51.100.10",
    "remote-host": "198.51.100.20",
    "responder-spi": "00000000000000a1",
    "encr-alg": "AES_CBC",
    "encr-keysize": "128",
    "integ-alg": "HMAC_SHA2_256_128",
    "prf-alg": "PRF_HMAC_SHA2_256",
    "dh-group": "MODP_3072",
    "established": "12",
}


def ike(**changes: Any) -> dict[str, Any]:
    return {"cw-a": {**IKE, "child-sas": {"c-3": CHILD}, **changes}}


@pytest.mark.parametrize(
    ("events", "children", "state"),
    [
        ([], ["c"], "down"),
        ([ike()], ["c"], "up"),
        ([ike()], [], "up"),
        ([ike()], ["c", "d"], "connecting"),
        ([ike(**{"child-sas": {}})], ["c"], "connecting"),
        ([ike(state="CONNECTING", **{"child-sas": {}})], [], "connecting"),
        ([ike(**{"child-sas": {"c-3": {**CHILD, "state": "REKEYED"}}})], ["c"], "up"),
        ([{"cw-b": ike()["cw-a"]}], ["c"], "down"),
    ],
)
def test_states(events: list[dict[str, Any]], children: list[str], state: str) -> None:
    sas = parse_sas(events)
    assert state_of("cw-a", children, sas) == state


def test_missing_and_live_children() -> None:
    sas = parse_sas([ike(), ike(uniqueid="8", **{"child-sas": {"d-4": {**CHILD, "name": "d"}}})])
    assert missing_children("cw-a", ["c", "d", "e"], sas) == ["e"]
    assert [child.name for child in live_children("cw-a", sas)] == ["c", "d"]


def test_the_summary_is_of_the_sa_that_counts() -> None:
    sas = parse_sas([ike(uniqueid="9", state="CONNECTING", **{"child-sas": {}}), ike()])
    found = summary("cw-a", ["c"], sas, lambda sa, child: 1438 if (sa.unique_id, child.name) == ("7", "c") else None)
    assert found["state"] == "up"
    assert found["ike_proposal"] == "AES_CBC-128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_3072"
    assert (found["established"], found["rekey"], found["initiator"]) == (12, None, True)
    (child,) = found["children"]
    assert child["proposal"] == "AES_GCM_16-256"
    assert (child["bytes_in"], child["bytes_out"], child["local_subnets"]) == (84, 0, ["192.168.1.0/24"])
    assert (child["mode"], child["protocol"], child["encapsulation"], child["mtu"]) == ("TUNNEL", "ESP", True, 1438)


def test_key_exchanges_that_followed_the_first_are_told() -> None:
    """As strongSwan 6.0.1 gives them (ake1) and swanctl shows them (KE1)."""
    more = {"ake1": "ML_KEM_768", "ake2": "CURVE_25519"}
    (sa,) = parse_sas([ike(**more, **{"child-sas": {"c-3": {**CHILD, "dh-group": "ECP_384", "ake1": "CURVE_25519"}}})])
    assert sa.proposal == "AES_CBC-128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_3072/KE1_ML_KEM_768/KE2_CURVE_25519"
    assert [child.proposal for child in sa.children] == ["AES_GCM_16-256/ECP_384/KE1_CURVE_25519"]


def test_the_summary_of_nothing() -> None:
    found = summary("cw-a", [], [], lambda _sa, _child: None)
    assert (found["state"], found["ike_proposal"], found["children"]) == ("down", None, [])


@pytest.mark.parametrize(("spi", "answered"), [("0000000000000000", False), ("00000000000000a1", True)])
def test_whether_the_peer_ever_answered(spi: str, answered: bool) -> None:
    (sa,) = parse_sas([ike(**{"responder-spi": spi, "tasks-active": ["IKE_INIT"]})])
    assert (sa.answered, sa.busy) == (answered, True)


@pytest.mark.parametrize(
    ("changes", "unauthenticated"),
    [
        ({}, True),
        ({"state": "ESTABLISHED"}, False),
        ({"version": "2"}, False),
        ({"responder-spi": "0000000000000000"}, False),
    ],
)
def test_whether_a_peer_of_ikev1_stops_where_it_must_authenticate(
    changes: dict[str, Any], unauthenticated: bool
) -> None:
    (sa,) = parse_sas([ike(**{"version": "1", "state": "CONNECTING", **changes})])
    assert sa.unauthenticated == unauthenticated


OFFER = Offer("198.51.100.20", "us", "them", ("aes128-sha256-modp3072",), ("aes256gcm16",), ("10.1.0.0/16",), ())


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("received NO_PROPOSAL_CHOSEN notify error", "ike_proposal", "aes128-sha256-modp3072"),
        ("received NO_PROPOSAL_CHOSEN notify, no CHILD_SA built", "child_proposal", "aes256gcm16"),
        ("received AUTHENTICATION_FAILED notify error", "authentication", "'us' (our identity)"),
        ("tried 1 shared key for 'us' - 'them', but MAC mismatched", "psk_mismatch", "198.51.100.20"),
        ("no shared key found for 'us' - 'them'", "secret_missing", "'us' and 'them'"),
        ("IDir 'other' does not match to 'them'", "identity", "'them'"),
        ("received TS_UNACCEPTABLE notify, no CHILD_SA built", "selectors", "10.1.0.0/16"),
        ("received INVALID_KE_PAYLOAD notify error", "ike_group", "Diffie-Hellman"),
        ("giving up after 5 retransmits", "no_answer", "198.51.100.20"),
        ("error writing to socket: Network is unreachable", "local", "Network is unreachable"),
        ("unable to install IPsec policies (SPD) in kernel", "kernel", "10.1.0.0/16"),
        ("error installing route with policy 10.1.0.0/16 === 10.2.0.0/16 out", "kernel", "userspace ESP"),
        ("HW offload is not supported by device wan0", "kernel", "supported by device wan0). Use auto or no."),
        ("IDr payload missing", "refused", "its own report or log does"),
        ("configured DH group CURVE_448 not supported", "algorithm_missing", "CURVE_448"),
        ("CHILD_SA config 'cw-a' not found", "not_loaded", "causeway.ipsec.connections"),
        ("received INVALID_MAJOR_VERSION notify error", "refused", "INVALID_MAJOR_VERSION"),
        # Of certificates and raw keys, as 5.9.8 and 6.0.1 say it.
        ("no private key found for 'us'", "key_missing", "no private key with a certificate for 'us'"),
        (
            "certificate was revoked on Nov 26 05:54:30 UTC 2026, reason: key compromise",
            "certificate_revoked",
            "the certificate of the peer at 198.51.100.20 was revoked on Nov 26 05:54:30 UTC 2026 (key compromise).",
        ),
        (
            "subject certificate invalid (valid from Nov 16 06:54:30 2026 to Nov 25 06:54:30 2026)",
            "certificate_dates",
            "is not valid now: valid from Nov 16 06:54:30 2026 to Nov 25 06:54:30 2026. Renew it",
        ),
        ('  issuer is "CN=CA one"', "certificate_untrusted", 'is signed by "CN=CA one", which this end does not know.'),
        (
            "constraint check failed: peer not authenticated by CA 'CN=CA two'",
            "certificate_untrusted",
            "is not signed by 'CN=CA two', which this end trusts for it.",
        ),
        (
            "constraint check failed: RULE_CRL_VALIDATION is SKIPPED, but requires at least GOOD",
            "certificate_status",
            "nothing says whether the certificate of the peer at 198.51.100.20 is revoked",
        ),
        ("constraint check failed: peer not authenticated with peer cert 'them'", "public_key", "knows of 'them'."),
        ("no trusted ECDSA public key found for 'them'", "public_key", "another key than this end knows of 'them'."),
        ("signature validation failed, looking for another key", "public_key", "Give its gateway the right public_key"),
        # IKEv1 has other words for it.
        ("received NO_PROPOSAL_CHOSEN error notify", "ike_proposal", "aes128-sha256-modp3072"),
        ("parsed INFORMATIONAL_V1 request 3438723388 [ HASH N(NO_PROP) ]", "child_proposal", "aes256gcm16"),
        ("received INVALID_ID_INFORMATION error notify", "selectors", "10.1.0.0/16"),
        ("received AUTHENTICATION_FAILED error notify", "authentication", "'us' (our identity)"),
        ("received PAYLOAD_MALFORMED error notify", "psk_mismatch", "198.51.100.20"),
        ("received SITUATION_NOT_SUPPORTED error notify", "refused", "SITUATION_NOT_SUPPORTED"),
    ],
)
def test_each_symptom_has_its_cause(line: str, code: str, words: str) -> None:
    found = classify(["received packet: from …", line, "establishing CHILD_SA failed"], "initiate failed", OFFER)
    assert found.code == code
    assert words in found.text


def test_what_is_said_of_a_refusal_is_of_how_we_authenticate() -> None:
    line = "received AUTHENTICATION_FAILED notify error"
    assert "its pre-shared key differs" in classify([line], "", OFFER).text
    found = classify([line], "", replace(OFFER, local_auth="pubkey")).text
    assert "refuses our authentication: it does not believe our certificate or key (its own report or log" in found


def test_every_text_can_be_filled_in() -> None:
    for symptom in SYMPTOMS:
        groups = dict.fromkeys(symptom.pattern.groupindex, "x")
        assert symptom.text.format(**groups, **words(Offer()))


def test_every_code_is_documented() -> None:
    codes = {symptom.code for symptom in (*SYMPTOMS, *OVERHEARD)} | {PASSIVE.code, HALF.code, TOO_SLOW.code, "unknown"}
    (shown,) = re.findall(r"cause_code:.*?returned:", tunnel.RETURN, re.DOTALL)
    assert set(re.findall(r"V\((\w+)\)", shown)) == codes


def test_silence_is_no_answer_and_the_unknown_is_quoted() -> None:
    assert classify(["sending packet: …"], "CHILD_SA 'c' not established after 9000ms", OFFER).code == "no_answer"
    found = classify(["received packet: …", "something new "], "establishing CHILD_SA 'c' failed", OFFER)
    assert found.code == "unknown"
    assert "something new" in found.text


def test_the_phase_of_ikev1_that_failed() -> None:
    """Both say NO_PROPOSAL_CHOSEN; only the first one says it in clear."""
    said = "received NO_PROPOSAL_CHOSEN error notify"
    assert classify(["parsed INFORMATIONAL_V1 request 0 [ N(NO_PROP) ]", said], "", OFFER).code == "ike_proposal"
    assert classify(["parsed INFORMATIONAL_V1 request 7 [ HASH N(NO_PROP) ]", said], "", OFFER).code == "child_proposal"


def test_what_is_said_of_ikev1_names_what_is_peculiar_to_it() -> None:
    found = unauthenticated(OFFER)
    assert found.code == "psk_mismatch"
    assert found.text == (
        "the peer at 198.51.100.20 answers, and falls silent when the ends are to authenticate each other. That is how "
        "different pre-shared keys show in IKEv1: set the same one at both ends. The peer's log says more."
    )
    hint = "Does it do IKEv1? Some ignore it without a word (libreswan unless ikev1-policy=accept)"
    assert hint in no_answer(Offer(ike_version="1")).text
    assert hint not in no_answer(OFFER).text


def test_what_is_said_of_ah_names_it() -> None:
    offer = Offer(ipsec_proposals=("sha256-modp2048",), protocol="AH")
    found = classify(["received NO_PROPOSAL_CHOSEN notify, no CHILD_SA built"], "", offer)
    assert found.text == (
        "the peers agree on IKE, but the peer accepts none of our AH proposals (sha256-modp2048). "
        "Compare the protocol (ESP or AH), encryption, integrity and PFS group at both ends."
    )
    found = classify(["unable to install inbound and outbound IPsec SA (SAD) in kernel"], "", offer)
    assert "does it have AH and XFRM?" in found.text


def test_offers_come_from_our_file(tmp_path: Any) -> None:
    path = tmp_path / "causeway.conf"
    path.write_text(
        "connections { cw-a { remote_addrs = 198.51.100.20\n proposals = aes128-sha256-modp3072\n local { id = us\n }\n"
        "remote { id = them\n }\n children { c { esp_proposals = aes256gcm16\n local_ts = 10.1.0.0/16\n } } } }"
    )
    assert read_offers(str(path)) == {"cw-a": OFFER}
    path.write_text("connections { cw-c { remote_addrs = 192.0.2.1\n local { auth = pubkey\n } } }")
    assert read_offers(str(path)) == {"cw-c": Offer(remote_address="192.0.2.1", local_auth="pubkey")}
    path.write_text("connections { cw-b { version = 1\n children { c { ah_proposals = sha256, sha1\n } } } }")
    offer = Offer(ipsec_proposals=("sha256", "sha1"), protocol="AH", ike_version="1")
    assert read_offers(str(path)) == {"cw-b": offer}
    path.write_text("} broken")
    assert read_offers(str(path)) == {}
    assert read_offers(str(tmp_path / "none")) == {}
