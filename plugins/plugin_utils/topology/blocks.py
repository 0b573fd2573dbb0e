# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Subnets and addresses as ranges of integers: what overlaps, what contains what."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Final

from ..wording import first_few
from .problems import shown

if TYPE_CHECKING:
    from collections.abc import Iterable

_CIDR: Final = re.compile(r"[0-9A-Fa-f:.]{2,45}/[0-9]{1,3}")
_LONGEST: Final = 64


@dataclass(frozen=True, slots=True, order=True)
class Block:
    """A subnet, or an address as a block of one."""

    version: int
    first: int
    last: int
    text: str = field(compare=False)  # canonical: follows from the rest

    def __str__(self) -> str:
        return self.text

    def overlaps(self, other: Block) -> bool:
        return self.version == other.version and self.first <= other.last and other.first <= self.last

    def contains(self, other: Block) -> bool:
        return self.version == other.version and self.first <= other.first and other.last <= self.last


def parse_subnet(value: object) -> tuple[Block | None, str]:
    """The block that a CIDR names, and what is wrong with it. With host bits set there are both."""
    if not isinstance(value, str) or len(value) > _LONGEST:
        return None, f"{shown(value)} is not a subnet; write it as text like 192.168.1.0/24 or fd00:1::/64."
    try:
        network = ip_network(value, strict=False)
    except ValueError:
        return None, _malformed(value)
    block = _block(network)
    if "/" not in value:
        one = f"{value}/{network.max_prefixlen}"
        return None, f"{value} has no prefix length; write {one} for this one address, or its network."
    if not _CIDR.fullmatch(value):
        return None, f"{shown(value)} is not address/prefix length; did you mean {block}?"
    address = value.partition("/")[0]
    if int(ip_address(address)) != block.first:
        return block, f"{value} has host bits set; did you mean {block}?"
    return block, ""


def _malformed(value: str) -> str:
    address, _slash, length = value.partition("/")
    block, _wrong = parse_address(address)
    if block and length.isascii() and length.isdigit():
        longest = 32 if block.version == 4 else 128
        return f"{value} has an impossible prefix length; IPv{block.version} has 0 to {longest}."
    return f"{shown(value)} is not a subnet; write it like 192.168.1.0/24 or fd00:1::/64."


def parse_address(value: object) -> tuple[Block | None, str]:
    """The block that an address names, or what is wrong with it."""
    if isinstance(value, str) and len(value) <= _LONGEST and "%" not in value:
        try:
            address = ip_address(value)
        except ValueError:
            pass
        else:
            return Block(address.version, int(address), int(address), str(address)), ""
        if "/" in value:
            return None, f"{shown(value)} is not one address; leave the prefix length out."
    return None, f"{shown(value)} is not an IP address, like 203.0.113.10 or 2001:db8::10."


def unusable(block: Block) -> str:
    """Why traffic cannot be sent to this block through a tunnel; empty if it can."""
    for forbidden, what in _FORBIDDEN:
        if forbidden.contains(block):
            return f"{block} is {what}{'' if forbidden == block else f' ({forbidden})'}"
        if forbidden.overlaps(block):
            return f"{block} includes {forbidden}, which is {what}"
    return ""


def everything(block: Block) -> bool:
    """Whether the block is a whole address family: 0.0.0.0/0 or ::/0."""
    return block in _EVERYTHING


def edge(block: Block, subnet: Block) -> str:
    """The name of an address that no host of an IPv4 subnet can have; empty for all others."""
    if block.version == 6 or subnet.last - subnet.first < 3:
        return ""
    if block.first == subnet.first:
        return "network address"
    return "broadcast address" if block.last == subnet.last else ""


def meet(some: tuple[Block, ...], others: tuple[Block, ...]) -> Block | None:
    """The narrower of the first two blocks, one of each, that overlap."""
    marked = [(block.version, block.first, -block.last, 0, block) for block in some]
    marked += [(block.version, block.first, -block.last, 1, block) for block in others]
    before: tuple[int, Block] | None = None
    for _version, _first, _last, side, block in sorted(marked):
        if before and before[0] != side and before[1].overlaps(block):
            return block
        if before is None or not before[1].overlaps(block):
            before = (side, block)
    return None


def listed(blocks: Iterable[Block]) -> str:
    """Blocks as a message lists them; the first few of many."""
    return first_few([block.text for block in blocks])


def _block(network: IPv4Network | IPv6Network) -> Block:
    return Block(network.version, int(network.network_address), int(network.broadcast_address), str(network))


_EVERYTHING: Final = frozenset(_block(ip_network(text)) for text in ("0.0.0.0/0", "::/0"))
_FORBIDDEN: Final = tuple(
    (_block(ip_network(text)), what)
    for text, what in (
        ("0.0.0.0/8", "no host's address"),
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link-local"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved for future use"),
        ("::/127", "loopback"),
        ("::ffff:0:0/96", "IPv4 written as IPv6"),
        ("fe80::/10", "link-local"),
        ("ff00::/8", "multicast"),
    )
)
