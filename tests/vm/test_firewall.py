# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who gets in, who is forwarded, and how rules come and go, on gateways whose own firewall is empty."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from runs import eventually
from sites import BERLIN_LAN, LONDON_LAN, play_firewall, tunnel_works
from traffic import capturing, pings, without_keys
from vmlab import CONTROLLER, GREETING, SSH, run_within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runs import Run
    from vmlab import Lab

pytestmark = pytest.mark.usefixtures("first_run")

GATEWAY, ADDRESS, LONDON_ADDRESS = "berlin-gw", "198.51.100.10", "198.51.100.20"
STRANGER = "198.51.100.2"  # the box `neighbour`, on the WAN
TABLE = "nft -s list table inet causeway"
TIMER = "systemctl is-active causeway-firewall-rollback.timer"
# IKE of a version that there is not, to which charon answers that it knows none such; or ESP or AH with an SPI that
# there is not, which the kernel counts if they come as far as that.
PROBE = """
import socket, struct, sys
protocol, address = sys.argv[1:]
if protocol in ("500", "4500"):
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.settimeout(2)
    header = bytes(range(1, 9)) + bytes(8) + bytes([33, 0x30, 34, 8]) + struct.pack("!II", 0, 28)
    client.sendto((bytes(4) if protocol == "4500" else b"") + header, (address, int(protocol)))
    try:
        print("answered" if client.recv(2000) else "empty")
    except OSError:
        print("silent")
else:
    esp = struct.pack("!II", 0x12345678, 1) + bytes(32)
    packet = esp if protocol == "50" else struct.pack("!BBH", 4, 4, 0) + esp
    socket.socket(socket.AF_INET, socket.SOCK_RAW, int(protocol)).sendto(packet, (address, 0))
"""

DATAGRAMS = """
import socket, sys
for source in sys.argv[1:-1]:
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.bind((source, 0))
    client.sendto(b"causeway", (sys.argv[-1], 7))
"""


def stranger_ssh(lab: Lab, command: str) -> list[str]:
    options = [word for option in SSH for word in ("-o", option)]
    return lab.entered("ssh", "-i", str(lab.home / "key"), *options, f"root@{ADDRESS}", command, box="neighbour")


def as_stranger(lab: Lab, command: str) -> Run:
    """What a command says on the gateway to somebody who comes from the WAN."""
    return run_within(stranger_ssh(lab, command))


def greeted(lab: Lab, box: str = "") -> bool:
    """Whether the gateway's SSH lets in who comes from a box on the WAN, or from the controller."""
    address = ADDRESS if box else lab.machine(GATEWAY).address
    return "SSH" in lab.inside(sys.executable, "-c", GREETING, address, box=box).output


def with_management(lab: Lab, *networks: str) -> dict[str, Any]:
    topology = lab.scenario.topology
    berlin = {**topology["sites"]["berlin"], "management": [*networks]}
    return {**topology, "sites": {**topology["sites"], "berlin": berlin}}


def dropped(lab: Lab) -> int:
    """What our rule against strangers has counted."""
    return int(re.findall(r"counter packets (\d+) ", lab.ssh(GATEWAY, "nft list chain inet causeway from_peers"))[-1])


@pytest.mark.parametrize("protocol", ["500", "4500", "50", "51"])
def test_ipsec_is_for_peers(lab: Lab, protocol: str) -> None:
    told, counted, is_ike = dropped(lab), without_keys(lab, GATEWAY), protocol in {"500", "4500"}
    stranger = lab.inside(sys.executable, "-c", PROBE, protocol, ADDRESS, box="neighbour").output
    assert (dropped(lab), without_keys(lab, GATEWAY)) == (told + 1, counted)
    peer = lab.ssh("london-gw", f"python3 -c '{PROBE}' {protocol} {ADDRESS}")
    assert (dropped(lab), without_keys(lab, GATEWAY)) == (told + 1, counted + (not is_ike))
    assert (stranger.strip(), peer.strip()) == (("silent", "answered") if is_ike else ("", ""))


@pytest.fixture
def other_networks(lab: Lab) -> Iterator[None]:
    """London has another network on its wire, and the stranger has a route to its LAN."""
    lab.ssh("london-1", "ip address add 192.168.3.11/24 dev lan0")
    lab.inside("ip", "route", "add", "192.168.2.0/24", "via", LONDON_ADDRESS, box="neighbour")
    yield
    lab.inside("ip", "route", "delete", "192.168.2.0/24", box="neighbour")
    lab.ssh("london-1", "ip address delete 192.168.3.11/24 dev lan0")


