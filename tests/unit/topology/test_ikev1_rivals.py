# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two tunnels of IKEv1 between the same two gateways: which an answering end can tell apart."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology import check

ESP = {"encryption": "aes256", "integrity": "sha256"}
IKE = {**ESP, "dh_group": 14}
POLICIES = {
    "main": {"ike": {**IKE, "version": 1}, "esp": ESP},
    "longer": {"ike": {**IKE, "version": 1, "dh_group": 15}, "esp": ESP},
    "aggressive": {"ike": {**IKE, "version": 1, "mode": "aggressive"}, "esp": ESP},
    "any": {"ike": {**IKE, "version": "any"}, "esp": ESP},
    "longer-any": {"ike": {**IKE, "version": "any", "dh_group": 15}, "esp": ESP},
    "two": {"ike": {**IKE, "version": 2, "dh_group": 15}, "esp": ESP},
}
PSK = "0123456789abcdefghijklmnopqrstuvwxyz"


def topology(first: str, second: str, *, managed: bool = True, keys: tuple[str, str] = (PSK, PSK), **more: Any) -> Any:
    far = {"address": "198.51.100.20", **({"host": "b-gw"} if managed else {})}
    return {
        "policies": POLICIES,
        "sites": {
            "a": {"subnets": ["10.1.0.0/24"], "gateways": [{"host": "a-gw", "address": "198.51.100.10"}]},
            "b": {"subnets": ["10.2.0.0/24", "10.3.0.0/24"], "gateways": [far]},
        },
        "tunnels": [
            {
                "name": f"t{number}", "sites": ["a", "b"], "policy": policy, "psk": psk,
                "ids": {end: f"{end}{number}.example" for end in "ab"},
                "subnets": {"b": [f"10.{number}.0.0/24"]}, **more,
            }
            for number, policy, psk in zip((2, 3), (first, second), keys)
        ],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("first", "second", "path"),
    [
        ("main", "main", None),
        ("main", "aggressive", None),
        ("main", "longer", "tunnels[t3].policy"),
        ("longer-any", "main", "tunnels[t3].policy"),
        ("aggressive", "longer", "tunnels[t3].policy"),
        ("any", "longer-any", None),  # both begin with IKEv2
        ("main", "two", None),
    ],
)
def test_proposals(first: str, second: str, path: str | None) -> None:
    assert [problem.path for problem in check(topology(first, second))] == ([path] if path else [])


@pytest.mark.parametrize(
    ("first", "second", "path"),
    [
        ("main", "main", "tunnels[t3].psk"),
        ("aggressive", "main", "tunnels[t3].psk"),
        ("aggressive", "aggressive", None),  # its identities come with the first message
        ("two", "main", None),
    ],
)
def test_keys(first: str, second: str, path: str | None) -> None:
    found = check(topology(first, second, keys=(PSK, PSK[::-1])))
    assert [problem.path for problem in found] == ([path] if path else [])


def test_the_end_that_dials_needs_two_identities() -> None:
    raw = topology("main", "main")
    for tunnel in raw["tunnels"]:
        tunnel["ids"] = {**tunnel["ids"], "a": "a.example"}
    assert list(map(str, check(raw))) == [
        (
            "tunnels[t3].ids: 't3' and 't2' may both be of IKEv1, between the gateways of a and b: who answers goes by "
            "the identity of the end that dials, and a is 'a.example' in both; give it two ids, or use version: 2."
        )
    ]
    raw["tunnels"][1]["initiator"] = "b"
    assert check(raw) == []
    raw["tunnels"][0]["initiator"] = "b"
    assert check(raw) == []


def test_certificates_are_looked_up_by_the_identity() -> None:
    raw = topology("main", "main")
    for tunnel in raw["tunnels"]:
        del tunnel["psk"]
        tunnel["auth"] = "certificate"
    assert check(raw) == []
    raw["tunnels"][1] |= {"auth": "psk", "psk": PSK}
    assert check(raw) == []
    raw["tunnels"][1]["policy"] = "longer"
    assert [problem.path for problem in check(raw)] == ["tunnels[t3].policy"]


def test_what_a_peer_makes_of_our_dialling_is_its_own_affair() -> None:
    different: dict[str, Any] = {"managed": False, "keys": (PSK, PSK[::-1])}
    assert check(topology("main", "longer", **different)) == []
    assert len(check(topology("main", "main", **different, start="answer_only"))) == 1
