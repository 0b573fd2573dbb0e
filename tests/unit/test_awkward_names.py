# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tunnel may be called whatever can be printed: hosts see a short name made of it, and people see the whole."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.causeway.ipsec.plugins.module_utils.connection_run import Request, parse_wanted
from ansible_collections.causeway.ipsec.plugins.module_utils.swanctl_connections import OUR_NAME
from ansible_collections.causeway.ipsec.plugins.plugin_utils.proof import table, targets, verdict
from ansible_collections.causeway.ipsec.plugins.plugin_utils.render import swanctl
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology import (
    check,
    gateway_intent,
    gateway_secrets,
    load,
    section_name,
)
from hypothesis import given
from hypothesis import strategies as st

AWKWARD = "Berlin/London 1.0 \"quick\" 'n' {dirty} = # %s \\ ; 🚇 東京 Ölmühle "
LONGEST = (AWKWARD * 5)[:254] + "!"
HALF = {"encryption": "aes256", "integrity": "sha256"}
OLD = {"ike": {"version": 1, "dh_group": 15, **HALF}, "esp": {"pfs_group": 15, **HALF}}


def topology(*names: str, policy: str = "recommended") -> dict[str, Any]:
    """A hub of the first site, which is managed and so are the others; a tunnel of each name leads to one of them."""
    sites = {
        f"s{number}": {
            "subnets": [f"10.{number}.0.0/24", f"10.{number}.1.0/24"],
            "gateways": [
                {"host": f"gw{number}", "address": f"198.51.100.{number + 1}", "lan_address": f"10.{number}.0.1"}
            ],
        }
        for number in range(len(names) + 1)
    }
    tunnels = [{"name": name, "sites": ["s0", f"s{number}"], "policy": policy} for number, name in enumerate(names, 1)]
    return {"policies": {"old": OLD}, "sites": sites, "tunnels": tunnels}


def wanted(raw: dict[str, Any], host: str = "gw0") -> Any:
    """What the module connections makes of it; it raises what it would refuse."""
    planned = load(raw)
    made = {tunnel["name"]: "k" * 64 for tunnel in raw["tunnels"]}
    secrets = [secret.as_dict() for secret in gateway_secrets(planned, host, made)]
    return parse_wanted(Request(swanctl.render(gateway_intent(planned, host)), json.loads(json.dumps(secrets))))


NAMES = st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" "), min_size=1, max_size=255).filter(
    lambda name: name.isprintable() and name == name.strip()
)


@given(NAMES)
def test_every_name_that_is_allowed_goes_all_the_way(name: str) -> None:
    for policy in ("recommended", "old"):  # IKEv1 has a child for each pair of subnets, by a longer name
        raw = topology(name, policy=policy)
        assert check(raw) == []
        (connection,) = wanted(raw).connections.items()
        assert connection[0] == section_name(name)
        assert all(OUR_NAME.fullmatch(child) for child in (connection[0], *connection[1]["children"]))
        assert targets.split_name(targets.target_name(name, "gw1")) == (name, "gw1")


@given(st.lists(NAMES, min_size=1, max_size=4, unique=True))
def test_other_tunnels_leave_a_connection_alone(others: list[str]) -> None:
    alone = wanted(topology(LONGEST)).connections
    together = wanted(topology(LONGEST, *(name for name in others if name != LONGEST))).connections
    assert {name: together[name] for name in alone} == alone


def test_the_name_on_hosts_stays_as_it_is() -> None:
    """It is in the files of hosts and of keys: another one would end the tunnel, and make a new key."""
    assert section_name(LONGEST) == "cw-Berlin-London-1-0-quick-n-dirty-s-lm-hle-4b13b088"
    assert section_name(LONGEST[:-1] + "?").rpartition("-")[0] == section_name(LONGEST).rpartition("-")[0]
    assert section_name(LONGEST[:-1] + "?") != section_name(LONGEST)


def test_255_characters_are_allowed_and_256_are_not() -> None:
    assert len(LONGEST) == 255
    assert check(topology(LONGEST)) == []
    assert [str(problem) for problem in check(topology(f"{LONGEST}!"))] == [
        "tunnels[0].name: must have 1 to 255 characters, got 256."
    ]


@pytest.mark.parametrize("up", [True, False])
def test_the_proof_shows_the_name_as_it_was_given(up: bool) -> None:
    child = {"proposal": "AES_GCM_16-256", "bytes_in": 1, "bytes_out": 1, "mtu": 1446}
    tunnel = {"name": section_name(LONGEST), "state": "up", "ike_proposal": "AES", "children": [child]}
    ping = {"name": targets.target_name(LONGEST, "gw1"), "address": "10.1.0.1", "sent": 1, "received": 1, "rtt_ms": 1.0}
    rows = verdict.rows(
        verdict.managed_tunnels(load(topology(LONGEST))),
        {"gw0": [{"name": section_name(LONGEST), "cause": "nobody is there"}]},
        {"gw0": [tunnel] if up else []},
        {"gw0": [ping] if up else []},
    )
    text = table.render(rows)
    state = "proven" if up else "FAILED"
    assert f"\n{LONGEST}  {state}" in text
    assert up or f"\n{LONGEST}: gw0: down: nobody is there" in text
