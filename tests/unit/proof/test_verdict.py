# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict says which end is wrong, and the table shows it."""

from __future__ import annotations

from typing import Any

from ansible_collections.causeway.ipsec.plugins.plugin_utils.proof import table, verdict

TUNNELS = [("berlin-london", "cw-berlin-london", ("berlin-gw", "london-gw"))]


def status(bytes_in: int, bytes_out: int) -> list[dict[str, Any]]:
    child = {"proposal": "AES_CTR_128/HMAC_SHA2_256_128", "bytes_in": bytes_in, "bytes_out": bytes_out}
    return [{"name": "cw-berlin-london", "state": "up", "ike_proposal": "AES_CTR_128/MODP_3072", "children": [child]}]


def ping(received: int) -> list[dict[str, Any]]:
    rtt = 1.25 if received else None
    return [
        {"name": "berlin-london/london-1", "address": "192.168.2.11", "sent": 3, "received": received, "rtt_ms": rtt}
    ]


def prove(berlin: tuple[int, int], london: tuple[int, int], received: int) -> verdict.Row:
    both = {"berlin-gw": status(*berlin), "london-gw": status(*london)}
    return verdict.rows(TUNNELS, {}, both, {"berlin-1": ping(received)})[0]


def test_answers_prove_the_tunnel() -> None:
    row = prove((840, 840), (840, 840), 3)
    assert (row.state, row.problems) == ("proven", ())
    assert table.render([row]).splitlines()[2].split() == [
        "berlin-london", "proven", "AES_CTR_128/MODP_3072", "AES_CTR_128/HMAC_SHA2_256_128",
        "840", "B", "/", "840", "B", "1", "of", "1", "1.2", "ms",
    ]  # fmt: skip


def test_nothing_encrypted_points_at_the_lan_hosts() -> None:
    lost, where = prove((0, 0), (0, 0), 0).problems
    assert lost == "berlin-1: no answer from london-1 (192.168.2.11): 0 of 3 replies"
    assert where.startswith("nothing was encrypted on berlin-gw and london-gw: the LAN hosts' packets don't reach")


def test_lost_on_the_way_points_at_the_network_between() -> None:
    assert prove((0, 840), (0, 0), 0).problems[1].startswith("berlin-gw encrypts, and nothing arrives at london-gw")


def test_decrypted_and_unanswered_points_at_the_far_end() -> None:
    assert prove((0, 840), (840, 0), 0).problems[1].startswith("london-gw decrypts and sends nothing back")


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


def test_no_answer_from_either_end_is_unproven_not_proven() -> None:
    row = verdict.rows(TUNNELS, {}, {}, {})[0]
    assert row.state == "unproven"
    assert "not seen from berlin-gw, london-gw" in table.render([row])
