# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the rulesets of others on this host do to a packet, read from `nft -j list ruleset`. Pure.

Every base chain of a packet's hook has its say: a drop in any of them is final, an accept ends that chain alone. A
match that cannot be decided leaves both ways open, so a packet's fate in a chain is a list of possible verdicts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ansible_collections.causeway.ipsec.plugins.module_utils.foreign_match import Answer, Packet, both, equals, holds
from ansible_collections.causeway.ipsec.plugins.module_utils.xtables_text import RuleKey, rule_texts, translated

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

OURS = ("inet", "causeway")
_NO_EFFECT = frozenset(
    [
        "counter",
        "log",
        "comment",
        "mangle",
        "notrack",
        "ct helper",
        "ct timeout",
        "ct expectation",
        "flow",
        "dup",
        "secmark",
        "synproxy",
        "last",
        "continue",
    ]
)
_NOTHING: tuple[str, Any] = ("", None)  # of an expression that says nothing
_ENDS = ("accept", "drop", "reject", "queue", "jump", "goto", "return")


@dataclass(frozen=True)
class Verdict:
    """What may become of a packet, and the rule that decides it (None: the chain's policy)."""

    kind: str  # accept, drop or unknown
    chain: Chain
    rule: Rule | None = None

    @property
    def text(self) -> str:
        return f"the rule `{self.rule.text}`" if self.rule else "the policy drop"


@dataclass(frozen=True)
class Rule:
    handle: int
    text: str
    expressions: tuple[Any, ...] = field(compare=False)


@dataclass(frozen=True)
class Chain:
    family: str
    table: str
    name: str
    hook: str = ""
    policy: str = "accept"
    rules: list[Rule] = field(default_factory=list, compare=False)

    def __str__(self) -> str:
        return f"table {self.family} {self.table}, chain {self.name}"


class Ruleset:
    """The ruleset of others: ours is left out."""

    def __init__(self, ruleset: Mapping[str, Any], listing: str = "") -> None:
        """Take the JSON, and the text of `nft -a list ruleset` for messages and for what iptables-nft made."""
        self.chains: dict[tuple[str, str, str], Chain] = {}
        self.sets: dict[tuple[str, str], dict[str, Any]] = {}
        texts = rule_texts(listing)
        for item in ruleset.get("nftables", []):
            kind, value = next(iter(item.items()))
            if (value.get("family"), value.get("table")) != OURS:
                self._add(kind, value, texts)

    def _add(self, kind: str, value: Mapping[str, Any], texts: Mapping[RuleKey, str]) -> None:
        if kind == "chain":
            at = (value["family"], value["table"], value["name"])
            hook = value.get("hook", "") if value.get("type") == "filter" else ""
            self.chains[at] = Chain(*at, hook, value.get("policy", "accept"))
        elif kind == "rule":
            at = (value["family"], value["table"], value["chain"])
            expressions = value.get("expr", [])
            text = texts.get((*at, value["handle"]), "")
            rule = Rule(value["handle"], text or _brief(expressions), tuple(translated(expressions, text)))
            self.chains[at].rules.append(rule)
        elif kind in ("set", "map"):
            sets = self.sets.setdefault((value["family"], value["table"]), {})
            # A set that packets fill may hold anything by the time that ours come.
            open_ended = [None] if {"dynamic", "timeout"}.intersection(_list(value.get("flags"))) else []
            sets[value["name"]] = [*value.get("elem", []), *open_ended]

    def fates(self, packet: Packet) -> Iterator[tuple[Chain, list[Verdict]]]:
        """Each base chain, and its possible verdicts on the packet."""
        for chain in self.chains.values():
            if chain.hook == packet.hook and chain.family in ("inet", "ip" if packet.version == 4 else "ip6"):
                walk = _Walk(self, packet)
                verdicts, goes_on = walk.chain(chain)
                if goes_on:
                    verdicts = [*verdicts, Verdict("drop" if chain.policy == "drop" else "accept", chain)]
                yield chain, verdicts


