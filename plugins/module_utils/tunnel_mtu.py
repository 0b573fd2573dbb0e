# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The largest packet that fits into a tunnel as far as this host can know: its SA, its route to the peer, its links."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import InitVar, dataclass, field
from typing import TYPE_CHECKING, Any

from ansible_collections.causeway.ipsec.plugins.module_utils.host_network import HostError, Run, run_batch, run_json
from ansible_collections.causeway.ipsec.plugins.module_utils.packet_size import inner_mtu

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ansible_collections.causeway.ipsec.plugins.module_utils.sas import ChildSa, IkeSa

_TUN_OF_CHARON = re.compile(r"ipsec\d+")


@dataclass
class TunnelMtu:
    """Reads this host's links and its routes to peers once. What iproute2 does not tell makes an MTU unknown."""

    run: Run
    sas: InitVar[Iterable[IkeSa]]
    links: Mapping[str, Mapping[str, Any]] = field(init=False)
    routes: dict[tuple[str, str], int | None] = field(init=False, default_factory=dict)

    def __post_init__(self, sas: Iterable[IkeSa]) -> None:
        try:
            links = run_json(self.run, "ip", "-j", "-d", "link", "show")
        except (HostError, OSError):
            links = []
        self.links = {link["ifname"]: link for link in links}
        pairs = {(sa.local_address, sa.remote_address) for sa in sas if any(map(_in_tunnel, sa.children))}
        for version in (4, 6):
            self._read_routes(sorted(pair for pair in pairs if _version(pair[1]) == version), version)

    def __call__(self, sa: IkeSa, child: ChildSa) -> int | None:
        """Return the largest packet that a child takes, None where it has no IPsec SA in tunnel mode."""
        outer = self.routes.get((sa.local_address, sa.remote_address)) if _in_tunnel(child) else None
        version = _version(sa.remote_address)
        if outer is None or version is None:
            return None
        algorithms = (child.encryption, child.integrity)
        fits = inner_mtu(outer, version, child.protocol.lower(), *algorithms, udp=child.encapsulation)
        return min([fits, *self._tun_mtus()])

    def _tun_mtus(self) -> list[int]:
        """The MTU of the device through which charon's userspace ESP gets its packets, where it makes ESP itself."""
        return [
            link["mtu"]
            for name, link in self.links.items()
            if _TUN_OF_CHARON.fullmatch(name) and link.get("linkinfo", {}).get("info_kind") == "tun"
        ]

    def _read_routes(self, pairs: Sequence[tuple[str, str]], version: int) -> None:
        """The MTU that is configured: fibmatch passes over what the kernel has learned of routers for some minutes."""
        lines = [f"route get fibmatch {remote} from {local}" for local, remote in pairs]
        try:
            answers = run_batch(self.run, lines, f"-{version}") if lines else []
        except OSError:
            return
        for pair, answer in zip(pairs, answers):
            self.routes[pair] = min((mtu for route in answer for mtu in self._route_mtus(route)), default=None)

    def _route_mtus(self, route: Mapping[str, Any]) -> list[int]:
        devices = [hop["dev"] for hop in (route, *route.get("nexthops", ())) if "dev" in hop]
        metrics = [metric["mtu"] for metric in route.get("metrics", ()) if "mtu" in metric]
        return [*metrics, *(self.links[device]["mtu"] for device in devices if device in self.links)]


def _in_tunnel(child: ChildSa) -> bool:
    return child.mode == "TUNNEL" and bool(child.protocol)


def _version(address: str) -> int | None:
    """The family of a peer; None of one that charon does not know yet (%any)."""
    try:
        return ipaddress.ip_address(address).version
    except ValueError:
        return None
