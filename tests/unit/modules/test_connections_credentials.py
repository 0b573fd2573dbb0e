# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates and keys in whole runs of the connections module: loaded, read back, renewed, withdrawn, undone."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.causeway.ipsec.plugins.module_utils.connection_run import (
    ConnectionsError,
    Request,
    run,
)
from ansible_collections.causeway.ipsec.plugins.module_utils.swanctl_conf import ConfigError
from played_charon import id_of, pem

if TYPE_CHECKING:
    from pathlib import Path

    from played_charon import Charon

TEXT = """connections {{
cw-a {{ version = 2
 local {{ auth = pubkey
 id = a
 }}
 remote {{ auth = pubkey
 id = b
 {trust}
 }}
 children {{ cw-a {{ local_ts = 10.1.0.0/16
 remote_ts = 10.2.0.0/16
 start_action = start
 }} }} }}
}}
"""


def credential(kind: str, content: str, name: str = "cw-a.pem") -> dict[str, Any]:
    word = {"private": "PRIVATE KEY", "pubkey": "PUBLIC KEY", "x509crl": "X509 CRL"}.get(kind, "CERTIFICATE")
    text = pem(word, content)
    return {"kind": kind, "name": name, "data": text, "id": id_of(text) if kind == "private" else ""}


def request(own: str = "one", key: str = "key one", ca: str = "ca one", *more: dict[str, Any]) -> Request:
    own_file, key_file = credential("x509", f"{own} of {key}"), credential("private", key)
    credentials = [own_file, key_file, credential("x509ca", ca, "cw-ca-1.pem"), *more]
    return Request(TEXT.format(trust="cacerts = cw-ca-1.pem"), (), {}, credentials=credentials)


def held(etc: Path) -> dict[str, str]:
    kinds = ("private", "pubkey", "x509", "x509ca", "x509crl")
    return {f"{kind}/{path.name}": path.read_text() for kind in kinds for path in (etc / kind).iterdir()}


class Swanctl:
    """What swanctl does with --load-creds --clear; keeps the commands."""

    def __init__(self, charon: Charon, etc: Path) -> None:
        self.charon = charon
        self.etc = etc
        self.seen: list[str] = []

    def __call__(self, command: list[str]) -> tuple[int, str, str]:
        self.seen.append(" ".join(command))
        bodies = {
            name: text[text.index("-----BEGIN") :] for name, text in held(self.etc).items() if "-----BEGIN" in text
        }
        self.charon.certificates = [text for name, text in bodies.items() if name.startswith("x509")]
        self.charon.keys = {id_of(text): text for name, text in bodies.items() if name.startswith("private")}
        return 0, "", ""


@pytest.fixture
def swanctl(charon: Charon, etc: Path) -> Swanctl:
    return Swanctl(charon, etc)


def test_all_is_loaded_and_read_back(charon: Charon, etc: Path) -> None:
    foreseen = run(replace(request(), check=True))
    assert (held(etc), charon.certificates) == ({}, [])
    assert run(request()) == foreseen
    assert foreseen["credentials_changed"] == [
        str(etc / "private" / "cw-a.pem"),
        str(etc / "x509" / "cw-a.pem"),
        str(etc / "x509ca" / "cw-ca-1.pem"),
    ]
    assert charon.certificates == [pem("CERTIFICATE", "ca one"), pem("CERTIFICATE", "one of key one")]
    key = pem("PRIVATE KEY", "key one")
    assert set(charon.keys) == {"ff", id_of(key)}
    assert charon.connections["cw-a"]["remote"]["cacerts"] == [pem("CERTIFICATE", "ca one")]
    assert held(etc)["private/cw-a.pem"].endswith(f"# Key id: {id_of(key)}\n{key}")
    assert (etc / "private" / "cw-a.pem").stat().st_mode & 0o777 == 0o600
    again = run(request())
    assert (again["changed"], again["unchanged"], again["diff"]) == (False, ["cw-a"], [])


def test_no_key_is_in_any_result(charon: Charon) -> None:
    done = run(request())
    shown = repr(done) + repr(run(request(key="key two")))
    assert "private key with id " in shown
    for key in ("key one", "key two"):
        assert base64.b64encode(key.encode()).decode() not in shown
    assert base64.b64encode(b"key one").decode() not in repr(charon.calls)


def test_a_renewed_certificate_interrupts_nothing(charon: Charon, etc: Path, swanctl: Swanctl) -> None:
    run(replace(request(), run_command=swanctl))
    charon.sas["1"] = "cw-a"
    done = run(replace(request("two", "key two"), run_command=swanctl))
    assert (done["replaced"], done["interrupted"], done["unchanged"]) == ([], [], ["cw-a"])
    assert charon.sas == {"1": "cw-a"}
    assert set(charon.keys) == {"ff", id_of(pem("PRIVATE KEY", "key two"))}
    assert pem("CERTIFICATE", "two of key two") in charon.certificates
    assert swanctl.seen == []
    assert not run(replace(request("two", "key two"), run_command=swanctl))["changed"]


def test_h19_what_could_still_be_shown_or_trusted_is_forgotten(charon: Charon, swanctl: Swanctl) -> None:
    """Two certificates with one key, and a CA that is no longer wanted."""
    run(replace(request(), run_command=swanctl))
    run(replace(request("two"), run_command=swanctl))
    assert pem("CERTIFICATE", "one of key one") not in charon.certificates
    done = run(replace(request("two", "key one", "ca two"), run_command=swanctl))
    assert done["replaced"] == ["cw-a"]  # what it trusts is another one
    assert pem("CERTIFICATE", "ca one") not in charon.certificates
    assert len(swanctl.seen) == 2


