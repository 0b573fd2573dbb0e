# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of a gateway, as the text of one nft table. Pure: the same gateway, the same bytes.

The number of rules doesn't grow with the number of tunnels: subnets and peers are in sets.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from ansible_collections.causeway.ipsec.plugins.module_utils.firewall_subnets import merged, shown, tunnel_pairs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

TABLE = "inet causeway"
FAMILIES = ((4, "ip"), (6, "ip6"))
# How a packet shows that it did not come out of a tunnel, or does not go into one. Of userspace ESP the kernel sees
# nothing but the interface.
OUTSIDE = {
    "kernel": ("meta ipsec missing", "rt ipsec missing"),
    "userspace": ('iifname != "ipsec0"', 'oifname != "ipsec0"'),
    "auto": ('iifname != "ipsec0" meta ipsec missing', 'oifname != "ipsec0" rt ipsec missing'),
}
BEGINS = "tcp flags syn / syn,rst"
ICMP_ERRORS = (
    "icmp type { destination-unreachable, time-exceeded, parameter-problem } accept",
    "icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } accept",
)


@dataclass(frozen=True)
class Rules:
    """What the table is made of."""

    tunnels: tuple[Mapping[str, Any], ...] = ()
    management: tuple[str, ...] = ()
    ssh_ports: tuple[int, ...] = ()
    dataplane: Literal["kernel", "userspace", "auto"] = "kernel"
    filtering: bool = True  # IKE from peers, SSH from management, forwarding for tunnels
    router: bool = False  # forwards for others too
    tracking: bool = True  # whether anybody here may need to know of connections: to translate them, to filter by state
    mss: Mapping[int, int] = field(default_factory=dict)  # by IP version of the tunnels' traffic

    @property
    def any_peer(self) -> bool:
        return any(not tunnel["peers"] for tunnel in self.tunnels)

    def subnets(self, key: str, version: int) -> list[str]:
        return [shown(net) for net in merged((net for tunnel in self.tunnels for net in tunnel[key]), version)]

    def sources(self, name: str, version: int) -> list[str]:
        """The addresses that may use IKE ("peers"), or SSH ("management")."""
        peers = (peer for tunnel in self.tunnels for peer in tunnel["peers"])
        return [shown(net) for net in merged(peers if name == "peers" else self.management, version)]

    @property
    def carried(self) -> list[tuple[int, str]]:
        """The IP versions that tunnels carry."""
        return [(version, ip) for version, ip in FAMILIES if tunnel_pairs(self.tunnels, version)]


def render(rules: Rules) -> str:
    """A file for `nft -f` that puts this table in the place of whatever was there, at once."""
    addresses = _addresses(rules) if rules.tracking else _untracked(rules)
    blocks = [*_tunnel_sets(rules), *_guard(rules), *addresses, *_mss(rules)]
    if rules.filtering:
        blocks += [*_input(rules), *_forward(rules)]
    body = "\n".join(blocks)
    # The sum tells of another version where nobody can compare texts.
    comment = f"causeway.ipsec {hashlib.sha256(body.encode()).hexdigest()[:16]}"
    return f'{removal()}table {TABLE} {{\n\tcomment "{comment}"\n\n{body}}}\n'


def removal() -> str:
    """A file for `nft -f` after which there is no such table, whether there was one or not."""
    return f"table {TABLE}\ndelete table {TABLE}\n"


def _block(kind: str, name: str, lines: Iterable[str]) -> str:
    return "".join([f"\t{kind} {name} {{\n", *(f"\t\t{line}\n" for line in lines), "\t}\n"])


def _set(name: str, kind: str, elements: Iterable[str]) -> str:
    listed = ",\n\t\t\t".join(elements)
    return _block("set", name, [f"type {kind}", "flags interval", f"elements = {{\n\t\t\t{listed}\n\t\t}}"])


def _chain(name: str, hook: str, priority: str, rules: Iterable[str], kind: str = "filter") -> str:
    return _block("chain", name, [f"type {kind} hook {hook} priority {priority}; policy accept;", *rules])


def _drop(why: str) -> str:
    return f'counter drop comment "{why}"'


def _tunnel_sets(rules: Rules) -> Iterator[str]:
    for version, _unused in rules.carried:
        kind = f"ipv{version}_addr"
        remote = rules.subnets("remote_subnets", version)
        pairs = (f"{shown(local)} . {shown(far)}" for local, far in tunnel_pairs(rules.tunnels, version))
        yield _set(f"remote{version}", kind, remote)
        yield _set(f"pairs{version}", f"{kind} . {kind}", pairs)


