# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table's text, byte by byte (``--update-golden`` writes it anew), and that it does not grow with the tunnels."""

from __future__ import annotations

import re
from ipaddress import ip_network
from itertools import combinations, product
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.causeway.ipsec.plugins.module_utils.firewall_rules import Rules, removal, render
from ansible_collections.causeway.ipsec.plugins.module_utils.firewall_subnets import merged, shown, tunnel_pairs

GOLDEN = Path(__file__).parents[2] / "golden" / "firewall"
CASES: dict[str, dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "firewall_cases.yml").read_text())


def rules(case: dict[str, Any]) -> Rules:
    lists = {key: tuple(case.get(key, ())) for key in ("tunnels", "management", "ssh_ports")}
    return Rules(**{**case, **lists})


def body(text: str) -> list[str]:
    """The rules of a text: what its chains hold."""
    rule = re.compile(r"\b(accept|drop|snat|notrack|jump|maxseg)\b(?!;)")
    return [line.strip() for line in text.splitlines() if rule.search(line)]


@pytest.mark.parametrize("name", CASES)
def test_golden(name: str, request: pytest.FixtureRequest) -> None:
    path = GOLDEN / f"{name}.nft"
    text = render(rules(CASES[name]))
    if request.config.getoption("--update-golden"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_every_golden_text_has_its_case() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == set(CASES)


def test_more_tunnels_are_more_elements_and_no_more_rules() -> None:
    def tunnels(count: int) -> tuple[dict[str, Any], ...]:
        return tuple(
            {
                "peers": [f"198.51.100.{i}"],
                "local_subnets": ["192.168.0.0/24"],
                "remote_subnets": [f"10.{i}.0.0/24", f"10.{i}.2.0/24"],
            }
            for i in range(1, count + 1)
        )

    few, many = (render(Rules(tunnels(count), mss={4: 1360})) for count in (2, 200))
    assert body(few) == body(many)
    assert len(body(few)) == 19


def test_the_order_of_tunnels_does_not_matter() -> None:
    case = CASES["ipv6_inside"]
    turned = {**case, "tunnels": case["tunnels"][::-1]}
    assert render(rules(case)) == render(rules(turned))


def test_the_comment_tells_texts_apart() -> None:
    comments = {re.findall(r'comment "(causeway.ipsec \w+)"', render(rules(case)))[0] for case in CASES.values()}
    assert len(comments) == len(CASES)


def test_every_drop_is_counted_and_explained() -> None:
    for case in CASES.values():
        drops = [line for line in body(render(rules(case))) if "drop" in line]
        assert drops or not case.get("tunnels")
        assert [line for line in drops if not re.search(r'counter drop comment "[^"]{10,127}"$', line)] == []


def test_removal_needs_no_table_to_be_there() -> None:
    assert removal() == "table inet causeway\ndelete table inet causeway\n"


def test_merged_subnets_do_not_overlap() -> None:
    subnets = ["10.0.1.0/24", "10.0.0.0/24", "10.0.0.5/32", None, "2001:db8::/64"]
    assert [shown(net) for net in merged(subnets, 4)] == ["10.0.0.0/23"]
    assert [shown(net) for net in merged(["2001:db8::1/128", "10.0.0.0/8"], 6)] == ["2001:db8::1"]


def test_pairs_that_overlap_are_taken_apart_and_cover_the_same() -> None:
    tunnels = [
        {"local_subnets": ["10.9.0.0/30"], "remote_subnets": ["10.0.0.0/29"]},
        {"local_subnets": ["10.9.0.2/31", "10.9.0.8/30"], "remote_subnets": ["10.0.0.2/31"]},
        {"local_subnets": ["10.9.0.0/28"], "remote_subnets": ["10.0.0.3/32"]},
    ]
    pairs: Any = tunnel_pairs(tunnels, 4)
    for one, other in combinations(pairs, 2):
        assert not (one[0].overlaps(other[0]) and one[1].overlaps(other[1]))
    covered = {(a, b) for local, remote in pairs for a, b in product(local, remote)}
    meant = {
        (a, b)
        for tunnel in tunnels
        for local, remote in product(tunnel["local_subnets"], tunnel["remote_subnets"])
        for a, b in product(ip_network(local), ip_network(remote))
    }
    assert covered == meant
