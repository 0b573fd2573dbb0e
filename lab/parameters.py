# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""parameters.py [--check]: makes docs/parameters.md of the planner's keys and algorithms, and of what the tests say.

. lab/shell.sh; python lab/parameters.py
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.crypto import (
    DH_GROUPS,
    ENCRYPTION,
    INTEGRITY,
    KEMS,
    PRF,
)
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.extra_data import OPTIONS
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.parameters import OURS, PARAMETERS, Parameter
from marked import TESTS, golden_cases, live_tests
from pages import ROOT, write_or_check

sys.path.insert(0, str(TESTS / "shared"))
from suites import NOT_RUN, rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.crypto_data import Algorithm

PAGE = ROOT / "docs" / "parameters.md"
TUNNELS = ("tunnel", "mesh", "defaults")
SECTIONS = {
    "Top level": ("top",),
    "limits": ("limits",),
    "authorities": ("authority",),
    "sites": ("site",),
    "gateways of a site": ("gateway",),
    "tunnels, meshes and defaults": TUNNELS,
    "policies: ike": ("ike",),
    "policies: esp": ("esp",),
    "policies: ah": ("ah",),
}
MANUALS = {
    "swanctl.conf": "https://docs.strongswan.org/docs/latest/swanctl/swanctlConf.html",
    "strongswan.conf": "https://docs.strongswan.org/docs/latest/config/strongswanConf.html",
}
NONE = "none"
# Of these the planner decides by itself: no host has anything of it.
AT_THE_CONTROLLER = {
    "top.limits",
    *(f"limits.{one.name}" for one in PARAMETERS if one.levels == ("limits",)),
    *(f"{level}.description" for level in ("site", "tunnel", "defaults")),
    *(f"{level}.platform" for level in ("site", "tunnel")),
    "gateway.device",
    "tunnel.routing",  # there is one kind
}
# What the rows of the spread say of a kind of algorithm: factors of tests/shared/suites.py, by the half.
FACTORS: Mapping[str, Mapping[str, str]] = {
    "Encryption": {"IKE": "ike_encryption", "ESP": "encryption"},
    "Integrity": {"IKE": "ike_integrity", "ESP, AH": "integrity"},
    "PRF": {"IKE": "prf"},
    "Groups": {"IKE": "dh_group", "PFS": "pfs_group"},
    "Key encapsulation": {},
}
INTRODUCTION = """\
# Parameters

<!-- Made by lab/parameters.py of the planner's parameters.py, crypto_data.py, crypto_groups.py and extra_data.py and
of the tests. Edit those. -->

Every key that a topology may have: what it allows, its default, where its meaning or its limits are from, and where it
is tested. [topology.md](topology.md) explains the same keys in the order in which one needs them;
[platforms.md](platforms.md) has what each cloud's service allows of them, with the vendors' documents.

- **Live tests** run daemons, and fail if the parameter has not its effect. Those of `vm` are machines with kernels of
  their own; `live` and `testinfra` are containers with userspace ESP, which counts only for what the daemons do. "none"
  means that no test looks at its effect there: it is tested what is rendered of it, and that the daemons take it.
  Of `hw_offload` and `per_cpu_sas` they see that nothing less is done in silence: no device and no strongSwan of the
  tests has them.
- **Golden cases** are directories of `tests/golden`, whose rendered files are compared byte by byte.
- What is refused, with whole messages, is in `tests/unit/topology`; that daemons take every value of a tunnel's
  behaviour, of `extra` and of a policy is in `tests/live/test_parameters.py`.

{unseen} of the {all} rows below have no live test and could have one.
"""
SPREAD = """\
## Algorithms

Numbers are those of the pairwise spread (`tests/shared/suites.py`, `tests/vm/test_spread.py`): {rows} tunnels between
gateways of ours on real kernels, Debian 12 and 13, that have each two families of values together, and each value at
least once. A family is a cipher with any key and tag, all groups of one kind, or SHA-2. The factors are
{factors}.
Standings are the words of the documents: RFC 8247 for IKE, RFC 8221 for ESP and AH, and the BSI's TR-02102-3.

Not run there:

- what the planner refuses together, such as an AEAD cipher with an integrity algorithm, or ESN with IKEv1;
- a second key exchange (`additional_key_exchanges`) but between the gateways of Debian 13, where a group is one in some
  rows: strongSwan has it since 6.0.0;
{not_run}
"""


def page() -> str:
    """The whole page."""
    live, golden = live_tests(), golden_cases()
    tables = {title: list(_rows(levels, live, golden)) for title, levels in SECTIONS.items()}
    every = [row for table in tables.values() for row in table]
    unseen = sum(row[4] == NONE for row in every)
    heading = ("parameter", "allowed", "default", "source", "live tests", "golden cases")
    sections = [f"## {title}\n\n{_table(heading, table)}" for title, table in tables.items()]
    introduction = INTRODUCTION.format(unseen=unseen, all=len(every))
    return "\n".join([introduction, *sections, _extra(), _spread()])


