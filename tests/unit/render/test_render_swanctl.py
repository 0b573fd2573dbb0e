# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What render writes is read back unchanged, by the parser that gateways use before they install anything."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.causeway.ipsec.plugins.module_utils.swanctl_conf import Section, parse_text
from ansible_collections.causeway.ipsec.plugins.module_utils.versions import TRAPS
from ansible_collections.causeway.ipsec.plugins.plugin_utils.render import swanctl
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.model import (
    ChildIntent,
    ConnectionIntent,
    GatewayIntent,
)
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.policies import BUILT_IN, Proposal
from hypothesis import given
from hypothesis import strategies as st

RECOMMENDED = BUILT_IN["recommended"]
CONNECTION = ConnectionIntent(
    name="cw-berlin-london",
    tunnel="berlin-london",
    description="",
    peer_site="london",
    peer_host="london-gw",
    ike_version=2,
    aggressive=False,
    local_address="198.51.100.10",
    remote_address="198.51.100.20",
    local_id="198.51.100.10",
    remote_id="198.51.100.20",
    ike_proposals=RECOMMENDED.ike.proposals,
    protocol="esp",
    ipsec_proposals=RECOMMENDED.ipsec.proposals,
    ike_lifetime=86400,
    ipsec_lifetime=3600,
    initiator=True,
    children=(ChildIntent("cw-berlin-london", ("192.168.1.0/24", "fd00:1::/64"), ("192.168.2.0/24",)),),
    psk_given=False,
    local_lan_address="192.168.1.5",
    remote_lan_address="192.168.2.5",
)
AH = (Proposal((), ("sha256",), (), (14,)),)
HOSTILE = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60)


def intent(*connections: ConnectionIntent) -> GatewayIntent:
    return GatewayIntent("berlin-gw", "berlin", "", "198.51.100.10", None, (), (), connections, {}, ())


def connections_of(text: str) -> dict[str, Section]:
    return parse_text(text, "causeway.conf").sections["connections"].sections


def test_the_tutorial_to_the_letter() -> None:
    assert swanctl.render(intent(CONNECTION)) == (
        "# Managed by causeway.ipsec: connections of berlin-gw. Changes made here are overwritten.\n"
        "connections {\n"
        "  # tunnel berlin-london to london (london-gw)\n"
        "  cw-berlin-london {\n"
        '    version = "2"\n'
        '    local_addrs = "198.51.100.10"\n'
        '    remote_addrs = "198.51.100.20"\n'
        '    proposals = "aes256gcm16-aes128gcm16-prfsha512-prfsha256-ecp384-curve25519-ecp256-modp3072,'
        'aes256-aes128-sha512-sha256-prfsha512-prfsha256-ecp384-curve25519-ecp256-modp3072"\n'
        '    rekey_time = "77760s"\n'
        '    over_time = "8640s"\n'
        '    rand_time = "8640s"\n'
        '    dpd_delay = "30s"\n'
        '    keyingtries = "0"\n'
        '    unique = "replace"\n'
        '    mobike = "no"\n'
        "    local {\n"
        '      auth = "psk"\n'
        '      id = "198.51.100.10"\n'
        "    }\n"
        "    remote {\n"
        '      auth = "psk"\n'
        '      id = "198.51.100.20"\n'
        "    }\n"
        "    children {\n"
        "      cw-berlin-london {\n"
        '        local_ts = "192.168.1.0/24,fd00:1::/64"\n'
        '        remote_ts = "192.168.2.0/24"\n'
        '        esp_proposals = "aes256gcm16-aes128gcm16-ecp384-curve25519-ecp256-modp3072,'
        'aes256-aes128-sha256-sha512-ecp384-curve25519-ecp256-modp3072"\n'
        '        life_time = "3600s"\n'
        '        rekey_time = "3240s"\n'
        '        rand_time = "360s"\n'
        '        start_action = "trap|start"\n'
        '        dpd_action = "start"\n'
        '        close_action = "trap"\n'
        "      }\n"
        "    }\n"
        "  }\n"
        "}\n"
    )


def test_h33_one_end_starts_and_the_other_waits() -> None:
    text = swanctl.render(intent(replace(CONNECTION, initiator=False)))
    (child,) = connections_of(text)["cw-berlin-london"].sections["children"].sections.values()
    assert [child.values[f"{what}_action"] for what in ("start", "dpd", "close")] == ["trap", "trap", "trap"]


