# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing for the other site leaves in clear, whatever has become of the tunnel. The LANs talk all the while."""

from __future__ import annotations

import contextlib
import re
import time
from typing import TYPE_CHECKING

import pytest
from runs import eventually
from sites import BERLIN_LAN, GATEWAYS, LONDON_LAN, OTHER_LAN, play_topology, tunnel_works
from traffic import Capture, capturing, chattering

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vmlab import Lab

pytestmark = pytest.mark.usefixtures("first_run")

# What a gateway may have had before we came, and how it is taken away again.
PLAIN = ("true", "true")
MASQUERADE = (
    "nft 'table ip theirs { chain post { type nat hook postrouting priority srcnat; oifname wan0 masquerade; }; }'"
)
HOSTILE = (
    f"{MASQUERADE}; ip route add {{other}}/24 via 198.51.100.1",
    "nft delete table ip theirs; ip route del {other}/24 via 198.51.100.1",
)
DEAF = "nft 'table inet cut { chain in { type filter hook input priority -400; ip saddr {peer} drop; }; }'"
# What becomes of the tunnel, and what mends it where it doesn't mend itself.
MISHAPS = {
    "is up": ("true", "true"),
    "was ended": ("swanctl --terminate --ike cw-berlin-london --timeout 5 || true", "true"),
    "has no daemon": ("systemctl stop strongswan", "systemctl start strongswan"),
    # What a killed daemon has left in the kernel would stay until its lifetime ends.
    "lost its daemon": (
        "pkill -KILL charon",
        "systemctl stop strongswan; ip xfrm state flush; systemctl start strongswan",
    ),
    "has a new daemon": ("systemctl restart strongswan", "true"),
    "is loaded anew": ("systemctl reload strongswan", "true"),
    "has a new daemon and no peer": (f"{DEAF}; systemctl restart strongswan", "nft delete table inet cut"),
}
PEER = {"berlin-gw": "198.51.100.20", "london-gw": "198.51.100.10"}


@contextlib.contextmanager
def watched(lab: Lab) -> Iterator[Capture]:
    """What the WAN sees while both LANs talk to each other."""
    with (
        capturing(lab) as seen,
        chattering(lab, "berlin-1", LONDON_LAN),
        chattering(lab, "london-1", BERLIN_LAN),
    ):
        yield seen


def at_rest(lab: Lab) -> bool:
    """Whether no end sets up a tunnel, nor deletes one of two.

    Where both have dialled, strongSwan deletes one after ten seconds. Two that were set up at the same moment both stay
    (seen when they were 4 ms apart), each for one direction.
    """
    before = [ike_sas(lab, host) for host in GATEWAYS]
    if "CONNECTING" in str(before) or not all(before):
        return False
    time.sleep(12)
    return [ike_sas(lab, host) for host in GATEWAYS] == before


def ike_sas(lab: Lab, host: str) -> list[str]:
    """Number and state of each, those that are being set up included."""
    return re.findall(r"^cw-berlin-london: (#\d+, \w+)", lab.ssh(host, "swanctl --list-sas 2>/dev/null"), re.MULTILINE)


def told(lab: Lab, host: str, command: str) -> None:
    lab.ssh(host, command.replace("{other}", OTHER_LAN[host].rsplit(".", 1)[0] + ".0").replace("{peer}", PEER[host]))


@pytest.mark.parametrize(
    ("host", "surroundings"),
    [("berlin-gw", PLAIN), ("berlin-gw", HOSTILE), ("london-gw", HOSTILE)],
    ids=["plain", "masquerade and route", "masquerade and route, the other end"],
)
def test_nothing_leaves_in_clear(lab: Lab, host: str, surroundings: tuple[str, str]) -> None:
    begin, end = surroundings
    told(lab, host, begin)
    leaks = {}
    try:
        for mishap, (happens, mended) in MISHAPS.items():
            with watched(lab) as seen:
                told(lab, host, happens)
                lab.ssh(host, "sleep 1")
                told(lab, host, mended)
                assert eventually(lambda: tunnel_works(lab), 40), mishap
            leaks[mishap] = [str(packet) for packet in seen.clear]
            assert seen.protected, mishap
    finally:
        told(lab, host, end)
    assert leaks == {mishap: [] for mishap in MISHAPS}


def test_a_change_leaks_nothing(lab: Lab) -> None:
    """Two changing runs: other lifetimes, and back."""
    topology = lab.scenario.topology
    policy = {"esp": {"encryption": "aes256", "integrity": "sha256", "pfs_group": 15, "lifetime": 1800}}
    changed = {**topology, "policies": {"other": policy}, "defaults": {"policy": "other"}}
    with watched(lab) as seen:
        play_topology(lab, changed)
        play_topology(lab, topology)
    assert seen.clear == []


@pytest.mark.parametrize("host", GATEWAYS)
def test_the_guard_outlives_the_service_of_nftables(lab: Lab, host: str) -> None:
    lab.ssh(host, "systemctl start nftables")
    for verb in ("reload", "restart", "stop"):
        lab.ssh(host, f"systemctl {verb} nftables")
        assert "guard_out" in lab.ssh(host, "nft list table inet causeway"), verb
    assert eventually(lambda: tunnel_works(lab), 20)


def test_without_the_guard_a_trap_still_holds_and_a_run_puts_the_guard_back(lab: Lab) -> None:
    with watched(lab) as seen:
        lab.ssh("berlin-gw", "nft flush ruleset; swanctl --terminate --ike cw-berlin-london --timeout 5 || true")
        assert eventually(lambda: tunnel_works(lab), 60)
    assert seen.clear == []
    healed = lab.play().succeeded()
    assert [host for host, changed in healed.changed.items() if changed] == ["berlin-gw"]
    assert "guard_out" in lab.ssh("berlin-gw", "nft list table inet causeway")


def test_these_tests_can_fail(lab: Lab) -> None:
    """With neither guard nor daemon, the packets do leave."""
    with watched(lab) as seen:
        lab.ssh("berlin-gw", "systemctl stop strongswan; nft delete table inet causeway; sleep 1")
    try:
        assert seen.clear
    finally:
        lab.ssh("berlin-gw", "systemctl restart causeway-firewall strongswan")
    assert eventually(lambda: tunnel_works(lab), 60)
    # The other end may still dial the daemon that was gone.
    assert eventually(lambda: at_rest(lab), 60), [ike_sas(lab, host) for host in GATEWAYS]
