# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of certificates and keys that will not do, to the letter."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.causeway.ipsec.plugins.plugin_utils.pki.checks import check_credentials
from ansible_collections.causeway.ipsec.plugins.plugin_utils.pki.sources import Sources
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology import load
from certificates import NOW, Authority, named, new_key, pem, private_pem, public_pem
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

if TYPE_CHECKING:
    from pathlib import Path

ROOT = Authority("Root CA")
ISSUING = Authority("Issuing CA", parent=ROOT)
OTHER = Authority("Other CA")
BARE = Authority("Bare CA", key_ids=False)
KEY = new_key()
GOOD = ISSUING.issue(KEY, ["gw.berlin.example", "198.51.100.10", "fd00::1", "vpn@berlin.example"])
AT = "sites[berlin].gateways[0]."


def day(number: int) -> str:
    return f"{NOW + timedelta(days=number):%Y-%m-%d}"


def topology(**changes: Any) -> dict[str, Any]:
    """Berlin has a certificate; `authority` and `gateway` add to what is written, `tunnel` too."""
    gateway = {
        "host": "b",
        "address": "198.51.100.10",
        "ca": "corp",
        "certificate": pem(GOOD),
        "private_key": private_pem(KEY),
    }
    authority = {"certificates": [pem(ISSUING.certificate), pem(ROOT.certificate)]}
    london = {"host": "l", "address": "198.51.100.20"}
    return {
        "authorities": {"corp": {**authority, **changes.get("authority", {})}},
        "sites": {
            "berlin": {"subnets": ["10.1.0.0/16"], "gateways": [{**gateway, **changes.get("gateway", {})}]},
            "london": {"subnets": ["10.2.0.0/16"], "gateways": [london]},
        },
        "tunnels": [
            {"name": "t", "sites": ["berlin", "london"], "auth": "certificate", **changes.get("tunnel", {})},
        ],
    }


def said(directory: Path, **changes: Any) -> list[str]:
    sources = Sources(directory, lambda _path, content: content)
    problems, _expiring = check_credentials(load(topology(**changes)), sources, NOW)
    return [str(problem) for problem in problems]


@pytest.mark.parametrize(
    "identity",
    [
        "GW.berlin.example",
        "198.51.100.10",
        "fd00:0::1",
        "vpn@berlin.example",
        "CN=gw.berlin.example",
        "/cn=GW.Berlin.example",
    ],
)
def test_what_is_right(tmp_path: Path, identity: str) -> None:
    assert said(tmp_path, tunnel={"ids": {"berlin": identity}}) == []


def test_files_are_beside_the_inventory(tmp_path: Path) -> None:
    (tmp_path / "berlin.pem").write_text(pem(GOOD))
    (tmp_path / "old.pem").write_text(pem(ISSUING.issue(KEY, ["198.51.100.10"], days=(-9, -2))))
    (tmp_path / "der.pem").write_bytes(GOOD.public_bytes(serialization.Encoding.DER))
    assert said(tmp_path, gateway={"certificate": "berlin.pem"}) == []
    assert said(tmp_path, gateway={"certificate": "old.pem"}) == [
        f"{AT}certificate: old.pem: expired on {day(-2)}; give the renewed one."
    ]
    assert said(tmp_path, gateway={"certificate": "no.pem"}) == [
        f"{AT}certificate: {tmp_path}/no.pem cannot be read (No such file or directory)."
    ]
    assert said(tmp_path, gateway={"certificate": "der.pem"}) == [
        f"{AT}certificate: {tmp_path}/der.pem is not text in PEM form (openssl x509 -inform DER converts it)."
    ]


def secret(key: Any) -> str:
    encryption = serialization.BestAvailableEncryption(b"open sesame")
    return str(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption).decode())


