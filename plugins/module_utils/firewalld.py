# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Openings in firewalld, told by firewall-cmd: two policies of ours, which come before every zone.

A policy begins with a reload of firewalld, which loses what was changed at runtime only; so where something would be
lost, nothing is done. Once the policies are there, their rules come and go without a reload.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ansible_collections.causeway.ipsec.plugins.module_utils.firewalld_state import (
    POLICIES,
    Policy,
    lost_by_reload,
    ours,
    tell,
)
from ansible_collections.causeway.ipsec.plugins.module_utils.host_network import HostError
from ansible_collections.causeway.ipsec.plugins.module_utils.opening_plan import Opening, OpeningPlan

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ansible_collections.causeway.ipsec.plugins.module_utils.host_network import Run

# firewalld keeps what a policy was before; of ours nothing is to stay.
BACKUPS = "/etc/firewalld/policies/{}.xml.old"
_NUMBERS = {"esp": 50, "ah": 51}
_AT_ONCE = 50  # rules in one command


@dataclass(frozen=True)
class _Step:
    """One policy of ours: as it is in the files and in the daemon, and its rules as they should be."""

    name: str
    permanent: Policy | None
    runtime: Policy | None
    rules: frozenset[str]

    @property
    def is_new(self) -> bool:
        """Whether the daemon must read it afresh."""
        return bool(self.rules) and not _is_right(self.name, self.runtime)


def rich_rules(opening: Opening) -> list[str]:
    """The opening in firewalld's words; protocols by number, since names need /etc/protocols."""
    words = [f'rule family="ipv{opening.version}"']
    words += [f'source address="{opening.source}"'] if opening.source else []
    words += [f'destination address="{opening.destination}"'] if opening.destination else []
    start = " ".join(words)
    if opening.protocol == "any":
        return [f"{start} accept"]
    if opening.ports:
        return [f'{start} port port="{port}" protocol="{opening.protocol}" accept' for port in opening.ports]
    return [f'{start} protocol value="{_NUMBERS[opening.protocol]}" accept']


def plan_firewalld(run: Run, wanted: Iterable[Opening]) -> OpeningPlan:
    """What firewalld has to be told. Refuses where that would lose what the administrator did at runtime only."""
    openings = list(wanted)
    steps = _steps(run, openings)
    before, after = "".join(map(_is_now, steps)), "".join(map(_will_be, steps))
    if before == after:
        return OpeningPlan(before, after)
    fresh = [step.name for step in steps if step.is_new]
    lost = lost_by_reload(run) if fresh or any(_goes(step) for step in steps) else []
    if fresh and lost:
        raise HostError(
            f"firewalld has to be reloaded to begin with the policies {' and '.join(fresh)}, and a reload loses what "
            "was changed at runtime only:\n" + "".join(f"  {line}\n" for line in lost) + "Keep it with `firewall-cmd "
            "--runtime-to-permanent`, or let it go with `firewall-cmd --reload`; then run this again."
        )
    here = {rule for step in steps if step.runtime for rule in step.runtime.rules}
    adding = frozenset(opening for opening in openings if not here.issuperset(rich_rules(opening)))
    return OpeningPlan(before, after, adding, apply=partial(_apply, run, steps, openings, can_reload=not lost))


def _steps(run: Run, openings: list[Opening]) -> list[_Step]:
    permanent, runtime = ours(run, "--permanent"), ours(run)
    rules: dict[str, set[str]] = {name: set() for name in POLICIES}
    for opening in openings:
        rules["causeway-fwd" if opening.hook == "forward" else "causeway-in"].update(rich_rules(opening))
    return [_Step(name, permanent.get(name), runtime.get(name), frozenset(rules[name])) for name in POLICIES]


def _is_right(name: str, policy: Policy | None) -> bool:
    return policy is not None and policy.settings == POLICIES[name]


def _goes(step: _Step) -> bool:
    return not step.rules and step.permanent is not None


def _is_now(step: _Step) -> str:
    # A policy without rules that only the daemon still has does nothing, and is gone with its next start.
    runtime = step.runtime if step.rules or step.permanent or (step.runtime and step.runtime.rules) else None
    return _text(step.name, "in its files", step.permanent) + _text(step.name, "in the daemon", runtime)


def _will_be(step: _Step) -> str:
    policy = Policy(POLICIES[step.name], step.rules) if step.rules else None
    return _text(step.name, "in its files", policy) + _text(step.name, "in the daemon", policy)


def _text(name: str, where: str, policy: Policy | None) -> str:
    if policy is None:
        return ""
    lines = [f"firewalld policy {name} {where}", *policy.settings, *sorted(policy.rules)]
    return "\n  ".join(lines) + "\n"


def _apply(run: Run, steps: list[_Step], openings: list[Opening], can_reload: bool) -> None:
    for step in steps:
        _make_permanent(run, step)
    fresh = any(step.is_new for step in steps)
    if fresh or (can_reload and any(_goes(step) for step in steps)):
        tell(run, "--reload")
    else:
        for step in steps:
            _make_rules(run, step.name, step.rules, step.runtime)
    # firewall-cmd calls it a success if one of several rules was taken.
    left = [step.name for step in _steps(run, openings) if _is_now(step) != _will_be(step)]
    if left:
        raise HostError(
            f"firewalld did not take all rules of the policy {left[0]}; `journalctl -u firewalld` says why."
        )


def _make_permanent(run: Run, step: _Step) -> None:
    """The policy in firewalld's files."""
    there = step.permanent
    if there and not (step.rules and _is_right(step.name, there)):
        tell(run, "--permanent", f"--delete-policy={step.name}")
        there = None
    if not step.rules:
        with contextlib.suppress(FileNotFoundError):
            Path(BACKUPS.format(step.name)).unlink()
        return
    if there is None:
        tell(run, "--permanent", f"--new-policy={step.name}")
        for option in _CREATION[step.name]:
            tell(run, "--permanent", f"--policy={step.name}", option)
    _make_rules(run, step.name, step.rules, there, "--permanent")


def _make_rules(run: Run, name: str, wanted: frozenset[str], there: Policy | None, *options: str) -> None:
    """Add what is missing before what is too much goes, so that nothing closes in between."""
    current = there.rules if there else frozenset()
    for verb, rules in (("add", wanted - current), ("remove", current - wanted)):
        ordered = sorted(rules)
        for start in range(0, len(ordered), _AT_ONCE):
            chosen = [f"--{verb}-rich-rule={rule}" for rule in ordered[start : start + _AT_ONCE]]
            tell(run, *options, f"--policy={name}", *chosen)


_CREATION = {
    name: (
        f"--set-priority={settings[0].split()[1]}",
        f"--set-target={settings[1].split()[1]}",
        f"--add-ingress-zone={settings[2].split()[1]}",
        f"--add-egress-zone={settings[3].split()[1]}",
    )
    for name, settings in POLICIES.items()
}
