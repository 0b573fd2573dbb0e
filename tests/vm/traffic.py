# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests do on a lab's wires: look at packets, ping, send much."""

from __future__ import annotations

import contextlib
import re
import signal
import subprocess
import time
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

from packets import AH, ESP, Packet, read_pcap
from pings import GRACE, at_once, received, sent_in_time, transmitted, unanswered
from wires import LabError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from vmlab import Lab

LANS = tuple(map(ip_network, ("192.168.0.0/16", "10.64.0.0/10", "2001:db8:1::/64", "2001:db8:2::/64")))
RECEIVER = """
import socket, sys
server = socket.create_server((sys.argv[1], 5001), family=socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
print("ready", flush=True)
server.settimeout(float(sys.argv[2]))
received = 0
try:
    connection = server.accept()[0]
    connection.settimeout(float(sys.argv[2]))
    while block := connection.recv(65536):
        received += len(block)
except OSError:
    pass
print(received, flush=True)
"""
SENDER = """
import socket, sys
connection = socket.create_connection((sys.argv[1], 5001), float(sys.argv[2]))
connection.settimeout(float(sys.argv[2]))
connection.sendall(bytes(int(sys.argv[3])))
"""


@dataclass
class Capture:
    """What was on a wire; complete when the block that captures has ended."""

    packets: list[Packet] = field(default_factory=list)

    def those(self, condition: Callable[[Packet], bool]) -> list[Packet]:
        return [packet for packet in self.packets if condition(packet)]

    @property
    def protected(self) -> list[Packet]:
        return self.those(lambda packet: packet.protocol in {ESP, AH} or packet.is_esp_in_udp)

    @property
    def clear(self) -> list[Packet]:
        """What a LAN's host said or was told, for all to read. (AH hides nothing, and is not meant to.)"""
        return self.those(lambda packet: in_lan(packet.source) or in_lan(packet.destination))

    @property
    def unexpected(self) -> list[Packet]:
        """What is neither protected nor IKE nor IPv6's housekeeping."""
        known = self.protected
        return self.those(lambda packet: not (packet in known or packet.is_ike or packet.is_housekeeping))


def in_lan(address: str) -> bool:
    return any(ip_address(address) in lan for lan in LANS)


@contextlib.contextmanager
def capturing(lab: Lab, wire: str = "wan", only: str = "ip or ip6") -> Iterator[Capture]:
    """The packets on a wire, or those of them that a BPF filter takes."""
    seen = Capture()
    file = lab.place / f"{wire}-{time.monotonic_ns()}.pcap"
    listen = [
        "tcpdump",
        "--immediate-mode",
        "-Z",
        "root",
        "-U",
        "-n",
        "-s",
        "256",
        "-i",
        f"br-{wire}",
        "-w",
        str(file),
        only,
    ]
    with subprocess.Popen(lab.entered(*listen), stderr=subprocess.PIPE, text=True) as tcpdump:
        said = iter(tcpdump.stderr or ())
        if not any("listening on" in line for line in said):
            raise LabError(f"tcpdump does not listen: {only}")
        try:
            yield seen
            time.sleep(0.3)  # what was sent last must be through
        finally:
            tcpdump.send_signal(signal.SIGINT)
            last = "".join(said)
    if not re.search(r"^0 packets dropped", last, re.MULTILINE):
        raise LabError(f"tcpdump has not seen everything: {last}")
    seen.packets += read_pcap(file.read_bytes())


def pings(lab: Lab, host: str, address: str, *options: str, count: int = 1) -> int:
    """How many of so many pings are answered."""
    return received(lab.ssh(host, f"ping {at_once(count)} {' '.join(options)} {address}", check=False))


def without_keys(lab: Lab, *hosts: str) -> int:
    """How many packets of ESP and AH came to gateways whose kernels had no keys for them.

    Either not yet (XfrmAcquireError: the SPI is the peer's to use, and our daemon is still at it) or no longer, or
    never (XfrmInNoStates).
    """
    command = "awk '/^Xfrm(AcquireError|InNoStates)/ { sum += $2 } END { print sum }' /proc/net/xfrm_stat"
    return sum(int(lab.ssh(host, command)) for host in hosts)


@dataclass
class Pinging:
    """Pings in the background; the numbers are there when the block has ended."""

    sent: int = 0
    received: int = 0


