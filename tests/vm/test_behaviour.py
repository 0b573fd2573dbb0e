# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a tunnel's keys besides its cryptography do: when it starts, how long a key lasts, what becomes of a lost peer.

The tests build on one another, in this order.
"""

from __future__ import annotations

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from pings import steadily, unanswered
from runs import eventually
from sites import GATEWAYS, LONDON_LAN, play_topology, states, tunnel_works
from traffic import capturing, pings, without_keys

if TYPE_CHECKING:
    from vmlab import Lab

PACKETS = 1000
POLICY: dict[str, Any] = {
    "ike": {"encryption": "aes256gcm16", "dh_group": 31, "reauth_lifetime": 86400},
    "esp": {
        "encryption": "aes128gcm16",
        "pfs_group": 31,
        "lifetime": 900,
        "rekey_margin": 100,
        "lifetime_packets": PACKETS,
        "lifetime_bytes": 10**9,
    },
}
PADDED = 1000
BEHAVIOUR = {
    "start": "on_traffic",
    "replay_window": 128,
    "dpd_delay": 1,
    "dpd_action": "clear",
    "extra": {"child": {"tfc_padding": PADDED}},
}
# Else it would be minutes until a peer that doesn't answer is given up.
IMPATIENT = {"retransmit_tries": 2, "retransmit_timeout": 1, "retransmit_base": 1}
# The first packet of IKE that the host sends gets lost.
LOST = (
    "nft 'table inet lossy { chain out { type filter hook output priority 400; "
    "udp dport { 500, 4500 } quota until 150 bytes counter drop; }; }'"
)
TOLD = "journalctl -u strongswan | grep -c 'received DELETE for IKE_SA cw-berlin-london' || true"
DEAF = "nft 'table inet deaf { chain in { type filter hook input priority -400; iifname wan0 drop; }; }'"


@pytest.fixture(scope="module", autouse=True)
def behaving(lab: Lab) -> None:
    """The scenario's tunnel with all of that."""
    topology = lab.scenario.topology
    sites = {
        name: {**site, "gateways": [{**gateway, "extra": IMPATIENT} for gateway in site["gateways"]]}
        for name, site in topology["sites"].items()
    }
    tunnels = [{**tunnel, **BEHAVIOUR, "policy": "tested"} for tunnel in topology["tunnels"]]
    play_topology(lab, {"sites": sites, "policies": {"tested": POLICY}, "tunnels": tunnels})


@pytest.mark.parameters(
    "esp.lifetime", "esp.rekey_margin", "esp.lifetime_packets", "esp.lifetime_bytes", "tunnel.replay_window"
)
def test_the_kernels_know_how_long_a_key_lasts(lab: Lab) -> None:
    """New keys come at random between two margins and one before the end."""
    for host in GATEWAYS:
        said = lab.ssh(host, "ip -s xfrm state")
        assert set(re.findall(r"replay_window (\d+)", said)) == {"128"}
        times = re.findall(r"expire add: soft (\d+)\(sec\), hard (\d+)\(sec\)", said)
        assert {hard for _soft, hard in times} == {"900"}
        # charon takes off a random part of one more than the margin, and drops what is less than one.
        assert all(700 - 1 <= int(soft) <= 800 for soft, _hard in times), times
        packets = re.findall(r"limit: soft (\d+)\(packets\), hard (\d+)\(packets\)", said)
        assert {hard for _soft, hard in packets} == {str(PACKETS)}
        assert all(PACKETS * 0.8 - 1 <= int(soft) <= PACKETS * 0.9 for soft, _hard in packets), packets
        assert set(re.findall(r"hard (\d+)\(bytes\)", said)) == {str(10**9)}


@pytest.mark.parameters("tunnel.extra")
def test_packets_are_padded_to_one_size(lab: Lab) -> None:
    """A key of strongSwan's for which the topology has none: who listens does not see how much is said at a time."""
    with capturing(lab) as seen:
        assert pings(lab, "berlin-1", LONDON_LAN, "-s 8", count=2) == 2
        assert pings(lab, "berlin-1", LONDON_LAN, "-s 800", count=2) == 2
    assert len({packet.length for packet in seen.protected if packet.length > PADDED}) == 1
    assert len([packet for packet in seen.protected if packet.length > PADDED]) == 8


