# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole runs with certificates: those that the collection makes, and a user's own, one of which is revoked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from certificates import Authority, new_key, pem, private_pem
from sites import BERLIN_LAN, LONDON_LAN, PROVEN, play_topology, states, wan_while_lans_ping
from traffic import capturing, pings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cryptography.x509 import Certificate
    from vmlab import Lab

pytestmark = pytest.mark.usefixtures("first_run")

BY_HAND = "/etc/swanctl/x509crl/by-hand.pem"
ADDRESSES = {"berlin": "198.51.100.10", "london": "198.51.100.20"}


def with_auth(lab: Lab, auth: str, **more: Any) -> dict[str, Any]:
    """The scenario's topology with another way for the ends to prove who they are."""
    topology = lab.scenario.topology
    return {**topology, "tunnels": [{**tunnel, "auth": auth, **more} for tunnel in topology["tunnels"]]}


def test_what_the_collection_makes_carries_packets_and_a_second_run_changes_nothing(lab: Lab) -> None:
    for auth in ("public_key", "certificate"):
        topology = with_auth(lab, auth)
        done = play_topology(lab, topology)
        assert PROVEN.search(done.output), done.output[-3000:]
        wan_while_lans_ping(lab)
        before = states(lab)
        assert set(play_topology(lab, topology).changed.values()) == {0}
        assert states(lab) == before


def bring(directory: Path, authority: Authority, site: str) -> tuple[Certificate, dict[str, str]]:
    """A site's certificate of the user's CA, and the keys of its gateway that name the files."""
    key = new_key()
    certificate = authority.issue(key, [ADDRESSES[site]])
    files = {"certificate": directory / f"{site}.pem", "private_key": directory / f"{site}.key"}
    files["certificate"].write_text(pem(certificate))
    files["private_key"].write_text(private_pem(key))
    return certificate, {"ca": "corp", **{name: str(path) for name, path in files.items()}}


def with_files(topology: dict[str, Any], given: Mapping[str, dict[str, str]], **authority: str) -> dict[str, Any]:
    sites = {
        name: {**site, "gateways": [{**site["gateways"][0], **given[name]}]} for name, site in topology["sites"].items()
    }
    return {**topology, "sites": sites, "authorities": {"corp": authority}}


@pytest.mark.parameters("tunnel.auth", "tunnel.revocation", "authority.crls")
def test_a_certificate_that_is_revoked_ends_the_tunnel_and_another_one_brings_it_back(lab: Lab, tmp_path: Path) -> None:
    authority = Authority()
    stolen, berlin = bring(tmp_path, authority, "berlin")
    _certificate, london = bring(tmp_path, authority, "london")
    own = {"certificates": pem(authority.certificate), "crls": pem(authority.revoke(number=1))}
    topology = with_auth(lab, "certificate", revocation="strict")
    done = play_topology(lab, with_files(topology, {"berlin": berlin, "london": london}, **own))
    assert PROVEN.search(done.output), done.output[-3000:]
    wan_while_lans_ping(lab)
    # London learns of it from somebody else and forgets what it concluded before; the tunnel is set up anew.
    revoked = pem(authority.revoke(stolen, number=2))
    lab.ssh("london-gw", f"cat > {BY_HAND} <<'END'\n{revoked}END\nswanctl --load-creds --noprompt")
    lab.ssh("london-gw", "swanctl --flush-certs")
    lab.ssh("berlin-gw", "swanctl --terminate --ike cw-berlin-london", check=False)
    with capturing(lab) as seen:
        assert pings(lab, "berlin-1", LONDON_LAN, count=5) == 0
        assert pings(lab, "london-1", BERLIN_LAN, count=5) == 0
    assert (seen.protected, seen.unexpected) == ([], [])
    proof = lab.play(playbook="causeway.ipsec.verify")
    assert proof.status != 0
    assert "the certificate of the peer at 198.51.100.10 was revoked on " in " ".join(proof.output.split())
    # Another certificate, and the list where it belongs.
    lab.ssh("london-gw", f"rm {BY_HAND}")
    _certificate, berlin = bring(tmp_path, authority, "berlin")
    done = play_topology(lab, with_files(topology, {"berlin": berlin, "london": london}, **{**own, "crls": revoked}))
    assert PROVEN.search(done.output), done.output[-3000:]
    wan_while_lans_ping(lab)
