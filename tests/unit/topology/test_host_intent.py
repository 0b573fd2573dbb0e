# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a gateway's tunnels ask of its host."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology import (
    HostIntent,
    gateway_intent,
    host_intent,
    load,
)

AGGRESSIVE = {
    "ike": {"version": 1, "mode": "aggressive", "encryption": "aes256", "integrity": "sha256", "dh_group": 14},
    "esp": {"encryption": "aes256", "integrity": "sha256"},
}
AH = {"ah": {"integrity": "sha256"}}


def asked(subnets: tuple[str, str] = ("10.1.0.0/24", "10.2.0.0/24"), **tunnel: Any) -> HostIntent:
    """Of one end of a tunnel."""
    sites = {
        name: {"subnets": [subnet], "gateways": [{"host": f"{name}-gw", "address": f"198.51.100.{number}"}]}
        for number, (name, subnet) in enumerate(zip("ab", subnets), start=1)
    }
    policies = {"aggressive": AGGRESSIVE, "ah": AH}
    tunnels = [{"name": "a to b", "sites": ["a", "b"], **tunnel}]
    return host_intent(gateway_intent(load({"sites": sites, "policies": policies, "tunnels": tunnels}), "a-gw"))


def test_tunnels_have_the_users_names() -> None:
    (name,) = asked().tunnels.values()
    assert name == "a to b"


@pytest.mark.parametrize(
    ("tunnel", "made"), [({}, ("a to b",)), ({"psk": "0123456789" * 4}, ()), ({"auth": "certificate"}, ())]
)
def test_psks_are_made_where_none_is_given(tunnel: dict[str, Any], made: tuple[str, ...]) -> None:
    assert asked(**tunnel).made_psks == made


@pytest.mark.parametrize(("auth", "consents"), [("psk", ("a to b",)), ("certificate", ())])
def test_h30_only_a_psk_needs_the_consent_to_aggressive_mode(auth: str, consents: tuple[str, ...]) -> None:
    assert asked(auth=auth, policy="aggressive").aggressive_psks == consents
    assert asked(auth=auth).aggressive_psks == ()


def test_ah() -> None:
    assert (asked().ah, asked(policy="ah").ah) == ((), ("a to b",))


@pytest.mark.parametrize(
    ("auth", "uses"),
    [("psk", ()), ("certificate", ("a to b",)), ({"a": "psk", "b": "certificate"}, ("a to b",))],
)
def test_certificates_of_either_end_count(auth: Any, uses: tuple[str, ...]) -> None:
    assert asked(auth=auth).pubkey == uses


def test_ipv6_counts_inside() -> None:
    assert not asked().carries_ipv6
    assert asked(("2001:db8:1::/64", "2001:db8:2::/64")).carries_ipv6
