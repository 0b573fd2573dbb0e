# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel that Debian ships, with AppArmor, as users run it. Few tests: where the processor is emulated, each takes
minutes. They build on one another, in this order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from packets import ESP
from runs import eventually
from sites import GATEWAYS, PROVEN, lans_talk, play_again, tunnel_works, wan_while_lans_ping
from traffic import capturing

if TYPE_CHECKING:
    from runs import Run
    from vmlab import Lab

pytestmark = pytest.mark.usefixtures("first_run")

SCENARIO = "stock"
GATEWAY = "berlin-gw"
PROFILES = "/sys/kernel/security/apparmor/profiles"
CONFINEMENT = f'cat "/proc/$(systemctl show -P MainPID strongswan)/attr/current"; grep swanctl {PROFILES}'
# As Debian 12's packages have it: the daemon's profile only complains.
CONFINED = ["/usr/sbin/charon-systemd (complain)", "/usr/sbin/swanctl (enforce)"]


def test_a_run_proves_the_tunnel_and_the_wan_sees_nothing_but_esp(lab: Lab, first_run: Run) -> None:
    assert PROVEN.search(first_run.output)
    assert {packet.protocol for packet in wan_while_lans_ping(lab, count=3).protected} == {ESP}


@pytest.mark.parametrize("host", GATEWAYS)
def test_h32_apparmor_stays_on_and_has_denied_nothing(lab: Lab, host: str) -> None:
    assert lab.ssh(host, CONFINEMENT).splitlines() == CONFINED
    assert 'apparmor="DENIED"' not in lab.ssh(host, "journalctl -k -b --no-pager")


def test_a_second_run_changes_nothing(lab: Lab) -> None:
    play_again(lab)


def test_after_a_reboot_everything_is_back_and_nothing_has_leaked(lab: Lab) -> None:
    with capturing(lab) as seen, lans_talk(lab) as talks:
        lab.reboot(GATEWAY)
        assert eventually(lambda: tunnel_works(lab), 180)
    assert seen.clear == []
    assert all(0 < talk.received < talk.sent for talk in talks)
    assert lab.ssh(GATEWAY, CONFINEMENT).splitlines() == CONFINED
