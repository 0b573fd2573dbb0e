# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inventory says of each virtual machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Machine:
    """One host of the inventory."""

    name: str
    number: int
    links: dict[str, dict[str, str]]
    manager: str = "ifupdown"

    @property
    def address(self) -> str:
        """Where the lab reaches it: on its first interface."""
        return next(iter(self.links.values()))["address"].partition("/")[0]

    def tap(self, index: int) -> str:
        """The near end of one of its interfaces."""
        return f"vm{self.number}-{index}"

    def kernel_arguments(self) -> list[str]:
        """Its interfaces, and what the image's service causeway-vm makes of them."""
        # Without gro=1, TCP over these interfaces stalls.
        nics = [
            f"vec{index}:transport=tap,ifname={self.tap(index)},mac=52:54:00:00:{self.number:02x}:{index:02x},gro=1"
            for index in range(len(self.links))
        ]
        net = ",".join(f"{name}:{link['address']}" for name, link in self.links.items())
        return [*nics, f"causeway.host={self.name}", f"causeway.net={net}", f"causeway.manager={self.manager}"]


def read_machines(inventory: Path) -> list[Machine]:
    """The machines of the inventory's group `lab`."""
    lab = yaml.safe_load((inventory / "hosts.yml").read_text())["lab"]
    return [
        Machine(name, number, variables["lab_links"], variables.get("lab_network_manager", "ifupdown"))
        for number, (name, variables) in enumerate(_hosts(lab), 1)
    ]


def _hosts(group: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from group.get("hosts", {}).items()
    for child in group.get("children", {}).values():
        yield from _hosts(child)
