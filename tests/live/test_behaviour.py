# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a tunnel's and a gateway's keys make of IKE, between real daemons; tests/vm has what they make of packets."""

from __future__ import annotations

import base64
import copy
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology import gateway_intent
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology import load as load_topology
from certificates import RSA, Authority, new_key, private_pem, public_pem
from cryptography.hazmat.primitives.serialization import Encoding
from pings import steadily, unanswered
from planned import plan, two_sites
from test_certificates import POLICY, TUNNEL, bring, load, refused, topology
from test_ikev1 import MAIN
from tunnels import Pair, established

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gateways import Gateway

OPTIONS = "/etc/strongswan.d/options.conf"
REAUTHENTICATING = {**POLICY, "ike": {**POLICY["ike"], "reauth_lifetime": 86400}}


def heard(gateway: Gateway) -> str:
    """What the daemon has said since its test began."""
    return gateway.sh("journalctl --no-pager _PID=$(systemctl show -p MainPID --value strongswan)")


@pytest.mark.parameters("tunnel.fragmentation")
@pytest.mark.parametrize(
    ("policy", "words", "split"),
    [
        (POLICY, ("accept", "yes"), (False, True)),
        (POLICY, ("no", "yes"), (False, False)),
        (MAIN, ("force", "no"), (True, False)),
    ],
    ids=["accept", "no", "force"],
)
def test_who_cuts_long_messages_into_pieces(
    pair: Pair, tmp_path: Path, policy: dict[str, Any], words: tuple[str, str], split: tuple[bool, bool]
) -> None:
    """Certificates with many names make messages of IKE that are longer than a packet (RFC 7383)."""
    here, there = pair
    raw = topology(pair, auth="certificate")
    raw["policies"]["p0"] = policy
    authority = Authority()
    for gateway in pair:
        names = [raw["tunnels"][0]["ids"][gateway.lan], *(f"name-{number}.example" for number in range(60))]
        bring(raw, gateway.lan, authority, RSA, names=names)
    for gateway, word in ((there, words[1]), (here, words[0])):
        raw["tunnels"][0]["fragmentation"] = word
        load(gateway, raw, tmp_path)
    established(here, TUNNEL)
    assert tuple("splitting IKE message" in heard(gateway) for gateway in pair) == split


@pytest.mark.parameters("tunnel.dpd_timeout")
def test_a_silent_peer_of_ikev1_is_given_up_in_time(pair: Pair) -> None:
    """Else that takes as long as it takes to retransmit, minutes."""
    here, there = pair
    raw = two_sites(pair, [MAIN])
    raw["tunnels"][0] |= {"dpd_delay": 1, "dpd_timeout": 4, "dpd_action": "clear", "initiator": here.lan}
    plan(there, raw)
    established(here, *plan(here, raw))
    there.sh("systemctl kill -s STOP strongswan")
    begun = time.monotonic()
    try:
        time.sleep(2)
        assert here.sh("swanctl --list-sas")
        while here.sh("swanctl --list-sas"):
            assert time.monotonic() - begun < 15, here.sh("swanctl --list-sas")
            time.sleep(0.2)
    finally:
        there.sh("systemctl kill -s CONT strongswan")


@pytest.fixture
def options(pair: Pair) -> Iterator[str]:
    """A file for what a test wants of the daemons."""
    yield OPTIONS
    for gateway in pair:
        gateway.sh(f"rm -f {OPTIONS}")


@pytest.mark.parameters("gateway.make_before_break")
@pytest.mark.parametrize("wish", [True, False])
def test_a_new_authentication_ends_the_old_one_after_or_before(pair: Pair, options: str, wish: bool) -> None:
    """If it is after, no packet is lost but what came for keys that were not there yet, or not any more.

    If it is before, there is nothing to ping: the peer's answers would have it dial, too, and where both ends do that
    at once, both tunnels may stay.
    """
    here, there = pair
    raw = two_sites(pair, [REAUTHENTICATING])
    raw["tunnels"][0]["initiator"] = here.lan
    raw["sites"][here.lan]["gateways"][0]["make_before_break"] = wish
    settings = "\n".join(
        f"{key} = {value}" for key, value in gateway_intent(load_topology(raw), here.lan).daemon.items()
    )
    for gateway, ours in ((here, settings), (there, "")):
        gateway.write(options, f"charon {{\n{ours}\n}}\ncharon-systemd {{\njournal {{\nesp = 2\n}}\n}}\n")
        gateway.sh("systemctl restart strongswan")
    plan(there, raw)
    before = established(here, *plan(here, raw))
    ping = f"ping {steadily(200, 0.01)} -I {here.lan}.1 {there.lan}.1"
    with ThreadPoolExecutor() as pool:
        pinged = pool.submit(here.sh, ping if wish else "true")
        time.sleep(0.5)
        here.sh(f"swanctl --rekey --ike {TUNNEL} --reauth")
        established(here, TUNNEL, instead_of=before[TUNNEL])
    said = heard(here)
    assert (said.rindex("established between") < said.index("deleting IKE_SA")) == wish, said
    without_keys = (said + heard(there)).count("inbound ESP packet does not belong to an installed SA")
    assert unanswered(pinged.result(), 200) == without_keys or not wish


@pytest.mark.parameters("gateway.public_key")
def test_a_peer_of_which_no_more_than_its_public_key_is_known(pair: Pair, tmp_path: Path) -> None:
    here, there = pair
    theirs = topology(pair, auth="public_key")
    keys = {gateway.lan: new_key() for gateway in pair}
    for gateway in pair:
        theirs["sites"][gateway.lan]["gateways"][0]["private_key"] = private_pem(keys[gateway.lan])
    load(there, theirs, tmp_path)
    ours = copy.deepcopy(theirs)
    del ours["tunnels"][0]["initiator"]
    for known, works in ((keys[there.lan], True), (new_key(), False)):
        ours["sites"][there.lan]["gateways"] = [{"address": there.address, "public_key": public_pem(known)}]
        load(here, ours, tmp_path)
        if works:
            established(here, TUNNEL)
        else:
            assert refused(here, TUNNEL)[0] == "public_key"


@pytest.mark.parameters("authority.crl_uris")
def test_h26_a_list_of_revoked_certificates_is_fetched(pair: Pair, tmp_path: Path) -> None:
    """Nothing else would satisfy revocation: strict."""
    here, there = pair
    raw = topology(pair, auth={here.lan: "certificate", there.lan: "public_key"}, revocation="strict")
    authority = Authority()
    bring(raw, here.lan, authority)
    raw["authorities"]["corp"]["crl_uris"] = f"http://{here.address}:8081/corp.crl"
    content = base64.b64encode(authority.revoke().public_bytes(Encoding.DER)).decode()
    here.sh(f"mkdir -p /root/pki; echo {content} | base64 -d >/root/pki/corp.crl")
    server = "python3 -m http.server -d /root/pki 8081"
    here.sh(f"systemctl reset-failed crl 2>/dev/null; systemd-run -q --unit crl {server}; sleep 1")
    try:
        load(there, raw, tmp_path)
        load(here, raw, tmp_path)
        established(here, TUNNEL)
        assert '"GET /corp.crl HTTP/1.1" 200' in here.sh("journalctl --no-pager -u crl")
        assert f"fetching crl from 'http://{here.address}:8081/corp.crl'" in heard(there)
    finally:
        here.sh("systemctl stop crl")
