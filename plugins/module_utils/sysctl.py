# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel settings: names, our file in sysctl.d syntax, and the plan. Nothing here touches the host."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ansible_collections.causeway.ipsec.plugins.module_utils.host_network import HostError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ansible_collections.causeway.ipsec.plugins.module_utils.files import FileChange

PLACEHOLDER = "{interface}"
HEADER = (
    "# Kernel settings of an IPsec gateway.\n"
    "# The Ansible collection causeway.ipsec owns this file: changes made here are lost.\n"
    "# A leading minus: an interface may appear late, and udev then applies its lines.\n"
)
_ADDRESS = re.compile(r"\{(?P<address>[0-9A-Fa-f:.]+)\}")
_NAME = re.compile(r"[A-Za-z0-9_@:.+-]+(/[A-Za-z0-9_@:.+-]+)+")
# net/ipv4/conf/<interface or all or default>/<key>; an interface's name may have dots, which slashes leave alone.
_CONF = re.compile(r"net/(?P<family>ipv4|ipv6)/conf/(?P<interface>[^/]+)/(?P<key>[^/]+)")


@dataclass(frozen=True)
class Setting:
    """One key (with slashes) and the value it should have; a kernel may lack an optional one."""

    name: str
    value: str
    optional: bool = False


@dataclass(frozen=True)
class Drift:
    """A key whose value in the running kernel is not the one wanted."""

    name: str
    before: str
    after: str


@dataclass(frozen=True)
class SysctlPlan:
    file: FileChange | None
    drift: list[Drift] = field(default_factory=list)
    released: list[str] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        return bool(self.file or self.drift)

    def as_diff(self) -> list[dict[str, Any]]:
        diff = [self.file.as_diff()] if self.file else []
        if self.drift:
            header = "running kernel"
            before = "".join(f"{item.name} = {item.before}\n" for item in self.drift)
            after = "".join(f"{item.name} = {item.after}\n" for item in self.drift)
            diff.append({"before_header": header, "after_header": header, "before": before, "after": after})
        return diff


def canonical_name(name: str) -> str:
    """sysctl.d(5): the first separator decides. net.ipv4.conf.eth0/5.rp_filter is net/ipv4/conf/eth0.5/rp_filter."""
    dot, slash = name.find("."), name.find("/")
    if dot != -1 and (slash == -1 or dot < slash):
        return name.translate(str.maketrans("./", "/."))
    return name


def canonical_value(value: object) -> str:
    """Values as the kernel prints them: YAML's booleans are numbers, and blanks between fields do not matter."""
    text = str(int(value)) if isinstance(value, bool) else str(value)
    return " ".join(text.split())


def parse_settings(
    raw: Mapping[str, object], interfaces: Iterable[str] = (), holders: Mapping[str, list[str]] | None = None
) -> list[Setting]:
    """Settings with canonical names; one with {interface} or {an address} in its name stands for one per interface."""
    settings = []
    for text, value in raw.items():
        optional = text.startswith("-")
        pattern = canonical_name(text[1:] if optional else text)
        for name in _expanded(pattern, interfaces, holders or {}):
            if not _NAME.fullmatch(name) or ".." in name.split("/"):
                raise HostError(f"{text!r} is no name of a kernel setting, such as net/ipv4/ip_forward")
            settings.append(Setting(name, canonical_value(value), optional))
    return settings


def addresses_in(names: Iterable[str]) -> list[str]:
    """The addresses that names hold in braces, each of which stands for the interface with this address."""
    return sorted({match["address"] for match in map(_ADDRESS.search, names) if match})


def _expanded(pattern: str, interfaces: Iterable[str], holders: Mapping[str, list[str]]) -> list[str]:
    if PLACEHOLDER in pattern:
        return [pattern.replace(PLACEHOLDER, name) for name in interfaces]
    match = _ADDRESS.search(pattern)
    if match:
        return [pattern.replace(match.group(), name) for name in holders.get(match["address"], [])]
    return [pattern]


def in_order(settings: Iterable[Setting]) -> list[Setting]:
    """One setting per name (the last one given), in the order in which the kernel must get them.

    Forwarding resets other keys and makes the kernel drop the routers it learned unless accept_ra is 2 by then,
    and values of `default` are copied to interfaces that have none of their own yet.
    """
    by_name = {setting.name: setting for setting in settings}
    return sorted(by_name.values(), key=lambda item: (_rank(item.name), item.name))


