# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two gateways for each Debian release that the environment names an image of.

The image (CAUSEWAY_IMAGE_12, CAUSEWAY_IMAGE_13; for ML-KEM CAUSEWAY_IMAGE_14, too) has systemd and python3; strongSwan
is installed into it if it is not there yet.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from containers import running
from gateways import Gateway, podman

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RELEASES = ("12", "13")


@pytest.fixture(scope="session", params=RELEASES, ids=[f"debian{release}" for release in RELEASES])
def containers(request: pytest.FixtureRequest) -> Iterator[tuple[Gateway, Gateway]]:
    release = request.param
    with running(f"causeway-live-{os.getpid()}-{release}", {"a": release, "b": release}) as (here, there):
        for gateway in (here, there):
            gateway.prepare()
        yield here, there


@pytest.fixture
def pair(containers: tuple[Gateway, Gateway]) -> tuple[Gateway, Gateway]:
    for gateway in containers:
        gateway.reset()
    return containers


@pytest.fixture
def podman_restart() -> Callable[[Gateway], None]:
    def restart(gateway: Gateway) -> None:
        podman("restart", "-t", "5", gateway.container)
        gateway.start()

    return restart
