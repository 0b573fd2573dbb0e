# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections that a masquerade of others caught before our rules were there keep their translation until they are
forgotten, and the guard drops them: they are made to begin anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ansible_collections.causeway.ipsec.plugins.module_utils.openings import find_program

if TYPE_CHECKING:
    from ansible_collections.causeway.ipsec.plugins.module_utils.firewall_rules import Rules
    from ansible_collections.causeway.ipsec.plugins.module_utils.host_network import Run

NO_CONNTRACK = (
    "conntrack is not installed: connections to remote subnets that a masquerade of this host translates will stall "
    "until they end. Install the package conntrack before the next change."
)


def forget_translated(run: Run, rules: Rules) -> list[str]:
    """Only connections from or to a remote subnet, and only those with a translated source. Returns warnings."""
    conntrack = find_program(run, "conntrack")
    if conntrack is None:
        return [NO_CONNTRACK]
    for version, _unused in rules.carried:
        status, out, _err = run([conntrack, "-L", "-f", f"ipv{version}", "--src-nat"])
        if status == 0 and not out.strip():  # nobody translates; one question, however many tunnels there are
            continue
        for subnet in rules.subnets("remote_subnets", version):
            for side in ("--orig-src", "--orig-dst"):
                # It fails where nothing matches, and there is nothing to be done then.
                run([conntrack, "-D", "-f", f"ipv{version}", side, subnet, "--src-nat"])
    return []
