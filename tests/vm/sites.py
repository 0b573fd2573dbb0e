# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of two sites share: who they are, and whether their tunnel works."""

from __future__ import annotations

import contextlib
import json
import re
from typing import TYPE_CHECKING, Any

from traffic import Capture, Pinging, capturing, pinging, pings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runs import Run
    from vmlab import Lab

GATEWAYS = ("berlin-gw", "london-gw")
BERLIN_LAN, LONDON_LAN = "192.168.1.11", "192.168.2.11"
LAN_HOSTS = {"berlin-gw": "berlin-1", "london-gw": "london-1"}
OTHER_LAN = {"berlin-gw": LONDON_LAN, "london-gw": BERLIN_LAN}
PROVEN = re.compile(r"^berlin-london +proven .* 4 of 4 ", re.MULTILINE)
INSTALL = (
    "apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq -y install --no-install-recommends >/dev/null"
)


def states(lab: Lab) -> list[str]:
    """The SPIs in both kernels: they stay for as long as no tunnel is set up anew."""
    return [" ".join(sorted(re.findall(r"spi (\S+)", lab.ssh(host, "ip xfrm state")))) for host in GATEWAYS]


def tunnel_works(lab: Lab) -> bool:
    return pings(lab, "berlin-1", LONDON_LAN) == pings(lab, "london-1", BERLIN_LAN) == 1


def forget_paths(lab: Lab) -> None:
    """LAN hosts know nothing of how large a packet may be. What a tunnel before taught them would last ten minutes."""
    for host in LAN_HOSTS.values():
        lab.ssh(host, "ip route flush cache; ip -6 route flush cache; ip tcp_metrics flush all")


def wan_while_lans_ping(lab: Lab, count: int = 5) -> Capture:
    """What the WAN sees while both LANs ping each other: every ping and its answer, protected, and nothing else."""
    with capturing(lab) as seen:
        assert pings(lab, "berlin-1", LONDON_LAN, count=count) == count
        assert pings(lab, "london-1", BERLIN_LAN, count=count) == count
    assert len(seen.protected) == 4 * count
    assert seen.unexpected == []
    return seen


def play_again(lab: Lab) -> Run:
    """A run that has nothing to do: it changes nothing, and the tunnel stays the one that it was."""
    before = states(lab)
    again = lab.play().succeeded()
    assert set(again.changed.values()) == {0}
    assert states(lab) == before
    return again


@contextlib.contextmanager
def lans_talk(lab: Lab) -> Iterator[tuple[Pinging, Pinging]]:
    """Both LANs ping each other all the while, come what may."""
    with pinging(lab, "berlin-1", LONDON_LAN) as out, pinging(lab, "london-1", BERLIN_LAN) as back:
        yield out, back


def play_topology(lab: Lab, topology: dict[str, Any], **variables: object) -> Run:
    """site.yml with another topology; what it says if it fails is the test's failure."""
    return lab.play("-e", json.dumps({"ipsec_topology": topology, **variables})).succeeded()


def play_firewall(lab: Lab, topology: dict[str, Any] | None = None, **variables: object) -> Run:
    """Nothing but the firewall and the proof."""
    what = {"ipsec_topology": topology or lab.scenario.topology, **variables}
    return lab.play("--tags", "firewall,proof", "-e", json.dumps(what))
