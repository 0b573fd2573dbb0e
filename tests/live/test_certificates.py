# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tunnels whose ends prove who they are by certificates and raw public keys, between real daemons."""

from __future__ import annotations

import base64
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from certificates import ECDSA, ED25519, RSA, Authority, new_key, pem, private_pem
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from planned import planned_with_credentials, two_sites
from tunnels import Pair, established, quiet

if TYPE_CHECKING:
    from pathlib import Path

    from gateways import Gateway

SUITE = {"encryption": "aes256", "integrity": "sha256"}
POLICY: dict[str, Any] = {"ike": {**SUITE, "dh_group": 14}, "esp": {**SUITE, "pfs_group": 14}}
TUNNEL = "cw-t0"


def topology(pair: Pair, **tunnel: Any) -> dict[str, Any]:
    """One tunnel whose ends call themselves by names."""
    raw = two_sites(pair, [POLICY])
    raw["tunnels"][0] = {**raw["tunnels"][0], "initiator": pair[0].lan, **tunnel}
    auth = tunnel.get("auth")
    if "psk" not in (auth.values() if isinstance(auth, dict) else [auth]):
        del raw["tunnels"][0]["psk"]
    return raw


def bring(raw: dict[str, Any], site: str, authority: Authority, kind: str = ECDSA, key: str = "", **issued: Any) -> Any:
    """Give a gateway a certificate of the user's, for its first identity or for names; returns it."""
    own = key or private_pem(new_key(kind))
    names = issued.pop("names", [raw["tunnels"][0]["ids"][site]])
    certificate = authority.issue(load_pem_private_key(own.encode(), None), names, **issued)
    known = raw.setdefault("authorities", {}).setdefault("corp", {})
    known["certificates"] = pem(authority.certificate)
    given = {"ca": "corp", "certificate": pem(certificate), "private_key": own}
    raw["sites"][site]["gateways"][0] |= given
    return certificate


def load(gateway: Gateway, raw: dict[str, Any], directory: Path, **maker: Any) -> dict[str, Any]:
    """Load a gateway's share."""
    done = gateway.connections(**planned_with_credentials(raw, gateway.lan, directory, **maker))
    assert not done.get("failed"), done
    return done


@pytest.mark.parameters(
    "top.authorities", "authority.certificates", "gateway.ca", "gateway.certificate", "gateway.private_key"
)
@pytest.mark.parametrize("kind", [ECDSA, RSA, ED25519])
def test_certificates_of_every_kind(pair: Pair, tmp_path: Path, kind: str) -> None:
    here, there = pair
    raw = topology(pair, auth="certificate")
    authority = Authority(kind=kind)
    for gateway in pair:
        bring(raw, gateway.lan, authority, kind)
    load(there, raw, tmp_path)
    assert load(here, raw, tmp_path)["loaded"] == [TUNNEL]
    first = established(here, TUNNEL)
    assert quiet(load(here, raw, tmp_path))
    here.sh("systemctl restart strongswan")  # from here on one end has all from the files
    assert established(here, TUNNEL) != first
    assert quiet(load(here, raw, tmp_path))


@pytest.mark.parameters("tunnel.auth")
def test_certificates_that_the_collection_makes(pair: Pair, tmp_path: Path) -> None:
    here, there = pair
    raw = topology(pair, auth="certificate", ids={there.lan: "C=DE, O=Example, CN=there"})
    load(there, raw, tmp_path)
    load(here, raw, tmp_path)
    established(here, TUNNEL)
    assert here.address in here.sh("swanctl --list-certs --type x509")
    assert quiet(load(here, raw, tmp_path))


@pytest.mark.parameters("tunnel.auth", "gateway.private_key")
def test_raw_public_keys_of_two_identities(pair: Pair, tmp_path: Path) -> None:
    here, there = pair
    raw = two_sites(pair, [POLICY] * 2)
    for tunnel in raw["tunnels"]:
        tunnel |= {"auth": "public_key", "initiator": here.lan}
        del tunnel["psk"]
    key = new_key(ED25519)
    raw["sites"][there.lan]["gateways"][0]["private_key"] = private_pem(key)
    names = load(there, raw, tmp_path)["loaded"]
    assert load(here, raw, tmp_path)["loaded"] == names
    established(here, *names)
    assert quiet(load(here, raw, tmp_path))
    for gateway in pair:
        gateway.sh("systemctl restart strongswan")  # from here on both ends have all from the files
    done = here.module("tunnel", connections=[{"name": name} for name in names])
    assert [tunnel["state"] for tunnel in done["tunnels"]] == ["up", "up"], done
    # A peer with another key than the one that is known of it is refused, and both ends say so.
    raw["sites"][there.lan]["gateways"][0]["private_key"] = private_pem(new_key(ED25519))
    load(there, raw, tmp_path)
    code, text = refused(here, names[0])
    assert code == "public_key", text
    assert f"the peer at {there.address} proved to have another key than this end knows" in text


