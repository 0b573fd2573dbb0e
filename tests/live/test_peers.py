# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Identities and addresses of every kind, between real daemons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.identities import _ATTRIBUTES, MOST_PARTS
from planned import plan, two_sites
from tunnels import Pair, established

if TYPE_CHECKING:
    from gateways import Gateway

POLICY: dict[str, Any] = {"ike": {"encryption": "aes256", "integrity": "sha256", "dh_group": 19}}
IDENTITIES = (
    ("10.9.9.1", "2001:db8::9"),
    ("fqdn:10.9.9.1", "gw.example.org"),
    ("vpn@example.org", "@@other@example.org"),
    ("keyid:some text = here", "keyid:#0a0b0c"),
    ("C=DE, O=Example AG, CN=gw 1", "/C=GB/CN=gw 2"),
)


def addressed(gateway: Gateway, raw: dict[str, Any], address: Any) -> None:
    raw["sites"][gateway.lan]["gateways"][0]["address"] = address


@pytest.mark.parameters("tunnel.ids")
def test_identities_of_every_type_are_agreed_on(pair: Pair) -> None:
    here, there = pair
    raw = two_sites(pair, [POLICY] * len(IDENTITIES))
    for gateway in pair:
        gateway.sh(f"for n in $(seq {len(IDENTITIES)}); do ip address replace {gateway.lan}.$n/32 dev lo; done")
    for tunnel, (ours, theirs) in zip(raw["tunnels"], IDENTITIES):
        tunnel["ids"] = {here.lan: ours, there.lan: theirs}
    plan(there, raw)
    established(here, *plan(here, raw))


def test_attributes_of_distinguished_names_are_known_to_the_daemon(pair: Pair) -> None:
    """A name that it can't read becomes a key id, and is shown as it was written."""
    here, there = pair
    raw = two_sites(pair, [POLICY] * 2)
    names = sorted(_ATTRIBUTES)
    written = [",".join(f"{name}=x" for name in some) for some in (names[:MOST_PARTS], names[MOST_PARTS:])]
    for tunnel, text in zip(raw["tunnels"], written):
        tunnel["ids"][there.lan] = text
    plan(here, raw)
    shown = here.sh("swanctl --list-conns --raw")
    assert "CN=x" in shown
    assert not any(text in shown for text in written)


@pytest.mark.parameters("gateway.address")
def test_a_peer_by_its_name(pair: Pair) -> None:
    here, there = pair
    here.sh(f"echo {there.address} gw.there.example >>/etc/hosts")
    raw = two_sites(pair, [POLICY])
    addressed(there, raw, "gw.there.example")
    raw["sites"][there.lan]["gateways"][0]["local_address"] = there.address
    raw["tunnels"][0]["initiator"] = here.lan
    plan(there, raw)
    established(here, *plan(here, raw))


@pytest.mark.parameters("gateway.address")
def test_h15_a_peer_that_is_anywhere_dials(pair: Pair) -> None:
    here, there = pair
    raw = two_sites(pair, [POLICY])
    addressed(there, raw, "any")
    plan(here, raw)
    assert "TRAP" not in here.sh("swanctl --list-pols")
    established(there, *plan(there, raw))


@pytest.mark.parameters("gateway.address", "tunnel.initiator")
def test_a_peer_with_several_addresses_may_come_from_the_second(pair: Pair) -> None:
    here, there = pair
    second = f"{there.address.rpartition('.')[0]}.77"
    there.sh(f"ip address replace {second}/24 dev eth0")
    raw = two_sites(pair, [POLICY])
    addressed(there, raw, [there.address, second])
    raw["tunnels"][0]["initiator"] = there.lan
    plan(here, raw)
    addressed(there, raw, [second, there.address])  # as after the loss of the first
    established(there, *plan(there, raw))
    assert second in here.sh("swanctl --list-sas")
