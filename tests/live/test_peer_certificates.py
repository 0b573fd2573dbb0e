# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The example of docs/peers.md with certificates: a peer whose owner has a CA and a swanctl.conf, as it is shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from certificates import Authority, new_key, pem, private_pem
from pings import at_once
from planned import planned_with_credentials
from tunnels import Pair, established

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateways import Gateway

EXAMPLE = Path(__file__).parents[2] / "docs" / "peers" / "swanctl" / "geneva"
OURS, THEIRS = "198.51.100.10", "198.51.100.42"
LAN_HOST, NAME = "192.168.44.5", "gw.geneva.example"


def shown(suffix: str, pair: Pair) -> str:
    """A file of the example, with the addresses of the containers."""
    here, there = pair
    return EXAMPLE.with_suffix(suffix).read_text().replace(OURS, here.address).replace(THEIRS, there.address)


def set_up(peer: Gateway, config: str, authority: Authority, ours: str) -> None:
    """What the peer's owner does, by hand."""
    key = new_key()
    files = {
        "x509/geneva.pem": pem(authority.issue(key, [NAME])),
        "private/geneva.pem": private_pem(key),
        "x509ca/geneva-ca.pem": pem(authority.certificate),
        "x509ca/berlin-ca.pem": ours,
        "conf.d/geneva.conf": config,
    }
    for name, text in files.items():
        peer.write(f"/etc/swanctl/{name}", text)
    peer.sh("swanctl --load-all --noprompt")


@pytest.fixture
def in_geneva(pair: Pair) -> Iterator[Gateway]:
    """The peer, with an address in its LAN."""
    _here, there = pair
    there.sh(f"ip address add {LAN_HOST}/32 dev lo")
    yield there
    there.sh(f"ip address del {LAN_HOST}/32 dev lo")


@pytest.mark.parameters("gateway.ca", "tunnel.auth", "tunnel.ids")
@pytest.mark.parametrize("we_dial", [True, False])
def test_packets_cross_between_two_ends_of_different_authorities(
    pair: Pair, in_geneva: Gateway, tmp_path: Path, we_dial: bool
) -> None:
    here, _there = pair
    authority = Authority("Geneva CA")
    (tmp_path / "pki").mkdir()
    (tmp_path / "pki" / "geneva-ca.pem").write_text(pem(authority.certificate))
    raw = yaml.safe_load(shown(".yml", pair))["ipsec_topology"]
    raw["tunnels"][0]["start"] = "always" if we_dial else "answer_only"
    options = planned_with_credentials(raw, "berlin-gw", tmp_path)
    set_up(in_geneva, shown(".conf", pair), authority, (tmp_path / "pki" / "ca.pem").read_text())
    assert here.connections(**options)["loaded"] == ["cw-berlin-geneva"]
    if not we_dial:
        in_geneva.sh("swanctl --initiate --child berlin-geneva")
    established(here, "cw-berlin-geneva")
    assert " 3 received" in here.sh(f"ping -q {at_once(3)} -I {here.lan}.1 {LAN_HOST}")