@contextlib.contextmanager
def pinging(lab: Lab, host: str, address: str, interval: float = 0.1) -> Iterator[Pinging]:
    """Pings an address all the while."""
    result = Pinging()
    file = f"/tmp/ping-{time.monotonic_ns()}"
    pid = lab.ssh(host, f"nohup ping -n -i {interval} {address} >{file} 2>&1 </dev/null & echo $!").strip()
    try:
        yield result
    finally:
        said = lab.ssh(host, f"kill -INT {pid}; while kill -0 {pid} 2>/dev/null; do sleep 0.1; done; cat {file}")
    result.received = received(said)
    result.sent = transmitted(said)


EACH_SECONDS = 0.2  # a ping on each way
Way = tuple[str, str]  # from an address to an address


def crossing(lab: Lab, host: str, ways: Iterable[Way], count: int = 1) -> set[Way]:
    """The ways on which all of so many pings of a host are answered, on all ways at once."""
    each = (
        f"(ping -q {at_once(count)} -I {source} {address} | grep -q ' {count} received' && echo {source} {address}) &"
        for source, address in ways
    )
    answered = [line.split() for line in lab.ssh(host, f"{' '.join(each)} wait").splitlines()]
    return {(ends[0], ends[1]) for ends in answered}


@contextlib.contextmanager
def pinging_each(lab: Lab, host: str, ways: Iterable[Way]) -> Iterator[dict[Way, int]]:
    """Pings on all ways all the while; how many were not answered on each is there when the block has ended."""
    lost: dict[Way, int] = {}
    place = f"/tmp/pings-{time.monotonic_ns()}"
    ways = list(ways)
    each = (
        f"nohup ping -n -i {EACH_SECONDS} -I {source} {address} >{place}/{number} 2>&1 </dev/null &"
        for number, (source, address) in enumerate(ways)
    )
    lab.ssh(host, f"mkdir {place}; {' '.join(each)} jobs -p >{place}/pids")
    try:
        yield lost
    finally:
        time.sleep(GRACE)  # those that are sent in it don't count
        end = f"kill -INT $(cat {place}/pids); while kill -0 $(cat {place}/pids) 2>/dev/null; do sleep 0.1; done"
        said = lab.ssh(host, f"{end}; tail -v -n +1 {place}/[0-9]*")
    _nothing, *parts = re.split(r"^==> .*/(\d+) <==$", said, flags=re.MULTILINE)
    by_number = dict(zip(parts[::2], parts[1::2]))
    for number, way in enumerate(ways):
        said = by_number[str(number)]
        lost[way] = unanswered(said, sent_in_time(said, EACH_SECONDS))


CHATTER = """
import socket, sys, time
address, seconds = sys.argv[1], float(sys.argv[2])
end = time.monotonic() + seconds
datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
while time.monotonic() < end:
    attempt = socket.socket()
    attempt.setblocking(False)
    attempt.connect_ex((address, 7))
    try:
        datagrams.sendto(b"causeway", (address, 7))
    except OSError:
        pass
    time.sleep(0.1)
    attempt.close()
"""


@contextlib.contextmanager
def chattering(lab: Lab, host: str, address: str) -> Iterator[None]:
    """Pings, datagrams and attempts at TCP, ten of each a second, to one address all the while."""
    talk = f"nohup python3 -c '{CHATTER}' {address} 600 >/dev/null 2>&1 </dev/null & echo $!"
    pid = lab.ssh(host, talk).strip()
    try:
        with pinging(lab, host, address):
            yield
    finally:
        lab.ssh(host, f"kill {pid}")


def transfer(lab: Lab, sender: str, receiver: str, address: str, *, size: int = 2_000_000, seconds: float = 10) -> int:
    """How many bytes arrive of a TCP connection to an address of the receiver before it stalls for so many seconds."""
    command = f"python3 -c '{RECEIVER}' {address} {seconds}"
    with subprocess.Popen(lab.ssh_command(receiver, command), stdout=subprocess.PIPE, text=True) as server:
        if not server.stdout or server.stdout.readline() != "ready\n":
            raise LabError(f"{receiver}: nothing listens on {address}")
        lab.ssh(sender, f"python3 -c '{SENDER}' {address} {seconds} {size}", check=False)
        return int(server.stdout.readline())
