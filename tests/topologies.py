# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Topologies that are accepted, for tests that try many of them."""

from __future__ import annotations

import copy
import itertools
from typing import Any

from hypothesis import strategies as st

NAMES = ("berlin", "london", "São Paulo", "a b", "x.y", "n" * 60, "7", "hq", "Ö", "z_z")
PSK = "0123456789abcdefghijklmnopqrstuvwxyz"
POLICIES = {
    "v1": {
        "ike": {"version": 1, "encryption": "aes256", "integrity": "sha256", "dh_group": 15},
        "esp": {"encryption": "aes256", "integrity": "sha256", "pfs_group": 15},
    },
    "hasty": {
        "ike": {"version": 1, "mode": "aggressive", "encryption": "aes256", "integrity": "sha256", "dh_group": 15},
        "ah": {"integrity": ["sha256", "sha512"]},
    },
    "ah": {"ah": {"integrity": ["sha256", "sha1"], "pfs_group": "none"}},
    "mixed": {"ike": {"encryption": ["aes128", "aes256gcm16"], "integrity": "sha256", "dh_group": [15, 19]}},
}

AH_POLICIES = ("ah", "hasty")


def site(number: int, *, managed: bool, nat: bool, subnets: int) -> dict[str, Any]:
    gateway: dict[str, Any] = {"address": f"198.51.100.{number + 1}", "lan_address": f"10.{number}.0.1"}
    if managed:
        gateway["host"] = f"gw{number}"
    if nat:
        gateway["local_address"] = f"172.31.{number}.2"
    networks = [f"10.{number}.{index}.0/24" for index in range(subnets)]
    return {"subnets": networks, "gateways": [gateway], "lan_hosts": [f"pc{number}"]}


@st.composite
def topologies(draw: st.DrawFn) -> dict[str, Any]:
    """Topologies that are accepted: some pairs by a tunnel each, the others by a mesh at most."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=2, max_size=6, unique=True))
    managed = {name: draw(st.booleans()) for name in names}
    sites = {
        name: site(number, managed=managed[name], nat=draw(st.booleans()), subnets=draw(st.integers(1, 3)))
        for number, name in enumerate(names)
    }
    tunnels = []
    meshed = draw(st.lists(st.sampled_from(names), max_size=4, unique=True))
    meshed = [name for name in meshed if managed[name]]
    for one, other in itertools.combinations(names, 2):
        together = one in meshed and other in meshed
        if together or not (managed[one] or managed[other]) or not draw(st.booleans()):
            continue
        tunnel: dict[str, Any] = {"name": f"{one} to {other}", "sites": draw(st.permutations([one, other]))}
        behind_nat = any("local_address" in sites[end]["gateways"][0] for end in (one, other))
        tunnel["policy"] = draw(st.sampled_from(["recommended", "v1", "mixed", *([] if behind_nat else AH_POLICIES)]))
        if draw(st.booleans()) or not (managed[one] and managed[other]):
            tunnel["psk"] = PSK
        if draw(st.booleans()):
            tunnel["ids"] = {one: f"{names.index(one)}.example"}
        if draw(st.booleans()):
            tunnel["subnets"] = {other: sites[other]["subnets"][:1]}
        tunnels.append(tunnel)
    meshes = [_mesh(draw, meshed)] if len(meshed) >= 2 else []
    return {"policies": copy.deepcopy(POLICIES), "sites": sites, "tunnels": tunnels, "meshes": meshes}


def _mesh(draw: st.DrawFn, meshed: list[str]) -> dict[str, Any]:
    if draw(st.booleans()):
        return {"name": "m", "sites": meshed}
    # Without transit: what the hub passes on could also have a way of its own.
    return {"name": "m", "hub": meshed[0], "sites": meshed[1:]}
