# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways in which strongSwan fails without a word (tests/unit/test_hazard_ids.py), refused or avoided by what is pure."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from ansible_collections.causeway.ipsec.plugins.module_utils.connection_run import messages_of
from ansible_collections.causeway.ipsec.plugins.module_utils.swanctl_conf import ConfigError, parse_text
from ansible_collections.causeway.ipsec.plugins.module_utils.swanctl_connections import OUR_NAME, check_wanted
from ansible_collections.causeway.ipsec.plugins.module_utils.swanctl_secrets import parse_secrets, render_secrets
from ansible_collections.causeway.ipsec.plugins.module_utils.versions import numbers
from ansible_collections.causeway.ipsec.plugins.plugin_utils.render import swanctl
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology import (
    check,
    gateway_intent,
    gateway_secrets,
    load,
    section_name,
    warnings,
)
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.extra_data import OPTIONS
from hypothesis import example, given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Iterator

TESTS = Path(__file__).parents[1]
GOLDEN = sorted((TESTS / "golden").glob("*/topology.yml"))


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def golden(name: str) -> Any:
    return read(TESTS / "golden" / name / "topology.yml")


def messages(raw: object) -> dict[str, dict[str, Any]]:
    """What strongSwan is given, by host and connection, after the gateways' own look at the text."""
    topology = load(raw)
    found = {}
    for host in topology.site_by_host:
        root = parse_text(swanctl.render(gateway_intent(topology, host)), host)
        check_wanted(root, host)
        found[host] = messages_of(root)
    return found


def read_by_swanctl(psk: str) -> bytes:
    """A pre-shared key that went through our file: swanctl takes 0x for hexadecimal and 0s for base64."""
    text = render_secrets(parse_secrets([{"name": "ike-cw-a", "ids": ["a", "b"], "psk": psk}]))
    value = parse_text(text, "f").sections["secrets"].sections["ike-cw-a"].values["secret"] or ""
    if value.startswith("0x"):
        return bytes.fromhex(value[2:])
    return base64.b64decode(value[2:]) if value.startswith("0s") else value.encode()


@pytest.mark.parametrize("psk", ["ab#cd", "#", "ab #cd"])
def test_h04_a_hash_in_a_psk_stays_part_of_it(psk: str) -> None:
    assert read_by_swanctl(psk) == psk.encode()


@pytest.mark.parametrize("psk", ["0x12ab", "0xzz", "0sc2VjcmV0", "0s!"])
def test_h05_a_psk_that_looks_encoded_is_meant_as_it_is(psk: str) -> None:
    assert read_by_swanctl(psk) == psk.encode()


@pytest.mark.parametrize("psk", ["a  b", "a\\nb", 'a"b', "a } b", "a = { b", "a\tb", "ümläut", "b\\"])
def test_h06_blanks_braces_and_escapes_in_a_psk_stay(psk: str) -> None:
    assert read_by_swanctl(psk) == psk.encode()


@given(st.text(min_size=1, max_size=255))
@example("gw.example, second")
@example('a = "b"')
@example("a b")
@example("Zürich")
@example("桥")
def test_h07_any_name_of_a_tunnel_makes_a_section(name: str) -> None:
    section = section_name(name)
    assert OUR_NAME.fullmatch(section)
    assert list(parse_text(f"{section} {{ }}", "f").sections) == [section]


def test_h08_a_colon_in_a_name_refers_to_nothing() -> None:
    section = section_name("a:b")
    assert not parse_text(f"{section} {{ }}", "f").sections[section].references
    assert section != section_name("a")
    with pytest.raises(ConfigError, match=r"^f:1: references to other sections are not supported here; write 'cw-a'"):
        check_wanted(
            parse_text("connections { cw-a:b { local { auth = psk\n }\n remote { auth = psk\n } } }", "f"), "f"
        )


def paths(message: dict[str, Any], path: str) -> Iterator[str]:
    yield path
    for name, value in message.items():
        if isinstance(value, dict):
            yield from paths(value, f"{path}.{name}")


