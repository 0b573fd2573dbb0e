# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible Vault for files that are made on the controller: encrypted if this run has a secret for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ansible import constants
from ansible.errors import AnsibleError
from ansible.parsing.vault import VaultLib, VaultSecretsContext, is_encrypted, match_encrypt_secret

from . import psk_store

if TYPE_CHECKING:
    from pathlib import Path


def encode(content: bytes) -> bytes:
    """What a new file is to hold."""
    vault = _vault()
    if not vault.secrets:
        return content
    vault_id, secret = match_encrypt_secret(vault.secrets, encrypt_vault_id=constants.DEFAULT_VAULT_ENCRYPT_IDENTITY)
    return bytes(vault.encrypt(content, secret, vault_id))


def decode_own(path: Path, content: bytes) -> bytes:
    """What a file of ours holds; in clear it must be nobody else's to read."""
    if not is_encrypted(content):
        psk_store.refuse_if_shared(path)
    return decode(path, content)


def decode(path: Path, content: bytes) -> bytes:
    """What a file holds, encrypted or not."""
    if not is_encrypted(content):
        return content
    vault = _vault()
    try:
        return bytes(vault.decrypt(content))
    except AnsibleError as error:
        which = "with the vault secrets of this run" if vault.secrets else "without a vault secret (--vault-id)"
        raise psk_store.StoreError(f"{path} cannot be decrypted {which}.") from error


def _vault() -> VaultLib:
    """The vault with the secrets that this run of Ansible was given."""
    context = VaultSecretsContext.current(optional=True)
    return VaultLib(context.secrets if context else None)
