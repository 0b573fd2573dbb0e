# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our gateway and peers that somebody else has set up, with software of their own: libreswan, strongSwan's ipsec.conf.

All the examples of docs/peers.md at once, in one topology. The tests build on one another, in this order.
"""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

import pytest
from packets import AH, ESP, UDP
from peers import LIBRESWAN, PEERS, STRONGSWAN, address, examples, topology, vault, ways
from runs import eventually
from sites import play_topology
from traffic import capturing, crossing, pinging_each, without_keys

if TYPE_CHECKING:
    from collections.abc import Callable

    from packets import Packet
    from runs import Run
    from vmlab import Lab

SCENARIO = "foreign"
OURS = "berlin-gw"
SITES = sorted(examples())
WAYS = [way for site in SITES for way in ways(site)]
BACK = [(theirs, ours) for ours, theirs in WAYS]
CHILDREN = {
    site: 4 if site in {"basel", "oslo"} else 1 for site in SITES
}  # one for each pair of subnets, or one for all
OUR_LANS = [ip_network(subnet) for subnet in topology()["sites"]["berlin"]["subnets"]]
CBC256 = "AES_CBC-256/HMAC_SHA2_256_128"
CBC128 = "AES_CBC-128/HMAC_SHA1_96"


@dataclass(frozen=True)
class Expected:
    """What the proof's row says, and what our kernel has; the protocol on the WAN, and the largest packet in it."""

    ike: str
    ipsec: str
    kernel: tuple[str, ...]
    protocol: int = ESP
    state: str = "proven"


AES_SHA1 = ("proto esp", "enc cbc(aes)", "auth-trunc hmac(sha1)")
AES_SHA256 = ("proto esp", "enc cbc(aes)", "auth-trunc hmac(sha256)")
EXPECTED = {
    "london": Expected(f"{CBC256}/PRF_HMAC_SHA2_256/MODP_2048", CBC256, AES_SHA256),
    "basel": Expected(f"{CBC256}/PRF_HMAC_SHA2_256/MODP_2048", f"{CBC256}/MODP_2048", AES_SHA256),
    "oslo": Expected(f"{CBC128}/PRF_HMAC_SHA1/MODP_1536", f"{CBC128}/MODP_1536", AES_SHA1),
    "rome": Expected(
        "AES_GCM_16-256/PRF_HMAC_SHA2_384/ECP_384", "AES_GCM_16-256", ("proto esp", "aead rfc4106(gcm(aes))")
    ),
    "bern": Expected(
        f"{CBC256}/PRF_HMAC_SHA2_256/MODP_2048",
        "HMAC_SHA2_256_128",
        ("proto ah", "auth-trunc hmac(sha256)"),
        AH,
        "up",  # nothing is known there that could be pinged
    ),
    "paris": Expected(f"{CBC128}/PRF_HMAC_SHA1/MODP_1024", f"{CBC128}/MODP_1024", AES_SHA1),
    "turin": Expected(f"{CBC128}/PRF_HMAC_SHA1/MODP_1024", CBC128, AES_SHA1),
    "milan": Expected(f"{CBC128}/PRF_HMAC_SHA1/MODP_1536", CBC128, (*AES_SHA1, "espinudp sport 4500 dport 4500"), UDP),
}


@pytest.fixture(scope="module")
def run(lab: Lab) -> Run:
    """The peers as their owners set them up, and then our side."""
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda peer: (peer.install(lab), peer.configure(lab, peer.files())), PEERS))
    # It has no other gateway to the LANs of Paris.
    lab.ssh("london-1", "ip rule add from 192.168.40.0/22 table 40; ip route add default via 192.168.40.5 table 40")
    return play_topology(lab, topology(), **vault())


def all_cross(lab: Lab) -> bool:
    return crossing(lab, "berlin-1", WAYS) == set(WAYS) and crossing(lab, "london-1", BACK) == set(BACK)