def refused(gateway: Gateway, name: str, **options: Any) -> tuple[str, str]:
    """Why a tunnel does not come up, as the proof tells it."""
    done = gateway.module("tunnel", connections=[{"name": name, **options}], timeout=10, strict=False)
    (tunnel,) = done["tunnels"]
    assert tunnel["state"] != "up", done
    return tunnel["cause_code"], tunnel["cause"]


@pytest.mark.parameters("tunnel.auth")
@pytest.mark.parametrize("auth", [("certificate", "psk"), ("psk", "public_key"), ("public_key", "certificate")])
def test_each_end_by_a_method_of_its_own(pair: Pair, tmp_path: Path, auth: tuple[str, str]) -> None:
    here, there = pair
    raw = topology(pair, auth=dict(zip((here.lan, there.lan), auth)))
    load(there, raw, tmp_path)
    load(here, raw, tmp_path)
    established(here, TUNNEL)


@pytest.mark.parameters("authority.crls")
def test_a_revoked_certificate_is_refused_and_the_next_one_is_not(pair: Pair, tmp_path: Path) -> None:
    here, there = pair
    raw = topology(pair, auth="certificate", revocation="strict")
    authority = Authority()
    certificate = bring(raw, here.lan, authority)
    bring(raw, there.lan, authority)
    raw["authorities"]["corp"]["crls"] = pem(authority.revoke(number=1))
    load(there, raw, tmp_path)
    load(here, raw, tmp_path)
    established(here, TUNNEL)
    here.module("tunnel", connections=[{"name": TUNNEL}], state="down")
    raw["authorities"]["corp"]["crls"] = pem(authority.revoke(certificate, number=2))
    done = there.connections(**planned_with_credentials(raw, there.lan, tmp_path, problems=1))
    assert (done["credentials_changed"], done["replaced"]) == (["/etc/swanctl/x509crl/cw-corp-1.pem"], []), done
    with ThreadPoolExecutor() as pool:
        answers = pool.submit(refused, there, TUNNEL, initiate=False)
        dials = pool.submit(refused, here, TUNNEL)
    assert dials.result()[0] == "authentication"
    assert "it does not believe our certificate or key" in dials.result()[1]
    code, text = answers.result()
    assert code == "certificate_revoked", text
    assert f"the certificate of the peer at {here.address} was revoked on " in text
    bring(raw, here.lan, authority)
    load(here, raw, tmp_path)
    assert here.module("tunnel", connections=[{"name": TUNNEL}])["tunnels"][0]["state"] == "up"


@pytest.mark.parametrize("same_key", [False, True], ids=["new key", "same key"])
def test_a_renewed_certificate_is_shown_from_the_next_authentication_on(
    pair: Pair, tmp_path: Path, same_key: bool
) -> None:
    here, there = pair
    raw = topology(pair, auth="certificate")
    authority = Authority()
    bring(raw, there.lan, authority)
    bring(raw, here.lan, authority)
    load(there, raw, tmp_path)
    load(here, raw, tmp_path)
    before = established(here, TUNNEL)
    key = raw["sites"][here.lan]["gateways"][0]["private_key"] if same_key else ""
    renewed = bring(raw, here.lan, authority, key=key)
    done = load(here, raw, tmp_path)
    assert (done["replaced"], done["interrupted"]) == ([], [])
    assert len(done["credentials_changed"]) == (1 if same_key else 2)
    assert established(here, TUNNEL) == before
    serial = ":".join(f"{byte:02x}" for byte in renewed.serial_number.to_bytes(20, "big")).removeprefix("00:")
    assert serial not in there.sh("swanctl --list-certs")
    here.sh(f"swanctl --rekey --ike {TUNNEL} --reauth")
    deadline = time.monotonic() + 20
    while serial not in there.sh("swanctl --list-certs"):
        assert time.monotonic() < deadline, there.sh("swanctl --list-certs")
        time.sleep(0.2)
    established(here, TUNNEL)
    assert quiet(load(here, raw, tmp_path))


def test_a_certificate_that_was_made_is_renewed_in_time(pair: Pair, tmp_path: Path) -> None:
    here, there = pair
    raw = topology(pair, auth="certificate")
    load(there, raw, tmp_path)
    load(here, raw, tmp_path)
    before = established(here, TUNNEL)
    done = load(here, raw, tmp_path, renewal_days=731)
    assert (done["unchanged"], len(done["credentials_changed"])) == ([TUNNEL], 2)
    assert established(here, TUNNEL) == before
    here.module("tunnel", connections=[{"name": TUNNEL}], state="down")
    here.module("tunnel", connections=[{"name": TUNNEL}])
    established(here, TUNNEL)


