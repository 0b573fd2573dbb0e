# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps that touch our routes and nobody else's."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.causeway.ipsec.plugins.module_utils.host_network import HostAddress, HostError
from ansible_collections.causeway.ipsec.plugins.module_utils.routes import (
    PROTOCOL,
    KernelRoute,
    Route,
    device_towards,
    parse_kernel_routes,
    parse_wanted,
    plan_routes,
)

LONDON = Route("192.168.2.0/24", "192.168.1.5", "eth0")
OSLO = Route("fd00:3::/64", "fd00:1::5", "eth0")
ADDRESSES = [HostAddress("lo", "127.0.0.1", 8), HostAddress("eth0", "192.168.1.11", 24)]


def in_kernel(route: Route, protocol: int = PROTOCOL, metric: int = 0) -> KernelRoute:
    return KernelRoute(route.destination, route.via, route.device, protocol, metric)


def test_the_wanted_are_parsed_sorted_and_each_once() -> None:
    raw = [
        {"destination": "192.168.2.0/24", "via": "192.168.1.5"},
        {"destination": "10.0.0.0/8", "via": "192.168.1.5"},
        {"destination": "192.168.2.0/24", "via": "192.168.1.5"},
        {"destination": "FD00:3:0::/64", "via": "fd00:1:0::5"},
    ]
    assert parse_wanted(raw) == [
        Route("10.0.0.0/8", "192.168.1.5"),
        Route("192.168.2.0/24", "192.168.1.5"),
        Route("fd00:3::/64", "fd00:1::5"),
    ]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (
            [("192.168.2.1/24", "192.168.1.5")],
            "route to 192.168.2.1/24 via 192.168.1.5: 192.168.2.1/24 has host bits",
        ),
        (
            [("192.168.2.0/24", "gateway")],
            "route to 192.168.2.0/24 via gateway: 'gateway' does not appear to be",
        ),
        ([("192.168.2.0/24", "fd00::1")], "route to 192.168.2.0/24 via fd00::1: one is IPv4, the other is IPv6"),
        (
            [("10.0.0.0/8", "192.168.1.5"), ("10.0.0.0/8", "192.168.1.6")],
            "route to 10.0.0.0/8: given twice, via 192.168.1.5 and via 192.168.1.6",
        ),
    ],
)
def test_a_route_that_is_none_is_refused(raw: list[tuple[str, str]], message: str) -> None:
    with pytest.raises(HostError, match=f"^{re.escape(message)}"):
        parse_wanted({"destination": destination, "via": via} for destination, via in raw)


def test_routes_of_the_kernel_are_read_as_it_prints_them() -> None:
    entries: list[dict[str, Any]] = [
        {"dst": "default", "gateway": "192.168.1.1", "dev": "eth0", "protocol": "16", "metric": 100, "flags": []},
        {"dst": "192.168.9.9", "gateway": "192.168.1.1", "dev": "eth0", "flags": []},
        {"type": "7", "dst": "10.0.0.0/8", "protocol": "4", "flags": []},
        {"dst": "10.1.0.0/16", "protocol": "213", "nexthops": [{"gateway": "192.168.1.1", "dev": "eth0"}], "flags": []},
    ]
    assert parse_kernel_routes(entries, 4) == [
        KernelRoute("0.0.0.0/0", "192.168.1.1", "eth0", 16, 100),
        KernelRoute("192.168.9.9/32", "192.168.1.1", "eth0", 3),
        KernelRoute("10.0.0.0/8", None, None, 4),
        KernelRoute("10.1.0.0/16", None, None, 213),
    ]
    assert parse_kernel_routes([{"dst": "default", "dev": "eth0"}], 6)[0].destination == "::/0"


def test_the_interface_is_the_one_that_reaches_the_next_hop_directly() -> None:
    answer = {"dst": "192.168.1.5", "dev": "eth0", "prefsrc": "192.168.1.11", "flags": [], "cache": []}
    assert device_towards("192.168.1.5", answer, ADDRESSES) == "eth0"


