# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict says which end is wrong, and the table shows it."""

from __future__ import annotations

from typing import Any

from ansible_collections.causeway.ipsec.plugins.plugin_utils.proof import table, verdict
from ansible_collections.causeway.ipsec.plugins.plugin_utils.proof.lost import Lost

TUNNELS = [("berlin-london", "cw-berlin-london", ("berlin-gw", "london-gw"))]


def status(bytes_in: int, bytes_out: int, mtu: int | None = 1446) -> list[dict[str, Any]]:
    child = {"proposal": "AES_CTR_128/HMAC_SHA2_256_128", "bytes_in": bytes_in, "bytes_out": bytes_out, "mtu": mtu}
    return [{"name": "cw-berlin-london", "state": "up", "ike_proposal": "AES_CTR_128/MODP_3072", "children": [child]}]


def ping(received: int, mtu: int | None = None) -> list[dict[str, Any]]:
    rtt = 1.25 if received else None
    counts = {"sent": 3, "received": received, "rtt_ms": rtt, "mtu": mtu}
    return [{"name": "berlin-london/london-1", "address": "192.168.2.11", **counts}]


def prove(berlin: tuple[int, int], london: tuple[int, int], received: int) -> verdict.Row:
    both = {"berlin-gw": status(*berlin), "london-gw": status(*london)}
    return verdict.rows(TUNNELS, {}, both, {"berlin-1": ping(received)})[0]


def test_answers_prove_the_tunnel() -> None:
    row = prove((840, 840), (840, 840), 3)
    assert (row.state, row.problems) == ("proven", ())
    assert table.render([row]).splitlines()[2].split() == [
        "berlin-london", "proven", "AES_CTR_128/MODP_3072", "AES_CTR_128/HMAC_SHA2_256_128",
        "840", "B", "/", "840", "B", "1", "of", "1", "1.2", "ms", "-",
    ]  # fmt: skip


def test_nothing_encrypted_points_at_the_lan_hosts() -> None:
    lost, where = prove((0, 0), (0, 0), 0).problems
    assert lost == "berlin-1: no answer from london-1 (192.168.2.11): 0 of 3 replies"
    assert where.startswith("nothing was encrypted on berlin-gw and london-gw: the LAN hosts' packets don't reach")


def test_lost_on_the_way_points_at_the_network_between() -> None:
    assert prove((0, 840), (0, 0), 0).problems[1].startswith("berlin-gw encrypts, and nothing arrives at london-gw")


def test_decrypted_and_unanswered_points_at_the_far_end() -> None:
    assert prove((0, 840), (840, 0), 0).problems[1].startswith("london-gw decrypts and sends nothing back")


def one_end(bytes_in: int, bytes_out: int, received: int = 0, uncovered: tuple[str, ...] = ()) -> verdict.Row:
    """A tunnel to a peer that we do not manage."""
    seen = [{**status(bytes_in, bytes_out)[0], "uncovered": list(uncovered)}]
    tunnels = [("berlin-london", "cw-berlin-london", ("berlin-gw",))]
    return verdict.rows(tunnels, {}, {"berlin-gw": seen}, {"berlin-gw": ping(received)})[0]


def test_a_silent_peer_that_is_not_managed_is_where_to_look() -> None:
    lost, where = one_end(0, 840).problems
    assert lost == "berlin-gw: no answer from london-1 (192.168.2.11): 0 of 3 replies"
    assert where == (
        "berlin-gw encrypts, and nothing comes back from the peer, which is not managed here: it drops what arrives or "
        "does not answer into the tunnel (its firewall, its forwarding, its routes, its LAN hosts' routes), or the "
        "network between drops IPsec (IP protocol 50 or 51, or UDP 4500)"
    )
    assert one_end(84, 84).problems[1].startswith("packets cross the tunnel both ways")
    assert one_end(0, 0).problems[1].startswith("nothing was encrypted on berlin-gw")


def test_a_peer_that_narrowed_the_tunnel_fails_it_though_pings_cross() -> None:
    row = one_end(84, 84, received=3, uncovered=("192.168.1.0/24 === 192.168.3.0/24",))
    (problem,) = row.problems
    assert row.state == "FAILED"
    assert problem == (
        "berlin-gw: up, but the peer did not agree to 192.168.1.0/24 === 192.168.3.0/24. Either it has other subnets "
        "than the topology says, or it takes one pair of subnets for each IPsec SA, as libreswan, Cisco's and "
        "Fortinet's devices do: then set selectors: pairs for the tunnel"
    )
    many = one_end(84, 84, uncovered=tuple(f"10.0.{number}.0/24 === 10.1.0.0/24" for number in range(6)))
    assert "10.0.4.0/24 === 10.1.0.0/24 and 1 more. Either" in many.problems[0]
    assert len(many.problems) == 2  # and the ping, but no guess at where it was lost


def test_a_tunnel_that_is_down_explains_its_lost_pings() -> None:
    raised = {"berlin-gw": [{"name": "cw-berlin-london", "state": "down", "cause": "the peer refused the PSK"}]}
    row = verdict.rows(TUNNELS, raised, {"berlin-gw": []}, {"berlin-1": ping(0)})[0]
    assert (row.state, row.problems) == ("FAILED", ("berlin-gw: down: the peer refused the PSK",))
    assert "not seen from london-gw" in table.render([row])


def test_a_gateway_that_could_not_look_says_why() -> None:
    failures = {"london-gw": "charon is not running"}
    row = verdict.rows(TUNNELS, {}, {"berlin-gw": status(0, 840)}, {"berlin-1": ping(0)}, failures)[0]
    assert row.problems == ("london-gw: down: charon is not running",)


