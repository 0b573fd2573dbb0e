# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a host's own state decides its rules: sshd, other people's rules, MTUs, the data plane."""

from __future__ import annotations

import pytest
from ansible_collections.causeway.ipsec.plugins.module_utils import firewall_host
from ansible_collections.causeway.ipsec.plugins.module_utils.host_network import HostError
from played_firewall import INTENT, MASQUERADE, TUNNEL, Host


def test_ssh_ports_are_those_of_sshd(host: Host) -> None:
    host.call()
    assert "tcp dport { 22, 2022, 2222 }" in str(host.table)
    host.programs.remove("sshd")
    assert firewall_host.ssh_ports(host.run, []) == (22,)
    assert firewall_host.ssh_ports(host.run, [2022, 22]) == (22, 2022)


def test_an_sshd_that_does_not_tell_its_ports_is_an_error_with_a_remedy(host: Host) -> None:
    host.sshd = (255, "", "no hostkeys available\n")
    with pytest.raises(HostError, match=r"no hostkeys available\. Name them in ssh_ports"):
        host.call()
    assert host.call(intent={**INTENT, "management": []})["changed"]


def test_a_host_that_translates_addresses_for_others_goes_on_forwarding(host: Host) -> None:
    assert host.call()["router"] == {"allowed": False, "why": "this host translates addresses for nobody"}
    assert "forwarding for no tunnel" in str(host.table)
    host.foreign = MASQUERADE
    router = host.call()["router"]
    assert router["allowed"]
    assert "table ip nat, chain post" in router["why"]
    assert "forwarding for no tunnel" not in str(host.table)
    assert not host.call(forward_others="drop")["router"]["allowed"]


def test_connections_are_tracked_where_somebody_else_has_rules(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    def tracked() -> bool:
        host.call()
        text = str(host.table)
        assert ("notrack" in text) is not ("chain keep_addresses" in text)
        return "chain keep_addresses" in text

    assert not tracked()
    assert "ct state" not in str(host.table)
    host.foreign = MASQUERADE
    assert tracked()
    host.foreign = []
    names = host.root / "ip_tables_names"
    monkeypatch.setattr(firewall_host, "LEGACY_TABLES", (str(names),))
    assert not tracked()
    names.write_text("filter\n", encoding="ascii")
    assert tracked()
    assert "ct state established,related accept" in str(host.table)


def test_backend_none_filters_nothing_and_guards_all_the_same(host: Host) -> None:
    result = host.call(backend="none")
    assert (result["backend"], result["router"]["allowed"]) == ("none", True)
    assert "chain guard_out" in str(host.table)
    assert "chain input" not in str(host.table)


def test_userspace_esp_has_the_mtu_of_its_device_and_udp(host: Host) -> None:
    assert host.call(dataplane="userspace")["mss"]["ipv4"] == 1360
    assert host.call(dataplane="userspace", wan_mtu=1300)["mss"]["ipv4"] == 1198


def test_the_smallest_tunnel_decides_for_each_version(host: Host) -> None:
    old = {**TUNNEL, "ciphers": [["AES_CBC", "HMAC_SHA2_512_256"], ["AES_GCM_16", ""]], "udp": True}
    six = {**TUNNEL, "remote_subnets": ["2001:db8:2::/64"]}
    intent = {**INTENT, "tunnels": [TUNNEL, old, six]}
    assert firewall_host.segment_sizes(intent, 1500, "kernel") == {4: 1366, 6: 1386}


def test_an_address_that_no_interface_has_is_an_error(host: Host) -> None:
    with pytest.raises(HostError, match=r"no interface of this host has the address 192\.0\.2\.1"):
        host.call(intent={**INTENT, "local_address": "192.0.2.1"})
