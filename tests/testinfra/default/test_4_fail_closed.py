# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Userspace ESP: nothing for the other site leaves a gateway in clear, whatever has become of the tunnel."""

from __future__ import annotations

import contextlib
import subprocess
import time
from typing import TYPE_CHECKING

from testlab import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from testlab import Lab

GATEWAY, OTHER_LAN = "berlin-gw", "192.168.2.11"
# A neighbour on the WAN is the next hop, so that a packet which nothing stops does leave; and it would be translated.
MASQUERADE = "table ip theirs { chain post { type nat hook postrouting priority srcnat; oifname != lo masquerade; }; }"
HOSTILE = (f"nft '{MASQUERADE}'", "ip route add 192.168.2.0/24 via 198.51.100.20")
FRIENDLY = ("nft delete table ip theirs", "ip route del 192.168.2.0/24 via 198.51.100.20")
# What becomes of the tunnel, and what mends it where it doesn't mend itself.
MISHAPS = {
    "is up": ("true", "true"),
    "was ended": (
        "swanctl --terminate --ike cw-berlin-london --timeout 5 || true",
        "swanctl --initiate --child cw-berlin-london || true",  # from 5.9.11 on, traffic may have been faster
    ),
    "has no daemon": ("systemctl stop strongswan", "systemctl start strongswan"),
    "lost its daemon": ("pkill -KILL charon", "systemctl start strongswan"),
    "has a new daemon": ("systemctl restart strongswan", "true"),
    "is loaded anew": ("systemctl reload strongswan", "true"),
}


@contextlib.contextmanager
def leaving(lab: Lab) -> Iterator[list[str]]:
    """The packets that leave a gateway for the other site by any interface but the tunnel's, while its LAN talks."""
    seen: list[str] = []
    gateway, talker = lab.container(GATEWAY), lab.container("berlin-1")
    talk = f"(ping -n -i 0.1 {OTHER_LAN} & while sleep 0.2; do echo talk >/dev/udp/{OTHER_LAN}/7; done) >/dev/null 2>&1"
    watch = ["timeout", "60", "tcpdump", "-n", "-l", "-Q", "out", "-i", "any", "net 192.168.2.0/24"]
    with (
        subprocess.Popen(["podman", "exec", talker, "timeout", "60", "bash", "-c", talk]) as chatter,
        subprocess.Popen(
            ["podman", "exec", gateway, *watch], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as sniffer,
    ):
        assert any("listening on" in line for line in sniffer.stderr or ())
        try:
            yield seen
            time.sleep(1)
        finally:
            lab.sh(GATEWAY, "pkill -INT tcpdump")
            lab.host("berlin-1").run("pkill ping; pkill -f 'while sleep'")
            said = sniffer.communicate()[0]
            chatter.wait()
    # The tunnel's own device may be gone by the time its packets are printed; then it has no name ("?").
    seen += [line for line in said.splitlines() if line.split()[1:2] not in ([], ["lan0"], ["ipsec0"], ["?"])]


def test_nothing_leaves_in_clear(lab: Lab) -> None:
    for command in HOSTILE:
        lab.sh(GATEWAY, command)
    leaks = {}
    try:
        for mishap, (happens, mended) in MISHAPS.items():
            with leaving(lab) as seen:
                lab.sh(GATEWAY, happens)
                time.sleep(1)
                lab.sh(GATEWAY, mended)
                assert eventually(lambda: lab.pings("berlin-1", OTHER_LAN)), mishap
            leaks[mishap] = seen
    finally:
        for command in FRIENDLY:
            lab.sh(GATEWAY, command)
    assert leaks == {mishap: [] for mishap in MISHAPS}


def test_this_test_can_fail(lab: Lab) -> None:
    """With neither guard nor daemon, the packets do leave."""
    lab.sh(GATEWAY, HOSTILE[1])
    try:
        with leaving(lab) as seen:
            lab.sh(GATEWAY, "systemctl stop strongswan && nft delete table inet causeway")
            time.sleep(1)
    finally:
        lab.sh(GATEWAY, f"{FRIENDLY[1]}; systemctl restart causeway-firewall strongswan")
    assert seen
    assert eventually(lambda: lab.pings("berlin-1", OTHER_LAN))
