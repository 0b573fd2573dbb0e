# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gateways that reboot while their LANs go on talking: everything is back, and on the way nothing leaves in clear."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from runs import eventually
from sites import GATEWAYS, PROVEN, lans_talk, tunnel_works
from traffic import capturing

if TYPE_CHECKING:
    from runs import Run
    from vmlab import Lab

pytestmark = pytest.mark.usefixtures("first_run")


def test_the_tunnel_is_there(first_run: Run) -> None:
    assert PROVEN.search(first_run.output)


@pytest.mark.parametrize("host", GATEWAYS)
@pytest.mark.parametrize("way", ["reboot", "lose_power"])
def test_everything_is_back_and_nothing_has_leaked(lab: Lab, host: str, way: str) -> None:
    with capturing(lab) as seen, lans_talk(lab) as talks:
        getattr(lab, way)(host)
        assert eventually(lambda: tunnel_works(lab), 60)
    assert seen.clear == []
    # Some were lost while the gateway was away: they were sent all the while.
    assert all(0 < talk.received < talk.sent for talk in talks)
    assert lab.ssh(host, "systemctl is-system-running --wait").strip() == "running"
