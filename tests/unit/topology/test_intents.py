# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each host is to be, rule by rule; whole intents are in tests/golden."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology import (
    ConnectionIntent,
    TopologyError,
    UnknownHostError,
    firewall_intent,
    gateway_intent,
    gateway_secrets,
    lan_host_intent,
    load,
    section_name,
    warnings,
)

MAKES_ONE = "openssl rand -base64 48 makes one"
PSK = "0123456789abcdefghijklmnopqrstuvwxyz"


def site(number: int, **gateway: Any) -> dict[str, Any]:
    """A site with one subnet and a gateway, which has a host unless it is given as None."""
    settings = {"host": f"gw{number}", "address": f"198.51.100.{number}", "lan_address": f"10.{number}.0.1", **gateway}
    return {"subnets": [f"10.{number}.0.0/24"], "gateways": [{k: v for k, v in settings.items() if v is not None}]}


def pair(**tunnel: Any) -> dict[str, Any]:
    return {"sites": {"a": site(1), "b": site(2)}, "tunnels": [{"name": "ab", "sites": ["a", "b"], **tunnel}]}


def only(raw: Any, host: str) -> ConnectionIntent:
    """The one connection of a gateway."""
    (connection,) = gateway_intent(load(raw), host).connections
    return connection


def test_ends_mirror_each_other() -> None:
    one, other = only(pair(description="x"), "gw1"), only(pair(description="x"), "gw2")
    assert (one.local_address, one.remote_address) == (other.remote_address, other.local_address)
    assert (one.local_id, one.remote_id) == (other.remote_id, other.local_id) == ("198.51.100.1", "198.51.100.2")
    assert (one.local_lan_address, one.remote_lan_address) == (other.remote_lan_address, other.local_lan_address)
    assert one.children[0].local_subnets == other.children[0].remote_subnets == ("10.1.0.0/24",)
    assert (one.peer_host, one.peer_site, one.description) == ("gw2", "b", "x")
    assert one.name == other.name == one.children[0].name == "cw-ab"


@pytest.mark.parametrize(
    ("nat_a", "nat_b", "host_b", "initiator"),
    [
        (None, None, "gw2", "a"),  # by name
        ("10.9.0.1", None, "gw2", "a"),
        (None, "10.9.0.2", "gw2", "b"),  # who is behind NAT can reach the other
        ("10.9.0.1", "10.9.0.2", "gw2", "a"),
        (None, "198.51.100.2", "gw2", "a"),  # no NAT: the same address twice
        (None, "10.9.0.2", None, "a"),  # an unmanaged peer is called
    ],
)
def test_h33_one_end_initiates(nat_a: str | None, nat_b: str | None, host_b: str | None, initiator: str) -> None:
    raw = pair(psk=PSK)
    raw["sites"] = {"a": site(1, local_address=nat_a), "b": site(2, local_address=nat_b, host=host_b)}
    if nat_a and nat_b:
        raw["sites"]["b"]["gateways"][0]["forwarded"] = True
    if not host_b:
        raw["tunnels"][0]["ids"] = {"b": str(nat_b)}
    assert only(raw, "gw1").initiator == (initiator == "a")
    if host_b:
        assert only(raw, "gw2").initiator == (initiator == "b")


@pytest.mark.parametrize(
    ("address_a", "address_b", "initiator"),
    [
        ("any", "198.51.100.2", "a"),
        ("198.51.100.1", "any", "b"),
        ("gw.a.example", "198.51.100.2", "a"),  # who has a name may have moved; the other stays where it is
        ("198.51.100.1", "gw.b.example", "b"),
        ("gw.a.example", "gw.b.example", "a"),
        (["198.51.100.1", "198.51.100.9"], "198.51.100.2", "a"),
    ],
)
def test_h15_h33_who_can_be_dialled_is(address_a: Any, address_b: Any, initiator: str) -> None:
    raw = pair(ids={"a": "a.example", "b": "b.example"})
    raw["sites"] = {"a": site(1, address=address_a), "b": site(2, address=address_b)}
    one, other = only(raw, "gw1"), only(raw, "gw2")
    assert (one.initiator, other.initiator) == (initiator == "a", initiator == "b")
    assert (one.answers_only, other.answers_only) == (address_b == "any", address_a == "any")


