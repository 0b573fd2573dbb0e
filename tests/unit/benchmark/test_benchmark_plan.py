# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who measures with whom, and what is said where nobody can."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.causeway.ipsec.plugins.plugin_utils.benchmark import page
from ansible_collections.causeway.ipsec.plugins.plugin_utils.benchmark.plan import (
    BenchmarkError,
    End,
    Hosts,
    Measurement,
    Plan,
    plan,
)
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology import load

PSK = "x" * 40
SITES: dict[str, Any] = {
    "berlin": {
        "subnets": ["192.168.1.0/24"],
        "gateways": [{"host": "berlin-gw", "address": "198.51.100.10", "lan_address": "192.168.1.5"}],
        "lan_hosts": ["berlin_lan"],
    },
    "london": {
        "subnets": ["192.168.2.0/24"],
        "gateways": [{"host": "london-gw", "address": "198.51.100.20", "lan_address": "192.168.2.5"}],
        "lan_hosts": ["london-1"],
    },
    "oslo": {
        "subnets": ["192.168.3.0/24"],
        "gateways": [{"host": "oslo-gw", "address": "198.51.100.30", "local_address": "10.0.0.5"}],
    },
    "office": {"subnets": ["172.16.0.0/16"], "gateways": [{"address": "198.51.100.40"}]},
}
TUNNELS: list[dict[str, Any]] = [
    {"name": "berlin-london", "sites": ["berlin", "london"]},
    {"name": "berlin-oslo", "sites": ["berlin", "oslo"], "ids": {"oslo": "oslo.example"}},
    {"name": "berlin-office", "sites": ["berlin", "office"], "psk": PSK},
]
GROUPS = {"berlin_lan": ["berlin-2", "berlin-1"]}
ADDRESSES = {
    "berlin-1": ["10.0.0.1", "192.168.1.11"],
    "berlin-2": ["10.0.0.2"],
    "london-1": ["192.168.2.11"],
}
EVERYBODY = frozenset({"berlin-gw", "london-gw", "oslo-gw", "berlin-1", "berlin-2", "london-1"})
NOBODY = "{}, inside: no LAN host of {} with an address in {} is in this run, and {}"
BERLIN, LONDON = End("berlin-1", "192.168.1.11"), End("london-1", "192.168.2.11")
BERLIN_GW, LONDON_GW = End("berlin-gw", "198.51.100.10"), End("london-gw", "198.51.100.20")


def planned(
    *wanted: str, names: frozenset[str] = EVERYBODY, sites: dict[str, Any] | None = None, **options: bool
) -> Plan:
    topology = load({"sites": sites or SITES, "tunnels": TUNNELS})
    return plan(topology, Hosts(names, GROUPS, ADDRESSES), wanted, **options)


def test_from_lan_host_to_lan_host_and_from_gateway_to_gateway_in_each_direction() -> None:
    there, back = ("berlin-gw", "london-gw"), ("london-gw", "berlin-gw")
    assert planned("berlin-london") == Plan(
        (
            Measurement("berlin-london", "inside", BERLIN, LONDON, LONDON, there),
            Measurement("berlin-london", "inside", LONDON, BERLIN, LONDON, back),
            Measurement("berlin-london", "outside", BERLIN_GW, LONDON_GW, LONDON_GW, there),
            Measurement("berlin-london", "outside", LONDON_GW, BERLIN_GW, LONDON_GW, back),
        ),
        (),
    )


def test_the_same_host_listens_for_both_directions_and_all_others_on_the_way_watch() -> None:
    there, back, out, _in = planned("berlin-london").measurements
    assert [one.client for one in (there, back)] == [BERLIN, BERLIN]
    assert there.watchers == ("london-1", "berlin-gw", "london-gw")
    assert back.watchers == ("london-1", "london-gw", "berlin-gw")
    assert out.watchers == ("london-gw",)


def test_without_a_lan_host_a_gateway_measures_from_its_own_address_there() -> None:
    found = planned("berlin-london", names=EVERYBODY - {"london-1"}, outside=False)
    assert [one.receiver for one in found.measurements] == [End("london-gw", "192.168.2.5"), BERLIN]
    assert found.measurements[0].watchers == ("london-gw", "berlin-gw")


def test_outside_is_left_out_on_demand() -> None:
    assert {one.where for one in planned("berlin-london", outside=False).measurements} == {"inside"}