def _guard(rules: Rules) -> Iterator[str]:
    """Fail closed. The way out is checked after source NAT, which may have taken a packet out of its tunnel.

    Whether IPsec has a packet is asked first: that costs less than a look into a set, and answers for most packets.
    """
    came, goes = OUTSIDE[rules.dataplane]
    inwards = _drop("fail closed: says it is from a remote subnet, but came out of no tunnel")
    outwards = _drop("fail closed: for a remote subnet, but no tunnel takes it")
    yield _chain(
        "guard_in", "prerouting", "raw", (f"{came} {ip} saddr @remote{v} {inwards}" for v, ip in rules.carried)
    )
    yield _chain(
        "guard_out",
        "postrouting",
        "srcnat + 200",
        (f"{goes} {ip} daddr @remote{v} {outwards}" for v, ip in rules.carried),
    )


def _of_tunnels(rules: Rules, what: str) -> list[str]:
    """What becomes of the traffic of tunnels, in both directions; {ip} is its protocol."""
    return [
        f"{ip} {a}addr . {ip} {b}addr @pairs{version} {what.format(ip=ip)}"
        for version, ip in rules.carried
        for a, b in ("sd", "ds")
    ]


def _addresses(rules: Rules) -> Iterator[str]:
    """Traffic of tunnels is bound to the address that it has, before another's masquerade could give it one."""
    lines = _of_tunnels(rules, "snat {ip} to {ip} saddr")
    yield _chain("keep_addresses", "postrouting", "srcnat - 1", lines, kind="nat")


def _untracked(rules: Rules) -> Iterator[str]:
    """Traffic of tunnels is no connection to this host, so that no masquerade of a later day can catch it.

    Nor does any rule of ours ask for connections then: what tracks them would cost every packet more than all rules do.
    The guard lets nothing but tunnels have the remote subnets, so one look into a small set tells enough.
    """
    for name, hook, sides in (("untracked", "prerouting", "sd"), ("untracked_own", "output", "d")):
        lines = [f"{ip} {a}addr @remote{version} notrack" for version, ip in rules.carried for a in sides]
        yield _chain(name, hook, "raw", lines)


def _mss(rules: Rules) -> Iterator[str]:
    """TCP between the sites learns at its start what fits into the tunnel. The kernel only ever lowers the option.

    A chain with a hook of its own costs every packet; where the chain `forward` is ours, that one sends here.
    Its name must be no word of nft's: to nft 1.0.2, of Ubuntu 22.04, `mss` is one.
    """
    lines = [
        f"{ip} {a}addr . {ip} {b}addr @pairs{version} tcp option maxseg size set {rules.mss[version]}"
        for version, ip in rules.carried
        if version in rules.mss
        for a, b in ("sd", "ds")
    ]
    if rules.filtering:
        yield _block("chain", "clamp", lines)
    else:
        yield _chain("clamp", "forward", "mangle", (f"{BEGINS} {line}" for line in lines))


def _source_chain(rules: Rules, name: str, chain: str, lines: Iterable[str], why: str) -> Iterator[str]:
    """A set of addresses for each IP version that has any, and the chain that lets these in and no others."""
    versions = [(version, ip) for version, ip in FAMILIES if rules.sources(name, version)]
    for version, _unused in versions:
        yield _set(f"{name}{version}", f"ipv{version}_addr", rules.sources(name, version))
    accepts = [f"{ip} saddr @{name}{version} accept" for version, ip in versions]
    yield _block("chain", chain, [*lines, *accepts, _drop(why)])


def _input(rules: Rules) -> Iterator[str]:
    """Only what opens an SSH connection is looked at, so that no open one is cut."""
    jumps = []
    if not rules.any_peer:
        jumps += ["meta l4proto { esp, ah } jump from_peers", "udp dport { 500, 4500 } jump from_peers"]
        why = "IKE, ESP or AH from an address that is no tunnel's peer"
        yield from _source_chain(rules, "peers", "from_peers", [], why)
    if rules.management and rules.ssh_ports:
        ports = ", ".join(map(str, rules.ssh_ports))
        jumps.append(f"tcp dport {{ {ports} }} tcp flags syn / fin,syn,rst,ack jump from_management")
        why = "SSH from an address that is not in the site's management"
        yield from _source_chain(rules, "management", "from_management", ['iifname "lo" accept'], why)
    yield _chain("input", "input", "filter", jumps)


def _forward(rules: Rules) -> Iterator[str]:
    """The guard sees to it that the traffic of tunnels goes through IPsec; here it is only told from other traffic."""
    lines = [f"{BEGINS} jump clamp"] if rules.carried else []
    lines += _of_tunnels(rules, "accept")
    for version, ip in rules.carried:
        lines.append(f"{ip} saddr @remote{version} {_drop('from a remote subnet to what no tunnel names')}")
        lines.append(f"{ip} daddr @remote{version} {_drop('to a remote subnet from what no tunnel names')}")
    if not rules.router:
        lines += ["ct state established,related accept"] if rules.tracking else []
        lines += [*ICMP_ERRORS, _drop("forwarding for no tunnel")]
    yield _chain("forward", "forward", "filter", lines)