def test_several_addresses() -> None:
    raw = pair()
    raw["sites"]["a"] = site(1, address=["198.51.100.1", "203.0.113.1"])
    raw["sites"]["b"] = site(2, address=["gw.b.example", "203.0.113.2"])
    one, other = only(raw, "gw1"), only(raw, "gw2")
    assert (one.local_address, one.more_local_addresses) == ("198.51.100.1", ("203.0.113.1",))
    assert (one.remote_address, one.more_remote_addresses) == ("gw.b.example", ("203.0.113.2",))
    assert (one.local_id, one.remote_id) == ("198.51.100.1", "gw.b.example")
    assert (other.local_address, other.more_local_addresses) == ("%any", ())
    peers = {host: firewall_intent(load(raw), host).tunnels[0].peers for host in ("gw1", "gw2")}
    assert peers == {"gw1": (), "gw2": ("198.51.100.1", "203.0.113.1")}
    assert [str(warning) for warning in warnings(load(raw))] == [
        (
            "sites[b].gateways[0].address: the address of a DNS name may change at any time: the firewalls of its "
            "peers let IKE, ESP and AH in from everywhere, and leave the rest to IKE."
        )
    ]


def test_a_peer_that_may_move_is_let_in_from_everywhere() -> None:
    assert firewall_intent(load(pair()), "gw1").tunnels[0].peers == ("198.51.100.2",)
    assert firewall_intent(load(pair(mobike=True)), "gw1").tunnels[0].peers == ()


@pytest.mark.parametrize(
    ("written", "taken"),
    [
        ("GW.example", "GW.example"),
        ("@gw.example", "gw.example"),
        ("fqdn:gw.example", "gw.example"),
        ("dns:10.0.0.1", "fqdn:10.0.0.1"),
        ("2001:DB8::1", "2001:db8::1"),
        ("ipv4:10.0.0.1", "10.0.0.1"),
        ("vpn@example.org", "vpn@example.org"),
        ("@@vpn@example.org", "vpn@example.org"),
        ("rfc822:vpn@example.org", "vpn@example.org"),
        ("keyid:any thing=x", "keyid:any thing=x"),
        ("@#0a0B", "keyid:#0a0B"),
        ("C=DE, O=Example AG, CN=gw 1", "C=DE, O=Example AG, CN=gw 1"),
        ("dn:/C=DE/CN=gw", "/C=DE/CN=gw"),
    ],
)
def test_identities(written: str, taken: str) -> None:
    raw = pair(ids={"b": written})
    assert only(raw, "gw1").remote_id == only(raw, "gw2").local_id == taken
    assert gateway_secrets(load(raw), "gw1", {"ab": "m" * 48})[0].ids == ("198.51.100.1", taken)


def test_upper_case_counts_in_key_ids() -> None:
    raw = pair(ids={"b": "keyid:A"}, subnets={"a": ["10.1.0.0/25"]})
    raw["tunnels"].append(
        {**raw["tunnels"][0], "name": "z", "ids": {"b": "keyid:a"}, "subnets": {"a": ["10.1.0.128/25"]}}
    )
    assert len(gateway_intent(load(raw), "gw1").connections) == 2


def test_behind_nat_the_own_address_is_local_and_the_identity_public() -> None:
    raw = pair()
    raw["sites"]["a"] = site(1, local_address="10.9.0.1")
    ours, theirs = only(raw, "gw1"), only(raw, "gw2")
    assert (ours.local_address, ours.local_id) == ("10.9.0.1", "198.51.100.1")
    assert (theirs.remote_address, theirs.remote_id) == ("198.51.100.1", "198.51.100.1")


def test_packets_need_room_for_what_both_ends_agree_on_and_a_stranger_may_choose_any_proposal() -> None:
    stranger = pair(psk=PSK)
    stranger["sites"]["b"] = site(2, host=None)
    first = {("AES_GCM_16", "")}
    second = {("AES_CBC", "HMAC_SHA2_256_128"), ("AES_CBC", "HMAC_SHA2_512_256")}
    for raw, ciphers in ((pair(), first), (stranger, first | second)):
        (tunnel,) = firewall_intent(load(raw), "gw1").tunnels
        assert set(tunnel.ciphers) == ciphers


def test_a_gateway_in_its_own_lan_behind_nat() -> None:
    raw = pair()
    raw["sites"]["a"] = site(1, local_address="10.1.0.1")
    assert only(raw, "gw1").local_address == "10.1.0.1"


