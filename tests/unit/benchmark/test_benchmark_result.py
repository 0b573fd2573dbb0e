# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was measured, in words for people, and what is said where it was not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.causeway.ipsec.plugins.plugin_utils.benchmark import page, result

PAGE = Path(__file__).with_name("page.txt")
TO_LONDON = "inside from berlin-1 to london-1"
NOT_REACHED = "inside: {} gave no answer when it was to {} 192.168.2.11, TCP port 5201{}"
MORE, MAY = "more needs a quicker core or cipher", "the tunnel may carry more"
NO_LISTENER = "unable to start listener for connections: Address already in use"
ENDS = {
    "berlin-1": {"host": "berlin-1", "address": "192.168.1.11"},
    "london-1": {"host": "london-1", "address": "192.168.2.11"},
    "berlin-gw": {"host": "berlin-gw", "address": "198.51.100.10"},
    "london-gw": {"host": "london-gw", "address": "198.51.100.20"},
}
SENT = {"error": None, "bits_per_second": 60_000_000, "bytes": 75_000_000, "retransmits": 3, "mss": 1394}
LOOKED = {
    "berlin-gw": {"processors": 1, "aes": True, "drivers": {"rfc4106(gcm(aes))": "rfc4106-gcm-aesni"}},
    "london-gw": {"processors": 2, "aes": False, "drivers": {"rfc4106(gcm(aes))": "rfc4106(gcm_base(ctr(aes-lib)))"}},
}
UNREACHED = "unable to connect to server: Connection timed out"


def cores(*busy: float, steal: float = 0.0) -> list[dict[str, Any]]:
    return [
        {"core": f"cpu{number}", "busy": share, "idle": 100 - share - steal, "steal": steal}
        for number, share in enumerate(busy)
    ]


def answers(where: str, sender: str, receiver: str, **sent: Any) -> dict[str, Any]:
    """What the hosts of a measurement say, in which the end in London listens."""
    server, client = (sender, receiver) if sender.startswith("london") else (receiver, sender)
    gateways = ["london-gw", "berlin-gw"] if sender.startswith("london") else ["berlin-gw", "london-gw"]
    watchers = [host for host in dict.fromkeys((server, *gateways)) if host != client]
    return {
        "measurement": {
            "tunnel": "berlin-london",
            "where": where,
            "sender": ENDS[sender],
            "receiver": ENDS[receiver],
            "server": ENDS[server],
            "client": ENDS[client],
            "gateways": gateways,
            "port": 5201,
        },
        "watching": {host: {"error": None, "job": "51c3d8a6e0b94f27"} for host in watchers},
        "sent": {**SENT, "cores": cores(30.0), **sent},
        "told": {host: {"error": None, "cores": cores(60.0, 5.0)} for host in watchers},
    }


def inside(**sent: Any) -> dict[str, Any]:
    return answers("inside", "berlin-1", "london-1", **sent)


def info(*, carried: int = 0, spi: str = "c0", state: str = "up") -> dict[str, Any]:
    """What tunnel_info says at one end."""
    child = {"proposal": "AES_GCM_16-256", "mtu": 1446, "bytes_in": carried, "bytes_out": 1000, "spi_in": spi}
    return {"tunnels": [{"name": "cw-other"}, {"name": "cw-berlin-london", "state": state, "children": [child]}]}


def tunnels(
    *measured: dict[str, Any], before: dict[str, Any] | None = None, after: dict[str, Any] | None = None
) -> list[result.Tunnel]:
    rows = [result.row(one) for one in measured]
    start = before or {host: info() for host in LOOKED}
    finish = after or {host: info(carried=10**9) for host in LOOKED}
    return result.tunnels(rows, {"berlin-london": "cw-berlin-london"}, start, finish)


def problems(*measured: dict[str, Any], **status: dict[str, Any]) -> tuple[str, ...]:
    (tunnel,) = tunnels(*measured, **status)
    return tunnel.problems


