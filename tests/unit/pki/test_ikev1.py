# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys of two ends that would not do for each other in IKEv1, to the letter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.causeway.ipsec.plugins.plugin_utils.pki.checks import check_credentials
from ansible_collections.causeway.ipsec.plugins.plugin_utils.pki.sources import Sources
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology import load
from certificates import ECDSA, ED25519, NOW, RSA, Authority, new_key, pem, private_pem, public_pem

if TYPE_CHECKING:
    from pathlib import Path

CA = Authority()
KEYS = {kind: new_key(kind) for kind in (ECDSA, RSA, ED25519)}
ADDRESSES = {"berlin": "198.51.100.10", "london": "198.51.100.20", "office": "198.51.100.30"}
SUITE = {"encryption": "aes256", "integrity": "sha256"}
USES = "policy 'old' uses IKEv1"
ONE_KIND = ", in which both ends have keys of one kind, and berlin has an RSA key and"
REMEDY = "give both RSA or both ECDSA keys, or use a policy with version 2."
ODD = "give it an RSA or ECDSA key, or use a policy with version 2."


def shows(site: str, kind: str) -> dict[str, str]:
    """A certificate of the CA for a key of this kind."""
    certificate = CA.issue(KEYS[kind], [ADDRESSES[site]])
    return {"ca": "corp", "certificate": pem(certificate), "private_key": private_pem(KEYS[kind])}


def topology(berlin: dict[str, str], london: dict[str, str], version: object = 1, **tunnel: Any) -> dict[str, Any]:
    gateways = {"berlin": {"host": "b", **berlin}, "london": {"host": "l", **london}}
    return {
        "authorities": {"corp": {"certificates": pem(CA.certificate)}},
        "policies": {"old": {"ike": {**SUITE, "dh_group": 14, "version": version}, "esp": {**SUITE, "pfs_group": 14}}},
        "defaults": {"policy": "old"},
        "sites": {
            name: {"subnets": [f"10.{number}.0.0/16"], "gateways": [{"address": ADDRESSES[name], **gateway}]}
            for number, (name, gateway) in enumerate(gateways.items())
        },
        "tunnels": [{"name": "t", "sites": ["berlin", "london"], "auth": "certificate", **tunnel}],
    }


def said(directory: Path, raw: dict[str, Any]) -> list[str]:
    sources = Sources(directory, lambda _path, content: content)
    problems, _expiring = check_credentials(load(raw), sources, NOW)
    return [str(problem) for problem in problems]


@pytest.mark.parametrize(("berlin", "london"), [(RSA, RSA), (ECDSA, ECDSA), (ECDSA, None), (None, None)])
def test_keys_of_one_kind(tmp_path: Path, berlin: str | None, london: str | None) -> None:
    ends = [shows(site, kind) if kind else {} for site, kind in (("berlin", berlin), ("london", london))]
    assert said(tmp_path, topology(*ends)) == []


def test_ikev2_takes_each(tmp_path: Path) -> None:
    assert said(tmp_path, topology(shows("berlin", RSA), shows("london", ED25519), 2)) == []


CASES: dict[str, tuple[dict[str, Any], str]] = {
    "of two kinds": (
        topology(shows("berlin", RSA), shows("london", ECDSA), "any"),
        f"{USES}{ONE_KIND} london has an ECDSA key; {REMEDY}",
    ),
    "of another kind than we make": (
        topology(shows("berlin", RSA), {}),
        f"{USES}{ONE_KIND} london has an ECDSA key, which the collection makes; {REMEDY}",
    ),
    "of another kind than the raw one": (
        topology(
            shows("berlin", RSA),
            {"private_key": private_pem(KEYS[ECDSA])},
            auth={"berlin": "certificate", "london": "public_key"},
        ),
        f"{USES}{ONE_KIND} london has an ECDSA key; {REMEDY}",
    ),
    "Ed25519": (
        topology(shows("berlin", ECDSA), shows("london", ED25519)),
        f"{USES}, which has no signatures of Ed25519, and london has an Ed25519 key; {ODD}",
    ),
    "Ed25519 at a peer's": (
        topology(
            {}, {"public_key": public_pem(KEYS[ED25519]), "private_key": private_pem(KEYS[ED25519])}, auth="public_key"
        ),
        f"{USES}, which has no signatures of Ed25519, and london has an Ed25519 key; {ODD}",
    ),
}


@pytest.mark.parametrize(("raw", "message"), CASES.values(), ids=CASES)
def test_what_is_wrong(tmp_path: Path, raw: dict[str, Any], message: str) -> None:
    assert said(tmp_path, raw) == [f"tunnels[t].auth: {message}"]


def test_a_mesh_is_told_once(tmp_path: Path) -> None:
    raw = topology(shows("berlin", RSA), {})
    raw["sites"]["office"] = {"subnets": ["10.9.0.0/16"], "gateways": [{"host": "o", "address": ADDRESSES["office"]}]}
    raw |= {"tunnels": [], "meshes": [{"name": "m", "sites": list(ADDRESSES), "auth": "certificate"}]}
    assert said(tmp_path, raw) == [
        (f"meshes[m]: m-berlin-london: {USES}{ONE_KIND} london has an ECDSA key, which the collection makes; {REMEDY}")
    ]


def test_of_a_peer_no_more_than_its_ca_may_be_known(tmp_path: Path) -> None:
    raw = topology(shows("berlin", RSA), {})
    raw["sites"]["london"]["gateways"] = [{"address": ADDRESSES["london"], "ca": "corp"}]
    assert said(tmp_path, raw) == []


def test_what_cannot_be_read_is_said_once(tmp_path: Path) -> None:
    broken = {**shows("berlin", RSA), "certificate": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}
    assert said(tmp_path, topology(broken, {})) == [
        "sites[berlin].gateways[0].certificate: holds no certificate that can be read."
    ]