class _Walk:
    """One packet's way through one base chain. What a chain does depends on nothing but the packet, so it is kept."""

    def __init__(self, ruleset: Ruleset, packet: Packet) -> None:
        self.ruleset = ruleset
        self.packet = packet
        self.seen: dict[str, tuple[list[Verdict], bool]] = {}

    def chain(self, chain: Chain) -> tuple[list[Verdict], bool]:
        """The possible verdicts, and whether the packet can come out at the end."""
        if chain.name not in self.seen:
            self.seen[chain.name] = self._rules(chain)
        return self.seen[chain.name]

    def _rules(self, chain: Chain) -> tuple[list[Verdict], bool]:
        verdicts: list[Verdict] = []
        leaves = False  # a return or goto may have left the chain
        for rule in chain.rules:
            for answer, kind, target in self._ends(chain, rule):
                if answer is False:
                    continue
                found, comes_out = self._verdicts(chain, rule, kind, target)
                verdicts += found
                leaves = leaves or (comes_out and kind in ("return", "goto"))
                if answer and not (kind == "jump" and comes_out):
                    return verdicts, leaves
        return verdicts, True

    def _verdicts(self, chain: Chain, rule: Rule, kind: str, target: str) -> tuple[list[Verdict], bool]:
        if kind in ("jump", "goto"):
            below = self.ruleset.chains.get((chain.family, chain.table, target))
            return self.chain(below) if below else ([Verdict("unknown", chain, rule)], True)
        if kind == "return":
            return [], True
        kinds = {"accept": "accept", "drop": "drop", "reject": "drop"}
        return [Verdict(kinds.get(kind, "unknown"), chain, rule)], False

    def _ends(self, chain: Chain, rule: Rule) -> Iterator[tuple[Answer, str, str]]:
        """The ways in which a rule can end: whether it does, how, and to which chain."""
        sets = self.ruleset.sets.get((chain.family, chain.table), {})
        conditions: list[Answer] = []
        for expression in rule.expressions:
            kind, value = next(iter(expression.items()), _NOTHING)
            if kind == "vmap":
                yield from self._mapped(value, sets, conditions)
                return
            if kind in _ENDS:
                yield both(conditions), kind, (value or {}).get("target", "") if kind in ("jump", "goto") else ""
                return
            if kind == "xt" and isinstance(value, dict) and value.get("type") == "target":
                yield (False if both(conditions) is False else None), "unknown", ""
                return
            conditions.append(self._condition(kind, value, sets))

    def _condition(self, kind: str, value: Any, sets: Mapping[str, Any]) -> Answer:
        if kind == "match":
            return holds(value, self.packet, sets)
        if kind == "limit" and isinstance(value, dict):
            return not value.get("inv", False)  # a tunnel's own packets come at a low rate
        return True if kind in _NO_EFFECT else None

    def _mapped(
        self, value: Mapping[str, Any], sets: Mapping[str, Any], conditions: list[Answer]
    ) -> Iterator[tuple[Answer, str, str]]:
        data = value["data"]
        pairs = sets.get(data[1:], []) if isinstance(data, str) else data["set"]
        for pair in pairs:
            if pair is None:
                yield None, "unknown", ""
                continue
            key, verdict = pair
            kind, target = next(iter(verdict.items()), _NOTHING)
            answer = both([*conditions, equals(value["key"], key, self.packet, sets)])
            if kind in _ENDS:
                yield answer, kind, (target or {}).get("target", "")


def _brief(expressions: list[Any]) -> str:
    """A rule whose text is not at hand."""
    return " ".join(str(expression) for expression in expressions if "counter" not in expression)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def has_rules(ruleset: Mapping[str, Any]) -> bool:
    """Whether others have any rule at all, or a chain that drops."""
    found = (item.get("rule") or item.get("chain", {}) for item in ruleset.get("nftables", []))
    return any(
        ("expr" in one or one.get("policy") == "drop") and (one["family"], one["table"]) != OURS for one in found
    )


def natting(ruleset: Mapping[str, Any]) -> list[str]:
    """The masquerade and snat rules of others, each as a text that says where it is."""
    return [
        f"table {rule['family']} {rule['table']}, chain {rule['chain']}: {kind}"
        for rule in (item["rule"] for item in ruleset.get("nftables", []) if "rule" in item)
        if (rule["family"], rule["table"]) != OURS
        for kind in _source_nat(rule.get("expr", []))
    ]


def _source_nat(expressions: list[Any]) -> list[str]:
    found = []
    for expression in expressions:
        for kind, value in expression.items():
            name = str(value.get("name", "")) if kind == "xt" and isinstance(value, dict) else kind
            if name.lower() in ("masquerade", "snat", "netmap"):
                found.append(name.lower())
    return found
