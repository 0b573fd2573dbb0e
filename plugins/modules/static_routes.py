# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: static_routes
short_description: Hold a LAN host's routes through its IPsec gateway, now and after a reboot
version_added: 0.1.0
author:
  - causeway.ipsec contributors (@causeway-ipsec)
description:
  - Takes all routes of a host in one call. Owns exactly the routes of the main table that carry protocol number 213,
    and one file per network manager. Routes of ours that are no longer wanted are removed, others are never touched.
  - Routes are put into the running kernel at once, replacing a changed one in one step, and into the configuration of
    the manager of the interface towards the next hop. That is a drop-in for the interface's C(.network) file with
    systemd-networkd, also where netplan or a cloud's agent made that file, and C(/etc/network/if-up.d/causeway-routes)
    with ifupdown.
  - Any other manager is refused by name before anything is changed.
  - If something else has put in a route to the same destination, it is left alone and counts (RV(left)) if it has the
    same next hop and interface. Otherwise the module fails, names it, and changes nothing.
  - It makes no difference whether the next hop is the host's default router.
options:
  routes:
    description: All routes that the host should have from us. None removes all of them.
    type: list
    elements: dict
    required: true
    suboptions:
      destination:
        description: Network in CIDR, IPv4 or IPv6, without host bits.
        type: str
        required: true
      via:
        description: Address of the gateway on a network that this host is on, too.
        type: str
        required: true
  manager:
    description:
      - What configures the interface towards the next hop.
      - V(auto) finds out, V(systemd-networkd) insists on it, V(ifupdown) takes your word for it.
    type: str
    choices: [auto, systemd-networkd, ifupdown]
    default: auto
notes:
  - systemd-networkd is told to reload when its drop-in changed, or it would forget the routes when the interface loses
    its carrier. It then configures that interface again. Version 257 keeps the addresses meanwhile, versions 249
    (Ubuntu 22.04) and 252 (Debian 12) take the IPv4 addresses away for about 10 ms. Routes of others that networkd
    removes on that occasion are put back, with version 249 after a second. It also takes over any other change of its
    files that nobody has told it of yet.
  - With ifupdown and DHCP, a lease with a new address flushes routes until the interface is brought up again or the
    module runs.
extends_documentation_fragment:
  - causeway.ipsec.run
attributes:
  check_mode:
    description: Reports what would change, and refuses what it would refuse, without touching the host.
    support: full
  diff_mode:
    description: Shows our routes and our files before and after.
    support: full
  idempotent:
    description: A second call changes nothing.
    support: full
"""

EXAMPLES = r"""
- name: Reach London's LAN through Berlin's gateway
  causeway.ipsec.static_routes:
    routes:
      - destination: 192.168.2.0/24
        via: 192.168.1.5

- name: Give up all routes of ours
  causeway.ipsec.static_routes:
    routes: []
"""

RETURN = r"""
addresses:
  description: The host's own addresses, without loopback and link-local ones; where it can be pinged.
  returned: success
  type: list
  elements: str
  sample: [192.168.1.11, "2001:db8:1::11"]
added:
  description: Routes that were put in.
  returned: success
  type: list
  elements: str
  sample: [192.168.2.0/24 via 192.168.1.5 dev eth0]
changed_routes:
  description: Routes that got another next hop or interface.
  returned: success
  type: list
  elements: dict
  contains:
    before:
      description: The route as it was.
      type: str
      returned: success
    after:
      description: The route as it is now.
      type: str
      returned: success
  sample:
    - before: 192.168.2.0/24 via 192.168.1.4 dev eth0 proto 213 metric 0
      after: 192.168.2.0/24 via 192.168.1.5 dev eth0
removed:
  description: Routes of ours that were removed.
  returned: success
  type: list
  elements: str
  sample: [192.168.3.0/24 via 192.168.1.5 dev eth0 proto 213 metric 0]
left:
  description: Routes that something else put in, and that are the same as one wanted.
  returned: success
  type: list
  elements: str
  sample: [192.168.2.0/24 via 192.168.1.5 dev eth0 proto boot metric 0]
manager:
  description: The network manager that keeps the routes, or none if there are no routes to keep.
  returned: success
  type: str
  sample: systemd-networkd
