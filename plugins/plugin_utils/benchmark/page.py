# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be measured and what was measured, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..columns import aligned
from .plan import INSIDE, SPARE_SECONDS
from .result import driver

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .plan import Plan
    from .result import Answer, Row, Tunnel

MOST_LINES = 20  # of what is not measured; a large fleet of which few hosts are in the run has thousands
MOST_CORES = 16
HEAD = ("Tunnel", "Where", "From", "To", "Throughput", "Ratio", "Resent", "MSS")
HEAD_OF_CORES = ("Sender's gateway", "Receiver's gateway")


def render_plan(plan: Plan, seconds: int) -> str:
    """What would be measured and how long that takes, and what is not."""
    count = len(plan.measurements)
    lines = [f"{count} measurements of {seconds} s each, one after the other: about {_duration(plan, seconds)}."]
    if any(one.where != INSIDE for one in plan.measurements):
        lines.append("Outside of the tunnels, what is sent is test data in clear.")
    lines += [
        f"{one.tunnel}, {one.where}: {one.sender.host} ({one.sender.address}) sends to {one.receiver.host} "
        f"({one.receiver.address}); {one.server.host} listens"
        for one in plan.measurements
    ]
    return "\n".join([*lines, *not_measured(plan.unmeasured)])


def _duration(plan: Plan, seconds: int) -> str:
    total = len(plan.measurements) * (seconds + SPARE_SECONDS)
    return f"{total} s" if total < 120 else f"{total / 60:.0f} minutes"


def not_measured(reasons: Sequence[str]) -> list[str]:
    shown = [f"Not measured: {reason}" for reason in reasons[:MOST_LINES]]
    more = len(reasons) - len(shown)
    return [*shown, f"Not measured: {more} more"] if more else shown


def render(tunnels: Sequence[Tunnel], looked: Mapping[str, Answer]) -> str:
    """A table of all measurements, what the processors did, and what each tunnel and gateway is."""
    lines = aligned((*HEAD, *HEAD_OF_CORES), [_cells(row) for tunnel in tunnels for row in tunnel.rows])
    for tunnel in tunnels:
        lines += ["", *_about(tunnel, looked)]
        lines += [line for row in tunnel.rows for line in _processors(row)]
        lines += [f"{tunnel.name}: {text}" for text in (*tunnel.problems, *tunnel.notes)]
    return "\n".join(lines)


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.tunnel,
        row.where,
        row.sender,
        row.receiver,
        "FAILED" if row.error else rate(row.bits_per_second),
        "-" if row.ratio is None else f"{row.ratio:.2f}",
        "-" if row.retransmits is None else str(row.retransmits),
        str(row.mss or "-"),
        *(_busiest(row, place) for place in (0, -1)),
    )


def _busiest(row: Row, place: int) -> str:
    """The busiest core of one of the two gateways."""
    cores = row.cores.get(row.gateways[place]) if len(row.gateways) == 2 else None
    return f"{cores[0]['core']} {_load(cores[0])}" if cores else "-"


def _load(core: Answer) -> str:
    stolen = f", {core['steal']:.0f} % stolen" if core["steal"] else ""
    return f"{core['busy']:.0f} % busy{stolen}"


def rate(bits_per_second: int) -> str:
    """Bits a second as people say them."""
    size, unit = bits_per_second / 1000, "kbit/s"
    for larger in ("Mbit/s", "Gbit/s"):
        if size < 1000:
            break
        size, unit = size / 1000, larger
    return f"{size:.0f} {unit}" if size >= 100 else f"{size:.1f} {unit}"


def _about(tunnel: Tunnel, looked: Mapping[str, Answer]) -> Iterator[str]:
    """What the tunnel is made of, and with what each of its gateways encrypts."""
    size = f", packets of up to {tunnel.mtu} bytes" if tunnel.mtu else ""
    yield f"{tunnel.name}: {tunnel.cipher or 'down'}{size}"
    for host in dict.fromkeys(host for row in tunnel.rows for host in row.gateways):
        if host in looked:
            yield f"  {host}: {_encrypts(looked[host], tunnel.cipher)}"


def _encrypts(host: Answer, cipher: str) -> str:
    count = host.get("processors") or 0
    aes = "with" if host.get("aes") else "without"
    code = driver(host.get("drivers") or {}, cipher)
    said = f"{count} core{'' if count == 1 else 's'} {aes} instructions for AES"
    return f"{said}; the kernel uses {code}" if code else said


def _processors(row: Row) -> Iterator[str]:
    """Each core of both gateways while a measurement went on."""
    for host in row.gateways:
        cores: Sequence[Mapping[str, Any]] = row.cores.get(host, ())
        shown = [f"{core['core']} {_load(core)}" for core in cores[:MOST_CORES]]
        if len(cores) > MOST_CORES:
            shown.append(f"{len(cores) - MOST_CORES} others less")
        if shown:
            yield f"  {host}, {row.where} from {row.sender} to {row.receiver}: {'; '.join(shown)}"
