# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client of strongSwan's VICI socket. Every call has an overall deadline, so that a hung daemon gives an error."""

from __future__ import annotations

import select
import socket
import stat
import struct
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.causeway.ipsec.plugins.module_utils.vici_message import (
    MAX_MESSAGE,
    Message,
    ViciFormatError,
    decode,
    encode,
    split_named,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SOCKETS = ("/run/charon.vici", "/var/run/charon.vici", "/run/strongswan/charon.vici")

CMD_REQUEST, CMD_RESPONSE, CMD_UNKNOWN, EVENT_REGISTER, EVENT_UNREGISTER, EVENT_CONFIRM, EVENT_UNKNOWN, EVENT = range(8)

UNIT_HINT = "`systemctl status strongswan.service` tells why; `systemctl start strongswan.service` starts it."


class ViciError(Exception):
    """Anything that goes wrong between us and the daemon."""


class ViciUnavailableError(ViciError):
    """No daemon answers at the socket."""


class ViciTimeoutError(ViciError):
    """The daemon accepted the connection but did not answer in time."""


class ViciCommandError(ViciError):
    """The daemon answered with success = no."""

    def __init__(self, command: str, reason: str) -> None:
        super().__init__(f"{command}: {reason}")
        self.command = command
        self.reason = reason


class Client:
    """One connection to the daemon; one command at a time."""

    def __init__(self, path: str | None = None, timeout: float = 30.0) -> None:
        self.path = path or find_socket()
        self.timeout = timeout
        self._deadline = time.monotonic() + timeout
        self._socket = self._connect()

    def _connect(self) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(self.timeout)
        try:
            sock.connect(self.path)
        except OSError as exc:
            sock.close()
            raise ViciUnavailableError(
                f"strongSwan's daemon does not answer at {self.path} ({exc.strerror or exc}). {UNIT_HINT}"
            ) from exc
        return sock

    def close(self) -> None:
        self._socket.close()

    def request(self, command: str, message: Mapping[str, Any] | None = None, timeout: float | None = None) -> Message:
        """Send one command and return its answer; success = no becomes ViciCommandError."""
        self._start(timeout)
        reply, _events = self._converse(command, message or {})
        return _checked(command, reply)

    def stream(
        self, command: str, event: str, message: Mapping[str, Any] | None = None, timeout: float | None = None
    ) -> list[Message]:
        """Send a command whose answer comes as events (list-sas with list-sa, …); return the events."""
        events, reply = self.converse(command, event, message, timeout)
        _checked(command, reply)
        return events

    def converse(
        self, command: str, event: str, message: Mapping[str, Any] | None = None, timeout: float | None = None
    ) -> tuple[list[Message], Message]:
        """As stream, but return the events and the answer whether or not the command succeeded."""
        self._start(timeout)
        self._register(EVENT_REGISTER, event)
        reply, events = self._converse(command, message or {})
        self._register(EVENT_UNREGISTER, event)
        return [content for name, content in events if name == event], reply

    def listen(self, event: str) -> None:
        """Have the daemon send these events from now on; this connection is for nothing else then."""
        self._start(None)
        self._register(EVENT_REGISTER, event)

    def heard(self) -> list[Message]:
        """Return the events that have come since, without waiting for more."""
        found: list[Message] = []
        while select.select([self._socket], [], [], 0)[0]:
            self._start(None)
            kind, content = self._receive()
            try:
                found += [split_named(content)[1]] if kind == EVENT else []
            except ViciFormatError as exc:
                self.close()
                raise ViciError(f"unreadable event: {exc}") from exc
        return found

    def _start(self, timeout: float | None) -> None:
        self._deadline = time.monotonic() + (self.timeout if timeout is None else timeout)

    def _register(self, kind: int, event: str) -> None:
        self._send(kind, event, b"")
        while True:
            answer, _content = self._receive()
            if answer == EVENT_CONFIRM:
                return
            if answer != EVENT:  # late events of the stream may still arrive while unregistering
                raise ViciError(f"this strongSwan does not know the event {event!r}")

    def _converse(self, command: str, message: Mapping[str, Any]) -> tuple[Message, list[tuple[str, Message]]]:
        try:
            body = encode(message)
        except ViciFormatError as exc:
            raise ViciError(f"{command}: {exc}") from exc
        self._send(CMD_REQUEST, command, body)
        events: list[tuple[str, Message]] = []
        while True:
            kind, content = self._receive()
            if kind == CMD_UNKNOWN:
                raise ViciError(f"this strongSwan does not know the command {command!r}")
            try:
                if kind == CMD_RESPONSE:
                    return decode(content), events
                if kind == EVENT:
                    events.append(split_named(content))
            except ViciFormatError as exc:
                self.close()
                raise ViciError(f"{command}: unreadable answer: {exc}") from exc

    def _send(self, kind: int, name: str, body: bytes) -> None:
        packet = bytes([kind, len(name)]) + name.encode("ascii") + body
        if len(packet) > MAX_MESSAGE:
            raise ViciError(f"{name}: the message has {len(packet)} bytes; strongSwan takes {MAX_MESSAGE} at most")
        try:
            self._socket.settimeout(self._remaining())
            self._socket.sendall(struct.pack(">I", len(packet)) + packet)
        except OSError as exc:
            raise self._broken(exc) from exc

    def _receive(self) -> tuple[int, bytes]:
        (length,) = struct.unpack(">I", self._read(4))
        if not 0 < length <= MAX_MESSAGE:
            self.close()
            raise ViciError(f"{self.path} does not speak VICI (a packet of {length} bytes)")
        packet = self._read(length)
        return packet[0], packet[1:]

    def _read(self, count: int) -> bytes:
        pieces: list[bytes] = []
        while count:
            try:
                self._socket.settimeout(self._remaining())
                piece = self._socket.recv(min(count, 65536))
            except OSError as exc:
                raise self._broken(exc) from exc
            if not piece:
                self.close()
                raise ViciUnavailableError(f"strongSwan's daemon closed the connection at {self.path}. {UNIT_HINT}")
            pieces.append(piece)
            count -= len(piece)
        return b"".join(pieces)

    def _remaining(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise socket.timeout("timed out")
        return left

    def _broken(self, exc: OSError) -> ViciError:
        """An answer that comes after its deadline must not be taken for the next one's: the connection ends."""
        self.close()
        if isinstance(exc, socket.timeout):
            return ViciTimeoutError(
                f"strongSwan's daemon did not answer at {self.path} in time; it may hang. "
                "`systemctl restart strongswan.service` starts it anew."
            )
        return ViciUnavailableError(f"the connection to strongSwan's daemon at {self.path} broke ({exc}). {UNIT_HINT}")


def _checked(command: str, reply: Message) -> Message:
    if reply.get("success", "yes") != "yes":
        raise ViciCommandError(command, str(reply.get("errmsg") or "failed without a reason"))
    return reply


def find_socket(candidates: Sequence[str] = SOCKETS) -> str:
    """Return the first candidate that is a socket."""
    for path in candidates:
        try:
            if stat.S_ISSOCK(Path(path).stat().st_mode):
                return path
        except OSError:
            continue
    raise ViciUnavailableError(
        f"strongSwan's daemon cannot be reached: there is no control socket at {candidates[0]}. If it does not run, "
        "`systemctl start strongswan.service` starts it (packages charon-systemd and strongswan-swanctl). If it runs, "
        "somebody removed its socket, and only `systemctl restart strongswan.service` makes a new one."
    )
