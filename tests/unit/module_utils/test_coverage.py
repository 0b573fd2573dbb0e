# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which pairs of subnets no IPsec SA carries."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.causeway.ipsec.plugins.module_utils.coverage import configured_pairs, uncovered
from ansible_collections.causeway.ipsec.plugins.module_utils.sas import ChildSa, live_children, parse_sas

ONE = {"cw-a": {"local-ts": ["10.1.0.0/24", "10.4.0.0/24"], "remote-ts": ["10.2.0.0/24", "10.3.0.0/24"]}}


def live(*agreed: tuple[list[str], list[str]], state: str = "INSTALLED") -> list[ChildSa]:
    children = {
        f"cw-a-{number}": {"name": "cw-a", "state": state, "local-ts": local, "remote-ts": remote}
        for number, (local, remote) in enumerate(agreed)
    }
    return live_children("cw-a", parse_sas([{"cw-a": {"state": "ESTABLISHED", "child-sas": children}}]))


def test_a_child_that_was_agreed_on_as_it_was_offered() -> None:
    child = ONE["cw-a"]
    assert uncovered(configured_pairs(ONE), live((child["local-ts"], child["remote-ts"]))) == []


def test_a_peer_that_took_one_pair() -> None:
    left = uncovered(configured_pairs(ONE), live((["10.1.0.0/24"], ["10.2.0.0/24"])))
    assert left == [
        ("10.1.0.0/24", "10.3.0.0/24"),
        ("10.4.0.0/24", "10.2.0.0/24"),
        ("10.4.0.0/24", "10.3.0.0/24"),
    ]


def test_a_peer_that_set_up_a_child_for_each_pair() -> None:
    pairs = configured_pairs(ONE)
    assert uncovered(pairs, live(*(([ours], [theirs]) for ours, theirs in pairs))) == []


def test_children_of_their_own_have_only_their_own_pairs() -> None:
    two = {
        "cw-a-1": {"local-ts": ["10.1.0.0/24"], "remote-ts": ["10.2.0.0/24"]},
        "cw-a-2": {"local-ts": ["10.4.0.0/24"], "remote-ts": ["10.3.0.0/24"]},
    }
    assert configured_pairs(two) == [("10.1.0.0/24", "10.2.0.0/24"), ("10.4.0.0/24", "10.3.0.0/24")]


def test_nothing_crosses_between_versions_of_ip() -> None:
    both = {"cw-a": {"local-ts": ["10.1.0.0/24", "2001:db8:1::/64"], "remote-ts": ["10.2.0.0/24", "2001:db8:2::/64"]}}
    assert configured_pairs(both) == [("10.1.0.0/24", "10.2.0.0/24"), ("2001:db8:1::/64", "2001:db8:2::/64")]


@pytest.mark.parametrize(
    ("wanted", "agreed", "carried"),
    [
        ("10.1.0.0/24", "10.1.0.0/24", True),
        ("10.1.0.0/24", "10.1.0.0/16", True),
        ("10.1.0.0/16", "10.1.0.0/24", False),
        ("10.1.0.0/24", "0.0.0.0/0", True),
        ("10.1.0.0/24", "::/0", False),
        ("10.1.0.0/24", "10.1.0.0/24[tcp/80]", False),
        ("10.1.0.0/24[tcp/80]", "10.1.0.0/24[tcp/80]", True),
        ("10.1.0.0/24", "10.1.0.1..10.1.0.9", False),
        ("dynamic", "dynamic", True),
    ],
)
def test_selectors(wanted: str, agreed: str, carried: bool) -> None:
    left = uncovered([(wanted, "10.2.0.0/24")], live(([agreed], ["10.2.0.0/24"])))
    assert left == ([] if carried else [(wanted, "10.2.0.0/24")])


def test_what_is_not_live_carries_nothing() -> None:
    child: dict[str, Any] = ONE["cw-a"]
    ended = live((child["local-ts"], child["remote-ts"]), state="DELETING")
    assert uncovered(configured_pairs(ONE), ended) == configured_pairs(ONE)