ALLOWED = "RSA of 2048 bits or more, ECDSA on P-256, P-384 or P-521, and Ed25519 are allowed."
SHORT = new_key("rsa", 1024)
ODD = ec.generate_private_key(ec.SECP256K1())
CHAIN = [pem(ISSUING.certificate), pem(ROOT.certificate)]
IDENTITIES = (
    "and its certificate is for gw.berlin.example and vpn@berlin.example and 198.51.100.10 and fd00::1 and "
    "CN=gw.berlin.example. Set ids: {berlin: 'gw.berlin.example'}, or have it issued for"
)
CASES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "not yet valid": (
        {"gateway": {"certificate": pem(ISSUING.issue(KEY, ["198.51.100.10"], days=(3, 9)))}},
        [f"{AT}certificate: is valid from {day(3)} on, and the controller's clock says {day(0)}."],
    ),
    "of another key": (
        {"gateway": {"private_key": private_pem(new_key())}},
        [f"{AT}certificate: is for another key than private_key; give both of one pair."],
    ),
    "of another CA": (
        {"gateway": {"certificate": pem(OTHER.issue(KEY, ["198.51.100.10"]))}},
        [
            (
                f"{AT}certificate: is not signed by authority 'corp' (CN=Issuing CA and CN=Root CA); its issuer calls "
                f"itself CN=Other CA."
            )
        ],
    ),
    "with a short key": (
        {"gateway": {"certificate": pem(ISSUING.issue(SHORT, ["198.51.100.10"])), "private_key": private_pem(SHORT)}},
        [
            f"{AT}private_key: holds an RSA key of 1024 bits; {ALLOWED}",
            f"{AT}certificate: has an RSA key of 1024 bits; {ALLOWED}",
        ],
    ),
    "with a key on another curve": (
        {"gateway": {"certificate": pem(ISSUING.issue(ODD, ["198.51.100.10"])), "private_key": private_pem(ODD)}},
        [
            f"{AT}private_key: holds an ECDSA key on secp256k1; {ALLOWED}",
            f"{AT}certificate: has an ECDSA key on secp256k1; {ALLOWED}",
        ],
    ),
    "for another identity": (
        {"tunnel": {"ids": {"berlin": "gw.paris.example"}}},
        [f"tunnels[t].ids: berlin is 'gw.paris.example' in 't', {IDENTITIES} gw.paris.example."],
    ),
    "for another distinguished name": (
        {"tunnel": {"ids": {"berlin": "C=DE, CN=gw.berlin.example"}}},
        [f"tunnels[t].ids: berlin is 'C=DE, CN=gw.berlin.example' in 't', {IDENTITIES} C=DE, CN=gw.berlin.example."],
    ),
    "for nobody": (
        {"gateway": {"certificate": pem(ISSUING.issue(KEY, [], subject=named("x")))}},
        [
            (
                "tunnels[t].ids: berlin is '198.51.100.10' in 't', and its certificate is for CN=x. "
                "Set ids: {berlin: 'CN=x'}, or have it issued for 198.51.100.10."
            )
        ],
    ),
    "revoked": (
        {"authority": {"crls": pem(ISSUING.revoke(GOOD))}},
        [f"{AT}certificate: is revoked since {day(-1)}, says a list of authority 'corp'."],
    ),
    "no certificate": (
        {"gateway": {"certificate": private_pem(KEY)}},
        [f"{AT}certificate: holds no certificate in PEM form."],
    ),
    "two certificates": (
        {"gateway": {"certificate": pem(GOOD) * 2}},
        [f"{AT}certificate: holds 2 certificates in PEM form; give each as an entry of its own."],
    ),
    "a broken certificate": (
        {"gateway": {"certificate": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}},
        [f"{AT}certificate: holds no certificate that can be read."],
    ),
    "no private key": (
        {"gateway": {"private_key": pem(GOOD)}},
        [f"{AT}private_key: holds no private key in PEM form."],
    ),
    "a broken private key": (
        {"gateway": {"private_key": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"}},
        [f"{AT}private_key: holds no private key that can be read."],
    ),
    "a private key with a passphrase": (
        {"gateway": {"private_key": secret(KEY)}},
        [
            (
                f"{AT}private_key: is protected by a passphrase, which strongSwan would ask for; give it without one, "
                "in Ansible Vault."
            )
        ],
    ),
    "a public key of another pair": (
        {"gateway": {"public_key": public_pem(new_key())}},
        [f"{AT}public_key: does not belong to private_key; give both of one pair."],
    ),
    "a CA without its root": (
        {"authority": {"certificates": pem(ISSUING.certificate)}},
        [
            (
                "authorities[corp].certificates: none is self-signed, and strongSwan trusts nothing without its root; "
                "add the certificate of CN=Root CA."
            )
        ],
    ),
    "a CA that is none": (
        {"authority": {"certificates": [*CHAIN, pem(Authority(ca=False).certificate)]}},
        ["authorities[corp].certificates[2]: is no CA's certificate (basicConstraints: CA:TRUE)."],
    ),
    "a CA that has expired": (
        {
            "authority": {
                "certificates": [
                    pem(ISSUING.certificate),
                    pem(ROOT.certificate),
                    pem(Authority(days=(-9, -1)).certificate),
                ]
            }
        },
        [f"authorities[corp].certificates[2]: expired on {day(-1)}; give the renewed one."],
    ),
    "a list of another CA": (
        {"authority": {"crls": [pem(ISSUING.revoke()), pem(OTHER.revoke())]}},
        ["authorities[corp].crls[1]: is not signed by this authority, but by CN=Other CA."],
    ),
    "a list that strongSwan would not find": (
        {
            "authority": {
                "certificates": pem(BARE.certificate),
                "crls": pem(BARE.revoke()),
            },
            "gateway": {"certificate": pem(BARE.issue(KEY, ["198.51.100.10"]))},
        },
        [
            (
                "authorities[corp].crls[0]: would be passed over: strongSwan finds a list by key identifiers "
                "(RFC 5280, 4.2.1.2 and 5.2.1), and it or one of the authority's certificates has none. "
                "Have them issued with one."
            )
        ],
    ),
    "a list that is out of date": (
        {"authority": {"crls": pem(ISSUING.revoke(days=(-9, -1)))}},
        [f"authorities[corp].crls[0]: was to be replaced on {day(-1)}; give the newer one."],
    ),
    "a certificate in place of a list": (
        {"authority": {"crls": pem(GOOD)}},
        ["authorities[corp].crls[0]: holds no certificate revocation list in PEM form."],
    ),
}


@pytest.mark.parametrize(("changes", "problems"), CASES.values(), ids=CASES)
def test_what_is_wrong(tmp_path: Path, changes: dict[str, Any], problems: list[str]) -> None:
    assert said(tmp_path, **changes) == problems


def test_what_cannot_be_made(tmp_path: Path) -> None:
    at = "sites[london].gateways[0]: no certificate can be made: london is called "
    wrong = f"{at}C=Germany, CN=x in its tunnels, which X.509 does not allow (C has two letters)."
    ids = {"berlin": "CN=gw.berlin.example", "london": "C=Germany, CN=x"}
    assert said(tmp_path, tunnel={"ids": ids}) == [wrong]
    raw = topology(tunnel={"ids": {"london": "CN=x"}})
    raw["tunnels"].append({**raw["tunnels"][0], "name": "u", "ids": {"london": "CN=y"}})
    sources = Sources(tmp_path, lambda _path, content: content)
    problems, _expiring = check_credentials(load(raw, checked=True), sources, NOW)
    wrong = f"{at}CN=x and CN=y in its tunnels, and a certificate has one distinguished name."
    assert list(map(str, problems)) == [wrong]


def test_what_expires_soon(tmp_path: Path) -> None:
    (tmp_path / "berlin.pem").write_text(pem(ISSUING.issue(KEY, ["198.51.100.10"], days=(-1, 12))))
    sources = Sources(tmp_path, lambda _path, content: content)
    found = check_credentials(load(topology(gateway={"certificate": "berlin.pem"})), sources, NOW)
    warning = f"{AT}certificate: berlin.pem: expires on {day(12)}, in 12 days; renew it."
    assert [list(map(str, some)) for some in found] == [[], [warning]]
    assert check_credentials(load(topology()), sources, NOW) == ([], [])


def test_no_message_shows_a_key(tmp_path: Path) -> None:
    for changes, _problems in CASES.values():
        key = changes.get("gateway", {}).get("private_key", "")
        body = "".join(key.split("-----")[2:3]).strip().splitlines()
        assert not any(line in message for line in body for message in said(tmp_path, **changes))
