# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command lines of iperf3 (3.9 or newer), and what it says. Pure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

CONNECT_SECONDS = 5
LISTENING = "Server listening on"
_VERSION = re.compile(r"^iperf (\d\S*)", re.MULTILINE)
_ERROR = re.compile(r"^(?:iperf3: )?(?:error - )?(.+)$")


@dataclass(frozen=True)
class Sending:
    """What a client is to do."""

    address: str  # the server's
    source: str
    port: int
    seconds: int
    streams: int
    reverse: bool  # the server sends


def server_command(iperf3: str, address: str, port: int) -> list[str]:
    """Serves one client on one address, and ends. What it says comes at once, since somebody waits for it."""
    return [iperf3, "--server", "--one-off", "--forceflush", "--bind", address, "--port", str(port)]


def client_command(iperf3: str, sending: Sending) -> list[str]:
    command = [iperf3, "--json", "--client", sending.address, "--bind", sending.source, "--port", str(sending.port)]
    command += ["--time", str(sending.seconds), "--parallel", str(sending.streams)]
    command += ["--connect-timeout", str(CONNECT_SECONDS * 1000)]
    return [*command, "--reverse"] if sending.reverse else command


def parse_version(said: str) -> str | None:
    found = _VERSION.search(said)
    return found.group(1) if found else None


def parse_client(out: str, err: str) -> dict[str, Any]:
    """What arrived, or as `error` why nothing did."""
    try:
        said = json.loads(out)
    except ValueError:
        return {"error": complaint(err or out)}
    if "error" in said:
        return {"error": complaint(said["error"])}
    sent, received = said["end"]["sum_sent"], said["end"]["sum_received"]
    return {
        "error": None,
        "bits_per_second": round(received["bits_per_second"]),
        "bytes": received["bytes"],
        "seconds": round(received["seconds"], 2),
        "retransmits": sent.get("retransmits"),
        "mss": said["start"].get("tcp_mss_default") or None,
    }


def complaint(said: str) -> str:
    """The last line in which iperf3 says what is wrong, without its own name."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    found = _ERROR.match(lines[-1]) if lines else None
    return found.group(1) if found else "iperf3 says nothing"
