# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two gateways for each Debian release that the environment names an image of.

The image (CAUSEWAY_IMAGE_12, CAUSEWAY_IMAGE_13) has systemd and python3; strongSwan is installed into it if it is not
there yet.
"""

from __future__ import annotations

import os
import shutil
from ipaddress import ip_network
from typing import TYPE_CHECKING

import pytest
from gateways import Gateway, podman

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RELEASES = ("12", "13")


@pytest.fixture(scope="session", params=RELEASES, ids=[f"debian{release}" for release in RELEASES])
def containers(request: pytest.FixtureRequest) -> Iterator[tuple[Gateway, Gateway]]:
    image = os.environ.get(f"CAUSEWAY_IMAGE_{request.param}")
    if not image or not shutil.which("podman"):
        pytest.skip(
            f"CAUSEWAY_IMAGE_{request.param} names no container image with systemd and python3, or podman is missing"
        )
    network = f"causeway-live-{os.getpid()}-{request.param}"
    pair = (Gateway(f"{network}-a", "a"), Gateway(f"{network}-b", "b"))
    podman("network", "create", network)
    subnet = podman("network", "inspect", "-f", "{{range .Subnets}}{{.Subnet}}{{end}}", network).strip()
    try:
        for number, gateway in enumerate(pair, 11):
            gateway.address = str(ip_network(subnet)[number])  # the same after a restart
            podman(
                "run",
                "-d",
                "--name",
                gateway.container,
                "--privileged",
                "--systemd=always",
                "--network",
                network,
                "--ip",
                gateway.address,
                image,
                "/lib/systemd/systemd",
            )
        for gateway in pair:
            gateway.prepare()
        yield pair
    finally:
        podman("rm", "-f", "-t", "0", *(gateway.container for gateway in pair), check=False)
        podman("network", "rm", network, check=False)


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