def ike_sas(lab: Lab) -> dict[str, list[tuple[str, bool]]]:
    """Of each peer, newest first, the SPIs that were negotiated, and whether it was we who began."""
    shown = re.findall(
        r"^cw-berlin-(\w+): #\d+, ESTABLISHED, IKEv\d, (\w+_i)(\*?) ", lab.ssh(OURS, "swanctl --list-sas"), re.MULTILINE
    )
    return {site: [(spi, star == "*") for name, spi, star in shown if name == site] for site in SITES}


def ipsec_spis(lab: Lab) -> dict[str, set[str]]:
    """Those in our kernel, by peer."""
    shown = re.findall(r"^src (\S+) dst (\S+)\n\s+proto \w+ spi (\S+)", lab.ssh(OURS, "ip xfrm state"), re.MULTILINE)
    return {site: {spi for source, to, spi in shown if address(site) in {source, to}} for site in SITES}


def at_rest(lab: Lab) -> bool:
    """Whether nobody sets up a tunnel, nor takes down one of two, for longer than strongSwan waits with that."""
    before = ike_sas(lab)
    lab.ssh("berlin-1", "sleep 12")
    return ike_sas(lab) == before


def row(said: str, site: str) -> str:
    found = re.search(rf"^berlin-{site} .*$", said, re.MULTILINE)
    assert found, said[-6000:]
    return found.group()


@pytest.mark.parameters(
    "ike.version",
    "ike.encryption",
    "ike.integrity",
    "ike.dh_group",
    "esp.encryption",
    "esp.integrity",
    "esp.pfs_group",
    "ah.integrity",
    "tunnel.psk",
    "tunnel.ids",
)
@pytest.mark.parametrize("site", SITES)
def test_a_run_on_our_side_proves_the_tunnel(lab: Lab, run: Run, site: str) -> None:
    expected = EXPECTED[site]
    shown = re.split(" {2,}", row(run.output, site))
    assert shown[:3] == [f"berlin-{site}", expected.state, expected.ike]
    assert expected.ipsec in shown[3].split(", ")
    assert shown[5] == ("1 of 1" if expected.state == "proven" else "-")
    states = [state for state in lab.ssh(OURS, "ip xfrm state").split("src ") if address(site) in state]
    assert len(states) >= 2
    assert [state for state in states if not all(word in state for word in expected.kernel)] == []


def test_what_cannot_be_proven_of_a_peer_is_said(run: Run) -> None:
    assert "berlin-bern: up, but not proven: there was no address on the far side to ping" in run.output


def test_yesterdays_algorithms_work_with_a_warning(run: Run) -> None:
    for warning in (
        "policies[paris].ike.version: policy 'paris' uses IKEv1, which RFC 9395 retired in 2023",
        "policies[paris].ike.dh_group: policy 'paris' names group 2 (modp1024), which is broken",
        "policies[turin].esp.integrity: policy 'turin' names sha1, which is legacy",
        "policies[milan].ike.dh_group: policy 'milan' names group 5 (modp1536), which is legacy",
        "policies[rome].esp.pfs_group: policy 'rome' has no perfect forward secrecy",
        "policies[bern].ah: policy 'bern' uses AH, which encrypts nothing",
    ):
        assert f"[WARNING]: ipsec_topology: {warning}" in run.output


@pytest.mark.parameters("tunnel.selectors", "tunnel.subnets", "gateway.local_address")
def test_packets_cross_each_pair_of_subnets_and_the_wan_sees_nothing_else(lab: Lab, run: Run) -> None:
    assert eventually(lambda: all_cross(lab), 60)
    with capturing(lab) as seen:
        assert crossing(lab, "berlin-1", WAYS, count=3) == set(WAYS)
        assert crossing(lab, "london-1", BACK, count=3) == set(BACK)
    assert seen.unexpected == []
    for site in SITES:
        protected = [packet for packet in seen.protected if address(site) in {packet.source, packet.destination}]
        assert {packet.protocol for packet in protected} == {EXPECTED[site].protocol}
        assert len(protected) == 12 * len(ways(site))


