# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The message format of strongSwan's VICI protocol: nested sections, lists and key-values as bytes."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

MAX_MESSAGE = 512 * 1024
MAX_NAME = 255
MAX_VALUE = 65535

SECTION_START, SECTION_END, KEY_VALUE, LIST_START, LIST_ITEM, LIST_END = range(1, 7)

Message = dict[str, Any]  # str: str, list[str] or Message


class ViciFormatError(Exception):
    """A message that cannot be written or read in VICI's format."""


def encode(message: Mapping[str, Any]) -> bytes:
    """Return the bytes of a message: str and bytes are values, lists are lists, mappings are sections."""
    out: list[bytes] = []
    for key, value in message.items():
        _encode_element(out, key, value)
    return b"".join(out)


def _encode_element(out: list[bytes], key: str, value: Any) -> None:
    if isinstance(value, Mapping):
        out += [bytes([SECTION_START]), _name(key), encode(value), bytes([SECTION_END])]
    elif isinstance(value, (list, tuple)):
        out += [bytes([LIST_START]), _name(key)]
        for item in value:
            out += [bytes([LIST_ITEM]), _value(key, item)]
        out.append(bytes([LIST_END]))
    else:
        out += [bytes([KEY_VALUE]), _name(key), _value(key, value)]


def _name(text: str) -> bytes:
    raw = text.encode("utf-8", "surrogateescape")
    if len(raw) > MAX_NAME:
        raise ViciFormatError(f"the name {text[:40]!r}… has {len(raw)} bytes; {MAX_NAME} are possible")
    return bytes([len(raw)]) + raw


def _value(key: str, value: str | bytes) -> bytes:
    raw = value if isinstance(value, bytes) else value.encode("utf-8", "surrogateescape")
    if len(raw) > MAX_VALUE:
        raise ViciFormatError(f"the value of {key!r} has {len(raw)} bytes; {MAX_VALUE} are possible")
    return struct.pack(">H", len(raw)) + raw


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, count: int) -> bytes:
        piece = self.data[self.at : self.at + count]
        if len(piece) != count:
            raise ViciFormatError("the message ends in the middle of an element")
        self.at += count
        return piece

    def name(self) -> str:
        return self.take(self.take(1)[0]).decode("utf-8", "surrogateescape")

    def value(self) -> str:
        (length,) = struct.unpack(">H", self.take(2))
        return self.take(length).decode("utf-8", "surrogateescape")

    def items(self) -> list[str]:
        found: list[str] = []
        while True:
            kind = self.take(1)[0]
            if kind == LIST_END:
                return found
            if kind != LIST_ITEM:
                raise ViciFormatError(f"element type {kind} inside a list")
            found.append(self.value())


def decode(data: bytes) -> Message:
    """Return the message that these bytes hold. Sections nest on a stack of our own, not on Python's."""
    reader = _Reader(data)
    root: Message = {}
    stack = [root]
    while reader.at < len(data):
        kind = reader.take(1)[0]
        if kind == SECTION_START:
            section: Message = {}
            stack[-1][reader.name()] = section
            stack.append(section)
        elif kind == SECTION_END and len(stack) > 1:
            stack.pop()
        elif kind == KEY_VALUE:
            key = reader.name()
            stack[-1][key] = reader.value()
        elif kind == LIST_START:
            key = reader.name()
            stack[-1][key] = reader.items()
        else:
            raise ViciFormatError(f"unexpected element type {kind}")
    if len(stack) > 1:
        raise ViciFormatError("a section is not closed")
    return root


def split_named(packet: bytes) -> tuple[str, Message]:
    """Return the name and the message of a packet that carries both (its type byte already taken off)."""
    reader = _Reader(packet)
    name = reader.name()
    return name, decode(packet[reader.at :])