@pytest.mark.parametrize("case", ["tutorial", "legacy"])
def test_h09_the_longest_name_makes_no_section_that_is_read_as_empty(case: str) -> None:
    """Before 6.0.4 swanctl reads a section without what is in it if its name is over 127 characters or its path 255."""
    topology = golden(case)
    topology["tunnels"][0]["name"] = "n" * 255
    found = [path for held in messages(topology).values() for path in paths(held, "connections")]
    assert any(".children." in path for path in found)
    assert max(len(path) for path in found) <= 255
    assert max(len(name) for path in found for name in path.split(".")) <= 127


def test_h10_two_tunnels_of_one_section_are_refused() -> None:
    topology = golden("tutorial")
    first = topology["tunnels"][0]
    topology["tunnels"] = [{**first, "name": "a.b"}, {**first, "name": section_name("a.b").removeprefix("cw-")}]
    assert any("would be one connection" in problem.message for problem in check(topology))


def test_h11_names_of_secrets_say_that_they_are_for_ike() -> None:
    made = {"berlin-london": "m" * 48}
    secrets = gateway_secrets(load(golden("tutorial")), "berlin-gw", made)
    options = [secret.as_dict() for secret in secrets]
    assert [re.match("ike-", name) is not None for name in parse_secrets(options)] == [True]
    with pytest.raises(ConfigError, match=r"^secrets: the name 'cw-berlin-london' must be 'ike-cw-' and then"):
        parse_secrets([{**options[0], "name": "cw-berlin-london"}])


# What 5.9.8 knows, of what a tunnel may need. It discards a connection with any other key.
OF_5_9_8 = {
    *("version", "aggressive", "local_addrs", "remote_addrs", "proposals", "rekey_time", "over_time", "rand_time"),
    *("dpd_delay", "keyingtries", "unique", "mobike", "local", "remote", "auth", "id", "children"),
    *("local_ts", "remote_ts", "esp_proposals", "ah_proposals", "life_time"),
    *("start_action", "dpd_action", "close_action"),
    *("cacerts", "pubkeys", "revocation"),
    *("reauth_time", "dpd_timeout", "fragmentation", "encap", "childless", "replay_window", "hw_offload"),
    *(name for options in OPTIONS.values() for name, option in options.items() if not option.since),
    *(f"{when}_{what}" for when in ("life", "rekey", "rand") for what in ("bytes", "packets")),
}


def keys(message: dict[str, Any]) -> Iterator[str]:
    for key, value in message.items():
        yield key
        for name, inner in value.items() if key == "children" else [("", value)]:
            assert not name or name.startswith("cw-")
            yield from keys(inner) if isinstance(inner, dict) else ()


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: str(path.parent.name))
def test_h13_no_key_is_newer_than_the_oldest_release_unless_a_gate_says_so(path: Path) -> None:
    topology = load(read(path))
    younger = {
        section_name(one.tunnel)
        for host in topology.site_by_host
        for one in gateway_intent(topology, host).requires
        if numbers(one.version) > (5, 9, 8)
    }
    named = [(name, connection) for held in messages(read(path)).values() for name, connection in held.items()]
    found = [connection for name, connection in named if name not in younger]
    assert {key for connection in found for key in keys(connection)} <= OF_5_9_8
    offered = [offer for one in found for part in (one, *one["children"].values()) for offer in proposals(part)]
    assert offered or younger
    assert not re.search(r"\bke\d_|mlkem", " ".join(offered))


def proposals(part: dict[str, Any]) -> list[str]:
    return [offer for key in ("proposals", "esp_proposals", "ah_proposals") for offer in part.get(key, [])]