def ours_crash(lab: Lab) -> None:
    lab.ssh(OURS, "pkill -KILL charon; systemctl stop strongswan; ip xfrm state flush; systemctl start strongswan")


def theirs_crash(lab: Lab) -> None:
    for peer in PEERS:
        peer.crash(lab)
        peer.each(lab, peer.dial)


def ours_end(lab: Lab) -> None:
    lab.ssh(OURS, "; ".join(f"swanctl --terminate --ike cw-berlin-{site} --timeout 5 || true" for site in SITES))
    for peer in PEERS:
        peer.each(lab, peer.dial)


def theirs_end(lab: Lab) -> None:
    for peer in PEERS:
        peer.restart(lab)


WAITING = {"basel", "london", "oslo", "rome", "turin"}  # for us: their owners do not have them dial by themselves


@pytest.mark.parametrize(
    ("happens", "we_dial", "they_dial"),
    [
        (ours_crash, set(SITES), set()),
        (theirs_crash, set(), set(SITES)),
        (ours_end, set(), set(SITES)),
        (theirs_end, WAITING, set()),
    ],
    ids=["ours crashed", "theirs crashed", "ours has ended it", "theirs has ended it"],
)
def test_the_tunnels_come_back_whoever_has_forgotten_them(
    lab: Lab, run: Run, happens: Callable[[Lab], None], we_dial: set[str], they_dial: set[str]
) -> None:
    before = ike_sas(lab)
    with capturing(lab) as seen:
        happens(lab)
        assert eventually(lambda: all_cross(lab), 90)
    assert [packet for packet in seen.clear if ours(packet)] == []
    after = ike_sas(lab)
    begun = {site: after[site][0] for site in SITES if after[site][0] not in before[site]}
    assert {site for site, (_spi, by_us) in begun.items() if by_us} >= we_dial
    assert {site for site, (_spi, by_us) in begun.items() if not by_us} >= they_dial


def test_two_ends_that_both_dial_come_to_rest(lab: Lab, run: Run) -> None:
    """Each then has a tunnel of its own making. If one is taken down, its end may not make it anew.

    Both stay if each was being set up when the other was established: seen when the daemon of Milan was stopped for
    600 ms while it dialled.
    """
    assert eventually(lambda: at_rest(lab), 60)
    assert {site: len(sas) for site, sas in ike_sas(lab).items() if len(sas) not in {1, 2}} == {}


def test_a_second_run_changes_nothing_and_loses_no_packet(lab: Lab, run: Run) -> None:
    before = ipsec_spis(lab)
    with pinging_each(lab, "berlin-1", WAYS) as pinged:
        again = play_topology(lab, topology(), **vault())
    assert set(again.changed.values()) == {0}
    assert ipsec_spis(lab) == before
    assert pinged == dict.fromkeys(WAYS, 0)


def ours(packet: Packet) -> bool:
    """Whether our LAN has said it. (What theirs say while their own gateway is away is not ours to keep in.)"""
    return any(ip_address(packet.source) in lan for lan in OUR_LANS)


def we_rekey(lab: Lab) -> None:
    children = re.findall(r"^  (cw-berlin-\S+): #", lab.ssh(OURS, "swanctl --list-sas"), re.MULTILINE)
    commands = [f"swanctl --rekey --child {child}" for child in sorted(set(children))]
    lab.ssh(OURS, "; ".join([*commands, *(f"swanctl --rekey --ike cw-berlin-{site}" for site in SITES)]))


def they_rekey(lab: Lab) -> None:
    for peer in PEERS:
        peer.each(lab, peer.rekey)


# libreswan 4.10 renews the keys of AH too, but its message that ends the old ones names none: the page says rekey=no.
NEVER_BY_THEM = {"bern"}


# Who begins with IKEv1 has the new keys with the answer, and uses them at once; who answers, with the third message.
# With IKEv2 who answers has them first: strongSwan waits with sending until the old ones are gone, libreswan does not.
OF_IKEV1 = {"oslo", "paris"}


