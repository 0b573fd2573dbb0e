# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Openings in ufw, told by its command: rules with our comment, put before all others so that no earlier deny wins."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from ansible_collections.causeway.ipsec.plugins.module_utils.files import read_text
from ansible_collections.causeway.ipsec.plugins.module_utils.host_network import HostError
from ansible_collections.causeway.ipsec.plugins.module_utils.opening_plan import OUR_MARK, Opening, OpeningPlan

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ansible_collections.causeway.ipsec.plugins.module_utils.host_network import Run

DEFAULTS = "/etc/default/ufw"
FILES = ("/etc/ufw/user.rules", "/etc/ufw/user6.rules")
_TUPLE = "### tuple ### "
_ANYWHERE = {4: "0.0.0.0/0", 6: "::/0"}


@dataclass(frozen=True, order=True)
class Pattern:
    """What ufw keeps one rule for."""

    forward: bool
    protocol: str
    source: str
    destination: str
    ports: str

    def words(self) -> list[str]:
        """As ufw's command takes it."""
        protocol = [] if self.protocol == "any" else ["proto", self.protocol]
        ports = [] if self.ports == "any" else ["port", self.ports]
        return ["allow", *protocol, "from", self.source, "to", self.destination, *ports]

    def command(self, verb: str) -> list[str]:
        route = ["route"] if self.forward else []
        return ["ufw", *route, verb, *self.words()]


@dataclass(frozen=True)
class Kept:
    """A rule that ufw has."""

    pattern: Pattern
    action: str
    ours: bool


def pattern_of(opening: Opening) -> Pattern:
    anywhere = _ANYWHERE[opening.version]
    return Pattern(
        opening.hook == "forward",
        opening.protocol,
        _address(opening.source or anywhere),
        _address(opening.destination or anywhere),
        ",".join(map(str, opening.ports)) or "any",
    )


def _address(text: str) -> str:
    """As ufw writes it: a single host without a prefix."""
    net = ipaddress.ip_network(text, strict=False)
    return str(net[0]) if net.num_addresses == 1 else str(net)


def parse_rules(text: str) -> list[Kept]:
    """The rules in one of ufw's files, from the comments by which ufw itself reads them again."""
    mark = f"comment={OUR_MARK.encode().hex()}"
    lines = (line[len(_TUPLE) :].split() for line in text.splitlines() if line.startswith(_TUPLE))
    found = []
    for words in lines:
        comments = [word for word in words if word.startswith("comment=")]
        plain = [word for word in words if word not in comments]
        # Rules with a source port, of an application or of an interface have no counterpart among ours.
        if len(plain) == 7 and plain[6] == "in" and plain[4] == "any":
            action, protocol, ports, destination, _unused, source, _unused = plain
            _route, colon, rest = action.rpartition(":")
            pattern = Pattern(bool(colon), protocol, _address(source), _address(destination), ports)
            found.append(Kept(pattern, rest, comments == [mark]))
    return found


def plan_ufw(run: Run, wanted: Iterable[Opening]) -> OpeningPlan:
    """What ufw has to be told. A rule of the administrator's that says the same is left as it is."""
    rules = [rule for path in FILES for rule in parse_rules(read_text(path) or "")]
    mine = {rule.pattern for rule in rules if rule.ours}
    others = {rule.pattern: rule.action for rule in rules if not rule.ours}
    versions = (4, 6) if _has_ipv6(read_text(DEFAULTS) or "") else (4,)
    openings = {pattern_of(opening): opening for opening in wanted if opening.version in versions}
    _refuse_contrary(openings, others)
    target = {pattern for pattern in openings if pattern not in others}
    return OpeningPlan(
        _text(mine),
        _text(target),
        frozenset(openings[pattern] for pattern in target - mine),
        apply=partial(_apply, run, sorted(target - mine, reverse=True), sorted(mine - target)),
    )


def _has_ipv6(defaults: str) -> bool:
    values = [line.partition("=")[2].strip(" \"'") for line in defaults.splitlines() if line.startswith("IPV6=")]
    return values[-1:] == ["yes"]


def _refuse_contrary(openings: dict[Pattern, Opening], others: dict[Pattern, str]) -> None:
    """ufw keeps one rule for a pattern: a deny of the same would have to be replaced, which is not ours to do."""
    for pattern, opening in openings.items():
        action = others.get(pattern, "allow")
        if not action.startswith("allow"):
            verb = action.partition("_")[0]
            command = " ".join([*pattern.command("delete")[: -len(pattern.words())], verb, *pattern.words()[1:]])
            raise HostError(
                f"ufw has a rule of its own that says {verb} for {opening.why}, and keeps only one rule for the same "
                f"packets. If the tunnel is to work, remove it: `{command}`."
            )


def _text(patterns: Iterable[Pattern]) -> str:
    return "".join(f"{' '.join(pattern.command('prepend'))} comment '{OUR_MARK}'\n" for pattern in sorted(patterns))


def _apply(run: Run, missing: list[Pattern], superfluous: list[Pattern]) -> None:
    for pattern in missing:
        _tell(run, [*pattern.command("prepend"), "comment", OUR_MARK])
    for pattern in superfluous:
        _tell(run, pattern.command("delete"))


def _tell(run: Run, command: list[str]) -> None:
    """Run ufw; it says Skipping, and exits with 0, where it does nothing."""
    status, out, err = run(command, environ_update={"LC_ALL": "C"})
    if status != 0 or "Skipping" in out or "Could not" in out:
        raise HostError(f"{' '.join(command)}: {(err or out).strip() or f'exit status {status}'}")
