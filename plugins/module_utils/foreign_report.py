# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which rules of others are in the way of our openings, in words, with the lines that would let them in. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ansible_collections.causeway.ipsec.plugins.module_utils.foreign_match import Packet
    from ansible_collections.causeway.ipsec.plugins.module_utils.foreign_rules import Chain, Ruleset, Verdict
    from ansible_collections.causeway.ipsec.plugins.module_utils.openings import Opening

_SHOWN = 3
FIREWALLD_PAIRS = "filter_FORWARD_POLICIES"


@dataclass
class _Group:
    """The openings that one rule (or policy) decides."""

    base: Chain
    verdict: Verdict
    certain: bool
    openings: dict[Opening, None] = field(default_factory=dict)
    interfaces: set[str] = field(default_factory=set)


def judge(ruleset: Ruleset, wanted: Iterable[tuple[Opening, list[Packet]]]) -> tuple[list[str], list[str]]:
    """What is in the way for certain, and what may be: a message for each rule, however many tunnels it hits."""
    groups: dict[tuple[Verdict, bool], _Group] = {}
    for opening, packets in wanted:
        for packet in packets:
            for base, verdicts in ruleset.fates(packet):
                _judge_one(groups, opening, packet, base, verdicts)
    return (
        [_obstacle(group, ruleset) for group in groups.values() if group.certain],
        [_doubt(group) for group in groups.values() if not group.certain and not _said(group, groups)],
    )


def _judge_one(
    groups: dict[tuple[Verdict, bool], _Group],
    opening: Opening,
    packet: Packet,
    base: Chain,
    verdicts: list[Verdict],
) -> None:
    drops = [verdict for verdict in verdicts if verdict.kind == "drop"]
    if not drops:
        return
    certain = len(drops) == len(verdicts)
    # Of several that may be the one, the last is what remains when none of the others matches.
    verdict = drops[-1]
    group = groups.setdefault((verdict, certain), _Group(base, verdict, certain))
    group.openings[opening] = None
    group.interfaces.update(name for name in (packet.iif, packet.oif) if name)


def _said(doubt: _Group, groups: dict[tuple[Verdict, bool], _Group]) -> bool:
    """Whether everything that the rule may drop is dropped for certain in that chain anyway."""
    sure = {
        opening for group in groups.values() if group.certain and group.base == doubt.base for opening in group.openings
    }
    return sure.issuperset(doubt.openings)


def _obstacle(group: _Group, ruleset: Ruleset) -> str:
    where = f"{group.verdict.chain}: {group.verdict.text} is in the way of {_names(group.openings)}."
    if group.base.table == "firewalld":
        return f"{where} {_firewalld_remedy(group)}"
    if "-user-" in group.verdict.chain.name:
        commands = "\n".join(f"  ufw {line}" for line in _ufw_lines(group.openings))
        return f"{where} ufw has the openings, but behind it. Delete them; the next run puts them first:\n{commands}"
    lines, kept = _remedy(group, ruleset)
    return f"{where} Let them in before it, {kept}:\n" + "\n".join(f"  {line}" for line in lines)


def _doubt(group: _Group) -> str:
    return (
        f"{group.verdict.chain}: {group.verdict.text} may be in the way of {_names(group.openings)}; whether it is "
        "depends on what cannot be read from the ruleset. If the tunnel does not come up, look there first."
    )


def _names(openings: Iterable[Opening]) -> str:
    names = list(dict.fromkeys(opening.why for opening in openings))
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _firewalld_remedy(group: _Group) -> str:
    if group.verdict.chain.name == FIREWALLD_PAIRS and group.interfaces:
        name = min(group.interfaces)
        return (
            "firewalld applies no policy between interfaces that are in the default zone only because no zone names "
            f"them. Name one (in the zone that it should be in): firewall-cmd --permanent --zone=$(firewall-cmd "
            f"--get-default-zone) --add-interface={name} && firewall-cmd --zone=$(firewall-cmd --get-default-zone) "
            f"--add-interface={name}"
        )
    return (
        "`firewall-cmd --list-all-zones` and `firewall-cmd --list-all-policies` show whose rule that is. (Where "
        "firewalld does not run any more, its table was left over: `nft delete table inet firewalld` removes it.)"
    )