@pytest.mark.parameters("esp.lifetime_packets")
def test_after_so_many_packets_there_are_new_keys_and_none_is_lost(lab: Lab) -> None:
    """They are asked for up to a hundred packets before the limit: two busy machines have half a second to agree."""
    before = states(lab)
    said = lab.ssh("berlin-1", f"ping {steadily(2 * PACKETS, 0.005)} {LONDON_LAN}")
    assert unanswered(said, 2 * PACKETS) == 0
    for had, has in zip(before, states(lab)):
        assert len(set(has.split()) - set(had.split())) >= 2, has  # the old ones may linger for packets on their way


def renewed(before: list[str], now: list[str]) -> bool:
    """Whether neither kernel has any of its keys left."""
    return all(set(had.split()).isdisjoint(has.split()) for had, has in zip(before, now))


@pytest.mark.parameters("gateway.make_before_break", "ike.reauth_lifetime")
def test_a_new_authentication_loses_what_is_quicker_than_its_keys_and_nothing_else(lab: Lab) -> None:
    """A second IKE SA stands with its own keys before the first one goes.

    The end that answers uses them at once (RFC 7296, 2.8, lets it); the other one has them when it has read the answer.
    """
    before, unknown = states(lab), without_keys(lab, *GATEWAYS)
    with ThreadPoolExecutor() as pool:
        pinged = pool.submit(lab.ssh, "berlin-1", f"ping {steadily(PACKETS // 2, 0.01)} {LONDON_LAN}")
        time.sleep(0.5)
        lab.ssh("berlin-gw", "swanctl --rekey --ike cw-berlin-london --reauth")
        assert eventually(lambda: renewed(before, states(lab)), 20)
    assert unanswered(pinged.result(), PACKETS // 2) == without_keys(lab, *GATEWAYS) - unknown


def sas(lab: Lab, host: str) -> str:
    return lab.ssh(host, "swanctl --list-sas 2>/dev/null")


@pytest.mark.parameters("tunnel.start")
def test_it_starts_on_traffic_and_not_before(lab: Lab) -> None:
    for host in GATEWAYS:
        lab.ssh(host, "systemctl stop strongswan")
    for host in GATEWAYS:
        lab.ssh(host, "systemctl start strongswan")
    time.sleep(5)
    assert [sas(lab, host) for host in GATEWAYS] == ["", ""]
    assert eventually(lambda: pings(lab, "berlin-1", LONDON_LAN) == 1, 20)


@pytest.mark.parameters("tunnel.dpd_delay", "tunnel.dpd_action", "gateway.extra")
def test_a_silent_peer_is_noticed_and_the_tunnel_cleared(lab: Lab) -> None:
    """One second of silence, and three more without an answer."""
    lab.ssh("london-gw", DEAF)
    try:
        assert eventually(lambda: sas(lab, "berlin-gw") == "", 15)
        time.sleep(3)
        assert sas(lab, "berlin-gw") == ""
    finally:
        lab.ssh("london-gw", "nft delete table inet deaf")
    assert eventually(lambda: tunnel_works(lab), 60)


@pytest.mark.parameters("tunnel.initiator")
@pytest.mark.parametrize("host", GATEWAYS)
def test_a_change_of_one_end_alone_is_told_to_the_other_even_if_a_word_gets_lost(lab: Lab, host: str) -> None:
    """What is changed ends its SAs first, and says so until it is heard. Then it dials, though it be the end that
    answers: the other one is not in the run."""
    topology = lab.scenario.topology
    tunnels = [{**tunnel, "initiator": "berlin", "dpd_delay": 300} for tunnel in topology["tunnels"]]
    play_topology(lab, {**topology, "tunnels": tunnels})
    [other] = {*GATEWAYS} - {host}
    before = int(lab.ssh(other, TOLD))
    policy = {"esp": {"encryption": "aes256", "integrity": "sha256", "pfs_group": 15, "lifetime": 1800}}
    changed = {**topology, "tunnels": tunnels, "policies": {"other": policy}, "defaults": {"policy": "other"}}
    lab.ssh(host, LOST)
    try:
        done = lab.play("--limit", host, "-e", json.dumps({"ipsec_topology": changed})).succeeded()
        assert "counter packets 1 " in lab.ssh(host, "nft list table inet lossy")
    finally:
        lab.ssh(host, "nft delete table inet lossy")
    assert int(lab.ssh(other, TOLD)) == before + 1
    assert re.search(r"^berlin-london +proven ", done.output, re.MULTILINE)
    assert re.search(r"^cw-berlin-london: .*_i\*", sas(lab, host), re.MULTILINE)
    assert tunnel_works(lab)
