# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that dropped out of a run is named, with the reason and with its tunnels."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.causeway.ipsec.plugins.plugin_utils.proof.lost import REGISTERED, lost_hosts
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology import load

ROOT = Path(__file__).parents[3]
TOPOLOGY = load(
    {
        "sites": {
            site: {
                "subnets": [f"192.168.{number}.0/24"],
                "gateways": [
                    {
                        "host": f"{site}-gw",
                        "address": f"198.51.100.{number}",
                        "lan_address": f"192.168.{number}.5",
                    }
                ],
                "lan_hosts": [f"{site}_lan"],
            }
            for number, site in enumerate(("berlin", "london", "oslo", "rome"), 1)
        },
        "tunnels": [
            {"name": "london-berlin", "sites": ["london", "berlin"]},
            {"name": "berlin-oslo", "sites": ["berlin", "oslo"]},
        ],
    }
)
GROUPS = {"all": ["berlin-1", "rome-1"], "berlin_lan": ["berlin-1"], "rome_lan": ["rome-1"]}
OK = {"changed": False, "failed": False}


def said(host: str, *results: dict[str, Any]) -> str:
    [lost] = lost_hosts(TOPOLOGY, [host], {host: results}, GROUPS)
    return str(lost)


def test_a_gateway_that_could_not_be_reached() -> None:
    unreachable = {"unreachable": True, "msg": "Task failed: Data could not be sent.\n ssh: connect: No route to host."}
    assert said("berlin-gw", OK, unreachable) == (
        "berlin-gw could not be reached: Data could not be sent. ssh: connect: No route to host. "
        "What it makes of its tunnels is not known, nor whether it has what this run changes: "
        "berlin-oslo, london-berlin. Run again when it is back."
    )


def test_a_lan_host_that_could_not_be_reached() -> None:
    assert said("berlin-1", {"unreachable": True, "msg": "timed out"}) == (
        "berlin-1 could not be reached: timed out. "
        "Nothing was pinged from it or to it, which leaves that part unproven of berlin-oslo, london-berlin."
    )


def test_a_host_where_a_task_failed() -> None:
    assert said("london-gw", OK, {"failed": True, "msg": "london-gw: nft is not installed here."}).startswith(
        "london-gw dropped out of this run: nft is not installed here. What it makes of its tunnels is not known"
    )


def test_a_host_that_failed_where_nobody_wrote_it_down() -> None:
    assert said("oslo-gw", OK).startswith("oslo-gw dropped out of this run; its error is further up. What")


def test_a_host_that_no_tunnel_needs() -> None:
    assert said("rome-1", {"unreachable": True, "msg": "x"}) == "rome-1 could not be reached: x. No tunnel needs it."


def test_they_are_sorted_and_each_is_named_once() -> None:
    found = lost_hosts(TOPOLOGY, ["oslo-gw", "berlin-gw", "oslo-gw"], {}, GROUPS)
    assert [lost.host for lost in found] == ["berlin-gw", "oslo-gw"]


@pytest.mark.parametrize("room", ["roles", "playbooks"])
def test_what_tasks_register_is_looked_at(room: str) -> None:
    """Results of modules on hosts; a new one belongs into the list, or the report could not say what failed.

    What is computed on the controller can't lose a host.

    The benchmark has a report of its own.
    """
    files = [path for path in (ROOT / room).rglob("*.yml") if "lab" not in path.parts and "benchmark" not in path.name]
    written = {name for path in files for name in re.findall(r"^ *register: (__\w+)", path.read_text(), re.MULTILINE)}
    assert written
    assert written <= {*REGISTERED, "__ipsec_plan", "__ipsec_unsettled", "__ipsec_halves"}
    assert all(yaml.safe_load(path.read_text()) for path in files)
