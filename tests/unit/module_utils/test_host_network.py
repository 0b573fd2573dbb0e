# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding the interfaces that hold an address."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.causeway.ipsec.plugins.module_utils.host_network import (
    HostAddress,
    HostError,
    interfaces_with,
    own_addresses,
    parse_addresses,
    run_json,
)

LINKS: list[dict[str, Any]] = [
    {"ifname": "lo", "addr_info": [{"family": "inet", "local": "127.0.0.1", "prefixlen": 8}]},
    {
        "ifname": "eth0",
        "addr_info": [
            {"family": "inet", "local": "198.51.100.10", "prefixlen": 24},
            {"family": "inet6", "local": "2001:db8::10", "prefixlen": 64},
            {"family": "inet6", "local": "fe80::1", "prefixlen": 64},
        ],
    },
    {"ifname": "tun0", "addr_info": [{"family": "inet", "label": "odd"}]},
    {"ifname": "eth1"},
]
ADDRESSES = parse_addresses(LINKS)


def test_addresses_are_compared_as_addresses_and_not_as_text() -> None:
    assert interfaces_with(["2001:0DB8:0::10", "198.51.100.10"], ADDRESSES) == ["eth0"]


def test_an_address_that_is_nowhere_is_an_error_that_says_what_is() -> None:
    message = (
        "no interface of this host has the address 192.0.2.9, 192.0.2.10. "
        "This host has 198.51.100.10/24 on eth0, 2001:db8::10/64 on eth0."
    )
    with pytest.raises(HostError, match=f"^{re.escape(message)}$"):
        interfaces_with(["192.0.2.9", "198.51.100.10", "192.0.2.10"], ADDRESSES)


def test_a_host_without_addresses_is_said_to_have_none() -> None:
    assert own_addresses([HostAddress("lo", "127.0.0.1", 8)]) == "This host has no address beyond loopback."


def test_answers_of_ip_are_lists_without_empty_entries() -> None:
    assert run_json(lambda _command: (0, '[{},{"dst":"x"}]', ""), "ip", "-j", "route") == [{"dst": "x"}]
    assert run_json(lambda _command: (0, "", ""), "ip", "-j", "route") == []


def test_a_failure_of_ip_is_told_in_its_own_words() -> None:
    with pytest.raises(HostError, match=r"^ip -j route: RTNETLINK answers: Network is unreachable$"):
        run_json(lambda _command: (2, "", "RTNETLINK answers: Network is unreachable\n"), "ip", "-j", "route")
    with pytest.raises(HostError, match="iproute2 is too old"):
        run_json(lambda _command: (0, "default via …", ""), "ip", "-j", "route")
