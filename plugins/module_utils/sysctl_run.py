# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's kernel settings: what the running kernel and our file have, and the whole run from the wanted set on."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.causeway.ipsec.plugins.module_utils.files import change_for, pending, read_text
from ansible_collections.causeway.ipsec.plugins.module_utils.host_network import (
    HostError,
    Run,
    interfaces_with,
    read_addresses,
    run_json,
)
from ansible_collections.causeway.ipsec.plugins.module_utils.sysctl import (
    PLACEHOLDER,
    Setting,
    SysctlPlan,
    addresses_in,
    all_counterpart,
    contradictions,
    effective_values,
    explain_missing,
    in_order,
    missing_names,
    overruled,
    parse_file,
    parse_settings,
    plan_settings,
    render_file,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

PROC_SYS = Path("/proc/sys")
SYSCTL_D = [Path("/etc/sysctl.d"), Path("/run/sysctl.d"), Path("/usr/local/lib/sysctl.d"), Path("/usr/lib/sysctl.d")]


# The options of whoever holds or looks at settings, documented in the module kernel_settings.
OPTIONS: dict[str, Any] = {
    "settings": {"type": "dict", "default": {}},
    "addresses": {"type": "list", "elements": "str", "default": []},
    "keep_router_advertisements": {"type": "bool", "default": False},
    "path": {"type": "path", "default": "/etc/sysctl.d/99-zz-causeway.conf"},
}


def read_value(name: str) -> str | None:
    """A key's value in the running kernel, or None if this kernel has no such key."""
    try:
        return " ".join((PROC_SYS / name).read_text(encoding="ascii", errors="replace").split())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as exc:
        raise HostError(f"cannot read the kernel setting {name}: {exc.strerror}") from exc


def write_value(name: str, value: str) -> None:
    try:
        (PROC_SYS / name).write_text(value, encoding="ascii")
    except OSError as exc:
        hint = " In a container, it has to be set from outside." if exc.errno == errno.EROFS else ""
        raise HostError(f"the kernel refuses {name}={value}: {exc.strerror}.{hint}") from exc


def later_files(path: str) -> dict[str, str]:
    """Text of the files in sysctl.d directories whose names sort after ours, as sysctl.d(5) orders them."""
    names: dict[str, Path] = {}
    for directory in SYSCTL_D:  # the first one of a name counts
        for file in directory.glob("*.conf"):
            names.setdefault(file.name, file)
    ours = Path(path)
    later = sorted(name for name in names if name > ours.name) if ours.parent in SYSCTL_D else []
    return {str(names[name]): read_text(str(names[name])) or "" for name in later}


def read_values(settings: Iterable[Setting]) -> dict[str, str | None]:
    """The values of all keys that matter: those to be set, and those of `all` that they are combined with."""
    names = [item.name for item in settings]
    counterparts = [name for name in map(all_counterpart, names) if name]
    return {name: read_value(name) for name in {*names, *counterparts}}


def learned_router_settings(run: Run, before: str | None) -> list[Setting]:
    """accept_ra=2 for interfaces that would lose their default router, and for those that have it from us already."""
    if not (PROC_SYS / "net/ipv6").is_dir():
        return []
    ours = parse_file(before)
    routes = run_json(run, "ip", "-j", "-6", "route", "show", "default")
    learned = {f"net/ipv6/conf/{route['dev']}/accept_ra" for route in routes if route.get("protocol") == "ra"}
    kept = {name for name in ours if name.startswith("net/ipv6/conf/") and name.endswith("/accept_ra")}
    return [Setting(name, "2") for name in sorted(learned | kept) if read_value(name) in ("1", "2")]


def gather(params: Mapping[str, Any], run: Run, before: str | None) -> tuple[list[Setting], list[str]]:
    """The settings wanted, in the kernel's order, and the interfaces that the addresses are on."""
    named = addresses_in(params["settings"])
    held = read_addresses(run) if params["addresses"] or named else []
    interfaces = interfaces_with(params["addresses"], held)
    if not interfaces and any(PLACEHOLDER in name for name in params["settings"]):
        raise HostError(f"settings name {PLACEHOLDER}, but addresses is empty: give this host's addresses on them")
    settings = parse_settings(params["settings"], interfaces, {text: interfaces_with([text], held) for text in named})
    if params["keep_router_advertisements"]:
        settings += learned_router_settings(run, before)
    return in_order(settings), interfaces


def apply(plan: SysctlPlan) -> None:
    """The kernel first: a value that it refuses must not come back at every boot."""
    with pending([plan.file] if plan.file else []):
        for item in plan.drift:
            write_value(item.name, item.after)


def verify(settings: list[Setting]) -> dict[str, str | None]:
    """Reads all keys again; a write that succeeded is no proof that the kernel took the value as it was given."""
    values = read_values(settings)
    wrong = [
        f"{item.name} is {values[item.name]}, not {item.value}"
        for item in settings
        if values[item.name] not in (None, item.value)
    ]
    if wrong:
        raise HostError(f"the kernel did not take over what was written: {'; '.join(wrong)}")
    return values


def hold(params: Mapping[str, Any], run: Run, warn: Callable[[str], object], *, check: bool) -> dict[str, Any]:
    """Gather, plan, apply (unless only checking), and read again what was applied; params are those of OPTIONS."""
    path = params["path"]
    before = read_text(path)
    settings, interfaces = gather(params, run, before)
    values = read_values(settings)
    missing = missing_names(settings, values)
    if missing:
        interfaces_there = {entry.name for entry in (PROC_SYS / "net/ipv4/conf").iterdir()}
        raise HostError(explain_missing(missing, interfaces_there))
    plan = plan_settings(settings, change_for(path, render_file(settings) if settings else None), before, values)
    values.update({item.name: item.after for item in plan.drift})
    problems = overruled(settings, values)
    if problems:
        raise HostError(f"{'; '.join(problems)}. Set the key of `all` too.")
    for warning in contradictions(settings, later_files(path)):
        warn(warning)
    if not check:
        apply(plan)
        values = verify(settings)
    return {
        "changed": plan.changed,
        "diff": plan.as_diff(),
        "interfaces": interfaces,
        "effective": effective_values(settings, values),
        "released": plan.released,
    }


def look(params: Mapping[str, Any], run: Run) -> dict[str, Any]:
    """Whether all is ``held`` already and there is nothing to warn of, and the ``problem`` of holding it, if any."""
    warnings: list[str] = []
    try:
        found = hold(params, run, warnings.append, check=True)
    except (HostError, ValueError) as exc:
        return {"held": False, "problem": str(exc)}
    return {"held": not (found["changed"] or warnings), "problem": ""}
