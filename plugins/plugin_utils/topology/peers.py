# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What peers dial: addresses, names, several of both, or nothing that is known."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .blocks import Block, parse_address, unusable
from .problems import Problem, shown

if TYPE_CHECKING:
    from .entry import Entry

MOST_ADDRESSES: Final = 8
# With a dot and letters at its end: what has not is more likely an address with a mistake in it.
_NAME: Final = re.compile(r"(?=.{4,253}$)([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}")


@dataclass(frozen=True, slots=True)
class Peer:
    """What to dial, in the order in which to try; ``dial`` is empty where the address is not known."""

    dial: tuple[str, ...]
    addresses: tuple[Block, ...]  # those that are fixed


def read_peer(entry: Entry) -> Peer | None:
    """The address under ``address``, which may be a list; None if there is none or one is wrong."""
    value = entry.get("address")
    if value is None:
        return None
    if _is_any(value):
        return Peer((), ())
    items = list(value) if isinstance(value, (list, tuple)) else [value]
    if not 1 <= len(items) <= MOST_ADDRESSES:
        entry.say("address", f"a list of {len(items)}; name 1 to {MOST_ADDRESSES}, the first to dial first.")
        return None
    dial: list[str] = []
    blocks: list[Block] = []
    before = len(entry.problems)
    for index, item in enumerate(items):
        path = f"{entry.at('address')}[{index}]" if items is not value and len(items) > 1 else entry.at("address")
        block, wrong = _address(item)
        text = block.text if block else str(item).lower()
        if not wrong and text in dial:
            wrong = f"{text} is listed twice; remove one."
        if not wrong and block and blocks and blocks[0].version != block.version:
            wrong = f"{block} and {blocks[0]} are of different families; use IPv{blocks[0].version}."
        if wrong:
            entry.problems.append(Problem(path, wrong))
        blocks += [block] if block else []
        dial.append(text)
    return Peer(tuple(dial), tuple(blocks)) if len(entry.problems) == before else None


def _is_any(value: object) -> bool:
    """Whether it stands for every address: any, or what stacks and platforms write for it (all zeros)."""
    block, _wrong = parse_address(value)
    return value in ("any", "%any") if block is None else block.first == block.last == 0


def _address(value: object) -> tuple[Block | None, str]:
    """A fixed address, or None for a name; and what is wrong."""
    if isinstance(value, str) and _NAME.fullmatch(value):
        return None, ""
    if _is_any(value):
        return None, f"{shown(value)} stands for any address; it can't be one of several."
    block, wrong = parse_address(value)
    if block and unusable(block):
        wrong = f"{unusable(block)}; give the address of an interface."
    if wrong and isinstance(value, str) and not block and "/" not in value:
        wrong += " A DNS name and any, for a changing address, are possible too."
    return block, wrong
