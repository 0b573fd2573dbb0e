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
PSK = "A123456789abcdefghijklmnopqrstuvwxyz"
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
    "either": {
        "ike": {
            "version": "any",
            "encryption": ["aes256gcm16", "aes256"],
            "integrity": "sha256",
            "dh_group": [31, 15],
            "lifetime": 86400,
            "rekey_margin": 540,
            "reauth_lifetime": 604800,
        },
        "esp": {"encryption": "aes256", "integrity": "aesxcbc", "rekey_margin": 300, "lifetime_bytes": 10**9},
    },
    "later": {
        "ike": {
            "proposals": [
                {"encryption": "aes256gcm16", "dh_group": 20, "additional_key_exchanges": ["mlkem1024", 31]},
                {"encryption": "camellia256", "integrity": "sha512", "dh_group": 30},
            ],
            "lifetime": 86400,
            "rekey_margin": 540,
            "reauth_lifetime": 604800,
        },
        "esp": {"encryption": "aes256gcm16", "esn": "both", "lifetime_packets": 10**9},
    },
    "mixed": {"ike": {"encryption": ["aes128", "aes256gcm16"], "integrity": "sha256", "dh_group": [15, 19]}},
}

AH_POLICIES = ("ah", "hasty")
PLATFORM_POLICIES = ("recommended", "mixed")
PLATFORMS = ("aws", "azure")  # whose limits no topology of these policies comes near
BEHAVIOURS: dict[str, list[Any]] = {
    "start": ["always", "on_traffic"],
    "dpd_delay": [0, 10],
    "dpd_action": ["restart", "trap", "clear"],
    "close_action": ["restart", "trap", "clear"],
    "unique": ["keep", "never"],
    "fragmentation": [True, "no", "accept"],
    "selectors": ["pairs", "together"],
    "replay_window": [64, 1024],
    "hw_offload": ["crypto", "packet", "auto"],
}


def site(number: int, *, managed: bool, nat: bool, subnets: int, many: bool = False) -> dict[str, Any]:
    gateway: dict[str, Any] = {"address": f"198.51.100.{number + 1}", "lan_address": f"10.{number}.0.1"}
    if managed:
        gateway["host"] = f"gw{number}"
    if many and not nat:
        gateway["address"] = [gateway["address"], f"gw{number}.example", f"203.0.113.{number + 1}"]
    if nat:
        gateway |= {"local_address": f"172.31.{number}.2", "forwarded": True}
    networks = [f"10.{number}.{index}.0/24" for index in range(subnets)]
    return {"subnets": networks, "gateways": [gateway], "lan_hosts": [f"pc{number}"]}


@st.composite
def topologies(draw: st.DrawFn) -> dict[str, Any]:
    """Topologies that are accepted: some pairs by a tunnel each, the others by a mesh at most."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=2, max_size=6, unique=True))
    managed = {name: draw(st.booleans()) for name in names}
    sites = {
        name: site(
            number,
            managed=managed[name],
            nat=draw(st.booleans()),
            subnets=draw(st.integers(1, 3)),
            many=draw(st.booleans()),
        )
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
        names_of_policies = ["recommended", "v1", "mixed", "either", "later", *([] if behind_nat else AH_POLICIES)]
        tunnel["policy"] = draw(st.sampled_from(names_of_policies))
        for key in draw(st.lists(st.sampled_from(sorted(BEHAVIOURS)), max_size=3)):
            tunnel[key] = draw(st.sampled_from(BEHAVIOURS[key]))
        if draw(st.booleans()):
            tunnel["traffic"] = [{"protocol": "tcp", "ports": {one: 443, other: 8080}}, {"protocol": "icmp"}]
        if draw(st.booleans()):
            tunnel["initiator"] = draw(st.sampled_from([one, other]))
        if draw(st.booleans()) or not (managed[one] and managed[other]):
            tunnel["psk"] = PSK
        tunnel["ids"] = {
            end: draw(st.sampled_from(["{0}.example", "keyid:{0} x", "vpn@{0}.example", "C=DE, CN=gw{0}"])).format(
                names.index(end)
            )
            for end in (one, other)
            if draw(st.booleans())
            or not isinstance(sites[end]["gateways"][0]["address"], str)
            or sites[end]["gateways"][0]["address"] == "any"
            or "local_address" in sites[end]["gateways"][0]
        }
        if draw(st.booleans()):
            tunnel["subnets"] = {other: sites[other]["subnets"][:1]}
        if managed[one] != managed[other] and tunnel["policy"] in PLATFORM_POLICIES and draw(st.booleans()):
            tunnel["platform"] = draw(st.sampled_from(PLATFORMS))
        tunnels.append(tunnel)
    meshes = [_mesh(draw, meshed)] if len(meshed) >= 2 else []
    return {"policies": copy.deepcopy(POLICIES), "sites": sites, "tunnels": tunnels, "meshes": meshes}


def _mesh(draw: st.DrawFn, meshed: list[str]) -> dict[str, Any]:
    if draw(st.booleans()):
        return {"name": "m", "sites": meshed}
    # Without transit: what the hub passes on could also have a way of its own.
    return {"name": "m", "hub": meshed[0], "sites": meshed[1:]}