@pytest.mark.parametrize("address", ["%any", "any", "0.0.0.0", "::"])  # noqa: S104 - of a peer; nothing listens
def test_h15_a_peer_without_an_address_is_neither_dialled_nor_trapped(address: str) -> None:
    topology = golden("tutorial")
    topology["sites"]["london"]["gateways"][0]["address"] = address
    topology["tunnels"][0]["ids"] = {"london": "london.example"}
    held = messages(topology)
    (berlin,), (london,) = held["berlin-gw"].values(), held["london-gw"].values()
    actions = [child[key] for child in berlin["children"].values() for key in child if key.endswith("_action")]
    assert (berlin["remote_addrs"], set(actions)) == (["%any"], {"none"})
    assert {child["start_action"] for child in london["children"].values()} == {"trap|start"}


@pytest.mark.parametrize("address", ["%any6", "10.0.0.0/8", "10.0.0.1-10.0.0.9", "%defaultroute"])
def test_h15_a_peer_with_a_range_of_addresses_is_refused(address: str) -> None:
    topology = golden("tutorial")
    topology["sites"]["london"]["gateways"][0]["address"] = address
    assert "sites[london].gateways[0].address" in {problem.path for problem in check(topology)}


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: str(path.parent.name))
def test_h15_no_selector_is_left_to_strongswan(path: Path) -> None:
    for held in messages(read(path)).values():
        children = [child for connection in held.values() for child in connection["children"].values()]
        selectors = [child.get(key) for child in children for key in ("local_ts", "remote_ts")]
        assert all(selectors)
        assert not [one for some in selectors for one in some or () if "/" not in one]


def hand_written(local: str = "auth = psk", remote: str = "auth = psk", more: str = "") -> str:
    return f"connections {{ cw-a {{ {more}\n local {{ {local}\n }}\n remote {{ {remote}\n }} }} }}"


