# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The covering set of tests/shared/suites.py as tunnels between the four gateways of the scenario, each with each."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from suites import behaviour, ike_version, policy, rows, spelled

if TYPE_CHECKING:
    from pairwise import Row

SITES = ("berlin", "london", "oslo", "rome")
OF_DEBIAN_13 = ("london", "oslo")  # whose strongSwan knows additional key exchanges
FOLLOWING = (31, 19, 14)
PAIRS = tuple(itertools.combinations(SITES, 2))


@dataclass(frozen=True)
class Tunnel:
    """One row, between two sites, the first of which dials."""

    number: int
    ends: tuple[str, str]
    row: Row = field(compare=False)

    @property
    def name(self) -> str:
        return f"t{self.number:02}"

    @property
    def connection(self) -> str:
        return f"cw-{self.name}"

    def __str__(self) -> str:
        return f"{self.name}-{spelled(self.row)}"

    def address(self, site: str) -> str:
        """Of its own subnet at an end."""
        return f"10.{64 + SITES.index(site)}.{self.number}.1"

    @property
    def way(self) -> tuple[str, str]:
        """From the dialling end to the other."""
        return self.address(self.ends[0]), self.address(self.ends[1])

    def planned(self) -> dict[str, Any]:
        """What a topology says of it."""
        return {
            "name": self.name,
            "sites": list(self.ends),
            "initiator": self.ends[0],
            "policy": f"p{self.number}",
            "ids": {end: f"{self.name}.{end}.example" for end in self.ends},
            "subnets": {end: [f"{self.address(end)[:-1]}0/24"] for end in self.ends},
            **{key: value for key, value in behaviour(self.row).items() if value not in {"auto", "allow"}},
        }


@cache
def rounds() -> tuple[tuple[Tunnel, ...], ...]:
    """The rows, given out to the pairs of gateways in turn, so that each end dials every other one.

    What begins with IKEv2 comes up at once. Who answers to IKEv1 goes by the addresses alone, so that there is one
    tunnel of it between two gateways at a time.
    """
    numbered = list(enumerate(rows()))
    first = [each for each in numbered if ike_version(each[1]) == 2]
    later = [each for each in numbered if ike_version(each[1]) == 1]
    size = len(PAIRS)
    return (_round(first), *(_round(later[start : start + size]) for start in range(0, len(later), size)))


def tunnels() -> tuple[Tunnel, ...]:
    """All of them."""
    return tuple(sorted((one for each in rounds() for one in each), key=lambda one: one.number))


def _round(numbered: list[tuple[int, Row]]) -> tuple[Tunnel, ...]:
    found = []
    for index, (number, row) in enumerate(numbered):
        pair = PAIRS[index % len(PAIRS)]
        ends = pair if (index // len(PAIRS) + number) % 2 else pair[::-1]
        found.append(Tunnel(number, ends, _with_more(row, number) if pair == OF_DEBIAN_13 else row))
    return tuple(found)


def _with_more(row: Row, number: int) -> Row:
    """The row with a second key exchange, where its version and its groups leave room for one."""
    following = FOLLOWING[number // len(PAIRS) % len(FOLLOWING)]
    taken = {row["dh_group"], row["pfs_group"]}
    return row if row["version"] != 2 or following in taken else {**row, "additional": following}


def topology(scenario: dict[str, Any], wanted: tuple[Tunnel, ...]) -> dict[str, Any]:
    """The scenario's own with some of them."""
    policies = {f"p{tunnel.number}": policy(tunnel.row) for tunnel in wanted}
    return {**scenario, "policies": policies, "tunnels": [tunnel.planned() for tunnel in wanted]}


def lans(site: str) -> list[str]:
    """The addresses that stand for its LANs."""
    return [tunnel.address(site) for tunnel in tunnels() if site in tunnel.ends]
