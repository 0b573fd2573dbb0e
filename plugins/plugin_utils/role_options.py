# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles' variables of all hosts, held against the roles' argument specs before the first host is touched.

Ansible checks a role's variables when it comes to the role: on a gateway, that of the daemon's after the firewall is
changed.
"""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from ansible.errors import AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from .boundary import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

GATEWAY_ROLES = ("strongswan", "firewall", "kernel")
LAN_HOST_ROLES = ("lan_routes",)
NEAR = 0.85  # how alike a name must be to one of ours to be taken for a slip; others' roles have names of their own

_ROLES = Path(__file__).parents[2] / "roles"


class RoleOptions:
    """What some roles take."""

    def __init__(self, roles: Iterable[str]) -> None:
        self._prefixes = tuple(f"{role}_" for role in roles)
        specs = (yaml.safe_load((_ROLES / role / "meta" / "argument_specs.yml").read_text()) for role in roles)
        self._options: dict[str, Any] = {
            name: option for spec in specs for name, option in spec["argument_specs"]["main"]["options"].items()
        }

    def problems(self, variables: Mapping[str, object]) -> list[str]:
        """What is wrong with the values of one host. What it does not set is a role's default, and right."""
        found, given = [], {}
        for name in self._options:
            if name in variables:
                try:
                    given[name] = plain(variables[name])
                except AnsibleError as exc:
                    found.append(f"{name} can't be told before the run: {exc}")
        options = {name: self._options[name] for name in given}
        return [*found, *ArgumentSpecValidator(options).validate(given).error_messages]

    def slips(self, names: Iterable[str]) -> list[str]:
        """What to warn of: variables that look like one of ours, misspelt, which nobody would read."""
        found = []
        for name in names:
            if name.startswith(self._prefixes) and name not in self._options:
                near = get_close_matches(name, self._options, n=1, cutoff=NEAR)
                found += [f"the roles have no variable {name!r}. Did you mean {near[0]!r}?"] if near else []
        return found


def by_message(said: Mapping[str, Iterable[str]]) -> list[str]:
    """One line for each thing that was said of hosts, with the hosts: a group's variable is wrong on all of them."""
    hosts: dict[str, list[str]] = {}
    for host, messages in said.items():
        for message in messages:
            hosts.setdefault(message, []).append(host)
    return [f"{', '.join(sorted(names))}: {message}" for message, names in hosts.items()]
