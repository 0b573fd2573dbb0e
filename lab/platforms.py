# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""platforms.py [--check]: makes docs/platforms.md of the planner's platform profiles, or says if it differs.

. lab/shell.sh; python lab/platforms.py
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.built_in_policies import (
    PLATFORM_DEFAULTS,
    STANDARDS,
)
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.platform_data import PLATFORMS
from pages import ROOT, write_or_check

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.platform_types import (
        Algorithms,
        Platform,
        Source,
    )

PAGE = ROOT / "docs" / "platforms.md"
INTRODUCTION = """\
# Platforms

<!-- Made by lab/platforms.py of the planner's platform_data.py and built_in_policies.py. Edit those. -->

A site whose gateway is a platform's VPN service, or a tunnel that leads to one, may say so:

```yaml
sites:
  cloud:
    platform: aws
    subnets: [10.20.0.0/16]
    gateways: [{address: 203.0.113.80}]
tunnels:
  - {name: office-cloud, sites: [office, cloud], policy: aws, psk: "{{ vault_aws_psk }}"}
```

The platform's limits are then checked with everything else, before a host is touched. `platform` of a tunnel stands in
place of what its sites say; it is about the end that you don't manage. Whoever has a version of the platform that takes
more than this page says leaves `platform` out.

Of a policy that offers several algorithms, one combination must be left that the platform takes. Each platform has a
built-in policy of its name, with what it offers by default; use it where you cannot change the platform's side, and
`recommended` where it takes that. Algorithms in the tables have the names of policies.
"""


def page() -> str:
    """The whole page."""
    sections = [_section(name, platform) for name, platform in PLATFORMS.items()]
    return "\n".join([INTRODUCTION, *sections, _standards()])


def _section(name: str, platform: Platform) -> str:
    rows = [f"| {what} | {value} |" for what, value in _limits(platform)]
    table = ["| limit | allowed |", "| --- | --- |", *rows] if rows else ["No limits are known."]
    default = f"Policy `{name}`, its default:"
    notes = ["Beside that:\n", *(f"- {note}" for note in platform.notes), ""] if platform.notes else []
    sources = ["Sources:\n", *map(_source, platform.sources), ""]
    heading = f"## {platform.title}: `platform: {name}`\n"
    return "\n".join([heading, *table, "", default, "", _policy(PLATFORM_DEFAULTS[name]), *notes, *sources])


def _source(source: Source) -> str:
    return f"- {source.document}: {source.says}{'' if source.confirmed else ' (not confirmed)'}"


def _limits(platform: Platform) -> Iterator[tuple[str, str]]:
    words = platform.words
    yield from _algorithms(words.ike, platform.ike, "group")
    yield from _algorithms(words.ipsec, platform.ipsec, "PFS group")
    if 1 in platform.ike and platform.modes == ("main",):
        yield "mode of IKEv1", "main"
    if platform.ike and platform.protocols == ("esp",):
        yield "protocol", "ESP"
    for word, span in ((words.ike, platform.ike_lifetime), (words.ipsec, platform.ipsec_lifetime)):
        if span is not None:
            yield f"{word}: lifetime", f"{span} seconds"
    if platform.ipsec_first:
        yield "lifetimes", f"that of {words.ipsec} is the shorter one"
    yield from _keys(platform)
    yield from _counts(platform)


def _algorithms(word: str, by_version: Mapping[int, Algorithms], group: str) -> Iterator[tuple[str, str]]:
    """A row for each kind; versions of IKE that have the same share their rows."""
    versions: dict[Algorithms, list[int]] = {}
    for version, algorithms in by_version.items():
        versions.setdefault(algorithms, []).append(version)
    for algorithms, numbers in versions.items():
        where = f"{word} (IKEv{' and v'.join(map(str, numbers))})"
        yield f"{where}: encryption", _listed(algorithms.encryption)
        yield f"{where}: integrity", _listed(algorithms.integrity)
        if algorithms.prf:
            yield f"{where}: PRF", _listed(algorithms.prf)
        yield f"{where}: {group}", _listed(algorithms.groups) + ("" if group == "group" else _pfs(algorithms))


def _pfs(algorithms: Algorithms) -> str:
    return "; required" if algorithms.pfs else ", none"


def _keys(platform: Platform) -> Iterator[tuple[str, str]]:
    psk = platform.psk
    if psk is None:
        return
    word = platform.words.psk
    if psk.length is not None:
        yield f"{word}: characters", str(psk.length)
    if psk.allowed is not None:
        yield f"{word}: allowed", re.sub(r"([*_~|])", r"\\\1", psk.spelled)
    if psk.not_first:
        yield f"{word}: not the first character", ", ".join(f"`{char}`" for char in psk.not_first)
    if psk.kinds:
        yield f"{word}: kinds", f"{psk.kinds} of upper case, lower case, digits and others"
    yield f"{word}: made by", f"`{psk.made_by}`".replace("|", "\\|")


def _counts(platform: Platform) -> Iterator[tuple[str, str]]:
    words = platform.words
    counts = (
        ("name of a tunnel: characters", platform.longest_name),
        ("tunnels per gateway", platform.tunnels),
        (f"{words.local}: entries per tunnel", platform.local_subnets),
        (f"{words.remote}: entries per tunnel", platform.remote_subnets),
        ("pairs of subnets per tunnel with IKEv1", platform.ikev1_pairs),
    )
    yield from ((what, f"at most {most}") for what, most in counts if most is not None)
    if platform.reserved:
        yield f"{words.remote}: not in", ", ".join(f"`{block}`" for block in platform.reserved)
    if len(platform.families) == 1:
        yield "addresses of gateways", f"IPv{platform.families[0]}"
    if platform.plain_ids:
        yield "identities", "IP addresses and domain names"
    if platform.lan_octet is not None:
        yield "LAN address of its gateway", f"ends in {platform.lan_octet}"
    for key, what in platform.needs.items():
        yield f"`{key}` of its site", f"required: {what}"


def _standards() -> str:
    heading = "## Built-in policies of no platform\n\n`recommended` is in [topology.md](topology.md#policies).\n"
    return "\n".join([heading, *(f"`{name}`:\n\n{_policy(raw)}" for name, raw in STANDARDS.items())])


def _listed(names: tuple[object, ...]) -> str:
    return ", ".join(map(str, names))


def _policy(raw: Mapping[str, Any]) -> str:
    lines = [line for half in raw for line in (f"{half}:", *(f"  {key}: {_flow(raw[half][key])}" for key in raw[half]))]
    return "\n".join(["```yaml", *lines, "```", ""])


def _flow(value: object) -> str:
    return f"[{_listed(tuple(value))}]" if isinstance(value, list) else str(value)


if __name__ == "__main__":
    sys.exit(write_or_check(PAGE, page(), "the profiles"))
