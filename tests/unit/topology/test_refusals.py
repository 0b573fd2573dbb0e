# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every topology that is refused, with every word that is said of it."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology import TopologyError, check, load

CORPUS, PLATFORMS, CREDENTIALS = (
    yaml.safe_load(Path(__file__).with_name(name).read_text(encoding="utf-8"))
    for name in ("bad_topologies.yml", "bad_platforms.yml", "bad_credentials.yml")
)
CASES = [{"base": corpus["base"], **case} for corpus in (CORPUS, PLATFORMS, CREDENTIALS) for case in corpus["cases"]]


def base() -> Any:
    return copy.deepcopy(CORPUS["base"])


def holder(topology: Any, path: str) -> tuple[Any, Any]:
    """The container that a path's last key is in, and that key; mappings on the way are made."""
    *way, last = path.split("/")
    for key in way:
        topology = topology[int(key)] if isinstance(topology, list) else topology.setdefault(key, {})
    return topology, int(last) if isinstance(topology, list) else last


def changed(case: dict[str, Any]) -> Any:
    """The base as a case changes it."""
    topology = copy.deepcopy(case["topology"] if "topology" in case else case["base"])
    for path, value in case.get("set", {}).items():
        container, key = holder(topology, path)
        if isinstance(container, list) and key == len(container):
            container.append(None)
        container[key] = copy.deepcopy(value)
    for path in case.get("drop", []):
        container, key = holder(topology, path)
        del container[key]
    return topology


def said(topology: Any) -> list[str]:
    return [str(problem) for problem in check(topology)]


def test_base_is_accepted() -> None:
    assert said(base()) == []
    assert set(load(base()).sites) == {"berlin", "london", "office"}
    assert said(PLATFORMS["base"]) == said(CREDENTIALS["base"]) == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["case"]))
def test_refusal(case: dict[str, Any]) -> None:
    topology = changed(case)
    before = copy.deepcopy(topology)
    assert said(topology) == case["problems"]
    assert topology == before
    with pytest.raises(TopologyError) as caught:
        load(topology)
    assert str(caught.value).splitlines() == case["problems"]


def test_no_message_shows_a_psk() -> None:
    for case in CASES:
        topology = changed(case)
        tunnels = topology.get("tunnels", []) if isinstance(topology, dict) else []
        for tunnel in tunnels if isinstance(tunnels, list) else []:
            psk = tunnel.get("psk") if isinstance(tunnel, dict) else None
            assert not psk or not any(str(psk).strip() in message for message in said(topology))
    assert "0123456789abcdefghijklmnopqrstuvwxyz" not in repr(load(base()))


def with_subnets(site: str, count: int) -> Any:
    topology = base()
    topology["sites"][site]["subnets"] = [f"10.{number}.0.0/16" for number in range(count)]
    return topology


def test_number_of_subnets() -> None:
    assert said(with_subnets("office", 254)) == []
    assert said(with_subnets("office", 255)) == [
        "sites[office].subnets: 255 subnets; IKE can carry at most 254 per end. Summarise them."
    ]


def test_the_edge_of_a_subnet_of_two_is_a_host() -> None:
    topology = base()
    topology["sites"]["berlin"]["subnets"] = ["192.168.1.4/31"]
    assert said(topology) == []


def test_pairs_of_ikev1() -> None:
    topology = with_subnets("office", 254)
    half = {"encryption": "aes128", "integrity": "sha256"}
    topology["policies"] = {
        "old": {"ike": {"version": 1, "dh_group": 15, **half}, "esp": {"pfs_group": 15, **half}},
    }
    topology["tunnels"][1]["policy"] = "old"
    assert said(topology) == []
    topology["sites"]["berlin"]["subnets"].append("192.168.11.0/24")
    assert said(topology) == [
        (
            "tunnels[berlin-office].subnets: 2 by 254 subnets; IKEv1 needs a child for each pair, at most 254. "
            "Summarise them, or use a policy with version 2."
        )
    ]


def test_subnets_through_a_transit_hub() -> None:
    topology = with_subnets("london", 250)
    del topology["sites"]["london"]["gateways"][0]["lan_address"], topology["sites"]["london"]["lan_hosts"]
    for number in range(4):
        topology["sites"][f"s{number}"] = {
            "subnets": [f"172.31.{number}.0/24"],
            "gateways": [{"host": f"s{number}", "address": f"198.51.100.{40 + number}"}],
        }
    spokes = [f"s{number}" for number in range(4)]
    topology["tunnels"] = topology["tunnels"][1:]
    topology["meshes"] = [{"name": "m", "hub": "berlin", "transit": True, "sites": ["london", *spokes[:3]]}]
    assert said(topology) == []
    topology["meshes"][0]["sites"].append(spokes[3])
    assert said(topology) == [
        "meshes[m].transit: its tunnels would carry 255 subnets; IKE can carry 254. Summarise or split it."
    ]


def test_length_of_texts() -> None:
    topology = base()
    topology["tunnels"][0]["name"] = "n" * 255
    topology["tunnels"][0]["description"] = "d" * 1024
    topology["tunnels"][1]["psk"] = "p" * 1024
    assert said(topology) == []
    topology["tunnels"][0]["name"] += "n"
    topology["tunnels"][0]["description"] += "d"
    topology["tunnels"][1]["psk"] += "p"
    assert said(topology) == [
        "tunnels[0].name: must have 1 to 255 characters, got 256.",
        "tunnels[0].description: must have 1 to 1024 characters, got 1025.",
        "tunnels[berlin-office].psk: 1025 characters; at most 1024 are allowed (openssl rand -base64 48 makes one).",
    ]


def test_many_tunnels_between_two_sites() -> None:
    topology = base()
    topology["tunnels"] = [
        {"name": f"t{number}", "sites": ["london", "berlin"], "ids": {"london": f"id{number}"}} for number in range(17)
    ]
    assert said(topology) == [
        "tunnels[t0]: 17 tunnels lead from berlin to london; at most 16 are allowed. Give fewer tunnels more subnets."
    ]


def test_fleets_that_are_too_large_are_not_expanded() -> None:
    sites = {
        f"s{number}": {
            "subnets": [f"10.{number >> 8}.{number & 255}.0/24"],
            "gateways": [{"host": f"s{number}", "address": f"198.18.{number >> 8}.{number & 255}"}],
        }
        for number in range(1000)
    }
    meshes = [{"name": "m", "sites": list(sites)}]
    assert said({"sites": sites, "meshes": meshes}) == [
        "ipsec_topology: 499500 tunnels; at most 100000 can be planned. Split the topology."
    ]


def test_hints_end_where_they_would_take_long() -> None:
    topology = base()
    topology["tunnels"] = [{"name": f"t{number}", "sites": ["berln", "lndon"]} for number in range(20_000)]
    messages = said(topology)
    assert len(messages) == 40_000
    assert messages[0].endswith("Did you mean 'berlin'?")
    assert messages[-1].endswith("Known: berlin, london, office.")


def test_a_file_of_another_kind() -> None:
    assert said({f"key{number}": 1 for number in range(1000)})[-2:] == [
        "ipsec_topology: 990 more unknown keys.",
        "sites: missing; a topology needs sites: a mapping from name to subnets and gateways.",
    ]
