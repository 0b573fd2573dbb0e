# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets, as they were on a wire."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ICMP, TCP, UDP, ESP, AH, ICMP6 = 1, 6, 17, 50, 51, 58
IPV6_EXTENSIONS = (0, 43, 60)  # hop-by-hop, routing, destination
REDIRECTS = ((ICMP, 5), (ICMP6, 137))


@dataclass(frozen=True)
class Packet:
    """An IP packet; `payload` is what follows its header."""

    seconds: float
    version: int
    protocol: int
    source: str
    destination: str
    length: int
    payload: bytes

    @property
    def ports(self) -> tuple[int, int] | None:
        """Source and destination, of UDP and TCP."""
        if self.protocol not in {TCP, UDP} or len(self.payload) < 4:
            return None
        source, destination = struct.unpack("!HH", self.payload[:4])
        return source, destination

    @property
    def icmp_type(self) -> int | None:
        return self.payload[0] if self.protocol in {ICMP, ICMP6} and self.payload else None

    @property
    def is_esp_in_udp(self) -> bool:
        """On port 4500, and neither IKE (four bytes of zero come first there) nor a keepalive."""
        body = self.payload[8:]
        return self.ports is not None and 4500 in self.ports and len(body) > 4 and body[:4] != bytes(4)

    @property
    def is_ike(self) -> bool:
        return (
            self.protocol == UDP and self.ports is not None and not {500, 4500}.isdisjoint(self.ports)
        ) and not self.is_esp_in_udp

    @property
    def is_housekeeping(self) -> bool:
        """What IPv6 needs to find neighbours and routers, and to join groups."""
        return self.version == 6 and (self.icmp_type in range(130, 137) or self.icmp_type == 143)

    def __str__(self) -> str:
        what = f" ports {self.ports}" if self.ports else f" type {self.icmp_type}" if self.icmp_type is not None else ""
        return (
            f"{self.seconds:.3f} {self.source} > {self.destination} protocol {self.protocol}{what} length {self.length}"
        )

    __repr__ = __str__


def read_pcap(data: bytes) -> Iterator[Packet]:
    """The IP packets of a tcpdump file of an Ethernet."""
    order = "<" if data[:4] in {b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1"} else ">"
    place = 24
    while place + 16 <= len(data):
        seconds, fraction, kept, _length = struct.unpack(f"{order}IIII", data[place : place + 16])
        frame = data[place + 16 : place + 16 + kept]
        place += 16 + kept
        kind = frame[12:14]
        if kind == b"\x08\x00":
            yield _version4(seconds + fraction / 1e6, frame[14:])
        elif kind == b"\x86\xdd":
            yield _version6(seconds + fraction / 1e6, frame[14:])


def _version4(seconds: float, packet: bytes) -> Packet:
    length = struct.unpack("!H", packet[2:4])[0]
    source, destination = (str(ip_address(packet[at : at + 4])) for at in (12, 16))
    return Packet(seconds, 4, packet[9], source, destination, length, packet[(packet[0] & 15) * 4 : length])


def _version6(seconds: float, packet: bytes) -> Packet:
    length = 40 + struct.unpack("!H", packet[4:6])[0]
    source, destination = (str(ip_address(packet[at : at + 16])) for at in (8, 24))
    protocol, start = packet[6], 40
    while protocol in IPV6_EXTENSIONS and len(packet) > start + 1:
        protocol, start = packet[start], start + 8 * (packet[start + 1] + 1)
    return Packet(seconds, 6, protocol, source, destination, length, packet[start:length])
