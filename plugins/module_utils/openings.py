# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tunnels need let in, and who on this host has to let it in.

A drop in any ruleset is final and an accept in a table of ours ends that table alone, so an opening is made where the
host's own firewall lives: firewalld and ufw are told through their own interfaces; a ruleset that no program manages
is only looked at, and whoever keeps it is told the line that is missing.
"""

from __future__ import annotations

import ipaddress
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from ansible_collections.causeway.ipsec.plugins.module_utils.firewalld import plan_firewalld
from ansible_collections.causeway.ipsec.plugins.module_utils.foreign_managed import legacy_drops, with_openings
from ansible_collections.causeway.ipsec.plugins.module_utils.foreign_packets import packets, routes_to
from ansible_collections.causeway.ipsec.plugins.module_utils.foreign_report import judge
from ansible_collections.causeway.ipsec.plugins.module_utils.foreign_rules import Ruleset
from ansible_collections.causeway.ipsec.plugins.module_utils.host_network import HostError, Run
from ansible_collections.causeway.ipsec.plugins.module_utils.opening_plan import Opening, OpeningPlan
from ansible_collections.causeway.ipsec.plugins.module_utils.ufw import plan_ufw

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["Opening", "OpeningPlan", "detect_backend", "plan_openings", "read_ruleset", "wanted_openings"]

Backend = Literal["firewalld", "ufw", "nftables"]
IKE_PORTS = (500, 4500)


def wanted_openings(intent: Mapping[str, Any], ssh_ports: Iterable[int]) -> list[Opening]:
    """What a gateway's tunnels and its managers need, each once, in a fixed order."""
    ports = tuple(sorted(set(ssh_ports)))
    found: dict[Opening, Opening] = {}
    for opening in (*_of_managers(intent["management"], ports), *_of_tunnels(intent["tunnels"])):
        found.setdefault(replace(opening, why=""), opening)
    return sorted(found.values(), key=_order)


def _of_managers(networks: Iterable[str], ports: tuple[int, ...]) -> Iterator[Opening]:
    for network in networks:
        yield Opening("input", _version(network), "tcp", ports, network, None, f"SSH from {network}")


def _of_tunnels(tunnels: Iterable[Mapping[str, Any]]) -> Iterator[Opening]:
    for tunnel in tunnels:
        name, protocol = tunnel["name"], tunnel["protocol"]
        for peer, version in _sources(tunnel["peers"]):
            yield Opening("input", version, "udp", IKE_PORTS, peer, None, f"IKE of {name}")
            yield Opening("input", version, protocol, (), peer, None, f"{protocol.upper()} of {name}")
        for local in tunnel["local_subnets"]:
            for remote in tunnel["remote_subnets"]:
                if _version(local) == _version(remote):
                    yield Opening("forward", _version(local), "any", (), local, remote, f"traffic of {name}")
                    yield Opening("forward", _version(local), "any", (), remote, local, f"traffic of {name}")


def _sources(peers: Iterable[str]) -> list[tuple[str | None, Literal[4, 6]]]:
    """Where a tunnel's peer comes from: its addresses, or for none of them anywhere."""
    return [(peer, _version(peer)) for peer in peers] or [(None, 4), (None, 6)]


def _version(address: str) -> Literal[4, 6]:
    return 6 if ":" in address else 4


def _order(opening: Opening) -> tuple[Any, ...]:
    networks = [
        (int(net.network_address), net.prefixlen) for net in map(_network, (opening.source, opening.destination))
    ]
    return (opening.hook == "forward", opening.version, opening.protocol, opening.ports, *networks)


def _network(address: str | None) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(address or "0.0.0.0/0", strict=False)


def detect_backend(run: Run) -> Backend:
    """Which program runs this host's firewall; "nftables" where none does."""
    firewall_cmd = find_program(run, "firewall-cmd")
    if firewall_cmd:
        status, out, err = run([firewall_cmd, "--state"])
        if status == 0:
            return "firewalld"
        if "failed" in out + err:
            raise HostError(
                "firewalld runs, but could not load its configuration (`firewall-cmd --state` says failed). "
                "`firewall-cmd --check-config` and `journalctl -u firewalld` say why. Nothing was changed."
            )
    ufw = find_program(run, "ufw")
    if ufw and "status: active" in run([ufw, "status"], environ_update={"LC_ALL": "C"})[1].lower():
        return "ufw"
    return "nftables"


def find_program(run: Run, name: str) -> str | None:
    """Where a program is, also for users whose PATH lacks the directories of the system's programs."""
    status, out, _err = run(["sh", "-c", f"PATH=$PATH:/usr/sbin:/sbin; command -v {name}"])
    return out.strip() if status == 0 and out.startswith("/") else None


def read_ruleset(run: Run) -> dict[str, Any]:
    """The kernel's whole ruleset, as `nft -j` prints it; for foreign_rules."""
    out = _nft(run, "-j")
    try:
        return dict(json.loads(out))
    except ValueError as exc:
        raise HostError(f"nft -j list ruleset printed no JSON ({exc}).") from exc


def _nft(run: Run, option: str) -> str:
    nft = find_program(run, "nft")
    if nft is None:
        raise HostError(
            "nft is missing, so what this host's firewall drops can't be read. Install the package nftables."
        )
    status, out, err = run([nft, option, "list", "ruleset"])
    if status != 0:
        raise HostError(f"nft {option} list ruleset: {err.strip() or f'exit status {status}'}")
    return str(out)


def plan_openings(backend: Backend, run: Run, wanted: list[Opening]) -> OpeningPlan:
    """What the host's own firewall has to be told; raises HostError where a rule of others is in the way."""
    plan = OpeningPlan()
    if backend != "nftables":
        plan = plan_firewalld(run, wanted) if backend == "firewalld" else plan_ufw(run, wanted)
    if not wanted:
        return plan
    errors, warnings = _look(backend, run, wanted, plan)
    if errors:
        raise HostError("\n".join(errors))
    return replace(plan, warnings=(*plan.warnings, *warnings, *legacy_warnings(run)))


def _look(backend: Backend, run: Run, wanted: list[Opening], plan: OpeningPlan) -> tuple[list[str], list[str]]:
    """What is in the way of the openings: of those that are there as they are, of new ones once they are made."""
    ruleset, listing = read_ruleset(run), _nft(run, "-a")
    routes = routes_to(run, {end for opening in wanted for end in (opening.source, opening.destination) if end})
    found = {opening: packets(opening, routes) for opening in wanted}
    errors, warnings = judge(Ruleset(ruleset, listing), [(key, found[key]) for key in wanted if key not in plan.adding])
    if plan.adding:
        future = with_openings(Ruleset(ruleset, listing), backend)
        more = judge(future, [(opening, found[opening]) for opening in wanted if opening in plan.adding])
        errors, warnings = errors + more[0], warnings + more[1]
    return errors, warnings


def legacy_warnings(run: Run) -> list[str]:
    """Rules of the old iptables, which nft does not show."""
    warnings: list[str] = []
    for program in ("iptables-legacy-save", "ip6tables-legacy-save"):
        found = find_program(run, program)
        # The command would load the kernel's old tables where there are none.
        status, names, _err = run(["cat", f"/proc/net/{program.partition('-')[0].replace('tables', '_tables')}_names"])
        if found and status == 0 and "filter" in names.split():
            warnings += legacy_drops(program, run([found, "-t", "filter"])[1])
    return warnings
