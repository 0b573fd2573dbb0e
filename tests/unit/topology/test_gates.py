# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a strongSwan of some version cannot do is said before a host is changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from ansible_collections.causeway.ipsec.plugins.module_utils.versions import numbers
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology import gateway_intent, load
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.gates import GATES, unmet

GOLDEN = Path(__file__).parents[2] / "golden"
BOOKWORM, TRIXIE, FORKY = "5.9.8-5+deb12u6", "6.0.1-6+deb13u7", "6.1.0-1"
OPENSSL = "needs strongSwan 6.0.2 or later (its plugin openssl with OpenSSL 3.5)"
ML_KEM = f"{OPENSSL}, or 6.0.0 with the plugin ml, botan or wolfssl"


def said(case: str, host: str, version: str, *plugins: str, userspace: bool = False) -> list[str]:
    topology = load(yaml.safe_load((GOLDEN / case / "topology.yml").read_text(encoding="utf-8")))
    return unmet(gateway_intent(topology, host).requires, host, version, plugins, userspace=userspace)


def test_what_debian_12_drops_is_refused() -> None:
    assert said("behaviour", "oslo-gw", BOOKWORM) == [
        (
            "oslo-gw: tunnels[peer].childless asks for childless: prefer, which needs strongSwan 5.9.10 or later, and "
            "here is 5.9.8-5+deb12u6; use allow or force, or upgrade the host. Tunnels: peer."
        ),
        (
            "oslo-gw: tunnels[peer].hw_offload asks for hw_offload: packet, which needs strongSwan 5.9.10 or later, "
            "and here is 5.9.8-5+deb12u6; use crypto or auto, or upgrade the host. Tunnels: peer."
        ),
        (
            "oslo-gw: tunnels[peer].per_cpu_sas asks for per_cpu_sas, which needs strongSwan 6.0.2 or later, and here "
            "is 5.9.8-5+deb12u6; leave it out, or upgrade the host. Tunnels: peer."
        ),
    ]
    assert [message.split()[1] for message in said("behaviour", "oslo-gw", TRIXIE)] == ["tunnels[peer].per_cpu_sas"]
    assert said("behaviour", "oslo-gw", FORKY) == said("behaviour", "oslo-gw", "") == []
    assert said("tutorial", "berlin-gw", BOOKWORM) == []


def test_h14_what_debian_13_takes_and_never_negotiates_is_refused() -> None:
    key = "a-gw: policies[ladder].ike.additional_key_exchanges asks for"
    remedy = "take it out of additional_key_exchanges, or upgrade the host. Tunnels: a-b."
    assert said("proposals", "a-gw", TRIXIE)[-1] == f"{key} ML-KEM, which {ML_KEM}, and here is {TRIXIE}; {remedy}"
    assert len(said("proposals", "a-gw", TRIXIE)) == 2
    several = "additional_key_exchanges, which needs strongSwan 6.0.0 or later"
    assert [several in message for message in said("proposals", "a-gw", BOOKWORM)] == [False, True, False, True]
    assert said("proposals", "a-gw", TRIXIE, "ml") == said("proposals", "a-gw", FORKY) == []
    assert len(said("proposals", "a-gw", BOOKWORM, "ml")) == 4


def test_h35_userspace_esp_has_no_extended_sequence_numbers() -> None:
    assert said("behaviour", "london-gw", FORKY) == []
    assert said("behaviour", "london-gw", FORKY, userspace=True) == [
        (
            "london-gw: policies[bulk].esp.esn asks for esn, which userspace ESP (kernel-libipsec) has not; take it "
            "away, or give the host a kernel with IPsec and set strongswan_dataplane: kernel. Tunnels: bulk."
        )
    ]


def test_h13_keys_of_strongswan_that_it_does_not_know_yet() -> None:
    assert said("extra", "london-gw", BOOKWORM) == [
        (
            "london-gw: sites[london].gateways[0].extra.reqid_base asks for daemon.reqid_base, which needs strongSwan "
            "6.0.1 or later, and here is 5.9.8-5+deb12u6; leave it out, or upgrade the host."
        ),
        (
            "london-gw: tunnels[berlin-london].extra.child.icmp asks for child.icmp, which needs strongSwan 6.0.5 or "
            "later, and here is 5.9.8-5+deb12u6; leave it out, or upgrade the host. Tunnels: berlin-london."
        ),
    ]
    assert len(said("extra", "london-gw", TRIXIE)) == 1
    assert said("extra", "oslo-gw", BOOKWORM) == said("extra", "london-gw", FORKY) == []


def test_many_tunnels_are_counted() -> None:
    raw: dict[str, Any] = {
        "policies": {"p": {"ike": {"encryption": "aes256gcm16", "dh_group": 20, "additional_key_exchanges": [31]}}},
        "sites": {
            f"s{n}": {"subnets": [f"10.{n}.0.0/16"], "gateways": [{"host": f"gw{n}", "address": f"198.51.100.{n}"}]}
            for n in range(1, 10)
        },
        "meshes": [{"name": "m", "sites": [f"s{n}" for n in range(1, 10)], "policy": "p"}],
    }
    (message,) = unmet(gateway_intent(load(raw), "gw1").requires, "gw1", BOOKWORM, [])
    assert message.endswith("Tunnels: m-s1-s2, m-s1-s3, m-s1-s4, m-s1-s5, m-s1-s6 and 3 more.")


def test_every_gate_has_a_remedy() -> None:
    assert all(gate.remedy and (gate.kernel or numbers(gate.version)) for gate in GATES.values())
