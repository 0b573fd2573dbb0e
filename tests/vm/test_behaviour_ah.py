# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long keys of AH last, and which of several proposals is taken. Userspace ESP has no AH, so only kernels tell.

The tests build on one another, in this order.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from pings import steadily, unanswered
from runs import eventually
from sites import GATEWAYS, LONDON_LAN, play_topology, states, tunnel_works
from traffic import capturing, pings

if TYPE_CHECKING:
    from vmlab import Lab

OCTETS, PACKETS = 1_000_000, 2000
POLICY: dict[str, Any] = {
    "ike": {"encryption": "aes256", "integrity": "sha256", "dh_group": 14},
    "ah": {
        "proposals": [{"integrity": "sha512", "pfs_group": 14}, {"integrity": "sha256", "pfs_group": 14}],
        "lifetime": 900,
        "rekey_margin": 100,
        "lifetime_packets": PACKETS,
        "lifetime_bytes": OCTETS,
    },
}
CONFIG = "/etc/swanctl/conf.d/causeway.conf"


@pytest.fixture(scope="module", autouse=True)
def authenticated(lab: Lab) -> None:
    """The scenario's tunnel with AH."""
    topology = lab.scenario.topology
    tunnels = [{**tunnel, "policy": "tested", "hw_offload": "auto"} for tunnel in topology["tunnels"]]
    play_topology(lab, {**topology, "policies": {"tested": POLICY}, "tunnels": tunnels})


@pytest.mark.parameters("ah.proposals", "ah.rekey_margin", "ah.lifetime_bytes", "ah.lifetime_packets")
def test_the_kernels_know_the_stronger_of_two_and_how_long_its_key_lasts(lab: Lab) -> None:
    for host in GATEWAYS:
        said = lab.ssh(host, "ip -s xfrm state")
        assert said.count("proto ah") == said.count("auth-trunc hmac(sha512)") == 2, said
        times = re.findall(r"expire add: soft (\d+)\(sec\), hard (\d+)\(sec\)", said)
        assert {hard for _soft, hard in times} == {"900"}
        # charon takes off a random part of one more than the margin, and drops what is less than one.
        assert all(700 - 1 <= int(soft) <= 800 for soft, _hard in times), times
        for what, most in (("packets", PACKETS), ("bytes", OCTETS)):
            limits = re.findall(rf"soft (\d+)\({what}\), hard (\d+)\({what}\)", said)
            assert {hard for _soft, hard in limits} == {str(most)}
            assert all(most * 0.8 - 1 <= int(soft) <= most * 0.9 for soft, _hard in limits), limits


@pytest.mark.parameters("ah.lifetime_bytes", "ah.lifetime_packets")
@pytest.mark.parametrize(
    ("count", "size"), [(OCTETS // 1000, 1200), (PACKETS, 8)], ids=["few and large", "many and small"]
)
def test_after_so_many_bytes_or_packets_there_are_new_keys_and_none_is_lost(lab: Lab, count: int, size: int) -> None:
    """Those that are few and large are half as many as would do by their number, the small ones a fifth by size.

    The new keys are asked for as late as at nine tenths of the limit, with 81 of the large packets to go. At 5 ms a
    packet, two busy machines have 0.4 s to agree.
    """
    lab.ssh("berlin-gw", "swanctl --terminate --ike cw-berlin-london >/dev/null")
    assert eventually(lambda: tunnel_works(lab), 20)
    before = states(lab)
    said = lab.ssh("berlin-1", f"ping {steadily(count, 0.005)} -s {size} {LONDON_LAN}")
    assert unanswered(said, count) == 0
    for had, has in zip(before, states(lab)):
        assert len(set(has.split()) - set(had.split())) >= 2, has


@pytest.mark.parameters("ah.proposals")
def test_the_other_one_is_taken_where_a_peer_has_no_stronger(lab: Lab) -> None:
    """London's owner has changed its mind."""
    lab.ssh("london-gw", f"cp {CONFIG} /root; sed -i 's/\"sha512-modp2048,/\"/' {CONFIG}; swanctl --load-conns")
    try:
        lab.ssh("berlin-gw", "swanctl --terminate --ike cw-berlin-london >/dev/null")
        assert eventually(lambda: pings(lab, "berlin-1", LONDON_LAN) == 1, 20)
        for host in GATEWAYS:
            assert lab.ssh(host, "ip xfrm state").count("auth-trunc hmac(sha256)") == 2
    finally:
        lab.ssh("london-gw", f"cp /root/causeway.conf {CONFIG}; swanctl --load-conns")


@pytest.mark.parameters("tunnel.hw_offload")
def test_what_no_device_takes_over_is_told(lab: Lab) -> None:
    """With auto it has been done in software all the while; who wants it from a device does not get less."""
    topology = lab.scenario.topology
    tunnels = [{**tunnel, "hw_offload": "crypto"} for tunnel in topology["tunnels"]]
    done = lab.play("-e", json.dumps({"ipsec_topology": {**topology, "tunnels": tunnels}}))
    assert done.status != 0
    said = " ".join(done.output.split())
    assert "berlin-london: london-gw: down: no device of this host takes over what hw_offload asks for (HW off" in said
    assert "berlin-london: berlin-gw: down: the peer at 198.51.100.20 could not set the tunnel up, and does not" in said
    with capturing(lab) as seen:
        assert pings(lab, "berlin-1", LONDON_LAN, count=3) == 0
    assert (seen.protected, seen.unexpected) == ([], [])
