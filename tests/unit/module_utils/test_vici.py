# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The VICI message format, and the client against a daemon of a few lines."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.causeway.ipsec.plugins.module_utils.vici import (
    CMD_RESPONSE,
    CMD_UNKNOWN,
    EVENT,
    EVENT_CONFIRM,
    Client,
    ViciCommandError,
    ViciError,
    ViciTimeoutError,
    ViciUnavailableError,
    find_socket,
)
from ansible_collections.causeway.ipsec.plugins.module_utils.vici_message import (
    Message,
    ViciFormatError,
    decode,
    encode,
    split_named,
)
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NAMES = st.text(max_size=60)
VALUES = st.text(max_size=300)
MESSAGES = st.recursive(
    st.dictionaries(NAMES, VALUES | st.lists(VALUES, max_size=4), max_size=4),
    lambda inner: st.dictionaries(NAMES, VALUES | st.lists(VALUES, max_size=4) | inner, max_size=4),
    max_leaves=8,
)


@given(MESSAGES)
def test_what_is_encoded_is_decoded_alike(message: Message) -> None:
    assert decode(encode(message)) == message


@given(st.binary(max_size=200))
def test_any_bytes_give_a_message_or_a_format_error(data: bytes) -> None:
    with contextlib.suppress(ViciFormatError):
        decode(data)
    with contextlib.suppress(ViciFormatError):
        split_named(data)


def test_the_example_of_the_protocols_description() -> None:
    message = {"key1": "value1", "section1": {"sub-section": {"key2": "value2"}, "list1": ["item1", "item2"]}}
    expected = (
        b"\x03\x04key1\x00\x06value1\x01\x08section1\x01\x0bsub-section\x03\x04key2\x00\x06value2\x02"
        b"\x04\x05list1\x05\x00\x05item1\x05\x00\x05item2\x06\x02"
    )
    assert encode(message) == expected
    assert decode(expected) == message


def test_deep_nesting_is_read_without_recursion() -> None:
    depth = 5000
    message = decode(b"\x01\x01a" * depth + b"\x02" * depth)
    for _unused in range(depth):
        message = message["a"]
    assert message == {}


@pytest.mark.parametrize(("message", "words"), [({"n" * 256: ""}, "256 bytes"), ({"v": "x" * 65536}, "65536 bytes")])
def test_what_does_not_fit_is_refused(message: Message, words: str) -> None:
    with pytest.raises(ViciFormatError, match=words):
        encode(message)


@contextlib.contextmanager
def daemon(path: Path, answer: Callable[[bytes], list[bytes]]) -> Iterator[Client]:
    """Run a daemon that answers each packet with packets, and give a client of it."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen()

    def serve() -> None:
        with contextlib.suppress(OSError), server.accept()[0] as peer:
            while header := peer.recv(4):
                packet = peer.recv(struct.unpack(">I", header)[0], socket.MSG_WAITALL)
                for reply in answer(packet):
                    peer.sendall(struct.pack(">I", len(reply)) + reply)

    threading.Thread(target=serve, daemon=True).start()
    with contextlib.closing(server), contextlib.closing(Client(str(path), timeout=0.5)) as client:
        yield client


def response(message: dict[str, Any]) -> bytes:
    return bytes([CMD_RESPONSE]) + encode(message)


def test_a_request_and_its_answer(tmp_path: Path) -> None:
    seen: list[bytes] = []

    def answer(packet: bytes) -> list[bytes]:
        seen.append(packet)
        return [response({"version": "5.9.8"})]

    with daemon(tmp_path / "s", answer) as client:
        assert client.request("version", {"a": "b"}) == {"version": "5.9.8"}
        assert client.request("version") == {"version": "5.9.8"}
    assert seen[0] == b"\x00\x07version" + encode({"a": "b"})


def test_a_stream_gives_its_events_and_no_others(tmp_path: Path) -> None:
    def answer(packet: bytes) -> list[bytes]:
        if packet[0] != 0:
            return [bytes([EVENT_CONFIRM])]
        events = [bytes([EVENT, 7]) + b"list-sa" + encode({str(number): {}}) for number in range(3)]
        return [*events, bytes([EVENT, 3]) + b"log" + encode({}), response({})]

    with daemon(tmp_path / "s", answer) as client:
        assert client.stream("list-sas", "list-sa") == [{"0": {}}, {"1": {}}, {"2": {}}]


def test_events_are_taken_as_they_come_and_nobody_waits_for_them(tmp_path: Path) -> None:
    log = [bytes([EVENT, 3]) + b"log" + encode({"msg": str(number)}) for number in range(3)]
    with daemon(tmp_path / "s", lambda _packet: [bytes([EVENT_CONFIRM]), *log]) as client:
        client.listen("log")
        found: list[Message] = []
        deadline = time.monotonic() + 10
        while len(found) < 3 and time.monotonic() < deadline:
            found += client.heard()
        assert found == [{"msg": "0"}, {"msg": "1"}, {"msg": "2"}]
        assert client.heard() == []


def test_failure_and_what_the_daemon_does_not_know(tmp_path: Path) -> None:
    replies = iter([response({"success": "no", "errmsg": "bad thing"}), bytes([CMD_UNKNOWN])])
    with daemon(tmp_path / "s", lambda _packet: [next(replies)]) as client:
        with pytest.raises(ViciCommandError, match="load-conn: bad thing"):
            client.request("load-conn")
        with pytest.raises(ViciError, match="does not know the command 'frobnicate'"):
            client.request("frobnicate")


def test_a_daemon_that_hangs_is_an_error_in_time_and_its_late_answer_is_not_taken_for_another(tmp_path: Path) -> None:
    with daemon(tmp_path / "s", lambda _packet: []) as client:
        begun = time.monotonic()
        with pytest.raises(ViciTimeoutError, match="did not answer"):
            client.request("stats", timeout=0.2)
        assert time.monotonic() - begun < 2
        with pytest.raises(ViciError):
            client.request("version")


@pytest.mark.parametrize("reply", [b"", b"\x01\x01\x05ab", b"\x01\x02"])
def test_nonsense_from_the_socket_is_an_error(tmp_path: Path, reply: bytes) -> None:
    with daemon(tmp_path / "s", lambda _packet: [reply]) as client, pytest.raises(ViciError):
        client.request("version")


def test_a_message_beyond_the_limit_is_not_sent(tmp_path: Path) -> None:
    message = {str(number): "x" * 65535 for number in range(9)}
    with daemon(tmp_path / "s", lambda _packet: []) as client, pytest.raises(ViciError, match="524288 at most"):
        client.request("load-conn", message)


def test_no_daemon_names_the_unit(tmp_path: Path) -> None:
    with pytest.raises(ViciUnavailableError, match=r"systemctl start strongswan\.service"):
        find_socket([str(tmp_path / "none")])
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(tmp_path / "stale"))
    stale.close()
    with pytest.raises(ViciUnavailableError, match=r"systemctl start strongswan\.service"):
        Client(find_socket([str(tmp_path / "none"), str(tmp_path / "stale")]))
