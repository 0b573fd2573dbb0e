# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: credentials
author: causeway.ipsec contributors (@causeway-ipsec)
version_added: 0.1.0
short_description: The certificates and keys of gateways, read or made on the controller
description:
  - Returns the files with certificates, keys and revocation lists that a gateway needs for its tunnels, as
    M(causeway.ipsec.connections) takes them. The result is secret. Hand it to a task's argument, do not print it.
  - What the topology names is read on the controller; paths are relative to the directory of the run's first inventory.
    Files may be encrypted with Ansible Vault.
  - Where the topology names no certificate of a managed gateway, a CA of the collection's own signs one; where it names
    no key, one is made. These are files of mode 0600 in O(directory), encrypted if a vault secret is loaded.
  - A certificate that was made is made anew, with a new key, O(renewal_days) before it expires, and when the
    gateway's identities change.
  - With C(--check) nothing is written. What does not exist yet is then a new one at every call.
options:
  _terms:
    description: Inventory names of gateways.
    type: list
    elements: str
    required: true
  topology:
    description: The topology, C(ipsec_topology).
    type: dict
    required: true
  directory:
    description:
      - Directory on the controller that holds the made CA, certificates and keys. Made with mode 0700 if it is missing.
      - Refused where Ansible takes its files for inventories, in an inventory directory except beneath a name with a
        leading dot.
      - Its file V(ca.pem) is the CA's certificate, for peers that are not managed.
    type: path
    required: true
  renewal_days:
    description: How many days before it expires a certificate that was made is made anew, 1 to 365.
    type: int
    default: 30
notes:
  - The files are the only copy of the CA on the controller. Whoever deletes them makes the next run give every gateway
    a new certificate, for which their tunnels are interrupted.
seealso:
  - module: causeway.ipsec.connections
  - plugin: causeway.ipsec.psk
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Load the gateway's connections with their certificates
  causeway.ipsec.connections:
    config: "{{ ipsec_topology | causeway.ipsec.swanctl_config(inventory_hostname) }}"
    credentials: "{{ query('causeway.ipsec.credentials', inventory_hostname, topology=ipsec_topology, directory=pki) }}"
  vars:
    pki: "{{ inventory_dir }}/.causeway/pki"
"""

RETURN = r"""
_raw:
  description: One dictionary for each file, with C(kind), C(name), C(data), and C(id) of a private key.
  type: list
  elements: dict
"""

from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.causeway.ipsec.plugins.plugin_utils import psk_store, vault
from ansible_collections.causeway.ipsec.plugins.plugin_utils.boundary import load_topology, plain, problems_as_error
from ansible_collections.causeway.ipsec.plugins.plugin_utils.inventory_files import (
    credential_sources,
    taken_for_inventory,
)
from ansible_collections.causeway.ipsec.plugins.plugin_utils.pki.made import AUTHORITY, Maker
from ansible_collections.causeway.ipsec.plugins.plugin_utils.pki.share import Share
from ansible_collections.causeway.ipsec.plugins.plugin_utils.pki.sources import SourceError

if TYPE_CHECKING:
    from collections.abc import Mapping


LONGEST_RENEWAL = 365  # days; a certificate that is made is valid for twice as long


class LookupModule(LookupBase):
    """The files of each gateway."""

    def run(self, terms: list[Any], variables: Mapping[str, Any] | None = None, **kwargs: Any) -> list[dict[str, Any]]:
        self.set_options(var_options=variables, direct=kwargs)
        topology = load_topology(self.get_option("topology"))
        if not 1 <= self.get_option("renewal_days") <= LONGEST_RENEWAL:
            raise AnsibleLookupError(f"causeway.ipsec.credentials: renewal_days must be 1 to {LONGEST_RENEWAL}.")
        directory = Path(str(plain(self.get_option("directory"))))
        if wrong := taken_for_inventory(directory / AUTHORITY, variables or {}):
            raise AnsibleLookupError(f"causeway.ipsec.credentials: {wrong}")
        sources = credential_sources(variables or {})
        maker = Maker(
            directory=directory,
            now=datetime.now(timezone.utc),
            renewal_days=int(self.get_option("renewal_days")),
            dry=bool((variables or {}).get("ansible_check_mode")),
            encode=vault.encode,
            decode=vault.decode_own,
        )
        try:
            with problems_as_error():
                shares = [Share(topology, str(plain(term)), sources, maker) for term in terms]
                return [file.as_dict() for share in shares for file in share.files()]
        except (SourceError, psk_store.StoreError, OSError) as error:
            # Ansible would print the cause, which says the same, once more.
            raise AnsibleLookupError(f"causeway.ipsec.credentials: {error}") from None
