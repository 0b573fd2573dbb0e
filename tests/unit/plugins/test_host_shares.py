# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's share is worked out once in a run, and is the same as if it were worked out anew."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from ansible import constants
from ansible_collections.causeway.ipsec.plugins.filter.proof import proof_targets
from ansible_collections.causeway.ipsec.plugins.filter.topology import (
    firewall_intent,
    gateway_secrets,
    host_intent,
    lan_host_intent,
    swanctl_config,
)
from ansible_collections.causeway.ipsec.plugins.plugin_utils import host_shares
from ansible_collections.causeway.ipsec.plugins.plugin_utils.host_shares import (
    OF_GATEWAYS,
    OF_LAN_HOSTS,
    GatewayShare,
    LanHostShare,
)
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology import load

if TYPE_CHECKING:
    from pathlib import Path

Play = Callable[..., subprocess.CompletedProcess[str]]

GIVEN = "given-in-the-topology-" + "x" * 32
MADE = {"to office": "m" * 48}
RUN = {"id": "20", "who": "somebody"}
OTHER_RUN = {"id": "21", "who": "somebody"}
TOPOLOGY: dict[str, Any] = {
    "sites": {
        name: {
            "subnets": [f"10.{number}.0.0/16"],
            "gateways": [
                {"host": f"{name}-gw", "address": f"198.18.0.{number}", "lan_address": f"10.{number}.0.1"},
            ],
            "lan_hosts": [f"{name}-lan"],
        }
        for number, name in enumerate(("berlin", "london", "office"), 1)
    },
    "tunnels": [
        {"name": "to london", "sites": ["berlin", "london"], "psk": GIVEN},
        {"name": "to office", "sites": ["berlin", "office"]},
    ],
}
GROUPS = {f"{name}-lan": [f"{name}-1", f"{name}-gw"] for name in ("berlin", "london", "office")}
SEEN = {
    f"{name}-1": {"__lan_routes_held": {"addresses": [f"10.{number}.0.9"]}}
    for number, name in enumerate(("berlin", "london", "office"), 1)
}


def lan_host(raw: object, host: str, run: object = None) -> Any:
    return lan_host_intent(raw, host, [name for name, members in GROUPS.items() if host in members], run)


def pings(raw: object, host: str, run: object = None) -> Any:
    return proof_targets(raw, host, GROUPS, SEEN, run)


QUESTIONS: list[tuple[Callable[..., Any], str]] = [
    *((question, "berlin-gw") for question in (host_intent, firewall_intent, swanctl_config, pings)),
    *((question, "berlin-1") for question in (lan_host, pings)),
]


def plan(raw: dict[str, Any]) -> None:
    """What causeway.ipsec.plan keeps of two hosts."""
    topology = load(raw)
    host_shares.keep([GatewayShare(topology, "berlin-gw")], OF_GATEWAYS, RUN)
    host_shares.keep([LanHostShare(topology, "berlin-1", ["berlin-lan"], GROUPS)], OF_LAN_HOSTS, RUN)


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The directory of a run."""
    monkeypatch.setattr(constants, "DEFAULT_LOCAL_TMP", str(tmp_path))
    return tmp_path


@pytest.fixture
def planned(place: Path) -> Path:
    plan(TOPOLOGY)
    return place


@pytest.mark.parametrize(("question", "host"), QUESTIONS)
def test_what_is_kept_is_what_the_topology_says(planned: Path, question: Callable[..., Any], host: str) -> None:
    anew = question(TOPOLOGY, host)
    assert anew
    assert question("not even a topology", host, run=RUN) == anew


@pytest.mark.parametrize(("question", "host"), QUESTIONS)
def test_for_another_host_or_run_the_topology_is_read(planned: Path, question: Callable[..., Any], host: str) -> None:
    other = {**TOPOLOGY, "tunnels": TOPOLOGY["tunnels"][:1]}
    assert question(other, host) != question(TOPOLOGY, host)
    for run in (OTHER_RUN, {}, None):
        assert question(other, host, run=run) == question(other, host)
    peer = host.replace("berlin", "office")
    assert question(other, peer, run=RUN) == question(other, peer)


def test_secrets_are_not_kept(planned: Path) -> None:
    secrets = gateway_secrets(TOPOLOGY, "berlin-gw", MADE, run=RUN)
    assert [secret["psk"] for secret in secrets] == [GIVEN, MADE["to office"]]
    assert secrets == gateway_secrets(TOPOLOGY, "berlin-gw", MADE)
    assert len(list(planned.glob("*.share"))) == len(OF_GATEWAYS) + len(OF_LAN_HOSTS)
    for path in planned.glob("*.share"):
        assert GIVEN not in host_shares.read(path)


def test_made_secrets_need_no_topology(place: Path) -> None:
    made = {**TOPOLOGY, "tunnels": TOPOLOGY["tunnels"][1:]}
    plan(made)
    (secret,) = gateway_secrets("not even a topology", "berlin-gw", MADE, run=RUN)
    assert [secret] == gateway_secrets(made, "berlin-gw", MADE)


def test_on_a_full_disk_whoever_asks_works_it_out(place: Path) -> None:
    place.rmdir()
    plan(TOPOLOGY)
    assert host_intent(TOPOLOGY, "berlin-gw", run=RUN) == host_intent(TOPOLOGY, "berlin-gw")


def test_in_ansible_the_plan_keeps_it_for_the_run(play: Play) -> None:
    gateway, lan = "'berlin-gw', run=plan.run", "'london-1', run=plan.run"
    done = play(
        f"""
- causeway.ipsec.plan:
  register: plan
- ansible.builtin.assert:
    that:
      - (none | causeway.ipsec.host_intent({gateway})).host == 'berlin-gw'
      - none | causeway.ipsec.swanctl_config({gateway}) == ipsec_topology | causeway.ipsec.swanctl_config('berlin-gw')
      - (none | causeway.ipsec.lan_host_intent({lan})).site == 'london'
""",
        hosts="all",
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_plan_refuses_a_host_of_two_sites(play: Play) -> None:
    gateways = [{"address": f"198.18.0.{number}", "lan_address": f"10.{number}.0.1"} for number in (1, 2)]
    sites = {
        "a": {"subnets": ["10.1.0.0/16"], "gateways": gateways[:1], "lan_hosts": ["london-1"]},
        "b": {"subnets": ["10.2.0.0/16"], "gateways": gateways[1:], "lan_hosts": ["london_lan_hosts"]},
    }
    variables = json.dumps({"ipsec_topology": {"sites": sites}})
    done = play("- causeway.ipsec.plan:", "-e", variables, hosts="all")
    assert done.returncode == 2
    assert "london-1: belongs to the lan_hosts of a and b by its groups" in done.stdout + done.stderr
