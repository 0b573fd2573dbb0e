# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Having the daemon forget certificates that are no longer wanted.

It cannot unload one. A CA whose file is gone is trusted until the daemon ends, of two certificates with one key it
shows the older one, and a list of revoked certificates that is older than the one it has is passed over. Only to empty
all credentials and to read all files again helps, which leaves the daemon without any for some milliseconds.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from ansible_collections.causeway.ipsec.plugins.module_utils.charon import read_certificates
from ansible_collections.causeway.ipsec.plugins.module_utils.connection_apply import LoadError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ansible_collections.causeway.ipsec.plugins.module_utils.connection_plan import Current, Wanted
    from ansible_collections.causeway.ipsec.plugins.module_utils.vici import Client

READ_AGAIN = ("/usr/sbin/swanctl", "--load-creds", "--clear", "--noprompt")
SECONDS = 60


def forget(client: Client, wanted: Wanted, current: Current) -> None:
    """Read all credentials anew if the daemon has one of ours that it should not have; the files are in place."""
    if not must_forget(wanted, current, read_certificates(client)):
        return
    done = subprocess.run(READ_AGAIN, capture_output=True, text=True, check=False, timeout=SECONDS)
    if done.returncode:
        raise LoadError(f"{' '.join(READ_AGAIN)} failed: {done.stderr.strip() or done.stdout.strip()}")
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