def test_h29_ikev1_has_a_child_for_each_pair_and_both_ends_agree_on_its_name() -> None:
    half = {"encryption": "aes128", "integrity": "sha256"}
    raw = pair(policy="old")
    raw["policies"] = {"old": {"ike": {"version": 1, "dh_group": 15, **half}, "esp": {"pfs_group": 15, **half}}}
    raw["sites"]["b"]["subnets"] += ["10.22.0.0/24", "fd00::/64"]
    names = {(c.local_subnets, c.remote_subnets): c.name for c in only(raw, "gw1").children}
    assert list(names) == [(("10.1.0.0/24",), ("10.2.0.0/24",)), (("10.1.0.0/24",), ("10.22.0.0/24",))]
    assert {(c.remote_subnets, c.local_subnets): c.name for c in only(raw, "gw2").children} == names
    assert all(name.startswith("cw-ab-") and len(name) == len("cw-ab-") + 8 for name in names.values())


def test_only_families_that_both_ends_have_are_announced() -> None:
    raw = pair()
    raw["sites"]["b"]["subnets"].append("fd00::/64")
    assert only(raw, "gw1").children[0].remote_subnets == ("10.2.0.0/24",)


def test_order_of_what_is_written_does_not_matter() -> None:
    raw = pair()
    raw["sites"]["a"]["subnets"] += ["10.8.0.0/24", "10.0.9.0/24"]
    other = pair(sites=["b", "a"])
    other["sites"] = {
        "b": other["sites"]["b"],
        "a": raw["sites"]["a"] | {"subnets": raw["sites"]["a"]["subnets"][::-1]},
    }
    assert gateway_intent(load(raw), "gw1") == gateway_intent(load(other), "gw1")


def test_a_tunnel_can_say_which_subnets_it_carries() -> None:
    raw = pair(subnets={"b": ["10.2.0.128/25"]})
    assert only(raw, "gw1").children[0].remote_subnets == ("10.2.0.128/25",)
    assert only(raw, "gw2").children[0].local_subnets == ("10.2.0.128/25",)


def star(*, transit: bool) -> dict[str, Any]:
    sites = {"hub": site(1), "s1": site(2), "s2": site(3)}
    for number, each in enumerate(sites.values()):
        each["lan_hosts"] = [f"host{number}"]
    return {"sites": sites, "meshes": [{"name": "m", "hub": "hub", "sites": ["s2", "s1"], "transit": transit}]}


def test_spokes_reach_the_hub_alone() -> None:
    raw = star(transit=False)
    assert [c.tunnel for c in gateway_intent(load(raw), "gw1").connections] == ["m-hub-s1", "m-hub-s2"]
    assert only(raw, "gw2").children[0].remote_subnets == ("10.1.0.0/24",)
    assert [peer.site for peer in lan_host_intent(load(raw), "host1").peers] == ["hub"]


def test_spokes_reach_each_other_through_a_transit_hub() -> None:
    raw = star(transit=True)
    assert only(raw, "gw2").children[0].remote_subnets == ("10.1.0.0/24", "10.3.0.0/24")
    to_s1, to_s2 = gateway_intent(load(raw), "gw1").connections
    assert (to_s1.children[0].local_subnets, to_s1.children[0].remote_subnets) == (
        ("10.1.0.0/24", "10.3.0.0/24"),
        ("10.2.0.0/24",),
    )
    assert to_s2.children[0].local_subnets == ("10.1.0.0/24", "10.2.0.0/24")
    spoke = lan_host_intent(load(raw), "host1")
    assert [(peer.tunnel, peer.site, peer.lan_hosts) for peer in spoke.peers] == [
        ("m-hub-s1", "hub", ("host0",)),
        ("m-hub-s1", "s2", ("host2",)),
    ]
    assert [(route.destination, route.via) for route in spoke.routes] == [
        ("10.1.0.0/24", "10.2.0.1"),
        ("10.3.0.0/24", "10.2.0.1"),
    ]
    hub = lan_host_intent(load(raw), "host0")
    assert [(peer.tunnel, peer.site) for peer in hub.peers] == [("m-hub-s1", "s1"), ("m-hub-s2", "s2")]


def test_full_mesh() -> None:
    raw = {"sites": {name: site(n) for n, name in enumerate("cab", 1)}, "meshes": [{"name": "m", "sites": list("cab")}]}
    tunnels = {host: [c.tunnel for c in gateway_intent(load(raw), host).connections] for host in ("gw1", "gw2", "gw3")}
    assert tunnels == {"gw1": ["m-a-c", "m-b-c"], "gw2": ["m-a-b", "m-a-c"], "gw3": ["m-a-b", "m-b-c"]}


