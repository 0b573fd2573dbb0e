# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The MTU of a tunnel follows from its SA and from what iproute2 says of the way to the peer."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.causeway.ipsec.plugins.module_utils.sas import parse_sas
from ansible_collections.causeway.ipsec.plugins.module_utils.tunnel_mtu import TunnelMtu

CHILD = {"state": "INSTALLED", "mode": "TUNNEL", "protocol": "ESP", "encr-alg": "AES_GCM_16", "encr-keysize": "128"}
LINKS: list[dict[str, Any]] = [{"ifname": "lo", "mtu": 65536}, {"ifname": "wan0", "mtu": 1500}]
TUN = {"ifname": "ipsec0", "mtu": 1400, "linkinfo": {"info_kind": "tun"}}
ROUTE: dict[str, Any] = {"dst": "default", "gateway": "198.51.100.1", "dev": "wan0", "flags": []}


class Host:
    """Answers to `ip`, and the routes that were asked for."""

    def __init__(self, links: list[dict[str, Any]], route: dict[str, Any] | None) -> None:
        self.links, self.route = links, route
        self.asked: list[str] = []

    def run(self, command: list[str], data: str = "") -> tuple[int, str, str]:
        if command == ["ip", "-j", "-d", "link", "show"]:
            return 0, json.dumps(self.links), ""
        assert command in (["ip", "-j", version, "-force", "-batch", "-"] for version in ("-4", "-6"))
        lines = data.splitlines()
        self.asked += lines
        lost = [number for number, line in enumerate(lines, 1) if self.route is None or "192.0.2.99" in line]
        said = "".join(f"RTNETLINK answers: Network is unreachable\nCommand failed -:{number}\n" for number in lost)
        return 1 if lost else 0, f"{json.dumps([self.route])}\n" * (len(lines) - len(lost)), said


def mtu(
    host: Host, remote: str = "198.51.100.20", local: str = "198.51.100.10", **changes: str | list[str]
) -> int | None:
    shown = {"local-host": local, "remote-host": remote, "child-sas": {"c-1": {**CHILD, **changes}}}
    (sa,) = parse_sas([{"cw-a": shown}])
    return TunnelMtu(host.run, [sa])(sa, sa.children[0])


def test_the_link_of_the_route_to_the_peer_counts() -> None:
    host = Host(LINKS, ROUTE)
    assert mtu(host) == 1446
    assert host.asked == ["route get fibmatch 198.51.100.20 from 198.51.100.10"]


@pytest.mark.parametrize(
    ("changes", "fits"),
    [
        ({"encap": "yes"}, 1438),
        ({"encr-alg": "AES_CBC", "integ-alg": "HMAC_SHA2_256_128"}, 1438),
        ({"protocol": "AH", "encr-alg": "", "integ-alg": "HMAC_SHA2_256_128"}, 1452),
        ({"mode": "TRANSPORT"}, None),
        ({"mode": "", "protocol": ""}, None),
    ],
)
def test_what_was_agreed_counts(changes: dict[str, str], fits: int | None) -> None:
    assert mtu(Host(LINKS, ROUTE), **changes) == fits


def test_the_family_of_the_peers_counts() -> None:
    assert mtu(Host(LINKS, ROUTE), "2001:db8::20", "2001:db8::10") == 1426


@pytest.mark.parametrize(
    "route",
    [
        {**ROUTE, "metrics": [{"mtu": 1400}]},
        {"dst": "default", "nexthops": [{"dev": "wan0"}, {"dev": "wan1"}]},
    ],
)
def test_the_narrowest_of_several_counts(route: dict[str, Any]) -> None:
    assert mtu(Host([*LINKS, {"ifname": "wan1", "mtu": 1400}], route)) == 1346


def test_the_device_of_userspace_esp_counts_and_no_other_of_that_name() -> None:
    assert mtu(Host([*LINKS, TUN], ROUTE)) == 1400
    assert mtu(Host([*LINKS, {**TUN, "linkinfo": {"info_kind": "xfrm"}}], ROUTE)) == 1446
    assert mtu(Host([*LINKS, {**TUN, "ifname": "tun0"}], ROUTE)) == 1446


def test_what_ip_does_not_tell_is_unknown() -> None:
    assert mtu(Host(LINKS, None)) is None
    assert mtu(Host([], ROUTE)) is None


def test_each_route_is_read_once_and_one_that_is_missing_is_nobody_elses() -> None:
    host = Host(LINKS, ROUTE)
    peers = ("198.51.100.20", "192.0.2.99", "198.51.100.20", "198.51.100.30", "2001:db8::20", "%any")
    shown = [{"cw-a": {"local-host": "a", "remote-host": peer, "child-sas": {"c-1": CHILD}}} for peer in peers]
    sas = parse_sas(shown)
    find = TunnelMtu(host.run, sas)
    assert [find(sa, sa.children[0]) for sa in sas] == [1446, None, 1446, 1446, 1426, None]
    assert len(host.asked) == 4
