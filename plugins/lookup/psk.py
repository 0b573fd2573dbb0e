# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make pre-shared keys on the controller, once a tunnel, and read them back."""

from __future__ import annotations

DOCUMENTATION = r"""
name: psk
author: causeway.ipsec contributors (@causeway-ipsec)
version_added: 0.1.0
short_description: Make pre-shared keys on the controller, once a tunnel, and read them back
description:
  - Returns the pre-shared key of each tunnel named, made of 48 random bytes in base64 when it is asked for first.
  - A key is a file of mode 0600 in O(directory). Any number of forks may ask for the same key at the same time,
    all get the same.
  - When a vault secret is loaded (C(--vault-id), C(--vault-password-file), C(ANSIBLE_VAULT_PASSWORD_FILE)),
    new files are encrypted with it. Encrypted files are read whatever their mode, clear ones only if nobody else may.
  - With C(--check) nothing is written. A key that does not exist yet is then a new one at every call.
options:
  _terms:
    description: Names of tunnels.
    type: list
    elements: str
    required: true
  directory:
    description:
      - Directory on the controller that holds the keys. Made with mode 0700 when it does not exist.
      - It must be on a file system with hard links.
      - Refused where Ansible takes its files for inventories, in an inventory directory except beneath a name with a
        leading dot.
    type: path
    required: true
notes:
  - The files are the only copy of the keys on the controller. Whoever deletes one makes the next run change the key
    of that tunnel on every gateway that is in the run.
seealso:
  - plugin: causeway.ipsec.gateway_secrets
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Load the gateway's connections with a key made on the controller
  causeway.ipsec.connections:
    config: "{{ ipsec_topology | causeway.ipsec.swanctl_config(inventory_hostname) }}"
    secrets: "{{ ipsec_topology | causeway.ipsec.gateway_secrets(inventory_hostname, made={'berlin-london': psk}) }}"
  vars:
    psk: "{{ lookup('causeway.ipsec.psk', 'berlin-london', directory=inventory_dir ~ '/.causeway/psk') }}"
"""

RETURN = r"""
_raw:
  description: The keys, in the order of the names.
  type: list
  elements: str
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.causeway.ipsec.plugins.plugin_utils import psk_store, vault
from ansible_collections.causeway.ipsec.plugins.plugin_utils.boundary import plain
from ansible_collections.causeway.ipsec.plugins.plugin_utils.inventory_files import taken_for_inventory
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology import section_name

if TYPE_CHECKING:
    from collections.abc import Mapping


class LookupModule(LookupBase):
    """One key for each term."""

    def run(self, terms: list[Any], variables: Mapping[str, Any] | None = None, **kwargs: Any) -> list[str]:
        self.set_options(var_options=variables, direct=kwargs)
        directory = Path(str(plain(self.get_option("directory"))))
        check_mode = bool((variables or {}).get("ansible_check_mode"))
        paths = [directory / f"{section_name(_name(term))}.psk" for term in terms]
        # As they are all in one directory, what holds for one holds for all.
        if paths and (wrong := taken_for_inventory(paths[0], variables or {})):
            raise AnsibleLookupError(f"causeway.ipsec.psk: {wrong}")
        try:
            return [_key(path, check_mode) for path in paths]
        except (psk_store.StoreError, OSError) as error:
            # Ansible would print the cause, which says the same, once more.
            raise AnsibleLookupError(f"causeway.ipsec.psk: {error}") from None


def _name(term: object) -> str:
    name = plain(term)
    if not isinstance(name, str) or not name:
        raise AnsibleLookupError("causeway.ipsec.psk: the name of a tunnel is text that is not empty.")
    return name


def _key(path: Path, check_mode: bool) -> str:
    if check_mode and not path.exists():
        return psk_store.new_psk()
    return _decode(path, psk_store.read_or_make(path, _new_content))


def _new_content() -> bytes:
    """A new key as its file will hold it."""
    return vault.encode(f"{psk_store.new_psk()}\n".encode("ascii"))


def _decode(path: Path, content: bytes) -> str:
    """The key in a file's content."""
    try:
        key = vault.decode_own(path, content).decode("utf-8").removesuffix("\n")
    except UnicodeDecodeError:
        key = ""
    if not key:
        raise psk_store.StoreError(f"{path} holds no key: delete it, and a new one is made.")
    return key
