# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Topologies by the hundred: whatever they are, these hold."""

from __future__ import annotations

import copy
import datetime as dt
import json
from typing import TYPE_CHECKING, Any

from ansible_collections.causeway.ipsec.plugins.plugin_utils.render import swanctl
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology import (
    ChildIntent,
    Problem,
    Topology,
    check,
    gateway_intent,
    gateway_secrets,
    lan_host_intent,
    load,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from topologies import BEHAVIOURS, site, topologies

if TYPE_CHECKING:
    import random


def everything(topology: Topology, *, without: str = "") -> dict[str, str]:
    """All that comes out, as text, by host; without what belongs to one host."""
    hosts = [host for host in topology.site_by_host if host != without]
    texts = {host: json.dumps(gateway_intent(topology, host).as_dict()) for host in hosts}
    for host in hosts:
        texts[host] += swanctl.render(gateway_intent(topology, host))
    for host in topology.sites_by_lan_host:
        texts[host] = json.dumps(lan_host_intent(topology, host).as_dict())
    return texts


def end_of(child: ChildIntent, *, other: bool = False) -> tuple[Any, ...]:
    """What a child says of one end and then of the other; told from the other end the same."""
    ends = ((child.local_subnets, child.local_ports), (child.remote_subnets, child.remote_ports))
    return child.protocol, *(ends[::-1] if other else ends)


@given(topologies())
def test_both_ends_mirror_each_other(raw: dict[str, Any]) -> None:
    assert check(raw) == []
    topology = load(raw)
    ends: dict[str, list[Any]] = {}
    for host in topology.site_by_host:
        for connection in gateway_intent(topology, host).connections:
            ends.setdefault(connection.name, []).append(connection)
    for one, *others in ends.values():
        assert not others or one.initiator != others[0].initiator
        for other in others:
            assert (one.local_id, one.remote_id) == (other.remote_id, other.local_id)
            assert one.remote_lan_address == other.local_lan_address
            assert (one.ike_version, one.ike_proposals, one.ike_lifetime) == (
                *(other.ike_version, other.ike_proposals, other.ike_lifetime),
            )
            assert (one.protocol, one.ipsec_proposals, one.ipsec_lifetime) == (
                *(other.protocol, other.ipsec_proposals, other.ipsec_lifetime),
            )
            assert (one.aggressive, one.behaviour) == (other.aggressive, other.behaviour)
            assert (one.ipsec_lifetime_bytes, one.ike_reauth_lifetime) == (
                *(other.ipsec_lifetime_bytes, other.ike_reauth_lifetime),
            )
            assert {child.name: end_of(child) for child in one.children} == {
                child.name: end_of(child, other=True) for child in other.children
            }
            assert len({child.name for child in one.children}) == len(one.children)


@given(topologies())
def test_both_ends_have_the_same_secret(raw: dict[str, Any]) -> None:
    topology = load(raw)
    made = {
        c.tunnel: f"made for {c.tunnel}".ljust(32, "!")
        for h in topology.site_by_host
        for c in gateway_intent(topology, h).connections
    }
    secrets: dict[str, set[Any]] = {}
    for host in topology.site_by_host:
        for secret in gateway_secrets(topology, host, made):
            secrets.setdefault(secret.name, set()).add((frozenset(secret.ids), secret.psk))
    assert all(len(same) == 1 for same in secrets.values())


@given(topologies(), st.randoms(use_true_random=False))
def test_the_same_topology_gives_the_same_bytes(raw: dict[str, Any], shuffle: random.Random) -> None:
    before = everything(load(raw))
    other = copy.deepcopy(raw)
    for items in (other["tunnels"], *(mesh["sites"] for mesh in other["meshes"] if not mesh.get("hub"))):
        shuffle.shuffle(items)
    sites = list(other["sites"].items())
    shuffle.shuffle(sites)
    other["sites"] = dict(sites)
    assert everything(load(copy.deepcopy(raw))) == before
    assert everything(load(other)) == before


@given(topologies(), st.booleans())
def test_an_unrelated_site_changes_nothing(raw: dict[str, Any], managed: bool) -> None:
    before = everything(load(raw))
    for name in ("aaa", "zzz"):  # added, then renamed
        more = copy.deepcopy(raw)
        more["sites"] = {name: site(99, managed=managed, nat=False, subnets=2), **more["sites"]}
        after = everything(load(more))
        assert {host: after[host] for host in before} == before


@given(topologies())
def test_a_site_more_changes_only_its_peers(raw: dict[str, Any]) -> None:
    before = everything(load(raw))
    peer = next((each for each in raw["sites"].values() if "host" in each["gateways"][0]), None)
    if peer is None:
        return
    name = next(key for key, value in raw["sites"].items() if value is peer)
    more = copy.deepcopy(raw)
    more["sites"]["new"] = site(99, managed=True, nat=False, subnets=1)
    more["tunnels"].append({"name": "new", "sites": ["new", name]})
    after = everything(load(more))
    changed = {host for host in before if after[host] != before[host]}
    assert changed == {peer["gateways"][0]["host"], *peer["lan_hosts"]}


@given(topologies())
def test_every_ike_proposal_says_what_its_prf_is(raw: dict[str, Any]) -> None:
    for policy in load(raw).policies.values():
        assert all(proposal.prf or proposal.integrity for proposal in policy.ike.proposals)


@given(topologies())
def test_a_platform_changes_no_host(raw: dict[str, Any]) -> None:
    with_platforms = everything(load(raw))
    for tunnel in raw["tunnels"]:
        tunnel.pop("platform", None)
    assert everything(load(raw)) == with_platforms


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(10**100, 10**101),
    st.floats(),
    st.text(st.characters()),  # lone surrogates too
    st.binary(),
    st.dates(),
    st.just(dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)),
    st.sampled_from(
        ["0.0.0.0/0", "::/0", "10.0.0.0/8", "10.0.0.1", "fe80::1%eth0", "a" * 100_000, "٣", "\x00", "/", "", "aws"]
    ),
)
KEYS = st.one_of(
    st.sampled_from(
        [
            *("sites", "tunnels", "meshes", "policies", "limits", "defaults", "subnets", "gateways", "psk", "ids"),
            *(
                "traffic",
                "ports",
                "protocol",
                "initiator",
                "proposals",
                "additional_key_exchanges",
                "platform",
                *BEHAVIOURS,
            ),
        ]
    ),
    st.text(max_size=5),
    st.integers(),
    st.none(),
    st.booleans(),
    st.floats(),
    st.tuples(st.integers()),
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4))


