# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A gateway that translates its LAN's addresses, by whatever program, goes on doing so: for the internet, and never for
what goes into a tunnel.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from sites import BERLIN_LAN, INSTALL, LONDON_LAN, PROVEN, play_firewall
from traffic import Capture, capturing, pinging, pings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vmlab import Lab

pytestmark = pytest.mark.usefixtures("first_run")

GATEWAY, INTERNET = "berlin-gw", "203.0.113.80"


@dataclass(frozen=True)
class Masquerade:
    """Somebody's way to translate addresses: how it begins, what shows it without counters, how it ends."""

    name: str
    begin: str
    rules: str
    end: str

    def __str__(self) -> str:
        return self.name


MASQUERADES = [
    Masquerade(
        "nftables",
        "nft 'table ip theirs { chain post { type nat hook postrouting priority srcnat; oifname wan0 masquerade; }; }'",
        "nft -s list table ip theirs",
        "nft delete table ip theirs",
    ),
    Masquerade(
        "iptables-nft",
        f"{INSTALL} iptables && iptables -t nat -A POSTROUTING -o wan0 -j MASQUERADE",
        "iptables -t nat -S; nft -s list table ip nat",
        "nft delete table ip nat; apt-get -qq -y purge --autoremove iptables",
    ),
    Masquerade(
        "firewalld",
        f"{INSTALL} firewalld netbase && for zone in external=wan0 trusted=lan0 trusted=mgmt0; do"
        " firewall-cmd -q --permanent --zone=${zone%=*} --add-interface=${zone#*=}; done;"
        " firewall-cmd -q --permanent --zone=external --add-masquerade; firewall-cmd -q --reload",
        "firewall-cmd --zone=external --list-all; nft -s list chain inet firewalld nat_POST_external_allow",
        "systemctl stop firewalld; apt-get -qq -y purge --autoremove firewalld; rm -rf /etc/firewalld",
    ),
]


@contextlib.contextmanager
def before_us(lab: Lab, masquerade: Masquerade) -> Iterator[str]:
    """A gateway that has no rules of ours, and these of others: their text."""
    lab.ssh(GATEWAY, "nft delete table inet causeway")
    try:
        lab.ssh(GATEWAY, masquerade.begin)
        yield lab.ssh(GATEWAY, masquerade.rules)
    finally:
        lab.ssh(GATEWAY, masquerade.end)


def says_berlin(lab: Lab) -> Capture:
    """What reaches London's LAN while both LANs ping each other."""
    with capturing(lab, "london", "icmp") as arrived:
        assert pings(lab, "berlin-1", LONDON_LAN, count=5) == 5
        assert pings(lab, "london-1", BERLIN_LAN, count=5) == 5
    return arrived


@pytest.mark.parametrize("masquerade", MASQUERADES, ids=str)
def test_it_never_catches_what_is_for_a_tunnel(lab: Lab, masquerade: Masquerade) -> None:
    with before_us(lab, masquerade) as before:
        assert "masquerade" in before.lower()
        assert pings(lab, "berlin-1", INTERNET) == 1
        with pinging(lab, "berlin-1", LONDON_LAN) as flow:
            with capturing(lab) as caught:
                time.sleep(1)
            done = play_firewall(lab)
            assert PROVEN.search(done.output), done.output[-6000:]
            with capturing(lab) as seen:
                arrived = says_berlin(lab)
        assert caught.clear  # so the rest of this test can fail
        assert seen.unexpected == []
        assert len(seen.protected) >= 20
        assert {packet.source for packet in arrived.packets} == {BERLIN_LAN, LONDON_LAN}
        assert flow.received > 0  # it was caught from its first packet on, and is the same flow still
        assert lab.ssh(GATEWAY, masquerade.rules) == before
        assert pings(lab, "berlin-1", INTERNET, count=3) == 3
        again = play_firewall(lab)
        assert set(again.changed.values()) == {0}, again.output[-6000:]


def test_nor_does_one_that_comes_later(lab: Lab) -> None:
    """Until the next run what tunnels carry is no connection to this host; from then on, one with its own addresses."""
    masquerade = MASQUERADES[0]
    play_firewall(lab).succeeded()
    try:
        lab.ssh(GATEWAY, masquerade.begin)
        for chain in ("untracked", "keep_addresses"):
            assert f"chain {chain} {{" in lab.ssh(GATEWAY, "nft list table inet causeway")
            with capturing(lab) as seen:
                arrived = says_berlin(lab)
            assert seen.unexpected == []
            assert {packet.source for packet in arrived.packets} == {BERLIN_LAN, LONDON_LAN}
            play_firewall(lab).succeeded()
    finally:
        lab.ssh(GATEWAY, masquerade.end)
    play_firewall(lab).succeeded()


def reaches_the_wan(lab: Lab) -> bool:
    """Whether the LAN can send through the gateway what no tunnel takes; without a translation no answer comes back."""
    with capturing(lab, only=f"host {INTERNET}") as seen:
        pings(lab, "berlin-1", INTERNET, count=3)
    return bool(seen.packets)


def test_a_gateway_that_translates_nothing_is_no_way_to_the_internet(lab: Lab) -> None:
    play_firewall(lab, firewall_forward_others="allow").succeeded()
    assert reaches_the_wan(lab)
    play_firewall(lab).succeeded()
    assert not reaches_the_wan(lab)
