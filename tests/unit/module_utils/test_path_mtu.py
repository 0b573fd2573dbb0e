# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The path MTU is found whatever the routers on the way say of it."""

from __future__ import annotations

import asyncio

import pytest
from ansible_collections.causeway.ipsec.plugins.module_utils.path_mtu import AT_ONCE, Answer, largest_packet
from hypothesis import given
from hypothesis import strategies as st


class Path:
    """Hops of an MTU each: (mtu, what it tells of it or None), in the order of the way."""

    def __init__(self, *hops: tuple[int, int | None]) -> None:
        self.hops = hops
        self.sent: list[int] = []

    async def send(self, size: int) -> Answer:
        self.sent.append(size)
        told = next(((told,) for mtu, told in self.hops if size > mtu), None)
        return Answer(passed=True) if told is None else Answer(False, told[0])

    def measure(self) -> int:
        return asyncio.run(largest_packet(self.send, 84))


def test_what_is_told_is_tried_and_costs_four_packets() -> None:
    path = Path((1500, 1500), (1438, 1438))
    assert path.measure() == 1438
    assert path.sent == [65535, 1500, 1438, 1439]


def test_each_router_on_the_way_may_tell_a_smaller_one() -> None:
    assert Path((1500, 1500), (1446, 1446), (1400, 1400), (1280, 1280)).measure() == 1280


@pytest.mark.parametrize("told", [None, 0, 1500, 9000, 70])
def test_silence_and_nonsense_are_searched(told: int | None) -> None:
    path = Path((1500, 1500), (1391, told))
    assert path.measure() == 1391
    assert len(path.sent) <= 2 + 5 * (2 * AT_ONCE)


def test_a_router_that_tells_too_much_is_not_believed() -> None:
    assert Path((1500, 1500), (1391, 1446)).measure() == 1391


def test_a_router_that_tells_too_little_is_not_believed() -> None:
    assert Path((1500, 1500), (1446, 1438)).measure() == 1446


@given(st.lists(st.integers(84, 9000).flatmap(lambda mtu: st.tuples(st.just(mtu), st.sampled_from([mtu, None])))))
def test_the_narrowest_hop_is_found(hops: list[tuple[int, int | None]]) -> None:
    assert Path(*hops).measure() == min([mtu for mtu, _told in hops], default=65535)