def test_the_whole_page() -> None:
    found = tunnels(
        inside(),
        answers("inside", "london-1", "berlin-1", bits_per_second=59_940_000),
        answers("outside", "berlin-gw", "london-gw", bits_per_second=240_000_000, mss=1448),
        answers("outside", "london-gw", "berlin-gw", error=UNREACHED),
    )
    assert page.render(found, LOOKED) + "\n" == PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"watching": {"london-1": {"error": NO_LISTENER, "job": None}}},
            f"inside: iperf3 on london-1 does not listen on 192.168.2.11, TCP port 5201: {NO_LISTENER}",
        ),
        ({"watching": {}}, NOT_REACHED.format("london-1", "listen on", "")),
        ({"sent": {}}, NOT_REACHED.format("berlin-1", "call", " on london-1")),
        (
            {"sent": {"error": "it ended"}},
            "inside: between berlin-1 and 192.168.2.11, TCP port 5201 on london-1, iperf3 ended with: it ended",
        ),
    ],
)
def test_what_failed_names_the_hosts_the_address_and_the_port(change: dict[str, Any], said: str) -> None:
    assert problems({**inside(), **change}) == (said,)


def test_a_tunnel_that_is_down() -> None:
    after = {"berlin-gw": info(carried=10**9), "london-gw": info(carried=10**9, state="connecting")}
    assert problems(inside(), after=after) == (
        "the tunnel is connecting on london-gw; the playbook causeway.ipsec.verify says why",
    )


def test_what_was_measured_inside_must_have_been_in_the_tunnel() -> None:
    little = {host: info(carried=60_000_000) for host in LOOKED}
    (said,) = problems(inside(), after=little)
    assert said == (
        "of 75000000 bytes that were measured inside, only 60000000 went through the tunnel by what berlin-gw counts: "
        "these hosts have another way to each other, and the numbers are that one's"
    )
    assert problems(inside(), after={host: info(carried=75_000_000) for host in LOOKED}) == ()
    # What is measured outside is not in it; and new security associations begin to count anew.
    assert problems(answers("outside", "berlin-gw", "london-gw"), after={host: info() for host in LOOKED}) == ()
    assert problems(inside(), after={host: info(spi="c1") for host in LOOKED}) == ()


@pytest.mark.parametrize(
    ("host", "busy", "notes"),
    [
        ("berlin-gw", cores(89.9), ()),
        ("berlin-gw", cores(95.0), (f"{TO_LONDON}, cpu0 of berlin-gw was at its limit: {MORE}",)),
        ("london-1", cores(99.0), (f"{TO_LONDON}, cpu0 of london-1 was at its limit, which only measures: {MAY}",)),
        (
            "london-gw",
            cores(70.0, steal=25.0),
            (
                f"{TO_LONDON}, the hypervisor of london-gw withheld 25 % of cpu0's time",
                f"{TO_LONDON}, cpu0 of london-gw was at its limit: {MORE}",
            ),
        ),
    ],
)
def test_it_is_said_what_limits(host: str, busy: list[dict[str, Any]], notes: tuple[str, ...]) -> None:
    measured = inside()
    measured["told"][host]["cores"] = busy
    (tunnel,) = tunnels(measured)
    assert tunnel.notes == notes


def test_many_cores_are_not_all_listed() -> None:
    measured = inside()
    measured["told"]["berlin-gw"]["cores"] = cores(*(float(90 - number) for number in range(64)))
    (line,) = [line for line in page.render(tunnels(measured), {}).splitlines() if "cpu63" in line or "others" in line]
    assert line.endswith("; cpu15 75 % busy; 48 others less")


@pytest.mark.parametrize(
    ("bits", "said"),
    [
        (0, "0.0 kbit/s"),
        (870_000, "870 kbit/s"),
        (58_120_000, "58.1 Mbit/s"),
        (941_000_000, "941 Mbit/s"),
        (2_350_000_000, "2.4 Gbit/s"),
        (98_000_000_000, "98.0 Gbit/s"),
    ],
)
def test_rates(bits: int, said: str) -> None:
    assert page.rate(bits) == said


@pytest.mark.parametrize(
    ("proposal", "code"),
    [
        ("AES_GCM_16-256", "rfc4106-gcm-aesni"),
        ("AES_CBC-128/HMAC_SHA2_256_128", "authenc(hmac-sha256-ni,cbc-aes-aesni)"),
        ("AES_CTR-128/HMAC_SHA1_96", ""),
        ("HMAC_SHA2_256_128", ""),
        ("", ""),
    ],
)
def test_the_kernels_code_for_a_cipher(proposal: str, code: str) -> None:
    known = {
        "authenc(hmac(sha256),cbc(aes))": "authenc(hmac-sha256-ni,cbc-aes-aesni)",
        "rfc4106(gcm(aes))": "rfc4106-gcm-aesni",
    }
    assert result.driver(known, proposal) == code