@pytest.mark.parametrize(
    ("initiator", "traps", "start", "close"),
    [
        (True, "beside_start", "trap|start", "trap"),
        (True, "instead", "start", "trap"),
        (True, "none", "start", "start"),
        *((False, traps, "trap", "trap") for traps in TRAPS),
    ],
)
def test_what_the_peer_has_closed_is_dialled_when_there_is_a_packet_for_it(
    initiator: bool, traps: str, start: str, close: str
) -> None:
    """And at once only where no packet could: the peer may have closed one of two that both ends had set up."""
    text = swanctl.render(intent(replace(CONNECTION, initiator=initiator)), traps=traps)
    (child,) = connections_of(text)["cw-berlin-london"].sections["children"].sections.values()
    assert (child.values["start_action"], child.values["close_action"]) == (start, close)


def reqids(text: str) -> dict[str, str | None]:
    """By child."""
    return {
        name: child.values.get("reqid")
        for connection in connections_of(text).values()
        for name, child in connection.sections["children"].sections.items()
    }


@pytest.mark.parametrize("traps", ["instead", "none"])
def test_who_dials_without_a_trap_keeps_the_numbers_of_its_children_apart(traps: str) -> None:
    children = tuple(replace(CONNECTION.children[0], name=f"cw-{number}") for number in range(2000))
    many = replace(CONNECTION, name="cw-many", children=children)
    found = reqids(swanctl.render(intent(CONNECTION, many), traps=traps))
    assert len(found) == len(set(found.values())) == 2001
    assert all((1 << 30) <= int(number or 0) < (1 << 31) for number in found.values())
    # The same in another topology, so that it stays up when others come and go.
    assert reqids(swanctl.render(intent(CONNECTION), traps=traps))["cw-berlin-london"] == found["cw-berlin-london"]


def test_other_children_get_their_numbers_from_strongswan() -> None:
    waiting = replace(CONNECTION, initiator=False)
    assert [reqids(swanctl.render(intent(CONNECTION))), reqids(swanctl.render(intent(waiting), traps="none"))] == [
        {"cw-berlin-london": None}
    ] * 2


def test_a_number_of_the_users_own_stays() -> None:
    own = replace(CONNECTION, extra={"child": {"reqid": "77"}})
    for traps in TRAPS:
        assert reqids(swanctl.render(intent(own), traps=traps)) == {"cw-berlin-london": "77"}


def test_ah_and_aggressive_mode() -> None:
    old = replace(CONNECTION, ike_version=1, aggressive=True, protocol="ah", ipsec_proposals=AH)
    found = connections_of(swanctl.render(intent(old)))["cw-berlin-london"]
    (child,) = found.sections["children"].sections.values()
    assert (found.values["version"], found.values["aggressive"]) == ("1", "yes")
    assert child.values["ah_proposals"] == "sha256-modp2048"
    assert "esp_proposals" not in child.values


def test_no_connections() -> None:
    assert connections_of(swanctl.render(intent())) == {}


@given(HOSTILE, HOSTILE, HOSTILE)
def test_no_text_breaks_out(name: str, local_id: str, remote_id: str) -> None:
    hostile = replace(CONNECTION, tunnel=name, peer_site=name, peer_host=name, local_id=local_id, remote_id=remote_id)
    found = connections_of(swanctl.render(replace(intent(hostile, replace(CONNECTION, name="cw-x")), host=name)))
    assert list(found) == ["cw-berlin-london", "cw-x"]
    assert found["cw-berlin-london"].sections["local"].values == {"auth": "psk", "id": local_id}
    assert found["cw-berlin-london"].sections["remote"].values == {"auth": "psk", "id": remote_id}


def test_nul_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^a NUL character cannot be written to swanctl\.conf\.$"):
        swanctl.quote("a\0b")


@given(st.integers(300, 2592000))
def test_keys_are_renewed_before_they_end(lifetime: int) -> None:
    text = swanctl.render(intent(replace(CONNECTION, ike_lifetime=lifetime, ipsec_lifetime=lifetime)))
    connection = connections_of(text)["cw-berlin-london"]
    (child,) = connection.sections["children"].sections.values()
    seconds = {key: int(str(value)[:-1]) for key, value in connection.values.items() if key.endswith("_time")}
    assert seconds["rekey_time"] + seconds["over_time"] == lifetime
    assert 0 < seconds["rand_time"] < seconds["rekey_time"]
    assert 0 < int(str(child.values["rekey_time"])[:-1]) < int(str(child.values["life_time"])[:-1]) == lifetime
