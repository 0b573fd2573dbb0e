# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Traffic between LAN hosts: there with the tunnel, absent without, never in clear."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from testlab import eventually

if TYPE_CHECKING:
    from testlab import Lab

BERLIN = {"berlin-1": "192.168.1.11", "berlin-2": "192.168.1.12"}
LONDON = {"london-1": "192.168.2.11", "london-2": "192.168.2.12"}
WAYS = [(host, address) for host in BERLIN for address in LONDON.values()]
WAYS += [(host, address) for host in LONDON for address in BERLIN.values()]


def all_ping(lab: Lab) -> bool:
    return all(lab.pings(host, address) for host, address in WAYS)


@pytest.mark.parameters("site.lan_hosts", "site.subnets")
@pytest.mark.parametrize(("host", "address"), WAYS)
def test_lan_hosts_reach_each_other(lab: Lab, host: str, address: str) -> None:
    assert lab.pings(host, address)


@pytest.mark.parameters("top.policies", "tunnel.policy")
@pytest.mark.parametrize("gateway", ["berlin-gw", "london-gw"])
def test_the_agreed_proposal_is_the_tutorials(lab: Lab, gateway: str) -> None:
    sas = lab.sh(gateway, "swanctl --list-sas")
    assert "ESTABLISHED, IKEv2" in sas
    assert "AES_CTR-128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_3072" in sas
    assert "AES_CTR-128/HMAC_SHA2_256_128" in sas.partition("INSTALLED")[2]


def test_nothing_crosses_the_wan_in_clear(lab: Lab) -> None:
    command = ["podman", "exec", lab.container("berlin-gw"), "timeout", "4", "tcpdump", "-n", "-l", "-i", "wan0", "ip"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as sniffer:
        assert all_ping(lab)
        seen = sniffer.communicate()[0]
    assert "198.51.100.10" in seen
    assert "192.168." not in seen


def test_no_tunnel_no_traffic(lab: Lab) -> None:
    lab.sh("london-gw", "systemctl stop strongswan")
    assert not any(lab.pings(host, address) for host, address in WAYS)
    lab.sh("london-gw", "systemctl start strongswan")
    assert eventually(lambda: all_ping(lab))


@pytest.mark.parametrize("host", ["london-gw", "berlin-gw", "berlin-1", "london-1"])
def test_a_reboot_needs_nobody(lab: Lab, host: str) -> None:
    lab.restart(host)
    assert eventually(lambda: all_ping(lab), 60)


def test_h21_one_bad_connection_keeps_no_other_down_at_boot(lab: Lab) -> None:
    """The package's own unit stops the daemon when swanctl could not load one connection."""
    bad = "/etc/swanctl/conf.d/other.conf"
    lab.sh("london-gw", f"printf 'connections {{\\n other {{\\n no_such_key = 1\\n }}\\n}}\\n' > {bad}")
    try:
        assert lab.host("london-gw").run("swanctl --load-all --noprompt").rc == 22
        lab.restart("london-gw")
        assert eventually(lambda: all_ping(lab), 60)
        assert "other" not in lab.sh("london-gw", "swanctl --list-conns")
    finally:
        lab.sh("london-gw", f"rm {bad}")
