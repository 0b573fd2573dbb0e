# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers that are to be gateways, side by side on a network with a way to the packages."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from gateways import Gateway, podman

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

UNIFIED = Path("/sys/fs/cgroup/unified")
# systemd from 258 on (Debian 14) runs on cgroups of version 2 only. Where the machine has both versions, podman would
# give it the first; so it gets the tree of the second, in which the engine has made a group for the container, too.
OLD_CGROUPS = ("--systemd=always",)
ONLY_UNIFIED = (
    "--systemd=false",
    "--cgroupns=host",
    f"--volume={UNIFIED}:/sys/fs/cgroup:rw",
    *(f"--tmpfs={path}" for path in ("/run", "/run/lock", "/tmp")),
)


def image_of(release: str) -> str:
    """The image of a Debian release; without one, or without podman, the test is skipped."""
    image = os.environ.get(f"CAUSEWAY_IMAGE_{release}")
    if not image or not shutil.which("podman"):
        pytest.skip(f"CAUSEWAY_IMAGE_{release} names no container image with systemd and python3, or podman is missing")
    return image


@contextmanager
def running(network: str, releases: Mapping[str, str]) -> Iterator[tuple[Gateway, ...]]:
    """Containers of these Debian releases, each on a side of its own (gateways.LAN); gone afterwards."""
    images = {side: image_of(release) for side, release in releases.items()}
    gateways = tuple(Gateway(f"{network}-{side}", side) for side in releases)
    podman("network", "create", network)
    try:
        subnet = podman("network", "inspect", "-f", "{{range .Subnets}}{{.Subnet}}{{end}}", network).strip()
        for number, (gateway, (side, release)) in enumerate(zip(gateways, releases.items()), 11):
            gateway.address = str(ip_network(subnet)[number])  # the same after a restart
            options = ONLY_UNIFIED if int(release) >= 14 and UNIFIED.is_dir() else OLD_CGROUPS
            where = ("--network", network, "--ip", gateway.address)
            name = ("--name", gateway.container)
            podman("run", "-d", *name, "--privileged", *options, *where, images[side], "/lib/systemd/systemd")
        yield gateways
    finally:
        podman("rm", "-f", "-t", "0", *(gateway.container for gateway in gateways), check=False)
        podman("network", "rm", network, check=False)