def refused(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        check_wanted(parse_text(text, "f"), "f")
    return str(caught.value)


@pytest.mark.parametrize(
    ("remote", "message"),
    [
        (
            "auth = pubkey",
            "needs cacerts or pubkeys; else everybody with a certificate of any CA that the daemon knows",
        ),
        ("auth = psk\n }\n remote2 { auth = pubkey", "needs cacerts or pubkeys"),
        ("auth = psk\n cacert1 { file = ca.pem\n }", "cacert1 { … } is not supported"),
        ("auth = eap-tls", "'cw-a' must have auth = psk or auth = pubkey in remote { … }"),
        ("id = b", "'cw-a' must have auth = psk or auth = pubkey in remote { … }"),
    ],
)
def test_h19_a_peer_is_of_a_ca_that_its_tunnel_names(remote: str, message: str) -> None:
    """Trust in a certificate outlives its file; a CA that was taken away is named by no tunnel."""
    check_wanted(parse_text(hand_written(), "f"), "f")
    check_wanted(parse_text(hand_written(remote="auth = pubkey\n cacerts = cw-corp-1.pem"), "f"), "f")
    assert message in refused(hand_written(remote=remote))


def test_h26_strict_needs_a_list_of_revoked_certificates() -> None:
    """Without one, and without the plugin that fetches it, every peer would be refused."""
    sites = {name: {"subnets": [f"10.{number}.0.0/16"], "gateways": [{"host": name, "address": f"192.0.2.{number}"}]}
             for number, name in enumerate(("a", "b"), 1)}  # fmt: skip
    tunnel = {"name": "ab", "sites": ["a", "b"], "auth": "certificate", "revocation": "strict"}
    said = [str(problem) for problem in check({"sites": sites, "tunnels": [tunnel]})]
    assert said == [
        f"tunnels[ab].revocation: strict refuses {site}: the collection's own CA has neither crls, crl_uris nor "
        "ocsp_uris that would say that its certificate is good. Use relaxed or ifuri."
        for site in ("a", "b")
    ]


def test_h27_a_tunnel_comes_back_by_itself() -> None:
    """By default strongSwan tries once, does not look whether the peer lives, and leaves a closed tunnel closed."""
    both = [connection for held in messages(golden("tutorial")).values() for connection in held.values()]
    assert [connection["keyingtries"] for connection in both] == ["0", "0"]
    assert {connection["dpd_delay"] for connection in both} == {"30s"}
    children = [child for connection in both for child in connection["children"].values()]
    assert sorted((child["start_action"], child["dpd_action"], child["close_action"]) for child in children) == [
        ("trap", "trap", "trap"),
        ("trap|start", "start", "trap"),
    ]


@pytest.mark.parametrize("pfs", [{}, {"pfs_group": 15}, {"pfs_group": "none"}])
def test_h28_both_ends_have_the_same_groups_for_rekeying(pfs: dict[str, Any]) -> None:
    """A difference would show at the first rekeying only: until then, ESP's keys come from IKE's."""
    topology = golden("tutorial")
    half = {"encryption": "aes128ctr", "integrity": "sha256"}
    topology["policies"]["tutorial"] = {"ike": {**half, "dh_group": 16}, "esp": {**half, **pfs}}
    offers = [
        child["esp_proposals"]
        for held in messages(topology).values()
        for connection in held.values()
        for child in connection["children"].values()
    ]
    group = {None: "-modp4096", 15: "-modp3072", "none": ""}[pfs.get("pfs_group")]
    assert offers == [[f"aes128ctr-sha256{group}"]] * 2


def test_h29_subnets_that_ikev1_would_drop_are_refused() -> None:
    child = "children { cw-a { local_ts = 10.1.0.0/16\n remote_ts = 10.2.0.0/16, 10.3.0.0/16\n } }"
    check_wanted(parse_text(hand_written(more=f"version = 2\n {child}"), "f"), "f")
    message = "remote_ts of 'cw-a' names several subnets, of which IKEv1 carries one; write a child for each pair"
    assert message in refused(hand_written(more=f"version = 1\n {child}"))


@pytest.mark.parametrize(
    ("subnet", "words"),
    [
        ("0.0.0.0/0", "lock you out"),
        ("::/0", "lock you out"),
        ("198.51.100.16/28", "contains 198.51.100.20, the address of london's gateway"),
        ("198.51.100.0/28", "contains 198.51.100.10, the address of berlin's gateway"),
    ],
)
def test_h34_a_tunnel_does_not_swallow_what_carries_it(subnet: str, words: str) -> None:
    topology = golden("tutorial")
    topology["sites"]["london"]["subnets"].append(subnet)
    assert any(words in problem.message for problem in check(topology))


@pytest.mark.parametrize(
    ("management", "warned"), [("203.0.113.7/32", True), ("203.0.112.0/22", True), ("198.51.100.7/32", False)]
)
def test_h34_management_that_a_tunnel_would_swallow_is_warned_of(management: str, warned: bool) -> None:
    """It may be meant so: whoever sits behind the peer gets in by the tunnel."""
    topology = golden("tutorial")
    sites = topology["sites"]
    sites["london"]["subnets"].append("203.0.113.0/24")
    sites["berlin"]["management"] = [management]
    assert warnings_of_sites(topology) == []  # the answers come from an address that no tunnel is for
    sites["berlin"]["gateways"][0]["local_address"] = "192.168.1.5"
    narrower = "203.0.113.7/32" if management == "203.0.113.7/32" else "203.0.113.0/24"
    assert warnings_of_sites(topology) == warned * [
        (
            f"sites[berlin].management: {narrower} and the gateway's own address 192.168.1.5 are at the two ends of "
            "'berlin-london': SSH that comes from there by any other way gets no answer. "
            "Narrow the tunnel by its subnets."
        )
    ]


def warnings_of_sites(topology: object) -> list[str]:
    return [text for text in map(str, warnings(load(topology))) if text.startswith("sites")]


@pytest.mark.parametrize(
    ("key", "value"),
    [("routing", "xfrm"), ("if_id", 1), ("mark", 1), ("mode", "transport"), ("shunts", ["10.0.0.0/8"])],
)
def test_h35_what_userspace_esp_ignores_cannot_be_asked_for(key: str, value: object) -> None:
    topology = golden("tutorial")
    topology["tunnels"][0][key] = value
    assert [problem for problem in check(topology) if key in str(problem)]