def test_lan_hosts_by_group() -> None:
    raw = star(transit=False)
    raw["sites"]["s1"]["lan_hosts"] = ["branch_lan"]
    topology = load(raw)
    assert lan_host_intent(topology, "pc7", ["all", "branch_lan"]).site == "s1"
    with pytest.raises(UnknownHostError, match=r"^pc7: is under lan_hosts of no site of the topology, nor is a group"):
        lan_host_intent(topology, "pc7", ["all"])
    with pytest.raises(
        TopologyError, match=r"^host2: belongs to the lan_hosts of s1 and s2 by its groups; a host belongs"
    ):
        lan_host_intent(topology, "host2", ["branch_lan"])


def test_unknown_gateway() -> None:
    with pytest.raises(UnknownHostError) as caught:
        gateway_intent(load(pair()), "gw3")
    assert str(caught.value) == "gw3: is not the host of any gateway of the topology. Did you mean 'gw2'?"


def test_site_without_tunnels() -> None:
    intent = gateway_intent(load({"sites": {"a": site(1)}}), "gw1")
    assert intent.connections == ()
    assert intent.plugins == ()


def test_secrets() -> None:
    raw = pair(ids={"a": "a.example"})
    raw["tunnels"].append({"name": "given", "sites": ["c", "a"], "psk": PSK})
    raw["sites"]["c"] = site(3, host=None)
    topology = load(raw)
    made, given = gateway_secrets(topology, "gw1", {"ab": "m" * 48, "unused": "x"})
    assert (made.name, made.ids, made.psk) == ("ike-cw-ab", ("a.example", "198.51.100.2"), "m" * 48)
    assert (given.name, given.ids, given.psk) == ("ike-cw-given", ("198.51.100.1", "198.51.100.3"), PSK)
    assert PSK not in repr(given)
    assert PSK not in repr(topology)
    (mirrored,) = gateway_secrets(topology, "gw2", {"ab": "m" * 48})
    assert mirrored.ids == made.ids[::-1]


@pytest.mark.parametrize(
    ("made", "message"),
    [
        ({}, "tunnels[ab].psk: no PSK was given or made for 'ab'."),
        (
            {"ab": "short"},
            f"tunnels[ab].psk: the one made: 5 characters; at least 32 are required ({MAKES_ONE}).",
        ),
    ],
)
def test_secrets_that_were_not_made(made: dict[str, str], message: str) -> None:
    with pytest.raises(TopologyError) as caught:
        gateway_secrets(load(pair()), "gw1", made)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("name", "section"),
    [
        ("berlin-london_2", "cw-berlin-london_2"),
        ("n" * 50, "cw-" + "n" * 50),
        ("n" * 51, "cw-" + "n" * 40 + "-9feeed8a"),
        ("a.b", "cw-a-b-2e7336dc"),
        ("a b", "cw-a-b-c8687a08"),
        ("桥", "cw-tunnel-a1e218ec"),
    ],
)
def test_h07_section_names(name: str, section: str) -> None:
    assert section_name(name) == section


def test_as_dict_is_what_json_can_hold() -> None:
    topology = load(star(transit=True))
    for intent in (gateway_intent(topology, "gw1"), lan_host_intent(topology, "host1")):
        plain = intent.as_dict()
        assert json.loads(json.dumps(plain)) == plain


def test_warnings_name_the_policy() -> None:
    raw = pair(policy="old")
    half = {"encryption": "3des", "integrity": "md5"}
    raw["policies"] = {"old": {"ike": {"dh_group": 2, **half}, "esp": {"pfs_group": 2, **half}}}
    paths = {warning.path for warning in warnings(load(raw))}
    assert {"policies[old].ike.encryption", "policies[old].esp.encryption", "policies[old].ike.dh_group"} <= paths
    assert warnings(load(pair())) == []


@pytest.mark.parametrize(
    ("version", "subnets", "options"), [(1, 3, {}), (1, 4, {"max_ikev1_exchanges": "254"}), (2, 4, {})]
)
def test_a_peer_may_set_up_all_children_of_ikev1_at_once(version: int, subnets: int, options: dict[str, str]) -> None:
    policy = {"encryption": "aes256", "integrity": "sha256"}
    raw = {
        "policies": {"p": {"ike": {**policy, "version": version, "dh_group": 15}, "esp": {**policy, "pfs_group": 15}}},
        "sites": {
            "a": {"subnets": ["10.1.0.0/16"], "gateways": [{"host": "a", "address": "198.51.100.1"}]},
            "b": {
                "subnets": [f"10.2.{number}.0/24" for number in range(subnets)],
                "gateways": [{"host": "b", "address": "198.51.100.2"}],
            },
        },
        "tunnels": [{"name": "t", "sites": ["a", "b"], "policy": "p"}],
    }
    assert gateway_intent(load(raw), "a").daemon == options