"""

import contextlib
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.causeway.ipsec.plugins.module_utils import network_managers, networkd
from ansible_collections.causeway.ipsec.plugins.module_utils.files import FileChange, FileError, Unfinished, pending
from ansible_collections.causeway.ipsec.plugins.module_utils.host_network import (
    HostAddress,
    HostError,
    Run,
    read_addresses,
    run_json,
)
from ansible_collections.causeway.ipsec.plugins.module_utils.route_files import (
    NETWORKD_DROPIN,
    files_of_ours,
    plan_files,
    plan_reload,
    wanted_files,
)
from ansible_collections.causeway.ipsec.plugins.module_utils.routes import (
    PROTOCOL,
    KernelRoute,
    Route,
    RoutePlan,
    device_towards,
    parse_kernel_routes,
    parse_wanted,
    plan_routes,
)
from ansible_collections.causeway.ipsec.plugins.module_utils.turn import RUN_OPTION, turn

UNFINISHED = "/run/causeway/routes-unfinished"


@dataclass(frozen=True)
class Plan:
    """Everything that a call would do."""

    wanted: list[Route]
    ours: list[KernelRoute]
    routes: RoutePlan
    files: list[FileChange]
    reload: list[str]  # interfaces that networkd has to configure again
    manager: str

    @property
    def changed(self) -> bool:
        return bool(self.routes or self.files or self.reload)

    def as_diff(self) -> list[dict[str, Any]]:
        diff = [change.as_diff() for change in self.files]
        if self.routes:
            header = f"running kernel, routes of protocol {PROTOCOL}"
            before = {f"{item.destination} via {item.via} dev {item.device}" for item in self.ours}
            skipped = {item.destination for item in self.routes.left}
            after = {str(item) for item in self.wanted if item.destination not in skipped or str(item) in before}
            diff.append(
                {
                    "before_header": header,
                    "after_header": header,
                    "before": "".join(f"{line}\n" for line in sorted(before)),
                    "after": "".join(f"{line}\n" for line in sorted(after)),
                }
            )
        return diff


def read_routes(run: Run) -> list[KernelRoute]:
    routes = []
    for family in (4, 6):
        entries = run_json(run, "ip", "-N", "-j", f"-{family}", "route", "show", "table", "main")
        routes += parse_kernel_routes(entries, family)
    return routes


def with_devices(run: Run, routes: list[Route]) -> list[Route]:
    """The routes with the interfaces that reach their next hops; each next hop is asked for once."""
    addresses = read_addresses(run) if routes else []
    devices: dict[str, str] = {}
    for via in sorted({route.via for route in routes}):
        try:
            answer = run_json(run, "ip", "-N", "-j", "route", "get", via)
        except HostError:  # `ip route get` fails for "network is unreachable"
            answer = []
        devices[via] = device_towards(via, answer[0] if answer else None, addresses)
    return [Route(route.destination, route.via, devices[route.via]) for route in routes]


def make_plan(module: AnsibleModule) -> Plan:
    run: Run = module.run_command
    wanted = with_devices(run, parse_wanted(module.params["routes"]))
    current = read_routes(run)
    found = network_managers.gather(run, module.get_bin_path)
    devices = sorted({route.device for route in wanted})
    managers = {device: network_managers.manager_of(device, found, module.params["manager"]) for device in devices}
    routes = plan_routes(wanted, current)
    files = plan_files(wanted_files(wanted, managers))
    return Plan(
        wanted=wanted,
        ours=[route for route in current if route.protocol == PROTOCOL],
        routes=routes,
        files=files,
        reload=plan_reload(found.networkd, files, Unfinished(UNFINISHED).there),
        manager=", ".join(sorted({manager for manager, _file in managers.values()})),
    )


def apply_routes(run: Run, plan: RoutePlan) -> None:
    for family in (4, 6):
        lines = plan.commands(family)
        if lines:
            status, _out, err = run(["ip", f"-{family}", "-batch", "-"], data="\n".join(lines) + "\n")
            if status != 0:
                raise HostError(f"the kernel refuses a route: {err.strip()}")


def apply(run: Run, plan: Plan) -> None:
    """The kernel first, so that traffic flows at once; then what brings the routes back."""
    # The next call must see it if networkd does not know of the new files.
    with Unfinished(UNFINISHED).work() if plan.reload else contextlib.nullcontext():
        with pending(plan.files):
            apply_routes(run, plan.routes)
        if plan.reload:
            networkd.reload(run, plan.reload, plan.wanted)
    for change in plan.files:
        if change.after is None and change.path.endswith(NETWORKD_DROPIN):
            with contextlib.suppress(OSError):  # somebody else's drop-ins may be there too
                Path(change.path).parent.rmdir()


def verify(run: Run, plan: Plan) -> None:
    left = plan_routes(plan.wanted, read_routes(run))
    if left:
        steps = [
            *map(str, left.added),
            *(str(new) for _old, new in left.changed),
            *(f"not {old}" for old in left.removed),
        ]
        raise HostError(f"the kernel does not hold the routes that were put in: {'; '.join(steps)}")


def pingable(addresses: list[HostAddress]) -> list[str]:
    """Those that another host could reach."""
    found = [ip_address(held.address) for held in addresses]
    return [str(address) for address in found if not (address.is_loopback or address.is_link_local)]


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "routes": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "destination": {"type": "str", "required": True},
                    "via": {"type": "str", "required": True},
                },
            },
            "manager": {"type": "str", "choices": ["auto", "systemd-networkd", "ifupdown"], "default": "auto"},
            "run": RUN_OPTION,
        },
        supports_check_mode=True,
    )
    module.run_command_environ_update = {"LC_ALL": "C"}
    try:
        with turn(module.params["run"], module.check_mode, files_of_ours()):
            plan = make_plan(module)
            if plan.changed and not module.check_mode:
                apply(module.run_command, plan)
                verify(module.run_command, plan)
        addresses = pingable(read_addresses(module.run_command))
    except (HostError, FileError, OSError) as exc:
        module.fail_json(msg=str(exc))
    module.exit_json(
        changed=plan.changed,
        diff=plan.as_diff(),
        addresses=addresses,
        added=[str(route) for route in plan.routes.added],
        changed_routes=[{"before": str(old), "after": str(new)} for old, new in plan.routes.changed],
        removed=[str(route) for route in plan.routes.removed],
        left=[str(route) for route in plan.routes.left],
        manager=plan.manager,
    )


if __name__ == "__main__":
    main()
