# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IKEv1 by certificates and raw public keys, between real daemons: side by side, as the planner allows it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from certificates import ECDSA, RSA, Authority, pem
from planned import two_sites
from test_certificates import bring, load, refused
from test_ikev1 import AGGRESSIVE, MAIN
from tunnels import Pair, established, quiet

if TYPE_CHECKING:
    from pathlib import Path

WAYS = ("certificate", "public_key", "psk")


def topology(pair: Pair, policy: dict[str, Any], *auths: Any) -> dict[str, Any]:
    """A tunnel for each way of authentication, which the first gateway dials."""
    raw = two_sites(pair, [policy] * len(auths))
    for tunnel, auth in zip(raw["tunnels"], auths):
        tunnel |= {"auth": auth, "initiator": pair[0].lan}
        if auth != "psk":
            del tunnel["psk"]
    return raw


def given(pair: Pair, raw: dict[str, Any], authority: Authority, kind: str) -> None:
    """Each gateway gets a certificate for what it is called in all tunnels."""
    for gateway in pair:
        names = [tunnel["ids"][gateway.lan] for tunnel in raw["tunnels"]]
        bring(raw, gateway.lan, authority, kind, names=names)


@pytest.mark.parameters("ike.version", "ike.mode", "tunnel.auth")
@pytest.mark.parametrize(
    ("policy", "kind", "auths"),
    [(MAIN, RSA, WAYS), (MAIN, ECDSA, WAYS), (AGGRESSIVE, "", WAYS[:2])],
    ids=["main, RSA", "main, ECDSA", "aggressive, made"],
)
def test_packets_cross_tunnels_of_ikev1_with_signatures(
    pair: Pair, tmp_path: Path, policy: dict[str, Any], kind: str, auths: tuple[str, ...]
) -> None:
    """Between the same two gateways; the daemon of aggressive mode has not been told to consent to anything."""
    here, there = pair
    mixed = {here.lan: "certificate", there.lan: "public_key"}
    raw = topology(pair, policy, *auths, mixed)
    if kind:
        given(pair, raw, Authority(), kind)
    load(there, raw, tmp_path)
    names = load(here, raw, tmp_path)["loaded"]
    established(here, *names)
    assert here.sh("swanctl --list-sas").count("IKEv1") == len(names) == len(auths) + 1
    for number in range(1, len(names) + 1):
        assert here.pings(there, number), number
    assert quiet(load(here, raw, tmp_path))


@pytest.mark.parameters("ike.version", "authority.crls")
def test_a_certificate_that_is_revoked_is_refused_in_ikev1_too(pair: Pair, tmp_path: Path) -> None:
    here, there = pair
    raw = topology(pair, MAIN, "certificate")
    raw["tunnels"][0]["revocation"] = "strict"
    authority = Authority()
    certificate = bring(raw, here.lan, authority)
    bring(raw, there.lan, authority)
    known = raw["authorities"]["corp"]
    known["crls"] = pem(authority.revoke(number=1))
    load(there, raw, tmp_path)
    load(here, raw, tmp_path)
    established(here, "cw-t0")
    (child,) = here.module("tunnel_info")["tunnels"][0]["children"]
    here.module("tunnel", connections=[{"name": "cw-t0"}], state="down")
    known["crls"] = pem(authority.revoke(certificate, number=2))
    load(there, raw, tmp_path, problems=1)
    with ThreadPoolExecutor() as pool:
        answers = pool.submit(refused, there, "cw-t0", children=[child["name"]], initiate=False)
        dials = pool.submit(refused, here, "cw-t0", children=[child["name"]])
    assert dials.result()[0] == "authentication", dials.result()
    code, text = answers.result()
    assert code == "certificate_revoked", text
    assert f"the certificate of the peer at {here.address} was revoked on " in text
