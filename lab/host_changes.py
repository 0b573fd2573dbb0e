# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""host_changes.py [--check]: makes docs/host-changes.md of the roles' meta/host_changes.yml, or says if it differs."""

from __future__ import annotations

import sys
from typing import Any

import yaml
from pages import ROOT, write_or_check

PAGE = ROOT / "docs" / "host-changes.md"
ROLES = ("firewall", "strongswan", "kernel", "lan_routes")  # as site.yml has them
HOSTS = {"gateway": "On a gateway", "LAN host": "On a LAN host"}
KINDS = {
    "file": "Files",
    "link": "Links",
    "package": "Packages",
    "unit": "Units of systemd",
    "kernel": "Kernel settings",
    "nft": "Packet filter",
    "route": "Routes",
    "transient": "For a while only",
}
KEYS = {"kind", "name", "mode", "to", "state", "value", "why", "decides", "look", "goes"}
INTRODUCTION = """\
# What we change on your host

<!-- Made by lab/host_changes.py of the roles' meta/host_changes.yml. Edit those. -->

Everything that `causeway.ipsec.site` puts on a host: why, by which role, what decides whether it is there or what is in
it, how to look at it, and how it goes away. A test compares this page with what a first run has changed on a machine.

- Files, units, tables and connections of ours have `causeway` or `cw-` in their names. What left the topology goes.
- Files of others are not edited, and neither are their nftables tables. AppArmor's profiles stay in force as the
  packages bring them.
- Not listed: what packages bring and make themselves, logs, and Ansible's own `~/.ansible/tmp`.
- A role can be left out: `causeway.ipsec.site --tags` takes the names of those to run.
- Before anything changes, `--check --diff` shows it.

On the controller, the pre-shared keys that the collection makes are in `.causeway/psk` beside the inventory, mode 0600
(`strongswan_psk_directory`), its CA with certificates and their keys in `.causeway/pki` (`strongswan_pki_directory`).
"""


def load(role: str) -> dict[str, Any]:
    """What one role says that it changes."""
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "roles" / role / "meta" / "host_changes.yml").read_text())
    for change in loaded["changes"]:
        unknown, missing = set(change) - KEYS, {"kind", "name", "why", "look", "goes"} - set(change)
        if unknown or missing or change["kind"] not in KINDS:
            raise ValueError(f"roles/{role}: {change}: unknown {sorted(unknown)}, missing {sorted(missing)}")
    return loaded


def page() -> str:
    """The whole page."""
    roles = {role: load(role) for role in ROLES}
    parts = [INTRODUCTION]
    for host, title in HOSTS.items():
        of_host = {role: data["changes"] for role, data in roles.items() if data["host"] == host}
        parts.append(f"## {title}\n")
        for kind, heading in KINDS.items():
            entries = [_entry(role, change) for role in of_host for change in of_host[role] if change["kind"] == kind]
            if entries:
                parts.append(f"### {heading}\n\n" + "\n".join(entries))
    return "\n".join(parts)


def _entry(role: str, change: dict[str, Any]) -> str:
    name = change["name"]
    coded = name if " " in name and not name.startswith("table ") and "{" not in name else f"`{name}`"
    facts = [f"mode {change['mode']}"] if "mode" in change else []
    facts += [f"to `{change['to']}`"] if "to" in change else []
    facts += [change["state"]] if "state" in change else []
    facts += [f"= {change['value']}"] if "value" in change else []
    commands = "; ".join(f"`{command}`" for command in change["look"].split("; "))
    lines = [
        f"**{coded}** ({', '.join([*facts, f'role {role}'])})",
        f"  {' '.join(change['why'].split())}",
        f"  *Decided by:* {change.get('decides', 'the role, always')}.",
        f"  *Look:* {commands}",
        f"  *Goes away:* {change['goes']}",
    ]
    return "- " + "  \n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(write_or_check(PAGE, page(), "the roles"))