def forwarded(lab: Lab) -> set[tuple[str, str]]:
    """Who reaches whom: the sources and destinations of what London's gateway lets through."""
    # One in clear, with an address that belongs into the tunnel
    sources = (STRANGER, "192.168.1.1")
    with capturing(lab, "london", "udp port 7") as arrived:
        sent = lab.inside(sys.executable, "-c", DATAGRAMS, *sources, LONDON_LAN, box="neighbour")
        assert sent.status == 0, sent.output
    with capturing(lab, "wan", "icmp[icmptype] = icmp-echo") as left:
        pings(lab, "london-1", BERLIN_LAN, "-I", "192.168.3.11", count=2)
        pings(lab, "london-1", "203.0.113.80", count=2)
    return {(packet.source, packet.destination) for packet in (*arrived.packets, *left.packets)}


@pytest.mark.parameters("site.subnets")
def test_forwarding_is_for_the_subnets_that_a_tunnel_names(lab: Lab, other_networks: None) -> None:
    assert forwarded(lab) == set()
    play_firewall(lab, firewall_forward_others="allow").succeeded()
    # Others are forwarded now, but still nobody who says to be, or wants to be, at the other end of a tunnel.
    assert forwarded(lab) == {(STRANGER, LONDON_LAN), (LONDON_LAN, "203.0.113.80")}
    play_firewall(lab).succeeded()
    assert tunnel_works(lab)


@pytest.mark.parameters("site.management")
def test_ssh_is_for_management(lab: Lab) -> None:
    assert greeted(lab, "neighbour")
    with subprocess.Popen(stranger_ssh(lab, "cat"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as held:
        assert held.stdin
        assert held.stdout
        play_firewall(lab, with_management(lab, f"{CONTROLLER}/32")).succeeded()
        assert not greeted(lab, "neighbour")
        assert greeted(lab)
        held.stdin.write("still here\n")
        held.stdin.close()
        assert held.stdout.read() == "still here\n"
    again = play_firewall(lab, with_management(lab, f"{CONTROLLER}/32"))
    assert set(again.changed.values()) == {0}


def test_rules_that_keep_the_controller_out_do_not_stay(lab: Lab) -> None:
    play_firewall(lab).succeeded()
    before = lab.ssh(GATEWAY, TABLE)
    done = play_firewall(lab, with_management(lab, "203.0.113.99/32"), firewall_rollback_after=15)
    assert done.status != 0
    assert "berlin-gw: the new firewall rules were not kept, and the old ones are back." in done.output
    assert "from 203.0.113.99/32, which is the management of the site berlin" in " ".join(done.output.split())
    assert lab.ssh(GATEWAY, TABLE) == before
    assert lab.ssh(GATEWAY, TIMER, check=False).strip() == "inactive"
    assert set(play_firewall(lab).changed.values()) == {0}


@contextlib.contextmanager
def unconfirmed(lab: Lab) -> Iterator[None]:
    """A play that waits to come in anew, through rules that let only the stranger in; in the end it says why not."""
    topology = with_management(lab, f"{STRANGER}/32")
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(play_firewall, lab, topology, firewall_rollback_after=300)
        # The way back is armed before the rules are loaded.
        assert eventually(lambda: STRANGER in re.findall(r"[\d.]+", as_stranger(lab, TABLE).output), 120)
        assert as_stranger(lab, TIMER).status == 0
        yield
        done = waiting.result()
    assert done.status != 0
    assert "there is nothing to confirm: these rules are not loaded." in " ".join(done.output.split())


def test_a_reboot_gives_the_rules_that_were_confirmed_and_before_the_network(lab: Lab) -> None:
    before = lab.ssh(GATEWAY, TABLE)
    with unconfirmed(lab):
        assert not greeted(lab)
        as_stranger(lab, "systemctl poweroff")
        lab.reboot(GATEWAY)
        assert lab.ssh(GATEWAY, TABLE) == before
        assert greeted(lab)
    order = ("causeway-firewall.service", "network-pre.target", "networking.service", "strongswan.service")
    reached = [active_since(lab, unit) for unit in order]
    assert 0 < reached[0] < reached[1] < min(reached[2:])
    assert eventually(lambda: tunnel_works(lab), 40)


def active_since(lab: Lab, unit: str) -> int:
    """In microseconds since the kernel's start."""
    return int(lab.ssh(GATEWAY, f"systemctl show --value -p ActiveEnterTimestampMonotonic {unit}"))
