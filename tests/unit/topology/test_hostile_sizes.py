# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Topologies of absurd sizes are refused by name, soon, in little memory, and in few words."""

from __future__ import annotations

import resource
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from ansible.errors import AnsibleError
from ansible_collections.causeway.ipsec.plugins.plugin_utils import boundary
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology import check

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LIMIT = 10.0  # seconds of one core for one topology; 0.0 to 3.0 were measured
MEMORY = 1_000_000_000  # bytes of address space, the input and Python's own among them; 250 MB were measured
WORDS = 50_000  # characters of all messages together
MILLION = 1_000_000
ENTRIES = "entries; at most 100000 can be planned. Split the topology."
HUGE = 10**100_000  # Python refuses to print it
LONG = "n" * 10_000_000


def site(number: int, **more: Any) -> dict[str, Any]:
    gateway = {"host": f"gw{number}", "address": f"198.18.{number >> 8}.{number & 255}"}
    return {"subnets": [f"10.{number >> 8}.{number & 255}.0/24"], "gateways": [gateway], **more}


def sites(count: int, **more: Any) -> dict[str, Any]:
    return {f"s{number}": site(number, **more) for number in range(count)}


def nested(levels: int, *, mappings: bool) -> Any:
    value: Any = "10.0.0.0/8"
    for _unused in range(levels):
        value = {"a": value} if mappings else [value]
    return value


@contextmanager
def limited() -> Iterator[None]:
    """In this process, whose memory is limited meanwhile."""
    limits = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, limits[1]))
    before = time.process_time()
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)
    assert time.process_time() - before < LIMIT


def names(count: int) -> list[str]:
    return [f"n{number}" for number in range(count)]


def tunnels(count: int) -> dict[str, Any]:
    return {"sites": sites(2), "tunnels": [{"name": name, "sites": ["s0", "s1"]} for name in names(count)]}


def meshes(count: int, members: int) -> dict[str, Any]:
    known = sites(members)
    return {"sites": known, "meshes": [{"name": name, "sites": list(known)} for name in names(count)]}


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        pytest.param(
            lambda: {"sites": sites(1, subnets=["0.0.0.0/0"] * MILLION)},
            f"sites[s0].subnets: {MILLION} {ENTRIES}",
            id="a million subnets",
        ),
        pytest.param(
            lambda: {"sites": sites(1, lan_hosts=names(MILLION))},
            f"sites[s0].lan_hosts: {MILLION} {ENTRIES}",
            id="a million LAN hosts",
        ),
        pytest.param(
            lambda: {"sites": sites(1, management=["10.0.0.0/8"] * MILLION)},
            f"sites[s0].management: {MILLION} {ENTRIES}",
            id="a million who manage",
        ),
        pytest.param(
            lambda: {"sites": dict.fromkeys(names(MILLION)), "tunnels": [{"name": "t", "sites": ["a", "b"]}]},
            f"sites: {MILLION} {ENTRIES}",
            id="a million sites",
        ),
        pytest.param(
            lambda: {"sites": sites(2), "tunnels": [{"name": "t", "sites": ["s0", "s1"]}] * MILLION},
            f"tunnels: {MILLION} {ENTRIES}",
            id="a million tunnels",
        ),
        pytest.param(
            lambda: tunnels(100_000),
            "tunnels[n0]: 100000 tunnels lead from s0 to s1; at most 16 are allowed. Give fewer tunnels more subnets.",
            id="as many tunnels as can be",
        ),
        pytest.param(
            lambda: {"sites": sites(2), "meshes": [{"name": "m", "sites": names(100_001)}]},
            f"meshes[m].sites: 100001 {ENTRIES}",
            id="a mesh of a hundred thousand",
        ),
        pytest.param(
            lambda: meshes(1, 2000),
            "ipsec_topology: 1999000 tunnels; at most 100000 can be planned. Split the topology.",
            id="a mesh of two thousand",
        ),
        pytest.param(
            lambda: meshes(1000, 1000),
            "ipsec_topology: 499500000 tunnels; at most 100000 can be planned. Split the topology.",
            id="a thousand meshes of a thousand",
        ),
    ],
)
def test_too_many_are_one_problem(make: Callable[[], Any], problem: str) -> None:
    raw = make()
    with limited():
        assert [str(found) for found in check(raw)] == [problem]


ALGORITHMS = {"encryption": names(10_000), "integrity": names(10_000), "prf": names(10_000), "dh_group": names(10_000)}


@pytest.mark.parametrize(
    ("make", "first"),
    [
        pytest.param(
            lambda: {"sites": sites(1), "policies": {"p": {"ike": ALGORITHMS, "esp": {"encryption": names(10_000)}}}},
            "policies[p].ike.encryption: a list of 10000; name 1 to 16.",
            id="thousands of algorithms",
        ),
        pytest.param(
            lambda: {"sites": sites(1), "policies": {"p": dict.fromkeys(names(100_000))}},
            "policies[p]: unknown key 'n0'. Allowed: ike, esp, ah.",
            id="a hundred thousand keys",
        ),
        pytest.param(
            lambda: {
                "sites": {LONG: {}},
                "tunnels": [{"name": LONG, "sites": [LONG], "psk": LONG, "ids": {LONG: LONG}}],
            },
            "sites: name of entry 1 must have 1 to 255 characters, got 10000000.",
            id="names of ten megabytes",
        ),
        pytest.param(
            lambda: {
                "sites": {"a": site(0, **{LONG: LONG}, description=LONG, lan_hosts=[LONG], management=[LONG])},
                "policies": {LONG: {}, "p": {"ike": {"encryption": LONG, "dh_group": [LONG], "version": LONG}}},
            },
            "policies: name of entry 1 must have 1 to 255 characters, got 10000000.",
            id="values of ten megabytes",
        ),
        pytest.param(
            lambda: {"sites": {HUGE: 1, "a": site(0, management=[HUGE])}, "limits": {"psk_min_length": HUGE}},
            "limits.psk_min_length: must be a whole number from 1 to 1024, got a number of 332193 bits.",
            id="numbers of a hundred thousand digits",
        ),
    ],
)
def test_what_is_said_stays_short(make: Callable[[], Any], first: str) -> None:
    raw = make()
    with limited():
        found = [str(problem) for problem in check(raw)]
    assert found[0] == first
    assert sum(map(len, found)) < WORDS
    with pytest.raises(AnsibleError, match="ipsec_topology has"), limited():
        boundary.load_topology(raw)


@pytest.mark.parametrize("mappings", [False, True])
def test_deep_nesting_ends(mappings: bool) -> None:
    deep = nested(100_000, mappings=mappings)
    keys = ("defaults", "policies", "limits", "sites", "tunnels", "meshes")
    within = {"sites": {"a": site(0, subnets=deep, lan_hosts=deep)}, "policies": {"p": {"ike": {"encryption": deep}}}}
    for raw in (deep, dict.fromkeys(keys, deep), within):
        with limited():
            assert 0 < len(check(raw)) < 30
        with pytest.raises(AnsibleError, match=r"^ipsec_topology is nested too deeply to be a topology\.$"), limited():
            boundary.load_topology(raw)
