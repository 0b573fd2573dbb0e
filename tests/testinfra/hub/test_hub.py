# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A hub, two spokes that reach each other through it, and a partner that the roles never touch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from testlab import eventually

if TYPE_CHECKING:
    from testlab import Lab

LAN = {"hq-1": "10.10.0.11", "spoke1-1": "10.11.0.11", "spoke2-1": "10.12.0.11", "partner-1": "172.20.9.11"}
SPOKES = ("spoke1-1", "spoke2-1")
WAYS = [(a, b) for a in LAN for b in LAN if a != b and not ("partner-1" in (a, b) and {a, b} & set(SPOKES))]
FORBIDDEN = [(spoke, "partner-1") for spoke in SPOKES] + [("partner-1", spoke) for spoke in SPOKES]


def all_ping(lab: Lab) -> bool:
    return all(lab.pings(host, LAN[other]) for host, other in WAYS)


@pytest.mark.parameters("top.meshes", "mesh.sites", "mesh.hub", "mesh.transit")
@pytest.mark.parametrize(("host", "other"), WAYS)
def test_sites_reach_each_other(lab: Lab, host: str, other: str) -> None:
    assert lab.pings(host, LAN[other])


@pytest.mark.parametrize(("host", "other"), FORBIDDEN)
def test_the_partner_sees_the_hub_only(lab: Lab, host: str, other: str) -> None:
    assert not lab.pings(host, LAN[other])


@pytest.mark.parameters("mesh.hub")
def test_spokes_have_no_tunnel_of_their_own(lab: Lab) -> None:
    assert "198.51.100.22" not in lab.sh("spoke1-gw", "swanctl --list-sas")


@pytest.mark.parameters("gateway.host", "tunnel.psk")
def test_the_partners_machine_is_untouched(lab: Lab) -> None:
    ours = "find /etc /run/systemd -name '*causeway*' -o -path '*/swanctl/*' -newer /etc/sysctl.d/partner.conf -type f"
    assert lab.sh("partner-gw", ours) == ""
    assert "to-causeway" in lab.sh("partner-gw", "swanctl --list-sas")
    assert lab.host("partner-1").run("ip route show proto 213").stdout == ""


@pytest.mark.parameters("tunnel.policy")
def test_the_partners_policy_stays_the_partners(lab: Lab) -> None:
    assert "AES_CBC-128/HMAC_SHA1_96/PRF_HMAC_SHA1/MODP_1536" in lab.sh("partner-gw", "swanctl --list-sas")
    assert "SHA1" not in lab.sh("spoke1-gw", "swanctl --list-sas")


def test_a_restart_of_the_hub_needs_nobody(lab: Lab) -> None:
    lab.restart("hq-gw")
    assert eventually(lambda: all_ping(lab), 90)


def test_a_restart_of_the_partner_needs_nobody(lab: Lab) -> None:
    lab.restart("partner-gw")
    assert eventually(lambda: all_ping(lab), 90)


def test_a_run_on_one_spoke_disturbs_nobody(lab: Lab) -> None:
    before = lab.spis("spoke1-gw")
    run = lab.play("--limit", "spoke1-gw,spoke1-1").succeeded()
    assert set(run.changed.values()) == {0}
    assert lab.spis("spoke1-gw") == before