@pytest.mark.parameters("tunnel.revocation")
@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        ("untrusted", "certificate_untrusted", "which this end "),
        ("expired", "certificate_dates", "is not valid now: valid from "),
        ("unlisted", "certificate_status", "nothing says whether the certificate of the peer at "),
    ],
)
def test_h26_each_fault_of_a_certificate_has_its_cause(
    pair: Pair, tmp_path: Path, fault: str, code: str, words: str
) -> None:
    """The end that dials is wrong, and the other one tells."""
    here, there = pair
    raw = topology(pair, auth="certificate", start="on_traffic")
    authority = Authority()
    bring(raw, here.lan, authority, days=(-9, -1) if fault == "expired" else (-1, 9))
    bring(raw, there.lan, authority)
    problems = {"problems": 1} if fault == "expired" else {}
    options = {gateway.lan: planned_with_credentials(raw, gateway.lan, tmp_path, **problems) for gateway in pair}
    if fault == "untrusted":
        other = pem(Authority("Another CA").certificate)
        for file in options[there.lan]["credentials"]:
            file["data"] = other if file["kind"] == "x509ca" else file["data"]
    if fault == "unlisted":
        config = options[there.lan]["config"]
        options[there.lan]["config"] = config.replace('revocation = "relaxed"', 'revocation = "strict"')
    for gateway in pair:
        assert gateway.connections(**options[gateway.lan])["loaded"] == [TUNNEL]
    with ThreadPoolExecutor() as pool:
        answers = pool.submit(refused, there, TUNNEL, initiate=False)
        pool.submit(refused, here, TUNNEL).result()
    found = answers.result()
    assert found[0] == code, found
    assert words in found[1]


def test_what_is_withdrawn_leaves_nothing_behind(pair: Pair, tmp_path: Path) -> None:
    here, _there = pair
    here.sh("echo theirs >/etc/swanctl/x509ca/theirs.pem")
    raw = topology(pair, auth="certificate")
    load(here, raw, tmp_path)
    assert "causeway.ipsec CA" in here.sh("swanctl --list-certs")
    done = here.connections(config="")
    assert len(done["credentials_removed"]) == 3, done
    assert "causeway.ipsec CA" not in here.sh("swanctl --list-certs")
    assert here.sh("cd /etc/swanctl; find x509 x509ca private pubkey -type f").split() == ["x509ca/theirs.pem"]


def test_no_private_key_is_in_the_journal_nor_readable(pair: Pair, tmp_path: Path) -> None:
    here, there = pair
    raw = topology(pair, auth={here.lan: "certificate", there.lan: "public_key"})
    options = planned_with_credentials(raw, here.lan, tmp_path)
    load(here, raw, tmp_path)
    journal = here.sh("journalctl --no-pager -o verbose")
    assert "Invoked with options that are not logged" in journal
    for file in options["credentials"]:
        if file["kind"] == "private":
            assert not [line for line in file["data"].splitlines()[1:-1] if line in journal]
    assert set(here.sh("stat -c %a:%u /etc/swanctl/private/cw-*").split()) == {"600:0"}


# Answers every request with the file of the path's name, as an OCSP responder that knows the answer beforehand does.
RESPONDER = """
import http.server, pathlib
class Responder(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        answer = pathlib.Path("/root/ocsp.der").read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", "application/ocsp-response")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
http.server.HTTPServer(("", 8080), Responder).serve_forever()
"""


def respond(gateway: Gateway, answer: bytes) -> None:
    """Have a gateway answer OCSP requests with this."""
    gateway.write("/root/ocsp.b64", base64.b64encode(answer).decode())
    gateway.sh("base64 -d /root/ocsp.b64 >/root/ocsp.der")


@pytest.mark.parameters("authority.ocsp_uris")
def test_h26_ocsp_tells_whether_a_certificate_is_revoked(pair: Pair, tmp_path: Path) -> None:
    here, there = pair
    raw = topology(pair, auth={here.lan: "certificate", there.lan: "public_key"}, revocation="strict")
    authority = Authority()
    certificate = bring(raw, here.lan, authority)
    raw["authorities"]["corp"]["ocsp_uris"] = f"http://{here.address}:8080/"
    here.write("/root/responder.py", RESPONDER)
    here.sh("systemctl reset-failed ocsp 2>/dev/null; systemd-run -q --unit ocsp python3 /root/responder.py; sleep 1")
    try:
        respond(here, authority.ocsp(certificate, revoked=False))
        load(there, raw, tmp_path)
        load(here, raw, tmp_path)
        established(here, TUNNEL)
        assert "cw-corp" in there.sh("swanctl --list-authorities")
        assert quiet(load(there, raw, tmp_path))
        here.module("tunnel", connections=[{"name": TUNNEL}], state="down")
        respond(here, authority.ocsp(certificate, revoked=True))
        there.sh("swanctl --flush-certs")  # it keeps answers as long as they are valid
        with ThreadPoolExecutor() as pool:
            answers = pool.submit(refused, there, TUNNEL, initiate=False)
            pool.submit(refused, here, TUNNEL).result()
        assert answers.result()[0] == "certificate_revoked", answers.result()
        there.connections(config="")
        assert "cw-corp" not in there.sh("swanctl --list-authorities")
    finally:
        here.sh("systemctl stop ocsp")
