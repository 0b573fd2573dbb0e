# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Peers that nobody here manages: what their owners run and write, which are the examples of docs/peers."""

from __future__ import annotations

import re
import shlex
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from runs import eventually
from sites import INSTALL
from wires import LabError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vmlab import Lab

EXAMPLES = Path(__file__).parents[2] / "docs" / "peers"
OURS = "berlin"
# A gateway forwards, and the one with a second way out takes it for what comes from there.
FORWARD = "sysctl -qw net.ipv4.ip_forward=1"
BEHIND_NAT = "ip rule add from 10.23.228.173 table 173; ip route add default via 10.23.228.1 table 173"
INCLUDES = 'for kind in conf secrets; do echo "include /etc/ipsec.d/*.$kind" >/etc/ipsec.$kind; done'
FLUSH = "ip xfrm state flush; ip xfrm policy flush"


@dataclass(frozen=True)
class Software:
    """One peer's machine, and how its owner handles what runs there; {conn} is a connection's name."""

    name: str  # of its directory of examples
    host: str
    packages: str
    prepare: str
    unit: str
    status: str
    kill: str
    dial: str
    rekey: str

    @property
    def sites(self) -> tuple[str, ...]:
        return tuple(path.stem for path in sorted((EXAMPLES / self.name).glob("*.conf")))

    def files(self) -> dict[str, str]:
        """What its owner writes, by name."""
        room = EXAMPLES / self.name
        return {path.name: path.read_text() for path in (*room.glob("*.conf"), *room.glob("*.secrets"))}

    def install(self, lab: Lab) -> None:
        lab.ssh(self.host, f"{INSTALL} {self.packages}; systemctl stop {self.unit}; {FORWARD}; {self.prepare}")

    def configure(self, lab: Lab, files: Mapping[str, str]) -> None:
        """Has these files and no others in force."""
        write = [f"printf %s {shlex.quote(text)} >/etc/ipsec.d/{name}" for name, text in files.items()]
        lab.ssh(self.host, "; ".join(["umask 077", "rm -f /etc/ipsec.d/*.conf /etc/ipsec.d/*.secrets", *write]))
        self.restart(lab)

    def restart(self, lab: Lab, before: str = "true") -> None:
        """In order: it tells its peers good-bye, unless something was done to it before."""
        lab.ssh(self.host, f"{before}; systemctl restart {self.unit}")
        if not eventually(lambda: self._knows(lab, self.sites), 60):
            raise LabError(f"{self.host}: {self.status}: {lab.ssh(self.host, self.status, check=False)}")

    def crash(self, lab: Lab) -> None:
        """Forgets everything, and is back."""
        self.restart(lab, f"{self.kill}; systemctl stop {self.unit}; {FLUSH}")

    def each(self, lab: Lab, command: str) -> str:
        """Runs a command for all of its connections."""
        words = "; ".join(command.format(conn=f"{OURS}-{site}") for site in self.sites)
        return lab.ssh(self.host, f"timeout 60 bash -c {shlex.quote(words)}")

    def _knows(self, lab: Lab, sites: tuple[str, ...]) -> bool:
        shown = lab.ssh(self.host, self.status, check=False)
        return all(re.search(rf"\b{OURS}-{site}\b", shown) for site in sites)


LIBRESWAN = Software(
    name="libreswan",
    host="london-gw",
    packages="libreswan",
    prepare="true",
    unit="ipsec",
    status="ipsec status",
    kill="pkill -KILL pluto",
    dial="ipsec auto --asynchronous --up {conn}",
    # It refuses to rekey what is of IKEv1, where that is no more than to negotiate once again.
    rekey="if ipsec whack --asynchronous --rekey-ipsec --name {conn} | grep -q IKEv1; then"
    " ipsec auto --asynchronous --up {conn};"
    " else sleep 1; ipsec whack --asynchronous --rekey-ike --name {conn}; fi",
)
STRONGSWAN = Software(
    name="strongswan",
    host="paris-gw",
    packages="strongswan-starter strongswan-charon libstrongswan-standard-plugins",
    prepare=f"{BEHIND_NAT}; {INCLUDES}",
    unit="strongswan-starter",
    status="ipsec statusall",
    kill="pkill -KILL starter; pkill -KILL charon",
    dial="ipsec stroke up-nb {conn}",
    rekey="ipsec stroke rekey '{conn}{{*}}'; ipsec stroke rekey '{conn}[*]'",
)
PEERS = (LIBRESWAN, STRONGSWAN)


@cache
def examples() -> dict[str, dict[str, Any]]:
    """The topologies of the examples of these peers, by the peer's site."""
    paths = sorted(path for peer in PEERS for path in (EXAMPLES / peer.name).glob("*.yml"))
    return {path.stem: yaml.safe_load(path.read_text())["ipsec_topology"] for path in paths}


def topology() -> dict[str, Any]:
    """All examples as one: our site has the subnets of all, and each tunnel those that its own example has."""
    whole: dict[str, Any] = {"policies": {}, "sites": {}, "tunnels": []}
    subnets: list[str] = []
    for example in deepcopy(list(examples().values())):
        own = example["sites"][OURS]
        subnets += [subnet for subnet in own["subnets"] if subnet not in subnets]
        whole["policies"] |= example["policies"]
        whole["sites"] |= example["sites"]
        whole["tunnels"] += [{"subnets": {OURS: own["subnets"]}, **tunnel} for tunnel in example["tunnels"]]
    whole["sites"][OURS] = {**whole["sites"][OURS], "subnets": subnets}
    return whole


def vault() -> dict[str, str]:
    """The keys that the examples take from our vault: the ones that the peers' secrets name."""
    secrets = "".join(text for peer in PEERS for name, text in peer.files().items() if name.endswith(".secrets"))
    keys = dict(re.findall(r'^@?(\S+) \S+ : PSK "(.*)"$', secrets, re.MULTILINE))
    return {f"vault_{site}_psk": keys[identity(site)] for site in examples()}


def identity(site: str) -> str:
    example = examples()[site]
    ids: dict[str, str] = example["tunnels"][0].get("ids", {})
    return ids.get(site, address(site))


def address(site: str) -> str:
    """Where we dial it."""
    found: str = examples()[site]["sites"][site]["gateways"][0]["address"]
    return found


def ways(site: str) -> list[tuple[str, str]]:
    """The pairs of LAN hosts' addresses, ours and theirs, between which its tunnel leads."""
    sites = examples()[site]["sites"]
    return list(product(_hosts(sites[OURS]["subnets"]), _hosts(sites[site]["subnets"])))


def _hosts(subnets: list[str]) -> list[str]:
    return [subnet.replace(".0/24", ".11") for subnet in subnets]
