# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The largest packet that passes without fragments. The caller passes what sends one, so that tests need no network."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

LARGEST = 65535  # no interface takes it, so that the first answer is the interface's own MTU
TELLERS = 8  # routers on the way that may each tell a smaller MTU than the one before
AT_ONCE = 6  # sizes that a search tries side by side: waiting costs more than packets


@dataclass(frozen=True)
class Answer:
    """What came back for a packet: a reply, or what a router or the kernel said is its MTU, or nothing."""

    passed: bool
    told: int | None = None


Send = Callable[[int], Awaitable[Answer]]


async def largest_packet(send: Send, known: int) -> int:
    """Return the largest size that passes; `known` is one that does.

    Mostly the routers tell their MTUs, and what they tell is tried. Where they don't, or it isn't true, it is searched.
    """
    size, failing = LARGEST, LARGEST + 1
    for _attempt in range(TELLERS):
        answer = await send(size)
        if answer.passed:
            # What was told may be of a path that is no more: then one byte more passes too.
            larger = size + 1 < failing and (await send(size + 1)).passed
            return await _search(send, size + 1, failing) if larger else size
        if answer.told is None or not known <= answer.told < size:
            break
        size, failing = answer.told, size
    return await _search(send, known, size)


async def _search(send: Send, passing: int, failing: int) -> int:
    """Narrow the range until the two are neighbours."""
    while failing - passing > 1:
        step = max(1, (failing - passing) // (AT_ONCE + 1))
        sizes = range(passing + step, failing, step)
        answers = await asyncio.gather(*(send(size) for size in sizes))
        passing = max([passing, *(size for size, answer in zip(sizes, answers) if answer.passed)])
        failing = min([failing, *(size for size in sizes if size > passing)])
    return passing