@pytest.mark.parametrize(
    ("rekey", "sites", "hasty"),
    [
        (we_rekey, set(SITES), OF_IKEV1 | set(LIBRESWAN.sites)),
        (they_rekey, set(SITES) - NEVER_BY_THEM, OF_IKEV1),
    ],
    ids=["ours", "theirs"],
)
def test_a_rekeying_by_either_side_loses_nothing_but_what_is_quicker_than_its_keys(
    lab: Lab, run: Run, rekey: Callable[[Lab], None], sites: set[str], hasty: set[str]
) -> None:
    gateways = (OURS, *(peer.host for peer in PEERS))
    before, unknown = ipsec_spis(lab), without_keys(lab, *gateways)
    with pinging_each(lab, "berlin-1", WAYS) as pinged:
        rekey(lab)
        assert eventually(
            lambda: all(len(ipsec_spis(lab)[site] - before[site]) >= 2 * CHILDREN[site] for site in sites), 60
        )
        lab.ssh("berlin-1", "sleep 1")  # with the new ones
    assert sum(pinged.values()) == without_keys(lab, *gateways) - unknown, pinged
    assert {way for way, lost in pinged.items() if lost} <= {way for site in hasty for way in ways(site)}
    # One of these single pings was lost in two whole runs, seconds after the keys had changed; why is not known.
    assert eventually(lambda: all_cross(lab), 10)


# What their owners have got wrong, and what our report makes of it. Two have not.
MISTAKES = {
    "london": ("leftsubnet=192.168.20.0/24", "leftsubnets={192.168.20.0/24,192.168.25.0/24}"),
    "oslo": ("esp=aes128-sha1;modp1536", "esp=aes256-sha1;modp1536"),
    "rome": ("leftid=@gw.rome.example", "leftid=@gw.naples.example"),
    "paris": ("Berlin and Paris agreed on this key", "Berlin and Paris agreed on that key"),
    "turin": ("192.168.41.0/24,192.168.42.0/24", "192.168.41.0/24,192.168.44.0/24"),
    "milan": ("ike=aes128-sha1-modp1536!", "ike=aes128-sha1-modp2048!"),
}
TOLD = {
    "london": "up, but the peer did not agree to 192.168.1.0/24 === 192.168.25.0/24. Either it has other subnets than",
    "oslo": "down: the peers agree on IKE, but 198.51.100.21 accepts none of our ESP proposals (aes128-sha1-modp1536)",
    "rome": "down: the peer at 198.51.100.22 refuses our authentication: ",
    "paris": "down: the peer at 198.51.100.40 answers, and falls silent when the ends are to authenticate each other",
    "turin": "up, but the peer did not agree to 192.168.1.0/24 === 192.168.42.0/24, 192.168.4.0/24 === 192.168.42.0/24",
    "milan": "down: the peer at 198.51.100.30 answers, but accepts none of our IKE proposals (aes128-sha1-",
}


def test_what_is_wrong_on_their_side_is_told(lab: Lab, run: Run) -> None:
    for peer in (LIBRESWAN, STRONGSWAN):
        files = peer.files()
        for right, wrong in MISTAKES.values():
            files = {name: text.replace(right, wrong) for name, text in files.items()}
        peer.configure(lab, files)
    lab.ssh(OURS, "; ".join(f"swanctl --terminate --ike cw-berlin-{site} --timeout 5 || true" for site in MISTAKES))
    more = topology()
    more["sites"]["london"]["subnets"].append("192.168.25.0/24")
    done = lab.play("-e", json.dumps({"ipsec_topology": more, **vault()}))
    assert done.status != 0
    assert [row(done.output, site).split()[1] for site in ("basel", "bern")] == ["proven", "up"]
    said = {site: re.findall(rf"^berlin-{site}: {OURS}: (.*)$", done.output, re.MULTILINE) for site in MISTAKES}
    assert [site for site in MISTAKES if not any(text.startswith(TOLD[site]) for text in said[site])] == [], said