def test_who_is_behind_nat_calls() -> None:
    found = planned("berlin-oslo")
    assert {(one.server, one.client) for one in found.measurements} == {(BERLIN_GW, End("oslo-gw", "10.0.0.5"))}
    assert found.unmeasured == (
        NOBODY.format("berlin-oslo", "oslo", "192.168.3.0/24", "oslo-gw has no lan_address there"),
    )


def test_two_gateways_behind_nat_cannot_call_each_other() -> None:
    """Not for TCP: what a NAT may forward is IKE and ESP in UDP."""
    berlin = {**SITES["berlin"]["gateways"][0], "local_address": "10.0.0.4", "forwarded": True}
    found = planned("berlin-oslo", sites={**SITES, "berlin": {**SITES["berlin"], "gateways": [berlin]}})
    assert found.unmeasured[1] == "berlin-oslo, outside: both gateways are behind NAT, so neither can call the other"


def test_an_address_that_nobody_knows_is_measured_inside_only() -> None:
    oslo = {**SITES["oslo"]["gateways"][0], "address": "any"}
    del oslo["local_address"]
    found = planned("berlin-oslo", sites={**SITES, "oslo": {**SITES["oslo"], "gateways": [oslo]}})
    assert found.unmeasured[-1] == "berlin-oslo, outside: the address of oslo-gw in the WAN is not known"


def test_a_peer_that_nobody_manages_measures_nothing() -> None:
    found = planned("berlin-office")
    assert found.measurements == ()
    assert found.unmeasured == (
        NOBODY.format("berlin-office", "office", "172.16.0.0/16", "the gateway of office is not managed"),
        "berlin-office, outside: the gateway of office is not managed",
    )


def test_a_host_that_is_not_in_the_run_is_named() -> None:
    found = planned("berlin-london", names=EVERYBODY - {"london-gw", "london-1"})
    assert found.unmeasured == (
        NOBODY.format("berlin-london", "london", "192.168.2.0/24", "london-gw is not in this run, or did not answer"),
        "berlin-london, outside: london-gw is not in this run, or did not answer",
    )


def test_a_tunnel_without_any_gateway_in_the_run_is_passed_over_unless_it_is_named() -> None:
    names = frozenset({"berlin-1", "london-1", "oslo-gw"})
    assert {reason.partition(",")[0] for reason in planned(names=names).unmeasured} == {"berlin-oslo"}
    assert planned("berlin-london", names=names).measurements[0].gateways == ()


def test_a_tunnel_that_there_is_not() -> None:
    with pytest.raises(BenchmarkError) as error:
        planned("berlin-londn")
    assert str(error.value) == ("ipsec_benchmark_tunnels: unknown tunnel 'berlin-londn'. Did you mean 'berlin-london'?")


def test_the_hosts_that_take_part() -> None:
    found = planned("berlin-london")
    assert found.ends == ["berlin-1", "berlin-gw", "london-1", "london-gw"]
    assert found.gateways == ["berlin-gw", "london-gw"]


def test_what_is_said_of_a_plan() -> None:
    assert page.render_plan(planned("berlin-london", "berlin-office"), 10).splitlines() == [
        "4 measurements of 10 s each, one after the other: about 60 s.",
        "Outside of the tunnels, what is sent is test data in clear.",
        "berlin-london, inside: berlin-1 (192.168.1.11) sends to london-1 (192.168.2.11); london-1 listens",
        "berlin-london, inside: london-1 (192.168.2.11) sends to berlin-1 (192.168.1.11); london-1 listens",
        "berlin-london, outside: berlin-gw (198.51.100.10) sends to london-gw (198.51.100.20); london-gw listens",
        "berlin-london, outside: london-gw (198.51.100.20) sends to berlin-gw (198.51.100.10); london-gw listens",
        "Not measured: "
        + NOBODY.format("berlin-office", "office", "172.16.0.0/16", "the gateway of office is not managed"),
        "Not measured: berlin-office, outside: the gateway of office is not managed",
    ]
    assert page.render_plan(planned("berlin-london", outside=False), 600).startswith(
        "2 measurements of 600 s each, one after the other: about 20 minutes.\nberlin-london, inside"
    )


def test_many_reasons_are_not_all_listed() -> None:
    assert page.not_measured([f"tunnel-{number}" for number in range(25)])[-2:] == [
        "Not measured: tunnel-19",
        "Not measured: 5 more",
    ]
