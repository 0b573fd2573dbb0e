# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that the inventory doesn't know are problems, with the nearest name that it does."""

from __future__ import annotations

from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology import load
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.inventory import check_inventory

TOPOLOGY = load(
    {
        "sites": {
            "berlin": {
                "subnets": ["192.168.1.0/24"],
                "gateways": [{"host": "berlin-gv", "address": "198.51.100.10", "lan_address": "192.168.1.5"}],
                "lan_hosts": ["berlin_lan", "berlin_lam"],
            },
            "london": {"subnets": ["192.168.2.0/24"], "gateways": [{"address": "198.51.100.20"}]},
        },
    }
)


def test_misspelt_hosts_and_groups_are_named() -> None:
    problems = [str(problem) for problem in check_inventory(TOPOLOGY, ["berlin-gw", "berlin-1"], ["berlin_lan"])]
    assert problems == [
        (
            "sites[berlin].gateways[0].host: unknown inventory host 'berlin-gv'. Did you mean 'berlin-gw'? "
            "(A peer gateway that you don't manage has no host.)"
        ),
        "sites[berlin].lan_hosts[1]: unknown inventory host or group 'berlin_lam'. Did you mean 'berlin_lan'?",
    ]


def test_a_whole_inventory_is_no_problem() -> None:
    assert not list(check_inventory(TOPOLOGY, ["berlin-gv"], ["berlin_lan", "berlin_lam"]))
