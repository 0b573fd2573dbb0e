# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scenario's inventory says of its machines, and of what else stands on its wires."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Link:
    """An interface, and the wire it hangs on."""

    name: str
    wire: str
    addresses: tuple[str, ...]
    gateways: tuple[str, ...] = ()

    def word(self) -> str:
        """What the image's service causeway-vm reads of it."""
        return f"{self.name}={'+'.join(self.addresses)}@{'+'.join(self.gateways)}"


@dataclass(frozen=True)
class Machine:
    """One host of the inventory."""

    name: str
    number: int
    links: tuple[Link, ...]
    manager: str = "ifupdown"
    release: str = "12"

    @property
    def address(self) -> str:
        """Where the lab reaches it: on its first interface."""
        return self.links[0].addresses[0].partition("/")[0]

    def tap(self, index: int) -> str:
        """The near end of one of its interfaces."""
        return f"vm{self.number}-{index}"

    def mac(self, index: int) -> str:
        return f"52:54:00:00:{self.number:02x}:{index:02x}"

    def kernel_arguments(self) -> list[str]:
        """Who it is: words for its kernel's command line, of which the image's service causeway-vm makes it."""
        net = ",".join(link.word() for link in self.links)
        return [f"causeway.host={self.name}", f"causeway.net={net}", f"causeway.manager={self.manager}"]


@dataclass(frozen=True)
class Box:
    """A network namespace on the wires: the internet, a router. Small enough not to need a machine."""

    name: str
    links: tuple[Link, ...]
    commands: tuple[str, ...]


class Hypervisor(Protocol):
    """What runs machines."""

    @property
    def boot_seconds(self) -> float:
        """How long one may take to boot, or to halt, before something must be wrong."""

    @property
    def attendant(self) -> str:
        """A script of this room that looks after the machines of a lab, given where they write; empty for none."""

    def command(self, machine: Machine, place: Path) -> list[str]:
        """The program that is this machine until it has halted. It keeps what it writes in `place`, over reboots."""

    def environment(self, place: Path) -> dict[str, str]:
        """The variables that the program needs besides."""


@dataclass(frozen=True)
class Scenario:
    """The inventories of a scenario, read: that of `base`, and what its own says otherwise, or its own by itself."""

    name: str
    machines: tuple[Machine, ...]
    boxes: tuple[Box, ...]
    stock_kernel: bool = False  # the distribution's own, under QEMU; else a User-Mode-Linux kernel

    @property
    def inventories(self) -> list[Path]:
        return _inventories(self.name)

    @property
    def topology(self) -> dict[str, Any]:
        """The `ipsec_topology` that its machines get unless a test says otherwise."""
        variables = (self.inventories[-1].parent / "group_vars" / "all.yml").read_text()
        topology: dict[str, Any] = yaml.safe_load(variables)["ipsec_topology"]
        return topology

    @property
    def wires(self) -> list[str]:
        ends: tuple[Machine | Box, ...] = (*self.machines, *self.boxes)
        return sorted({link.wire for end in ends for link in end.links})


def read_scenario(name: str) -> Scenario:
    hosts: dict[str, dict[str, Any]] = {}
    boxes: dict[str, dict[str, Any]] = {}
    stock_kernel = False
    for inventory in _inventories(name):
        lab = yaml.safe_load(inventory.read_text())["lab"]
        boxes |= lab.get("vars", {}).get("lab_boxes", {})
        stock_kernel = lab.get("vars", {}).get("lab_stock_kernel", stock_kernel)
        for host, variables in _hosts(lab):
            hosts[host] = hosts.get(host, {}) | variables
    machines = tuple(_machine(host, number, variables) for number, (host, variables) in enumerate(hosts.items(), 1))
    return Scenario(
        name,
        machines,
        tuple(Box(box, _links(said["links"]), tuple(said.get("commands", ()))) for box, said in boxes.items()),
        stock_kernel,
    )


def _inventories(name: str) -> list[Path]:
    base, own = (HERE / "scenarios" / each / "hosts.yml" for each in ("base", name))
    by_itself = yaml.safe_load(own.read_text())["lab"].get("vars", {}).get("lab_by_itself", False)
    return [own] if by_itself else list(dict.fromkeys((base, own)))


def _machine(name: str, number: int, variables: dict[str, Any]) -> Machine:
    return Machine(
        name=name,
        number=number,
        links=_links(variables["lab_links"]),
        manager=variables.get("lab_network_manager", "ifupdown"),
        release=os.environ.get("CAUSEWAY_VM_RELEASE") or variables.get("lab_release", "12"),
    )


def _links(links: dict[str, dict[str, Any]]) -> tuple[Link, ...]:
    return tuple(
        Link(name, link["wire"], tuple(link["addresses"]), tuple(link.get("gateways", ())))
        for name, link in links.items()
    )


def _hosts(group: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from group.get("hosts", {}).items()
    for child in group.get("children", {}).values():
        yield from _hosts(child)
