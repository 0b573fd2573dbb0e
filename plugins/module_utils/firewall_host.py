# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's own state says to the rules: where SSH listens, how large packets may be, whom it forwards for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.causeway.ipsec.plugins.module_utils.foreign_rules import has_rules, natting
from ansible_collections.causeway.ipsec.plugins.module_utils.host_network import (
    HostError,
    Run,
    interfaces_with,
    parse_addresses,
    run_json,
)
from ansible_collections.causeway.ipsec.plugins.module_utils.openings import find_program
from ansible_collections.causeway.ipsec.plugins.module_utils.packet_size import inner_mtu, mss

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

SSH_PORT = 22
TUN_MTU = 1400  # of kernel-libipsec's device
LEGACY_TABLES = ("/proc/net/ip_tables_names", "/proc/net/ip6_tables_names")
_LISTENS = re.compile(r"^(?:port (\d+)|listenaddress \S+:(\d+))$", re.MULTILINE | re.IGNORECASE)
UNKNOWN_CIPHER = ("unknown", "unknown")


def ssh_ports(run: Run, given: Iterable[int]) -> tuple[int, ...]:
    """The ports given, or those that this host's sshd is configured to listen on."""
    ports = set(given)
    sshd = None if ports else find_program(run, "sshd")
    if sshd:
        status, out, err = run([sshd, "-T"])
        if status != 0:
            raise HostError(
                f"sshd -T, which would tell the ports of SSH, says: {err.strip() or f'exit status {status}'}. "
                "Name them in ssh_ports (the role's firewall_ssh_ports)."
            )
        ports = {int(port or address_port) for port, address_port in _LISTENS.findall(out)}
    return tuple(sorted(ports or {SSH_PORT}))


def wan_mtu(run: Run, address: str, given: int) -> int:
    """The MTU given, or that of the interface with the address that tunnels use; not knowing it, of the way out."""
    if given:
        return given
    links = run_json(run, "ip", "-j", "address", "show")
    name = interfaces_with([address], parse_addresses(links))[0] if address else _way_out(run)
    return int(next(link["mtu"] for link in links if link["ifname"] == name))


def _way_out(run: Run) -> str:
    """The interface of the default route."""
    routes = [
        *run_json(run, "ip", "-j", "route", "show", "default"),
        *run_json(run, "ip", "-j", "-6", "route", "show", "default"),
    ]
    names = [str(route["dev"]) for route in routes if "dev" in route]
    if not names:
        raise HostError(
            "this host has no default route, so its MTU is not known. Name it in wan_mtu (firewall_wan_mtu)."
        )
    return names[0]


def segment_sizes(intent: Mapping[str, Any], outer_mtu: int, dataplane: str) -> dict[int, int]:
    """The largest TCP segment that fits into each of the host's tunnels, by IP version of what they carry."""
    own = intent["local_address"]
    outer = 4 if own and ":" not in own else 6  # the larger header where nobody knows
    found: dict[int, int] = {}
    for tunnel in intent["tunnels"]:
        inner = min(_inner_mtus(tunnel, outer_mtu, outer, dataplane))
        for version in {6 if ":" in subnet else 4 for subnet in tunnel["remote_subnets"]}:
            size = mss(inner, version)
            found[version] = min(size, found.get(version, size))
    return dict(sorted(found.items()))


def _inner_mtus(tunnel: Mapping[str, Any], outer_mtu: int, outer: int, dataplane: str) -> Iterator[int]:
    """Userspace ESP is always in UDP and goes through a TUN device; "auto" may turn out to be that."""
    userspace = dataplane != "kernel"
    if userspace:
        yield TUN_MTU
    udp = tunnel["udp"] or userspace
    for encryption, integrity in tunnel["ciphers"] or [UNKNOWN_CIPHER]:
        yield inner_mtu(outer_mtu, outer, tunnel["protocol"], encryption, integrity, udp=udp)


def router(run: Run, choice: str, ruleset: Mapping[str, Any] | None) -> tuple[bool, str]:
    """Whether the host forwards for others than tunnels, and why. The ruleset is None where nft is not installed."""
    if choice != "auto":
        return choice == "allow", f"forward_others is {choice}"
    if ruleset is None:
        return False, "nothing on this host can translate addresses: nft is not installed"
    rules = [*natting(ruleset), *_legacy_natting(run)]
    if rules:
        return True, f"this host translates addresses for others already ({rules[0]})"
    return False, "this host translates addresses for nobody"


def tracking(ruleset: Mapping[str, Any] | None) -> bool:
    """Whether somebody here may need to know of connections, as who translates them does, or filters by their state.

    Any rule of others counts. What they have is not read closer than that: a rule of tomorrow may be another one.
    """
    return any(map(_legacy_tables, LEGACY_TABLES)) or has_rules(ruleset or {})


def _legacy_tables(names: str) -> list[str]:
    """The tables of the older iptables that are loaded, of which nft lists no rules."""
    return Path(names).read_text(encoding="utf-8").split() if Path(names).exists() else []


def _legacy_natting(run: Run) -> Iterator[str]:
    """Rules of the older iptables. Its program would load the table, so look before asking."""
    for names, program in zip(LEGACY_TABLES, ("iptables-legacy", "ip6tables-legacy")):
        path = find_program(run, program) if "nat" in _legacy_tables(names) else None
        if path:
            out = run([path, "-t", "nat", "-S"])[1]
            found = re.findall(r"^-A .*-j (?:MASQUERADE|SNAT|NETMAP)\b.*$", out, re.MULTILINE)
            yield from (f"{program}: {rule}" for rule in found)
