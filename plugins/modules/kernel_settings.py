# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: kernel_settings
short_description: Hold a set of kernel settings (sysctls) in one file and in the running kernel
version_added: 0.1.0
author:
  - causeway.ipsec contributors (@causeway-ipsec)
description:
  - Takes the whole set in one call. The set is written to one file that this module owns, and every key whose value in
    the running kernel differs is set there too, even if the file was right already.
  - Afterwards every key is read again. A key that did not take its value is an error, and so is a key of one interface
    that the same key of C(all) overrules, since the kernel goes by the higher one of both (C(rp_filter),
    C(send_redirects), C(secure_redirects)).
  - Nothing is changed if the kernel lacks a key or the host lacks an address. The error names all of them.
  - A file whose name sorts after O(path) and that sets one of the keys to something else is warned of, since it wins at
    the next boot.
  - A key that is no longer wanted leaves the file and is named in RV(released). Its value in the running kernel stays
    until the next boot, because something else on the host may rely on it by now (C(ip_forward) and Docker, say).
options:
  settings:
    description:
      - Names of kernel settings and their values.
      - Both C(net.ipv4.ip_forward) and C(net/ipv4/ip_forward) are understood, as in files of sysctl.d. Write
        slashes where an interface's name contains dots.
      - C({interface}) in a name stands for each of the interfaces that hold O(addresses).
      - An address in braces, as in C(net/ipv4/conf/{198.51.100.10}/rp_filter), stands for the interface that holds it.
      - A leading minus makes a setting optional, it is skipped on a kernel that lacks it.
    type: dict
    default: {}
  addresses:
    description:
      - IP addresses of this host. The interfaces that hold them are those that C({interface}) stands for.
      - An address that no interface holds is an error.
    type: list
    elements: str
    default: []
  keep_router_advertisements:
    description:
      - Sets C(accept_ra) to 2 on each interface on which the kernel itself learned its default router from IPv6 router
        advertisements. The kernel would forget that router when IPv6 forwarding is switched on.
      - Interfaces whose advertisements a network manager handles (systemd-networkd, NetworkManager) are left alone.
    type: bool
    default: false
  path:
    description: The file. It holds nothing but these settings, and there is none if there are no settings.
    type: path
    default: /etc/sysctl.d/99-zz-causeway.conf
extends_documentation_fragment:
  - causeway.ipsec.run
attributes:
  check_mode:
    description: Reports what would change without touching the host.
    support: full
  diff_mode:
    description: Shows the file and the running kernel's values before and after.
    support: full
  idempotent:
    description: A second call changes nothing.
    support: full
seealso:
  - module: ansible.posix.sysctl
    description: Sets one key per call, in a file that may be shared.
"""

EXAMPLES = r"""
- name: Let a gateway forward between two interfaces, and check sources loosely on the one towards its peers
  causeway.ipsec.kernel_settings:
    settings:
      net/ipv4/ip_forward: 1
      net/ipv4/conf/{interface}/forwarding: 1
      net/ipv4/conf/{198.51.100.10}/rp_filter: 2
      -net/ipv6/conf/all/forwarding: 1
    addresses:
      - 198.51.100.10
      - 192.168.1.5

- name: Give up all of them (the running kernel keeps its values until the next boot)
  causeway.ipsec.kernel_settings:
    settings: {}
"""

RETURN = r"""
interfaces:
  description: The interfaces that hold the addresses given.
  returned: success
  type: list
  elements: str
  sample: [eth0, eth1]
effective:
  description:
    - What the kernel goes by for each setting, read after the change. In check mode, what it would go by.
  returned: success
  type: dict
  sample: {"net/ipv4/ip_forward": "1", "net/ipv4/conf/eth0/rp_filter": "2"}
released:
  description: Keys that left the file. The running kernel keeps their values until the next boot.
  returned: success
  type: list
  elements: str
  sample: [net/ipv4/conf/eth2/rp_filter]
"""

import errno
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.causeway.ipsec.plugins.module_utils.files import FileError, change_for, pending, read_text
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
from ansible_collections.causeway.ipsec.plugins.module_utils.turn import RUN_OPTION, turn

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PROC_SYS = Path("/proc/sys")
SYSCTL_D = [Path("/etc/sysctl.d"), Path("/run/sysctl.d"), Path("/usr/local/lib/sysctl.d"), Path("/usr/lib/sysctl.d")]


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


def hold(module: AnsibleModule) -> dict[str, Any]:
    """Gather, plan, apply (unless in check mode), and read again what was applied."""
    path = module.params["path"]
    before = read_text(path)
    settings, interfaces = gather(module.params, module.run_command, before)
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
        module.warn(warning)
    if not module.check_mode:
        apply(plan)
        values = verify(settings)
    return {
        "changed": plan.changed,
        "diff": plan.as_diff(),
        "interfaces": interfaces,
        "effective": effective_values(settings, values),
        "released": plan.released,
    }


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "settings": {"type": "dict", "default": {}},
            "addresses": {"type": "list", "elements": "str", "default": []},
            "keep_router_advertisements": {"type": "bool", "default": False},
            "path": {"type": "path", "default": "/etc/sysctl.d/99-zz-causeway.conf"},
            "run": RUN_OPTION,
        },
        supports_check_mode=True,
    )
    try:
        with turn(module.params["run"], module.check_mode, [module.params["path"]]):
            result = hold(module)
    except (HostError, FileError, OSError, ValueError) as exc:
        module.fail_json(msg=str(exc))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
