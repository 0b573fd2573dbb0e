# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where Ansible ends and the planner begins: tagged, lazy and vaulted values become plain data, problems errors."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ansible import constants
from ansible.errors import AnsibleError
from ansible.parsing.vault import EncryptedString

from .topology import Topology, TopologyError, load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# How to get from a subclass to the very type; bool before int, whose subclass it is.
_EXACTLY: Final[tuple[tuple[type, Callable[..., object]], ...]] = (
    (bool, bool),
    (int, int.__int__),
    (float, float.__float__),
)


def plain(value: object) -> object:
    """A copy of ``value`` made of exactly dict, list, str, int, float and what Python has no subclasses of.

    ansible-core 2.19 and later hand out subclasses that carry tags, containers that template their items when these are
    looked at, and vaulted strings that decrypt themselves: here is where all of that happens, once.
    """
    if isinstance(value, str):  # most of them are
        return str.__str__(value)
    if isinstance(value, EncryptedString):
        return str(value)
    if isinstance(value, Mapping):
        return {_plain_key(key): plain(item) for key, item in value.items()}
    if isinstance(value, (Sequence, AbstractSet)) and not isinstance(value, (bytes, bytearray)):
        return [plain(item) for item in value]
    for kind, exactly in _EXACTLY:
        if isinstance(value, kind):
            return exactly(value)
    return value


def _plain_key(key: object) -> object:
    """Keys that are no scalars stay as they are: a list cannot be a key, and the planner refuses them by name."""
    return plain(key) if isinstance(key, (str, int, float, EncryptedString)) else key


@contextmanager
def problems_as_error() -> Iterator[None]:
    """Turns a TopologyError into an error that Ansible shows whole: every problem on a line of its own."""
    try:
        yield
    except TopologyError as error:
        count = len(error.problems)
        lines = [f"ipsec_topology has {count} problem{'' if count == 1 else 's'}:", *map(str, error.problems)]
        # Ansible would print the cause, which says the same, once more.
        raise AnsibleError("\n".join(lines)) from None
    except RecursionError:
        raise AnsibleError("ipsec_topology is nested too deeply to be a topology.") from None


def load_topology(raw: object) -> Topology:
    """The topology in a variable of Ansible's.

    Ansible runs each task of each host in a process of its own, which would check the whole fleet once more. What has
    passed leaves a mark for the others: a file, named by the data's digest, in the directory that Ansible makes for
    each run, for its user only, and removes at its end.
    """
    with problems_as_error():
        data = plain(raw)
        digest = _digest(data)
        mark = Path(constants.DEFAULT_LOCAL_TMP, f"causeway-ipsec-{digest}")
        topology = load(data, checked=bool(digest) and mark.exists())
    if digest:
        with suppress(OSError):  # then each checks for itself
            mark.touch(mode=0o600)
    return topology


class _Sum:
    """A file that keeps nothing but the digest of what is written: data of absurd size need no second copy."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def write(self, piece: bytes) -> None:
        self._hash.update(piece)

    def __str__(self) -> str:
        return self._hash.hexdigest()


def _digest(data: object) -> str:
    """What tells these data from others; empty where something is in them that can't be written, as no topology has."""
    found = _Sum()
    try:
        pickle.Pickler(found, pickle.HIGHEST_PROTOCOL).dump(data)
    except (pickle.PicklingError, AttributeError, TypeError, ValueError):
        return ""
    return str(found)


class HostAddresses(Mapping[str, "list[str]"]):
    """Host name to addresses: those that the role lan_routes has seen, or facts; only for hosts that are asked for."""

    def __init__(self, hostvars: Mapping[str, Any]) -> None:
        self._hostvars = hostvars

    def __getitem__(self, host: str) -> list[str]:
        variables = self._hostvars[host]
        if seen := (variables.get("__lan_routes_held") or {}).get("addresses"):
            return [str(plain(text)) for text in seen]
        facts = variables.get("ansible_facts") or {}
        return [str(plain(text)) for family in ("ipv4", "ipv6") for text in facts.get(f"all_{family}_addresses") or ()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._hostvars)

    def __len__(self) -> int:
        return len(self._hostvars)
