# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run does about certificates and keys besides loading them: their files, and what the daemon is to forget.

The daemon cannot unload a certificate. A CA whose file is gone is trusted until it ends, of two certificates with one
key it shows the older one, and a list of revoked certificates that is older than the one it has is passed over. Only to
empty all credentials and to read all files again helps, which leaves it without any for some milliseconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ansible_collections.causeway.ipsec.plugins.module_utils.charon import read_certificates
from ansible_collections.causeway.ipsec.plugins.module_utils.connection_apply import LoadError
from ansible_collections.causeway.ipsec.plugins.module_utils.host_files import HostFile, Staged

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ansible_collections.causeway.ipsec.plugins.module_utils.connection_plan import Current, Plan, Wanted
    from ansible_collections.causeway.ipsec.plugins.module_utils.host_network import Run
    from ansible_collections.causeway.ipsec.plugins.module_utils.vici import Client

READ_AGAIN = ("/usr/sbin/swanctl", "--load-creds", "--clear", "--noprompt")


def stage_credentials(staged: Staged, plan: Plan, wanted: Wanted, current: Current) -> None:
    """Have the files of certificates and keys written and removed with the others."""
    for path in plan.credentials_changed:
        before = current.credential_files.get(path) or HostFile(path, None, False)
        staged.add(before, wanted.credentials[path].text)
    for path in plan.credentials_removed:
        staged.remove(current.credential_files[path])


def forget(client: Client, wanted: Wanted, current: Current, run_command: Run | None) -> None:
    """Read all credentials anew if the daemon has one of ours that it should not have; the files are in place."""
    if not must_forget(wanted, current, read_certificates(client)):
        return
    code, out, err = run_command(list(READ_AGAIN)) if run_command else (127, "", "nothing can be run here")
    if code:
        raise LoadError(f"{' '.join(READ_AGAIN)} failed: {err.strip() or out.strip()}")
    # What connections bring with them is gone, too. To load one again that is loaded already touches no tunnel.
    for name, message in wanted.connections.items():
        client.request("load-conn", {name: message})
    loaded = read_certificates(client)
    lacking = [
        path for path, one in wanted.credentials.items() if one.kind.startswith("x509") and one.der not in loaded
    ]
    if lacking:
        raise LoadError(f"{', '.join(sorted(lacking))}: swanctl read it, and the daemon does not list it.")


def must_forget(wanted: Wanted, current: Current, loaded: Mapping[bytes, bool]) -> bool:
    """Whether what is no longer wanted is loaded, a CA or a certificate that could be shown, or a list was passed over.

    A certificate whose private key is gone, and a list that a newer one has replaced, harm nobody.
    """
    keep = {one.der for one in wanted.credentials.values()}
    for one in current.credentials.values():
        harms = one.kind == "x509ca" or (one.kind == "x509" and loaded.get(one.der, False))
        if harms and one.der in loaded and one.der not in keep:
            return True
    return any(one.kind == "x509crl" and one.der not in loaded for one in wanted.credentials.values())