def test_nothing_to_ping_is_up_but_not_proven() -> None:
    row = verdict.rows(TUNNELS, {}, {"berlin-gw": status(0, 0), "london-gw": status(0, 0)}, {})[0]
    assert row.state == "up"
    assert "up, but not proven" in table.render([row])


def test_of_many_tunnels_what_is_wrong_comes_last_and_what_is_the_same_is_said_once() -> None:
    tunnels = [(f"t{number}", f"cw-t{number}", ("berlin-gw",)) for number in range(8)]
    seen = [{**status(0, 0)[0], "name": section} for _name, section, _hosts in tunnels[1:]]
    rows = verdict.rows(tunnels, {}, {"berlin-gw": seen}, {})
    assert table.render(rows).splitlines()[2 + len(tunnels) :] == [
        "t1, t2, t3, t4, t5 and 2 more: up, but not proven: there was no address on the far side to ping through it",
        "t0: berlin-gw: down: no security association",
    ]


def test_no_answer_from_either_end_is_unproven_not_proven() -> None:
    row = verdict.rows(TUNNELS, {}, {}, {})[0]
    assert row.state == "unproven"
    assert "not seen from berlin-gw, london-gw" in table.render([row])


def measured(*mtus: int | None, computed: tuple[int | None, int | None] = (1446, 1446)) -> verdict.Row:
    both = {"berlin-gw": status(84, 84, computed[0]), "london-gw": status(84, 84, computed[1])}
    pings = {f"berlin-{number}": ping(3, mtu) for number, mtu in enumerate(mtus, 1)}
    return verdict.rows(TUNNELS, {}, both, pings)[0]


def mtu_column(row: verdict.Row) -> str:
    return table.render([row]).splitlines()[2].split()[-1]


def test_the_smallest_mtu_that_was_measured_is_shown() -> None:
    row = measured(1446, None, 1446)
    assert (row.state, row.notes, mtu_column(row)) == ("proven", (), "1446")
    assert table.render([row]).splitlines()[0].split()[-2:] == ["RTT", "MTU"]


def test_an_mtu_smaller_than_computed_is_noted_with_its_remedy_and_is_no_failure() -> None:
    row = measured(1446, 1346, 1446)
    assert (row.state, mtu_column(row)) == ("proven", "1346")
    assert row.notes == (
        (
            "packets of up to 1346 bytes pass from berlin-2 to london-1, but 1446 would by the algorithms and the "
            "gateways' own links: a link on the way, most likely between the gateways, has a smaller MTU. Set "
            "firewall_wan_mtu on both gateways to that link's MTU, so that TCP starts with segments that fit"
        ),
    )
    assert table.render([row]).splitlines()[-1] == f"berlin-london: {row.notes[0]}"


def test_the_end_with_the_smaller_computed_mtu_counts() -> None:
    assert measured(1400, computed=(1446, 1400)).notes == ()
    assert measured(1400, computed=(None, 1400)).notes == ()
    assert len(measured(1399, computed=(1446, 1400)).notes) == 1


def test_an_mtu_below_what_ipv6_needs_is_said_even_where_it_is_computed_so() -> None:
    (note,) = measured(1200, computed=(1200, 1200)).notes
    assert note == (
        "small pings pass from berlin-1 to london-1, but no packet above 1200 bytes: IPv6 does not work below 1280, "
        "and whatever sends larger packets and does not hear of it will hang"
    )
    assert len(measured(1200).notes) == 2
    assert len(measured(1200, computed=(None, None)).notes) == 1


LONDON = ("berlin-london",)
NO_GATEWAY = Lost("london-gw", unreachable=True, why="no route to host", tunnels=LONDON, gateway=True)
NO_LAN_HOST = Lost("london-1", unreachable=True, why="no route to host", tunnels=LONDON, gateway=False)


def without(lost: Lost, pings: dict[str, Any], **statuses: Any) -> verdict.Row:
    return verdict.rows(TUNNELS, {}, statuses, pings, lost=[lost])[0]


def test_a_gateway_that_cannot_be_reached_leaves_its_tunnel_unproven() -> None:
    row = without(NO_GATEWAY, {}, **{"berlin-gw": status(0, 0)})
    assert (row.state, row.problems, row.wanting) == ("unproven", (), True)
    assert table.render([row], [NO_GATEWAY]).splitlines()[3:] == [str(NO_GATEWAY)]


def test_packets_that_cross_prove_a_tunnel_whoever_is_not_reached() -> None:
    row = without(NO_GATEWAY, {"berlin-1": ping(3)}, **{"berlin-gw": status(840, 840)})
    assert (row.state, row.wanting) == ("proven", False)
    assert "not seen from" not in table.render([row], [NO_GATEWAY])


def test_a_lan_host_that_is_down_says_nothing_of_the_tunnel() -> None:
    both = {"berlin-gw": status(0, 840), "london-gw": status(840, 0)}
    row = without(NO_LAN_HOST, {"berlin-1": ping(0)}, **both)
    assert (row.state, row.problems, row.pings) == ("unproven", (), ())
    assert row.wanting
    assert without(NO_LAN_HOST, {"berlin-gw": ping(3)}, **both).state == "proven"


def test_a_tunnel_that_is_down_failed_whoever_is_not_reached() -> None:
    row = without(NO_GATEWAY, {}, **{"berlin-gw": []})
    assert (row.state, row.problems) == ("FAILED", ("berlin-gw: down: no security association",))


def test_a_host_that_was_never_in_the_run_leaves_nothing_wanting() -> None:
    row = verdict.rows(TUNNELS, {}, {}, {})[0]
    assert (row.state, row.wanting) == ("unproven", False)
