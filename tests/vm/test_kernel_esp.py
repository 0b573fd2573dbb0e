# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A policy-based tunnel whose ESP the gateways' own kernels make. The tests build on one another, in this order."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
import yaml
from vmlab import INVENTORY, eventually

if TYPE_CHECKING:
    from vmlab import Lab, Run

GATEWAYS = ("berlin-gw", "london-gw")
BERLIN_LAN, LONDON_LAN = "192.168.1.11", "192.168.2.11"
PROVEN = re.compile(r"^berlin-london +proven .* 4 of 4 ", re.MULTILINE)

pytestmark = pytest.mark.usefixtures("first_run")


def states(lab: Lab) -> list[str]:
    """The SPIs in both kernels: they stay for as long as no tunnel is set up anew."""
    return [" ".join(sorted(re.findall(r"spi (\S+)", lab.ssh(host, "ip xfrm state")))) for host in GATEWAYS]


def tunnel_works(lab: Lab) -> bool:
    return lab.pings("berlin-1", LONDON_LAN) == lab.pings("london-1", BERLIN_LAN) == 1


def test_a_run_proves_the_tunnel(lab: Lab, first_run: Run) -> None:
    assert PROVEN.search(first_run.output)
    assert all(first_run.changed.values())
    for host in GATEWAYS:
        assert len(re.findall("proto esp spi", lab.ssh(host, "ip xfrm state"))) == 2


def test_lans_reach_each_other_and_the_wan_sees_nothing_but_esp(lab: Lab) -> None:
    with lab.capture("wan") as packets:
        assert lab.pings("berlin-1", LONDON_LAN, 5) == 5
        assert lab.pings("london-1", BERLIN_LAN, 5) == 5
    esp = [line for line in packets if re.search(r"IP 198\.51\.100\.[12]0 > 198\.51\.100\.[12]0: ESP\(", line)]
    others = [line for line in packets if line not in esp and not re.search(r"isakmp|IP6 .*(ICMP6|ff02::)", line)]
    assert len(esp) == 20
    assert others == []


def test_a_second_run_changes_nothing(lab: Lab) -> None:
    before = states(lab)
    again = lab.play()
    assert again.status == 0, again.output[-6000:]
    assert set(again.changed.values()) == {0}
    assert PROVEN.search(again.output)
    assert states(lab) == before


@pytest.mark.parametrize("host", GATEWAYS)
def test_traffic_brings_a_tunnel_up_that_was_ended(lab: Lab, host: str) -> None:
    before = states(lab)
    lab.ssh(host, "swanctl --terminate --ike cw-berlin-london")
    assert eventually(lambda: tunnel_works(lab), 10)
    assert set(states(lab)).isdisjoint(before)


def test_without_strongswan_nothing_passes(lab: Lab) -> None:
    lab.ssh("london-gw", "systemctl stop strongswan")
    with lab.capture("wan") as packets:
        assert lab.pings("berlin-1", LONDON_LAN, 3) == 0
        assert lab.pings("london-1", BERLIN_LAN, 3) == 0
    assert not [line for line in packets if "192.168." in line]
    lab.ssh("london-gw", "systemctl start strongswan")
    assert eventually(lambda: tunnel_works(lab), 30)


@pytest.mark.parametrize("host", GATEWAYS)
def test_everything_is_back_after_a_reboot(lab: Lab, host: str) -> None:
    settings = "sysctl net.ipv4.ip_forward net.ipv4.conf.{wan0,lan0}.{rp_filter,send_redirects,forwarding}"
    before = lab.ssh(host, f"bash -c '{settings}'")
    with lab.capture("wan") as packets:
        lab.reboot(host)
        assert eventually(lambda: tunnel_works(lab), 30)
    assert not [line for line in packets if "192.168." in line]
    assert lab.ssh(host, f"bash -c '{settings}'") == before
    assert lab.ssh(host, "systemctl is-system-running").strip() == "running"


def test_a_tunnel_that_left_the_topology_leaves_nothing_behind(lab: Lab) -> None:
    topology = yaml.safe_load((INVENTORY / "group_vars" / "all.yml").read_text())["ipsec_topology"]
    removed = lab.play("-e", json.dumps({"ipsec_topology": {**topology, "tunnels": []}}))
    assert removed.status == 0, removed.output[-6000:]
    for host in GATEWAYS:
        assert lab.ssh(host, "ip xfrm state") == ""
        assert "tmpl" not in lab.ssh(host, "ip xfrm policy")
        assert "192.168." not in lab.ssh(host, "ip route show table 220", check=False)
    for host in ("berlin-1", "london-1"):
        assert "proto 213" not in lab.ssh(host, "ip route")
