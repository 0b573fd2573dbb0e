# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How busy each core was while most bytes passed. Pure: it is given what /proc/stat and /proc/net/dev say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Columns of /proc/stat (proc(5)): user nice system idle iowait irq softirq steal; the rest is counted in user.
_IDLE, _STEAL, _COLUMNS = (3, 4), 7, 8
_SENT = 8  # in /proc/net/dev, where received bytes come first


@dataclass(frozen=True)
class Ticks:
    """What a core has done since the boot."""

    busy: int
    idle: int
    steal: int  # wanted to work, and the hypervisor let somebody else


@dataclass(frozen=True)
class Sample:
    """What a host says at one moment."""

    seconds: float  # of a clock that only ever goes forward
    octets: int  # received and sent on all its interfaces but loopback
    cores: Mapping[str, Ticks]


def parse_cores(stat: str) -> dict[str, Ticks]:
    """Each core's ticks in the text of /proc/stat."""
    lines = (line.split() for line in stat.splitlines() if line.startswith("cpu"))
    return {name: _ticks([int(number) for number in numbers]) for name, *numbers in lines if name != "cpu"}


def _ticks(columns: Sequence[int]) -> Ticks:
    known = [*columns[:_COLUMNS], *[0] * (_COLUMNS - len(columns))]
    idle, steal = sum(known[column] for column in _IDLE), known[_STEAL]
    return Ticks(sum(known) - idle - steal, idle, steal)


def parse_octets(net_dev: str) -> int:
    """The bytes that have passed all interfaces but loopback, in the text of /proc/net/dev."""
    total = 0
    for line in net_dev.splitlines():
        name, colon, rest = line.partition(":")
        if colon and name.strip() != "lo":
            numbers = rest.split()
            total += int(numbers[0]) + int(numbers[_SENT])
    return total


def busiest(samples: Sequence[Sample], seconds: float) -> tuple[Sample, Sample]:
    """The two samples, at most so many seconds apart, between which most bytes passed.

    Watching begins before a measurement and ends after it, so its own time is found by its packets.
    """
    best, last = (samples[0], samples[-1]), 0
    most = -1
    for first in samples:
        while last + 1 < len(samples) and samples[last + 1].seconds - first.seconds <= seconds:
            last += 1
        passed = samples[last].octets - first.octets
        if passed > most:
            best, most = (first, samples[last]), passed
    return best


def loads(first: Sample, last: Sample) -> list[dict[str, Any]]:
    """Between two samples, the shares of each core's time, in percent; the busiest core comes first."""
    found = [_load(name, first.cores[name], ticks) for name, ticks in last.cores.items() if name in first.cores]
    return sorted(found, key=lambda core: -(core["busy"] + core["steal"]))


def _load(name: str, before: Ticks, after: Ticks) -> dict[str, Any]:
    parts = {
        "busy": after.busy - before.busy,
        "idle": after.idle - before.idle,
        "steal": after.steal - before.steal,
    }
    total = sum(parts.values())
    return {"core": name, **{part: round(100 * ticks / total, 1) if total else 0.0 for part, ticks in parts.items()}}