def _remedy(group: _Group, ruleset: Ruleset) -> tuple[list[str], str]:
    """The commands, and where the rules have to be kept."""
    base = group.base
    ufw = f"{'ufw' if base.family == 'ip' else 'ufw6'}-before-{base.hook}"
    if (base.family, base.table, ufw) in ruleset.chains:
        kept = f"and in /etc/ufw/before{'' if base.family == 'ip' else '6'}.rules, without the program's name"
        return list(_iptables_lines(base, group.openings, ufw)), kept
    if base.family != "inet" and base.name == base.name.upper():  # made by iptables-nft, which names chains so
        docker = (base.family, base.table, "DOCKER-USER") in ruleset.chains and base.hook == "forward"
        kept = "and where these iptables rules are kept (iptables-persistent: /etc/iptables/rules.v4 and rules.v6)"
        return list(_iptables_lines(base, group.openings, "DOCKER-USER" if docker else base.name)), kept
    kept = "and where this ruleset is kept (on Debian /etc/nftables.conf)"
    return list(_nft_lines(base, group.openings)), kept


def _ufw_lines(openings: Iterable[Opening]) -> Iterator[str]:
    for opening in openings:
        route = "route " if opening.hook == "forward" else ""
        source, destination = opening.source or "any", opening.destination or "any"
        protocol = "" if opening.protocol == "any" else f"proto {opening.protocol} "
        ports = f" port {','.join(map(str, opening.ports))}" if opening.ports else ""
        yield f"{route}delete allow {protocol}from {source} to {destination}{ports}"


def _nft_lines(base: Chain, openings: Iterable[Opening]) -> Iterator[str]:
    for kind, sources, destinations in _rectangles(openings):
        version, protocol, ports = kind
        ip = "ip" if version == 4 else "ip6"
        words = [f"{ip} saddr {_nft_set(sources)}"] if sources else [f"meta nfproto ipv{version}"]
        words += [f"{ip} daddr {_nft_set(destinations)}"] if destinations else []
        if ports:
            words.append(f"{protocol} dport {_nft_set(map(str, ports))}")
        elif protocol != "any":
            words.append(f"meta l4proto {protocol}")
        yield f"nft insert rule {base.family} {base.table} {base.name} {' '.join(words)} accept"


def _iptables_lines(base: Chain, openings: Iterable[Opening], chain: str) -> Iterator[str]:
    program = "iptables" if base.family == "ip" else "ip6tables"
    for kind, sources, destinations in _rectangles(openings):
        version, protocol, ports = kind
        words = [f"-s {','.join(sources)}"] if sources else []
        words += [f"-d {','.join(destinations)}"] if destinations else []
        if (version, protocol) == (6, "ah"):
            words.append("-m ah")  # with -p, ip6tables looks beyond AH
        elif protocol != "any":
            words.append(f"-p {protocol}")
        words += [f"-m multiport --dports {','.join(map(str, ports))}"] if ports else []
        yield f"{program} -I {chain} {' '.join(words)} -j ACCEPT"


Kind = tuple[int, str, tuple[int, ...]]


def _rectangles(openings: Iterable[Opening]) -> Iterator[tuple[Kind, list[str], list[str]]]:
    """Openings of a kind put together, as long as each of the sources goes with each of the destinations."""
    targets: dict[tuple[Kind, str | None], set[str]] = {}
    for opening in openings:
        kind: Kind = (opening.version, opening.protocol, opening.ports)
        targets.setdefault((kind, opening.source), set()).update([opening.destination] if opening.destination else [])
    sources: dict[tuple[Kind, tuple[str, ...], bool], list[str]] = {}
    for (kind, source), ends in targets.items():
        same = sources.setdefault((kind, tuple(sorted(ends)), source is None), [])
        same += [source] if source else []
    for (kind, destinations, _unused), found in sources.items():
        yield kind, found, list(destinations)


def _nft_set(values: Iterable[str]) -> str:
    found = list(values)
    return found[0] if len(found) == 1 else "{ " + ", ".join(found) + " }"