def _rows(
    levels: tuple[str, ...], live: Mapping[str, list[str]], golden: Mapping[str, list[str]]
) -> Iterator[tuple[str, ...]]:
    """A row for each parameter of a section, once however many of its levels have it."""
    for one in PARAMETERS:
        has = [level for level in levels if level in one.levels]
        if has:
            names = [f"{level}.{one.name}" for level in has]
            yield (
                _named(one, has),
                f"{one.kind}{f', {one.unit}' if one.unit else ''}",
                one.default,
                _source(one.source),
                "<br>".join(f"`{test}`" for test in _of(live, names)) or _unseen(names),
                ", ".join(_of(golden, names)) or NONE,
            )


def _unseen(names: list[str]) -> str:
    return "none needed: no host has anything of it" if AT_THE_CONTROLLER & set(names) else NONE


def _of(tests: Mapping[str, list[str]], names: Iterable[str]) -> list[str]:
    return sorted({test for name in names for test in tests.get(name, ())})


def _named(one: Parameter, levels: list[str]) -> str:
    """Its name, and of which of several levels it is a key."""
    return f"`{one.name}`" + (f" of {', '.join(levels)}" if set(levels) <= set(TUNNELS) else "")


def _source(source: str) -> str:
    """With links to what can be read elsewhere."""
    if source == OURS:
        return "ours"
    if source.startswith("docs/"):
        return f"[{source[5:]}]({source[5:]})"
    linked = re.sub(r"RFC (\d+)(?:, ([\d.]+))?", _rfc, re.sub(r"(RFC \d+) and (\d{4})", r"\1 and RFC \2", source))
    for manual, address in MANUALS.items():
        linked = re.sub(rf"{re.escape(manual)}(?:, (.+))?", rf"[{manual}]({address}) `\1`", linked)
    return linked.replace(" ``", "")


def _rfc(found: re.Match[str]) -> str:
    section = f"#section-{found[2]}" if found[2] else ""
    return f"[{found[0]}](https://www.rfc-editor.org/rfc/rfc{found[1]}{section})"


def _table(heading: tuple[str, ...], table: Iterable[tuple[str, ...]]) -> str:
    lines = [heading, ("---",) * len(heading), *table]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def _extra() -> str:
    """strongSwan's own keys, by level."""
    rows_of = [
        (f"`{key}`", level, " or ".join(option.words) or option.kind, option.since or "5.9.5")
        for level, options in OPTIONS.items()
        for key, option in sorted(options.items())
    ]
    words = "What `extra` of a tunnel (connection, local, remote, child) and of a gateway (daemon) may hold, from the "
    words += "manual pages swanctl.conf(5) and strongswan.conf(5). Those of a tunnel are loaded one by one in "
    words += "`live/test_parameters.py::test_h13_the_daemon_takes_all_that_its_version_is_said_to_take`.\n"
    return f"## extra\n\n{words}\n{_table(('key', 'level', 'kind', 'from strongSwan'), rows_of)}"


def _spread() -> str:
    """What the spread runs, algorithm by algorithm."""
    not_run = "\n".join(f"- {', '.join(f'`{name}`' for name in names)}: {why}." for why, names in _reasons().items())
    tables: tuple[Mapping[Any, Algorithm], ...] = (ENCRYPTION, INTEGRITY, PRF, DH_GROUPS, KEMS)
    sections = [
        f"### {title}\n\n{_algorithms(table.items(), factors)}"
        for (title, factors), table in zip(FACTORS.items(), tables)
    ]
    factors = ", ".join(f"`{name}`" for name in rows()[0])
    return "\n".join([SPREAD.format(rows=len(rows()), factors=factors, not_run=not_run), *sections])


def _reasons() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, why in NOT_RUN.items():
        found.setdefault(why, []).append(name)
    return found


def _algorithms(table: Iterable[tuple[object, Algorithm]], factors: Mapping[str, str]) -> str:
    counted = {where: Counter(row[factor] for row in rows()) for where, factor in factors.items()}
    heading = ("name", "strongSwan", "IANA", "RFC 8247", "RFC 8221", "BSI", "standing")
    lines = [
        (
            f"`{name}`", f"`{one.token}`", str(one.iana[1]), one.standing.rfc8247, one.standing.rfc8221,
            one.standing.bsi, one.status, *(str(counted[where][name]) for where in factors),
        )
        for name, one in table
    ]  # fmt: skip
    return _table((*heading, *(f"rows: {where}" for where in factors)), lines)


if __name__ == "__main__":
    sys.exit(write_or_check(PAGE, page(), "the parameters and the tests"))
