# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An echo request of a given size that nobody may fragment, and what comes of it.

By sockets of our own: ping (before iputils 20231222) sends no packet larger than what the kernel has learned of the
path in the last ten minutes, and so would measure a tunnel that is no more.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import struct
import time
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ansible_collections.causeway.ipsec.plugins.module_utils.packet_size import IP_HEADER
from ansible_collections.causeway.ipsec.plugins.module_utils.path_mtu import Answer

if TYPE_CHECKING:
    from collections.abc import Iterable

ICMP_HEADER = 8
INTERVAL = 0.2  # seconds after which a packet counts as lost and the next one is sent
SEND_ATTEMPTS = 20
_LOCAL = 1  # SO_EE_ORIGIN_LOCAL
_TOKEN = 8  # bytes by which a reply is known as ours
_PROBE = 3  # IP_PMTUDISC_PROBE: not to be fragmented, whatever was learned of the path
_SOCK_EXTENDED_ERR = struct.Struct("=IBBBBII")


@dataclass(frozen=True)
class Family:
    """Numbers of linux/in.h and linux/in6.h that Python's socket does not name."""

    domain: int
    protocol: int
    level: int
    discover: int
    errors: int
    request: int
    reply: int


FAMILIES = {
    4: Family(socket.AF_INET, socket.IPPROTO_ICMP, socket.IPPROTO_IP, 10, 11, 8, 0),
    6: Family(socket.AF_INET6, socket.IPPROTO_ICMPV6, socket.IPPROTO_IPV6, 23, 25, 128, 129),
}


def probe(version: int, address: str, source: str | None, size: int, patience: float) -> Answer:
    """Send packets of so many bytes until one is answered or refused, or patience ends. OSError: not allowed to."""
    family, token = FAMILIES[version], os.urandom(_TOKEN)
    packet = request(family, token, size - IP_HEADER[version])
    end = time.monotonic() + patience
    with _open(family) as sock:
        sock.setsockopt(family.level, family.discover, _PROBE)
        sock.setsockopt(family.level, family.errors, 1)
        sock.setblocking(False)
        if source:
            sock.bind((source, 0))
        sock.connect((address, 0))
        while (left := end - time.monotonic()) > 0:
            answer = _send(sock, family, token, packet) or _wait(sock, family, token, min(left, INTERVAL))
            if answer:
                return answer
    return Answer(passed=False)


def _open(family: Family) -> socket.socket:
    """As root, or as somebody whom net.ipv4.ping_group_range lets."""
    try:
        return socket.socket(family.domain, socket.SOCK_RAW, family.protocol)
    except PermissionError:
        return socket.socket(family.domain, socket.SOCK_DGRAM, family.protocol)


def _send(sock: socket.socket, family: Family, token: bytes, packet: bytes) -> Answer | None:
    """Send it; return an answer only where the kernel itself refuses it as too large."""
    for _attempt in range(SEND_ATTEMPTS):
        try:
            sock.send(packet)
        except OSError:
            # Also errors of other packets are told here, instead of sending.
            told = _read_told(sock, family, token)
            if told is not None:
                return Answer(False, told)
        else:
            break
    return None


def _wait(sock: socket.socket, family: Family, token: bytes, seconds: float) -> Answer | None:
    """Return what the network says within so many seconds."""
    end = time.monotonic() + seconds
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    while (left := end - time.monotonic()) > 0:
        for _number, event in poll.poll(left * 1000):
            if event & select.POLLERR:
                told = _read_told(sock, family, token)
                if told is not None:
                    return Answer(False, told)
            if event & select.POLLIN and _is_reply_next(sock, family, token):
                return Answer(passed=True)
    return None


def _is_reply_next(sock: socket.socket, family: Family, token: bytes) -> bool:
    try:
        data = sock.recv(256)
    except OSError:
        return False  # an error of a packet before; its place in the queue of errors is read by the next turn
    if family.domain == socket.AF_INET and sock.type == socket.SOCK_RAW:
        data = data[(data[0] & 15) * 4 :]
    return data[:1] == bytes([family.reply]) and data[ICMP_HEADER:].startswith(token)


def _read_told(sock: socket.socket, family: Family, token: bytes) -> int | None:
    """Empty the queue of errors; return the smallest MTU that one of them tells about our packet."""
    told: list[int] = []
    while True:
        try:
            quoted, ancillary, _flags, _address = sock.recvmsg(ICMP_HEADER, 512, socket.MSG_ERRQUEUE)
        except OSError:
            return min(told, default=None)
        # A raw socket hears of all packets to its peer; that of others, which measure side by side, isn't about ours.
        ours = sock.type != socket.SOCK_RAW or quoted[4:ICMP_HEADER] == token[:4]
        told.extend(told_mtus(family, ancillary, ours))


def told_mtus(family: Family, ancillary: Iterable[tuple[int, int, bytes]], ours: bool) -> list[int]:
    """Return the MTUs in what the kernel says beside an error; what it refused itself is always ours."""
    found = []
    for level, kind, data in ancillary:
        if (level, kind) == (family.level, family.errors):
            number, origin, *_kind, mtu, _more = _SOCK_EXTENDED_ERR.unpack_from(data)
            if number == errno.EMSGSIZE and (ours or origin == _LOCAL):
                found.append(mtu)
    return found


def request(family: Family, token: bytes, size: int) -> bytes:
    """Return an echo request of so many bytes; the kernel fills in the checksum of ICMPv6."""
    payload = token.ljust(size - ICMP_HEADER, b"\0")
    start, rest = bytes([family.request, 0]), token[:4] + payload  # the token is identifier and sequence number, too
    return start + struct.pack("!H", checksum(start + bytes(2) + rest)) + rest


def checksum(data: bytes) -> int:
    """The internet checksum (RFC 1071)."""
    words = array("H", data + b"\0" * (len(data) % 2))
    total = sum(words)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return socket.htons(~total & 0xFFFF)