@pytest.mark.parametrize(
    ("answer", "through"),
    [
        ({"dst": "10.9.9.5", "gateway": "192.168.1.1", "dev": "eth0"}, ", only through 192.168.1.1"),
        (None, ""),
        ({"type": "7"}, ""),
    ],
)
def test_a_next_hop_that_is_not_on_link_is_an_error_that_says_what_the_host_has(
    answer: dict[str, str] | None, through: str
) -> None:
    message = (
        f"the gateway's LAN address 10.9.9.5 is on no network of this host{through}. "
        "This host has 192.168.1.11/24 on eth0. "
        "Give lan_address in the topology as these hosts reach it, or this host an address in that network."
    )
    with pytest.raises(HostError, match=f"^{re.escape(message)}$"):
        device_towards("10.9.9.5", answer, ADDRESSES)


def test_a_host_is_not_its_own_next_hop() -> None:
    with pytest.raises(HostError, match=r"192\.168\.1\.11 is this host's own \(192\.168\.1\.11/24 on eth0\)"):
        device_towards("192.168.1.11", {"type": "2", "dev": "lo"}, ADDRESSES)


def test_missing_routes_are_added_and_stale_ones_removed() -> None:
    stale = in_kernel(Route("10.0.0.0/8", "192.168.1.5", "eth0"))
    plan = plan_routes([LONDON, OSLO], [stale, in_kernel(OSLO, metric=1024)])
    assert (plan.added, plan.changed, plan.removed, plan.left) == ([LONDON], [], [stale], [])
    assert plan.commands(4) == [
        "route add 192.168.2.0/24 via 192.168.1.5 dev eth0 proto 213",
        "route del 10.0.0.0/8 proto 213 metric 0 via 192.168.1.5 dev eth0",
    ]
    assert plan.commands(6) == []


def test_a_route_with_another_next_hop_is_replaced_in_one_step() -> None:
    old = KernelRoute("192.168.2.0/24", "192.168.1.4", "eth0", PROTOCOL)
    plan = plan_routes([LONDON], [old])
    assert plan.changed == [(old, LONDON)]
    assert plan.commands(4) == ["route replace 192.168.2.0/24 via 192.168.1.5 dev eth0 proto 213"]


def test_a_second_route_of_ours_to_the_same_destination_goes() -> None:
    other = KernelRoute("192.168.2.0/24", "192.168.1.4", "eth0", PROTOCOL, 7)
    assert plan_routes([LONDON], [other, in_kernel(LONDON)]).removed == [other]


def test_nothing_to_do_is_an_empty_plan() -> None:
    assert not plan_routes([LONDON, OSLO], [in_kernel(LONDON), in_kernel(OSLO, metric=1024)])


def test_somebody_elses_equal_route_is_left_and_counts() -> None:
    theirs = in_kernel(LONDON, protocol=3)
    plan = plan_routes([LONDON], [theirs])
    assert not plan
    assert plan.left == [theirs]


def test_beside_somebody_elses_equal_route_ours_with_another_next_hop_goes_and_theirs_stays() -> None:
    theirs, old = in_kernel(LONDON, protocol=4), KernelRoute("192.168.2.0/24", "192.168.1.4", "eth0", PROTOCOL)
    plan = plan_routes([LONDON], [theirs, old])
    assert (plan.added, plan.changed, plan.removed) == ([], [], [old])


def test_somebody_elses_other_route_is_an_error_that_names_all_of_them() -> None:
    current = [
        KernelRoute("192.168.2.0/24", "192.168.1.1", "eth0", 16, 100),
        KernelRoute("fd00:3::/64", None, "eth1", 2, 256),
    ]
    message = (
        "routes that something else put in are in the way, and are not ours to change: "
        "192.168.2.0/24 via 192.168.1.5 dev eth0: this host has "
        "192.168.2.0/24 via 192.168.1.1 dev eth0 proto dhcp metric 100; "
        "fd00:3::/64 via fd00:1::5 dev eth0: this host has fd00:3::/64 dev eth1 proto kernel metric 256. "
        "Remove them where they come from, or take the destination out of the topology."
    )
    with pytest.raises(HostError, match=f"^{re.escape(message)}$"):
        plan_routes([LONDON, OSLO], current)


def test_routes_of_others_to_other_destinations_are_none_of_our_business() -> None:
    current = [KernelRoute("0.0.0.0/0", "192.168.1.1", "eth0", 16, 100), KernelRoute("192.168.2.0/25", None, "eth1", 2)]
    plan = plan_routes([], current)
    assert not plan
    assert plan_routes([LONDON], current).added == [LONDON]
