# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The CA, the certificates and the keys that the collection makes, and what a gateway gets of them."""

from __future__ import annotations

import stat
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.causeway.ipsec.plugins.module_utils.credential_files import parse_credentials
from ansible_collections.causeway.ipsec.plugins.plugin_utils.pki.identities import proven, proves
from ansible_collections.causeway.ipsec.plugins.plugin_utils.pki.made import Maker
from ansible_collections.causeway.ipsec.plugins.plugin_utils.pki.material import is_ca, signed_by
from ansible_collections.causeway.ipsec.plugins.plugin_utils.pki.share import Share
from ansible_collections.causeway.ipsec.plugins.plugin_utils.pki.sources import SourceError, Sources
from ansible_collections.causeway.ipsec.plugins.plugin_utils.psk_store import StoreError
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology import load
from certificates import NOW, Authority, new_key, pem, private_pem, public_pem

if TYPE_CHECKING:
    from pathlib import Path

SITES: dict[str, Any] = {
    name: {"subnets": [f"10.{number}.0.0/16"], "gateways": [{"host": f"{name}-gw", "address": f"198.51.100.{number}"}]}
    for number, name in enumerate(("berlin", "london", "rome"), 1)
}


def maker(directory: Path, **changes: Any) -> Maker:
    made = Maker(directory / "pki", NOW, 30, False, lambda content: content, lambda _path, content: content)
    return replace(made, **changes)


def share(directory: Path, host: str, tunnels: list[dict[str, Any]], **changes: Any) -> dict[str, str]:
    """The files of a gateway, as the module takes them."""
    topology = load({"sites": SITES, "tunnels": tunnels, **changes})
    sources = Sources(directory, lambda _path, content: content)
    files = [file.as_dict() for file in Share(topology, host, sources, maker(directory)).files()]
    assert len(parse_credentials(files)) == len(files)
    return {f"{file['kind']}/{file['name']}": file["data"] for file in files}


def tunnel(name: str, *sites: str, auth: Any = "certificate", **more: Any) -> dict[str, Any]:
    return {"name": name, "sites": list(sites), "auth": auth, **more}


def test_a_certificate_is_for_all_identities_and_signed_by_the_ca(tmp_path: Path) -> None:
    identities = ["198.51.100.1", "fd00::1", "gw.example", "vpn@gw.example", "C=DE, O=Example, CN=gw"]
    pair = maker(tmp_path).certificate("berlin", identities)
    authority = maker(tmp_path).authority()
    assert all(proves(pair.certificate, one) for one in identities)
    assert len(proven(pair.certificate)) == len(identities)
    assert signed_by(pair.certificate, [authority.certificate])
    assert (is_ca(authority.certificate), is_ca(pair.certificate)) == (True, False)
    assert signed_by(authority.certificate, [authority.certificate])


def test_what_was_made_stays(tmp_path: Path) -> None:
    first = maker(tmp_path).certificate("berlin", ["gw.example"])
    key = maker(tmp_path).key("berlin")
    later = maker(tmp_path, now=NOW + timedelta(days=699))
    assert later.certificate("berlin", ["gw.example"]).certificate == first.certificate
    assert private_pem(later.key("berlin")) == private_pem(key)
    files = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "pki").iterdir()}
    assert files == dict.fromkeys(
        ("authority.pem", "ca.pem", "cw-berlin-certificate.pem", "cw-berlin-public_key.pem"), 0o600
    )
    assert (tmp_path / "pki" / "ca.pem").read_text() == pem(later.authority().certificate)


@pytest.mark.parametrize(
    ("later", "identities"), [(timedelta(days=701), ["gw.example"]), (timedelta(0), ["gw.example", "new.example"])]
)
def test_it_is_renewed_with_a_new_key(tmp_path: Path, later: timedelta, identities: list[str]) -> None:
    first = maker(tmp_path).certificate("berlin", ["gw.example"])
    second = maker(tmp_path, now=NOW + later).certificate("berlin", identities)
    assert second.certificate != first.certificate
    assert public_pem(second.key) != public_pem(first.key)
    assert second.certificate.not_valid_after_utc == NOW + later + timedelta(days=730)
    assert maker(tmp_path, now=NOW + later).certificate("berlin", identities).certificate == second.certificate


def test_another_ca_makes_other_certificates(tmp_path: Path) -> None:
    first = maker(tmp_path).certificate("berlin", ["gw.example"])
    (tmp_path / "pki" / "authority.pem").unlink()
    assert maker(tmp_path).certificate("berlin", ["gw.example"]).certificate != first.certificate
    assert (tmp_path / "pki" / "ca.pem").read_text() == pem(maker(tmp_path).authority().certificate)


