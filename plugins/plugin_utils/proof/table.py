# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proof as a table for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..columns import aligned
from ..wording import first_few
from .verdict import End, Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .lost import Lost

HEAD = ("Tunnel", "State", "IKE", "ESP", "Out / in", "Pings", "RTT", "MTU")


def render(rows: Sequence[Row], lost: Iterable[Lost] = ()) -> str:
    """Columns of text, then a line for each note, each problem, and each host that dropped out of the run.

    Of many tunnels, what is wrong comes last, where one looks first; and what is to be said of many is said once.
    """
    problems = [f"{row.tunnel}: {text}" for row in rows for text in row.problems]
    return "\n".join([*aligned(HEAD, [_cells(row) for row in rows]), *_notes(rows), *problems, *map(str, lost)])


def _cells(row: Row) -> tuple[str, ...]:
    seen = next((end for end in row.ends if end.up), End(""))
    rtts = [ping.rtt_ms for ping in row.pings if ping.rtt_ms is not None]
    return (
        row.tunnel,
        row.state,
        seen.ike or "-",
        seen.esp or "-",
        f"{_size(seen.bytes_out)} / {_size(seen.bytes_in)}" if seen.up else "-",
        f"{sum(1 for ping in row.pings if ping.received)} of {len(row.pings)}" if row.pings else "-",
        f"{sum(rtts) / len(rtts):.1f} ms" if rtts else "-",
        str(row.narrowest.mtu) if row.narrowest else "-",
    )


def _notes(rows: Iterable[Row]) -> list[str]:
    tunnels: dict[str, list[str]] = {}
    for row in rows:
        for text in _notes_of(row):
            tunnels.setdefault(text, []).append(row.tunnel)
    return [f"{first_few(names)}: {text}" for text, names in tunnels.items()]


def _notes_of(row: Row) -> Iterator[str]:
    yield from row.notes
    absent = [end.host for end in row.ends if end.up is None and end.host not in row.lost]
    if absent:
        yield f"not seen from {', '.join(absent)}, which gave no answer in this run"
    elif row.state == "up":
        yield "up, but not proven: there was no address on the far side to ping through it"


def _size(count: int) -> str:
    """Bytes as people say them: 999 B, 1.5 kB, 20 MB (powers of 1000)."""
    size, unit = float(count), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if size < 1000:
            break
        size, unit = size / 1000, larger
    return f"{size:.0f} {unit}" if size >= 100 or unit == "B" else f"{size:.1f} {unit}"
