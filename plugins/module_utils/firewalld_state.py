# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What firewalld has, as firewall-cmd lists it: our policies, and what differs between its files and the daemon."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ansible_collections.causeway.ipsec.plugins.module_utils.host_network import HostError

if TYPE_CHECKING:
    from ansible_collections.causeway.ipsec.plugins.module_utils.host_network import Run

# The lowest priority number comes first: before zones, and before other policies that may reject.
_SETTINGS = ("priority: -32768", "target: CONTINUE", "ingress-zones: ANY")
POLICIES = {
    "causeway-in": (*_SETTINGS, "egress-zones: HOST"),
    "causeway-fwd": (*_SETTINGS, "egress-zones: ANY"),
}
# Daemons that put their interfaces back into these zones when firewalld says that it was reloaded.
_RESTORED_ZONES = frozenset(["docker", "libvirt", "libvirt-routed", "nm-shared"])
_DIRECT = ("--get-all-chains", "--get-all-rules", "--get-all-passthroughs")

Blocks = dict[str, list[str]]


@dataclass(frozen=True)
class Policy:
    settings: tuple[str, ...]
    rules: frozenset[str]


def tell(run: Run, *options: str) -> str:
    """Run firewall-cmd."""
    status, out, err = run(["firewall-cmd", *options], environ_update={"LC_ALL": "C"})
    if status != 0:
        shown = " ".join(options[:3]) + (" …" if len(options) > 3 else "")
        raise HostError(f"firewall-cmd {shown}: {(err or out).strip() or f'exit status {status}'}")
    return out


def blocks(listing: str) -> Blocks:
    """What `--list-all-zones` and `--list-all-policies` print: the lines of each object, in a fixed order."""
    found: Blocks = {}
    for line in listing.splitlines():
        if line and not line[0].isspace():
            found[line.split()[0]] = current = []
        elif line.strip():
            current.append(_in_order(line.strip()))
    return {name: sorted(lines) for name, lines in found.items()}


def _in_order(line: str) -> str:
    """The daemon and the files list services and ports in different orders."""
    key, colon, values = line.partition(": ")
    return line if line.startswith("rule ") or not colon else f"{key}: {' '.join(sorted(values.split()))}"


def ours(run: Run, *options: str) -> dict[str, Policy]:
    """Our policies, as far as they are there."""
    found = {}
    for name, lines in blocks(tell(run, *options, "--list-all-policies")).items():
        if name in POLICIES:
            keys = [setting.partition(":")[0] for setting in POLICIES[name]]
            settings = tuple(line for key in keys for line in lines if line.partition(":")[0] == key)
            found[name] = Policy(settings, frozenset(line for line in lines if line.startswith("rule ")))
    return found


def lost_by_reload(run: Run) -> list[str]:
    """What the administrator changed at runtime only, each as a line."""
    lost = []
    for kind, option in (("zone", "--list-all-zones"), ("policy", "--list-all-policies")):
        now, kept = blocks(tell(run, option)), blocks(tell(run, "--permanent", option))
        restored = _network_manager_runs(run) if kind == "zone" and now != kept else False
        for name in sorted(set(now) - set(POLICIES)):
            lost += [f"{kind} {name}: {line}" for line in _differences(name, now[name], kept.get(name), restored)]
    lost += _direct_rules(run)
    return lost + _set_entries(run)


def _differences(name: str, now: list[str], kept: list[str] | None, restored: bool) -> list[str]:
    if kept is None:
        return ["is not in the files at all"]
    found = [f"{line} (not in the files)" for line in now if line not in kept and _counts(line)]
    found += [f"without {line}" for line in kept if line.startswith("rule ") and line not in now]
    if restored or name in _RESTORED_ZONES:
        found = [line for line in found if not line.startswith("interfaces:")]
    return found


def _counts(line: str) -> bool:
    """Empty lists are printed as well; what is missing at runtime shows in the line of the same key."""
    return not line.endswith("rich rules:")


def _network_manager_runs(run: Run) -> bool:
    """NetworkManager puts its interfaces back into their zones after a reload."""
    status, _out, _err = run(["systemctl", "is-active", "--quiet", "NetworkManager.service"])
    return status == 0


def _direct_rules(run: Run) -> list[str]:
    lost = []
    for option in _DIRECT:
        kept = tell(run, "--permanent", "--direct", option).splitlines()
        lost += [f"direct: {line}" for line in tell(run, "--direct", option).splitlines() if line not in kept]
    return lost


def _set_entries(run: Run) -> list[str]:
    lost = []
    for name in tell(run, "--get-ipsets").split():
        now = set(tell(run, f"--ipset={name}", "--get-entries").split())
        kept = set(tell(run, "--permanent", f"--ipset={name}", "--get-entries").split())
        lost += [f"ipset {name}: {entry}" for entry in sorted(now - kept)]
        lost += [f"ipset {name}: without {entry}" for entry in sorted(kept - now)]
    return lost