def test_no_certificate_outlives_its_ca(tmp_path: Path) -> None:
    end = maker(tmp_path).authority().certificate.not_valid_after_utc
    late = maker(tmp_path, now=end - timedelta(days=100)).certificate("berlin", ["gw.example"])
    assert late.certificate.not_valid_after_utc == end


def test_dry_writes_nothing_and_agrees_with_itself(tmp_path: Path) -> None:
    dry = maker(tmp_path, dry=True)
    pair = dry.certificate("berlin", ["gw.example"])
    assert signed_by(pair.certificate, [dry.authority().certificate])
    assert not (tmp_path / "pki").exists()
    maker(tmp_path).certificate("berlin", ["gw.example"])
    before = (tmp_path / "pki" / "cw-berlin-certificate.pem").read_bytes()
    maker(tmp_path, dry=True, now=NOW + timedelta(days=729)).certificate("berlin", ["gw.example"])
    assert (tmp_path / "pki" / "cw-berlin-certificate.pem").read_bytes() == before


def test_a_ca_that_ends_and_files_that_are_broken_are_named(tmp_path: Path) -> None:
    maker(tmp_path).certificate("berlin", ["gw.example"])
    with pytest.raises(
        StoreError, match=r"authority.pem: this CA ends on .* Move the file away and run: a new CA is made"
    ):
        maker(tmp_path, now=NOW + timedelta(days=7300)).authority()
    (tmp_path / "pki" / "cw-berlin-certificate.pem").write_text("x")
    with pytest.raises(StoreError, match=r"holds no private key in PEM form\. Move it away, and a new one is made\."):
        maker(tmp_path).certificate("berlin", ["gw.example"])


def test_identities_that_no_certificate_can_have_together(tmp_path: Path) -> None:
    with pytest.raises(
        SourceError,
        match="for berlin: it is called CN=a and CN=b in its tunnels",
    ):
        maker(tmp_path).certificate("berlin", ["CN=a", "CN=b"])


def test_a_gateway_gets_what_its_tunnels_need_and_no_more(tmp_path: Path) -> None:
    tunnels = [
        tunnel("bl", "berlin", "london"),
        tunnel("br", "berlin", "rome", auth={"berlin": "psk", "rome": "public_key"}),
    ]
    berlin, london, rome = (share(tmp_path, f"{name}-gw", tunnels) for name in SITES)
    assert set(berlin) == {
        "private/cw-berlin-certificate.pem",
        "pubkey/cw-rome-public_key.pem",
        "x509/cw-berlin-certificate.pem",
        "x509ca/cw-causeway-1.pem",
    }
    assert set(rome) == {"private/cw-rome-public_key.pem", "pubkey/cw-rome-public_key.pem"}
    assert berlin["pubkey/cw-rome-public_key.pem"] == rome["pubkey/cw-rome-public_key.pem"]
    assert berlin["x509ca/cw-causeway-1.pem"] == london["x509ca/cw-causeway-1.pem"]
    assert share(tmp_path, "berlin-gw", tunnels) == berlin
    assert share(tmp_path, "berlin-gw", [{"name": "bl", "sites": ["berlin", "london"]}]) == {}


def test_what_is_given_is_not_made(tmp_path: Path) -> None:
    authority, key = Authority(), new_key()
    certificate, crl = authority.issue(key, ["198.51.100.1"]), authority.revoke()
    given = {"ca": "corp", "certificate": pem(certificate), "private_key": private_pem(key)}
    sites = {**SITES, "berlin": {**SITES["berlin"], "gateways": [{**SITES["berlin"]["gateways"][0], **given}]}}
    changes = {"sites": sites, "authorities": {"corp": {"certificates": pem(authority.certificate), "crls": pem(crl)}}}
    tunnels = [tunnel("bl", "berlin", "london", auth={"berlin": "certificate", "london": "psk"})]
    corp = {"x509ca/cw-corp-1.pem": pem(authority.certificate), "x509crl/cw-corp-1.pem": pem(crl)}
    assert share(tmp_path, "berlin-gw", tunnels, **changes) == {
        "private/cw-berlin-certificate.pem": private_pem(key),
        "x509/cw-berlin-certificate.pem": pem(certificate),
        **corp,
    }
    assert share(tmp_path, "london-gw", tunnels, **changes) == corp
    assert not (tmp_path / "pki").exists()
