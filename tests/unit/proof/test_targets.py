# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""LAN hosts ping what the topology lets them reach; gateways ping between their LAN addresses."""

from __future__ import annotations

from ansible_collections.causeway.ipsec.plugins.plugin_utils.proof.targets import (
    Target,
    gateway_targets,
    lan_host_targets,
    lan_peers,
    split_name,
)
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology import gateway_intent, load

TOPOLOGY = load(
    {
        "sites": {
            "berlin": {
                "subnets": ["192.168.1.0/24"],
                "gateways": [{"host": "berlin-gw", "address": "198.51.100.10", "lan_address": "192.168.1.5"}],
                "lan_hosts": ["berlin"],
            },
            "london": {
                "subnets": ["192.168.2.0/24"],
                "gateways": [{"host": "london-gw", "address": "198.51.100.20", "lan_address": "192.168.2.5"}],
                "lan_hosts": ["london"],
            },
        },
        "tunnels": [{"name": "a/b", "sites": ["berlin", "london"]}],
    }
)
GROUPS = {"berlin": ["berlin-1"], "london": ["london-gw", "london-1", "london-2"]}


def from_berlin(addresses: dict[str, list[str]]) -> list[Target]:
    return lan_host_targets("berlin-1", lan_peers(TOPOLOGY, "berlin-1", ["berlin"], GROUPS), addresses)


def test_groups_are_taken_apart_and_gateways_left_out() -> None:
    addresses = {
        "berlin-1": ["192.168.1.11"],
        "london-1": ["10.0.0.1", "192.168.2.11"],
        "london-gw": ["192.168.2.5"],
        "london-2": ["10.0.0.2"],
    }
    assert from_berlin(addresses) == [Target("a/b/london-1", "192.168.2.11")]


def test_gateways_ping_from_lan_address_to_lan_address() -> None:
    assert gateway_targets(gateway_intent(TOPOLOGY, "london-gw")) == [
        Target("a/b/berlin-gw", "192.168.1.5", "192.168.2.5")
    ]


def test_a_ping_proves_only_the_tunnel_that_it_goes_through() -> None:
    sites = {
        name: {
            "subnets": [f"192.168.{number}.0/24", f"10.{number}.0.0/24"],
            "gateways": [{"host": name, "address": f"198.51.100.{number}", "lan_address": f"192.168.{number}.5"}],
        }
        for number, name in enumerate(("berlin", "london"), 1)
    }
    tunnels = [
        {
            "name": name,
            "sites": ["berlin", "london"],
            "subnets": {"berlin": [berlin], "london": [london]},
            "ids": {"berlin": f"berlin.{name}", "london": f"london.{name}"},
        }
        for name, berlin, london in (
            ("first", "192.168.1.0/24", "192.168.2.0/24"),
            ("second", "10.1.0.0/24", "10.2.0.0/24"),
        )
    ]
    topology = load({"sites": sites, "tunnels": tunnels})
    assert gateway_targets(gateway_intent(topology, "berlin")) == [Target("first/london", "192.168.2.5", "192.168.1.5")]


def test_a_name_is_taken_apart_again_whatever_the_tunnel_is_called() -> None:
    assert split_name("a/b/london-1") == ("a/b", "london-1")


def test_a_lan_host_outside_the_tunnels_subnets_proves_nothing_of_it() -> None:
    addresses = {"berlin-1": ["10.0.0.3"], "london-1": ["192.168.2.11"]}
    assert from_berlin(addresses) == []
