# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ruleset as it will be when firewalld or ufw has been told of our openings; and iptables' old tables. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from ansible_collections.causeway.ipsec.plugins.module_utils.foreign_rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ansible_collections.causeway.ipsec.plugins.module_utils.foreign_rules import Ruleset

# Where the programs put what comes first. firewalld by release (1, 2) and with either of its backends.
_FIRST = {
    "ufw": ("ufw-user-input", "ufw6-user-input", "ufw-user-forward", "ufw6-user-forward"),
    "firewalld": (
        *("filter_INPUT_POLICIES_pre", "filter_FORWARD_POLICIES_pre", "filter_INPUT_POLICIES"),
        *("INPUT_POLICIES_pre", "FORWARD_POLICIES_pre", "INPUT_POLICIES"),
    ),
}
# firewalld 2 calls policies per pair of interfaces; where it names neither, it calls none.
_PER_PAIR = ("filter_FORWARD_POLICIES", "FORWARD_POLICIES")
_POLICY = re.compile(r"^:(INPUT|FORWARD) (DROP|REJECT)")
_LAST = re.compile(r"^-A (INPUT|FORWARD) -j (DROP|REJECT)")


def with_openings(ruleset: Ruleset, backend: str) -> Ruleset:
    """Change the ruleset so that it lets in what will have been let in."""
    for chain in ruleset.chains.values():
        if chain.name in _FIRST.get(backend, ()):
            chain.rules[:] = [Rule(0, "accept", ({"accept": None},))]
        elif chain.name in _PER_PAIR and backend == "firewalld":
            chain.rules[:] = [_accepting(rule) for rule in chain.rules]
    return ruleset


def _accepting(rule: Rule) -> Rule:
    matches = tuple(expression for expression in rule.expressions if "match" in expression)
    return replace(rule, expressions=(*matches, {"accept": None})) if matches else rule


def legacy_drops(program: str, saved: str) -> Iterator[str]:
    """What iptables-legacy-save shows that drops what nothing before it accepts."""
    for line in saved.splitlines():
        at = _POLICY.match(line) or _LAST.match(line)
        if at:
            tool = program.replace("-save", "")
            yield (
                f"the old iptables tables of this host have `{line}` ({program}), which drops IKE, ESP or the tunnels' "
                f"traffic unless a rule before it accepts them; what is in those tables is not looked into. "
                f"`{tool} -S {at.group(1)}` shows them; `{tool} -I {at.group(1)} … -j ACCEPT` adds such a rule."
            )