def test_a_list_that_the_daemon_passes_over_is_loaded_all_the_same(charon: Charon, swanctl: Swanctl) -> None:
    charon.refused.add(pem("X509 CRL", "older"))
    done = run(
        replace(request("one", "key one", "ca one", credential("x509crl", "older", "cw-ca-1.pem")), run_command=swanctl)
    )
    assert len(done["credentials_changed"]) == 4
    assert len(swanctl.seen) == 1
    assert pem("X509 CRL", "older") in charon.certificates


def test_what_is_no_longer_wanted_goes_and_nothing_else(charon: Charon, etc: Path, swanctl: Swanctl) -> None:
    theirs = etc / "private" / "theirs.pem"
    theirs.write_text("theirs")
    run(replace(request(), run_command=swanctl))
    done = run(Request("", (), run_command=swanctl))
    assert done["removed"] == ["cw-a"]
    assert done["credentials_removed"] == [
        str(etc / "private" / "cw-a.pem"),
        str(etc / "x509" / "cw-a.pem"),
        str(etc / "x509ca" / "cw-ca-1.pem"),
    ]
    assert held(etc) == {"private/theirs.pem": "theirs"}
    assert id_of(pem("PRIVATE KEY", "key one")) not in charon.keys


def test_what_somebody_unloaded_or_changed_is_found(charon: Charon, etc: Path) -> None:
    run(request())
    charon.keys.clear()
    (etc / "x509" / "cw-a.pem").write_text("broken")
    foreseen = run(replace(request(), check=True))
    assert foreseen["credentials_changed"] == [str(etc / "private" / "cw-a.pem"), str(etc / "x509" / "cw-a.pem")]
    assert foreseen["unchanged"] == ["cw-a"]
    run(request())
    assert not run(request())["changed"]


@pytest.mark.parametrize("kind", ["x509", "x509ca"])
def test_h12_what_the_daemon_does_not_list_is_undone(charon: Charon, etc: Path, kind: str) -> None:
    run(request())
    before = held(etc)
    new = {"x509": request("two", "key two"), "x509ca": request("one", "key one", "ca two")}[kind]
    charon.refused.add(pem("CERTIFICATE", "two of key two" if kind == "x509" else "ca two"))
    with pytest.raises(ConnectionsError, match="took it but does not list it\nWhat ran before has been brought back"):
        run(new)
    assert held(etc) == before
    assert id_of(pem("PRIVATE KEY", "key one")) in charon.keys
    assert id_of(pem("PRIVATE KEY", "key two")) not in charon.keys
    assert not run(request())["changed"]


def test_a_full_disk_changes_nothing(charon: Charon, etc: Path) -> None:
    (etc / "x509").rmdir()
    with pytest.raises(ConnectionsError, match=r"x509: there is no such directory"):
        run(request())
    assert (held_without(etc), list(charon.connections), charon.certificates) == ({}, ["other"], [])


def held_without(etc: Path) -> dict[str, str]:
    (etc / "x509").mkdir()
    return held(etc)


@pytest.mark.parametrize(
    ("credentials", "message"),
    [
        ([credential("x509", "x", "../up.pem")], r"credentials[x509/../up.pem]: the name must be cw-, characters A-Z"),
        ([{**credential("x509", "x"), "data": "no"}], "credentials[x509/cw-a.pem]: data must be text in PEM form."),
        (
            [{**credential("private", "x"), "id": ""}],
            "credentials[private/cw-a.pem]: a private key, and nothing else",
        ),
        ([credential("x509", "x"), credential("x509", "y")], "credentials[x509/cw-a.pem]: is given twice."),
        ([], "causeway.conf names x509ca/cw-ca-1.pem, not among the credentials given."),
    ],
)
def test_what_is_refused(charon: Charon, credentials: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        run(replace(request(), credentials=credentials))
    assert message in str(caught.value)
    assert list(charon.connections) == ["other"]


AUTHORITY = "authorities {{ cw-ca {{ cacert = cw-ca-1.pem\n ocsp_uris = http://{0}/, http://b/\n }} }}\n"


def asking(host: str) -> Request:
    one = request()
    return replace(one, config=one.config + AUTHORITY.format(host))


def test_where_to_ask_is_loaded_changed_and_removed(charon: Charon) -> None:
    done = run(asking("a"))
    ca = pem("CERTIFICATE", "ca one")
    assert charon.authorities["cw-ca"] == {"cacert": ca, "ocsp_uris": ["http://a/", "http://b/"]}
    assert done["loaded"] == ["cw-a"]
    assert not run(asking("a"))["changed"]
    del charon.authorities["cw-ca"]
    assert run(replace(asking("a"), check=True))["changed"]
    done = run(asking("c"))
    assert (done["changed"], done["unchanged"]) == (True, ["cw-a"])
    assert charon.authorities["cw-ca"]["ocsp_uris"][0] == "http://c/"
    charon.refused.add(pem("CERTIFICATE", "two of key two"))
    with pytest.raises(ConnectionsError):
        run(replace(asking("d"), credentials=request("two", "key two").credentials))
    assert charon.authorities["cw-ca"]["ocsp_uris"][0] == "http://c/"
    run(request())
    assert set(charon.authorities) == {"other"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("authorities { corp { cacert = x\n } }", "the name 'corp' must be 'cw-' and then characters"),
        ("authorities { cw-a { crl_uris = http://a/\n } }", "'cw-a' has no cacert, so it would be of no CA."),
        ("authorities { cw-a { cacert = x\n handle = 1\n } }", "'handle' of 'cw-a' is not supported; cacert, crl_uris"),
        ("authorities { cw-a { cacert = x\n } }", "names x509ca/x, not among the credentials given."),
    ],
)
def test_where_to_ask_that_is_refused(charon: Charon, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        run(Request(text, ()))
    assert message in str(caught.value)