def nodes(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every node."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [way, *(found for key, child in children for found in nodes(child, (*way, key)))]


def accepted(raw: Any) -> None:
    problems = check(raw)
    assert all(isinstance(problem, Problem) and problem.path and problem.message for problem in problems)
    "\n".join(map(str, problems)).encode()
    if not problems:
        everything(load(raw))


@given(VALUES)
def test_check_never_raises(raw: Any) -> None:
    accepted(raw)


@settings(max_examples=max(300, settings().max_examples))  # the tier fuzz asks for many more
@given(topologies(), st.data())
def test_check_never_raises_on_what_is_nearly_right(raw: dict[str, Any], data: st.DataObject) -> None:
    for _unused in range(data.draw(st.integers(1, 3))):
        *way, last = data.draw(st.sampled_from([node for node in nodes(raw) if node]))
        holder: Any = raw
        for key in way:
            holder = holder[key]
        if data.draw(st.booleans()):
            holder[last] = data.draw(VALUES)
        elif isinstance(holder, dict):
            holder[data.draw(KEYS)] = holder.pop(last)
        else:
            holder.append(copy.deepcopy(holder[last]))
    before = copy.deepcopy(raw)
    accepted(raw)
    assert raw == before


def test_numbers_that_python_refuses_to_print() -> None:
    huge = 10**5000
    accepted(huge)
    for key in ("sites", "tunnels", "meshes", "policies", "limits", "defaults"):
        accepted({key: huge})
        accepted({key: {huge: huge}})
        accepted({key: [huge]})
    half = {"version": huge, "encryption": huge, "integrity": huge, "dh_group": huge, "lifetime": huge}
    accepted({"policies": {"p": {"ike": half, "esp": {"pfs_group": huge, **half}}}, "limits": {"psk_min_length": huge}})


def test_check_ends_on_what_contains_itself() -> None:
    knot: dict[Any, Any] = {}
    for key in ("sites", "tunnels", "meshes", "policies", "limits", "defaults"):
        knot[key] = knot
    accepted(knot)
    loop: list[Any] = []
    loop.append(loop)
    accepted({"sites": {"a": {"subnets": loop, "gateways": loop}}, "tunnels": loop, "meshes": loop})
    deep: Any = "10.0.0.0/8"
    for _unused in range(100_000):
        deep = [deep]
    accepted({"sites": {"a": {"subnets": deep}}, "policies": {"p": {"ike": {"encryption": deep}}}})
