# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tunnels with MOBIKE, which may leave the WAN."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology import load, warnings

TOPOLOGY = """
sites:
  a: {subnets: [10.1.0.0/24], gateways: [{host: a-gw, address: 198.51.100.1}]}
  b: {subnets: [10.2.0.0/24], gateways: [{host: b-gw, address: 198.51.100.2}]}
  hub: {subnets: [10.3.0.0/24], gateways: [{host: hub-gw, address: 198.51.100.3}]}
  peer: {subnets: [10.4.0.0/24], gateways: [{address: 198.51.100.4}]}
tunnels:
  - {name: t, sites: [a, peer], psk: "0123456789abcdef0123456789abcdef"}
meshes:
  - {name: m, hub: hub, sites: [a, b]}
"""


def moving(*kinds: str) -> dict[str, Any]:
    """The topology, with MOBIKE in its tunnel, its mesh, both or neither."""
    raw: dict[str, Any] = yaml.safe_load(TOPOLOGY)
    for kind in kinds:
        raw[kind][0]["mobike"] = True
    return raw


@pytest.mark.parametrize(
    ("kinds", "warned"),
    [
        ((), {}),
        (("tunnels",), {"a": "t"}),  # the other gateway is not ours
        (("meshes",), {"a": "m", "b": "m", "hub": "m"}),
        (("tunnels", "meshes"), {"a": "t", "b": "m", "hub": "m"}),
    ],
)
def test_each_gateway_of_ours_is_warned_of_once(kinds: tuple[str, ...], warned: dict[str, str]) -> None:
    assert [str(warning) for warning in warnings(load(moving(*kinds)))] == [
        f"sites[{site}].gateways[0].extra: with mobike, {tunnel!r} may move to any address that {site}-gw has, on its "
        "LAN and on a network for management, too, and its peer is told of them all. Name the WAN's interface in "
        "interfaces_use."
        for site, tunnel in warned.items()
    ]


def test_who_names_interfaces_is_not_warned_of() -> None:
    raw = moving("tunnels", "meshes")
    for site, key in {"a": "interfaces_use", "b": "interfaces_ignore", "hub": "interfaces_use"}.items():
        raw["sites"][site]["gateways"][0]["extra"] = {key: "eth0"}
    assert warnings(load(raw)) == []