def _rank(name: str) -> int:
    match = _CONF.fullmatch(name)
    if match and match["key"] == "accept_ra":
        return 0
    if name == "net/ipv4/ip_forward" or (match and match["key"] == "forwarding" and match["interface"] == "all"):
        return 1
    if match and match["interface"] == "default":
        return 2
    return 4 if _is_of_interface(name) else 3


def render_file(settings: Iterable[Setting]) -> str:
    return HEADER + "".join(
        f"{'-' if item.optional or _is_of_interface(item.name) else ''}{item.name} = {item.value}\n"
        for item in settings
    )


def _is_of_interface(name: str) -> bool:
    match = _CONF.fullmatch(name)
    return bool(match and match["interface"] not in ("all", "default"))


def parse_file(text: str | None) -> dict[str, str]:
    """Names (with slashes) and values of a file in sysctl.d syntax."""
    found = {}
    for line in (text or "").splitlines():
        name, separator, value = line.strip().partition("=")
        if separator and not name.startswith(("#", ";")):
            found[canonical_name(name.strip().lstrip("-").strip())] = canonical_value(value)
    return found


def contradictions(settings: Iterable[Setting], later_files: Mapping[str, str]) -> list[str]:
    """Sentences on files that are applied after ours at boot and set a key to something else."""
    wanted = {item.name: item.value for item in settings}
    return [
        f"{path} sets {name} to {value}, and will do so after every boot, since it is read after the file of ours"
        for path, text in later_files.items()
        for name, value in parse_file(text).items()
        if wanted.get(name, value) != value
    ]


def missing_names(settings: Iterable[Setting], values: Mapping[str, str | None]) -> list[str]:
    return [item.name for item in settings if values[item.name] is None and not item.optional]


def explain_missing(names: list[str], interfaces: set[str]) -> str:
    """Names each key that the kernel lacks, and why, as far as one can tell."""
    reasons = []
    for name in names:
        match = _CONF.fullmatch(name)
        if match and match["interface"] not in interfaces | {"all", "default"}:
            reasons.append(f"{name} (there is no interface {match['interface']})")
        elif name.startswith("net/ipv6/"):
            reasons.append(f"{name} (IPv6 is switched off or not built in)")
        else:
            reasons.append(name)
    return f"this host's kernel has no setting {', '.join(reasons)}"


def plan_settings(
    settings: list[Setting], file: FileChange | None, before: str | None, values: Mapping[str, str | None]
) -> SysctlPlan:
    """What to change: our file, and each key whose running value is not the one wanted."""
    wanted = {item.name for item in settings}
    drift = []
    for item in settings:
        value = values[item.name]
        if value is not None and value != item.value:
            drift.append(Drift(item.name, value, item.value))
    return SysctlPlan(file, drift, sorted(set(parse_file(before)) - wanted))


# How the kernel combines conf/all with conf/<interface>, where it does (Documentation/networking/ip-sysctl.rst)
_HIGHEST_COUNTS = {"rp_filter", "arp_announce", "arp_ignore", "send_redirects", "secure_redirects", "log_martians"}


def all_counterpart(name: str) -> str | None:
    """The key of conf/all that an interface's key is combined with, if there is one."""
    match = _CONF.fullmatch(name)
    if not match or match["family"] != "ipv4" or match["interface"] in ("all", "default"):
        return None
    return f"net/ipv4/conf/all/{match['key']}" if match["key"] in _HIGHEST_COUNTS else None


def effective_values(settings: Iterable[Setting], values: Mapping[str, str | None]) -> dict[str, str]:
    """What the kernel goes by for each setting: the higher one of `all` and the interface where they are combined."""
    effective = {}
    for item in settings:
        value = values.get(item.name)
        counterpart = values.get(all_counterpart(item.name) or "")
        if value is not None:
            effective[item.name] = value if counterpart is None else _higher(value, counterpart)
    return effective


def _higher(value: str, other: str) -> str:
    return other if value.isdigit() and other.isdigit() and int(other) > int(value) else value


def overruled(settings: Iterable[Setting], values: Mapping[str, str | None]) -> list[str]:
    """Sentences on settings that `all` overrules; there are none when what was asked for is what the kernel does."""
    settings = list(settings)
    effective = effective_values(settings, values)
    return [
        f"{item.name}={item.value} has no effect: {all_counterpart(item.name)}={effective[item.name]} overrules it"
        for item in settings
        if effective.get(item.name, item.value) != item.value
    ]
