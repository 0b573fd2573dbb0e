# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files beside the inventory, and where no key may be: Ansible takes all in an inventory directory for inventories.

The lines of a key are then names of hosts, which every run shows in its recap.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ansible.inventory.manager import IGNORED

from . import vault
from .pki.sources import Sources

if TYPE_CHECKING:
    from collections.abc import Mapping


def sources_of(variables: Mapping[str, object]) -> list[Path]:
    """The inventories of a run: files, directories, and lists of hosts, which are no paths."""
    sources = variables.get("ansible_inventory_sources")
    return [Path(str(source)) for source in sources] if isinstance(sources, (list, tuple)) else []


def credential_sources(variables: Mapping[str, object]) -> Sources:
    """What reads the certificates and keys that a topology names by path."""
    return Sources(inventory_directory(variables), vault.decode, partial(taken_for_inventory, variables=variables))


def inventory_directory(variables: Mapping[str, object]) -> Path:
    """The directory of the run's first inventory, the same for every host of the run; else the current one."""
    first = next(iter(sources_of(variables)), Path())
    return first if first.is_dir() else first.parent


def taken_for_inventory(path: Path, variables: Mapping[str, object]) -> str:
    """Why a key must not be in this file, in words; empty where it may be."""
    for source in sources_of(variables):
        inside = os.path.relpath(path, source)  # begins with two dots where it isn't in there
        if source.is_dir() and not any(IGNORED.search(os.fsencode(name)) for name in Path(inside).parts):
            return (
                f"{path} is in the inventory directory {source}, where Ansible takes every file for an inventory and "
                "shows its lines as names of hosts. Have it elsewhere, or beneath a name with a leading dot, like "
                f"{source / '.causeway'}."
            )
    return ""
