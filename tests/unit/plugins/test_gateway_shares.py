# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A gateway's share is worked out once in a run, and is the same as if it were worked out anew."""

from __future__ import annotations

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
    swanctl_config,
)
from ansible_collections.causeway.ipsec.plugins.plugin_utils import gateway_shares
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
        }
        for number, name in enumerate(("berlin", "london", "office"), 1)
    },
    "tunnels": [
        {"name": "to london", "sites": ["berlin", "london"], "psk": GIVEN},
        {"name": "to office", "sites": ["berlin", "office"]},
    ],
}
QUESTIONS: list[Callable[..., Any]] = [
    host_intent,
    firewall_intent,
    swanctl_config,
    lambda raw, host, run=None: proof_targets(raw, host, {}, {}, run),
]


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The directory of a run."""
    monkeypatch.setattr(constants, "DEFAULT_LOCAL_TMP", str(tmp_path))
    return tmp_path


@pytest.fixture
def planned(place: Path) -> Path:
    gateway_shares.keep(load(TOPOLOGY), ["berlin-gw"], RUN)
    return place


@pytest.mark.parametrize("question", QUESTIONS)
def test_what_is_kept_is_what_the_topology_says(planned: Path, question: Callable[..., Any]) -> None:
    anew = question(TOPOLOGY, "berlin-gw")
    assert anew
    assert question("not even a topology", "berlin-gw", run=RUN) == anew


@pytest.mark.parametrize(("host", "run"), [("london-gw", RUN), ("berlin-gw", OTHER_RUN), ("berlin-gw", {})])
@pytest.mark.parametrize("question", QUESTIONS)
def test_for_another_host_or_run_the_topology_is_read(
    planned: Path, question: Callable[..., Any], host: str, run: dict[str, str]
) -> None:
    assert question(TOPOLOGY, host, run=run) == question(TOPOLOGY, host)
    assert question(TOPOLOGY, host) != question(TOPOLOGY, "office-gw")


def test_secrets_are_not_kept(planned: Path) -> None:
    secrets = gateway_secrets(TOPOLOGY, "berlin-gw", MADE, run=RUN)
    assert [secret["psk"] for secret in secrets] == [GIVEN, MADE["to office"]]
    assert secrets == gateway_secrets(TOPOLOGY, "berlin-gw", MADE)
    assert len(list(planned.glob("*.share"))) == len(QUESTIONS) + 1
    for path in planned.glob("*.share"):
        assert GIVEN not in gateway_shares.read(path)


def test_made_secrets_need_no_topology(place: Path) -> None:
    made = {**TOPOLOGY, "tunnels": TOPOLOGY["tunnels"][1:]}
    gateway_shares.keep(load(made), ["berlin-gw"], RUN)
    (secret,) = gateway_secrets("not even a topology", "berlin-gw", MADE, run=RUN)
    assert [secret] == gateway_secrets(made, "berlin-gw", MADE)


def test_on_a_full_disk_whoever_asks_works_it_out(place: Path) -> None:
    place.rmdir()
    gateway_shares.keep(load(TOPOLOGY), ["berlin-gw"], RUN)
    assert host_intent(TOPOLOGY, "berlin-gw", run=RUN) == host_intent(TOPOLOGY, "berlin-gw")


def test_in_ansible_the_plan_keeps_it_for_the_run(play: Play) -> None:
    asked = "'berlin-gw', run=plan.run"
    done = play(
        f"""
- causeway.ipsec.plan:
  register: plan
- ansible.builtin.assert:
    that:
      - (none | causeway.ipsec.host_intent({asked})).host == 'berlin-gw'
      - none | causeway.ipsec.swanctl_config({asked}) == ipsec_topology | causeway.ipsec.swanctl_config('berlin-gw')
""",
        hosts="berlin-gw",
    )
    assert done.returncode == 0, done.stdout + done.stderr
