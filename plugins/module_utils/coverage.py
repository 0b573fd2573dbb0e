# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a peer has agreed to carry, compared with what was configured: IKEv2 lets it narrow that down without a word."""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ansible_collections.causeway.ipsec.plugins.module_utils.sas import ChildSa

Pair = tuple[str, str]


def configured_pairs(children: Mapping[str, Mapping[str, Any]]) -> list[Pair]:
    """Return the pairs of subnets, ours and the peer's, that list-conns shows for a connection's children."""
    return [
        pair for child in children.values() for pair in _pairs(child.get("local-ts", ()), child.get("remote-ts", ()))
    ]


def uncovered(pairs: Iterable[Pair], live: Sequence[ChildSa]) -> list[Pair]:
    """Return those of the pairs that no IPsec SA carries."""
    agreed = [pair for child in live for pair in _pairs(child.local_subnets, child.remote_subnets)]
    return [pair for pair in pairs if not any(_within(pair, wider) for wider in agreed)]


def _pairs(local: Iterable[str], remote: Iterable[str]) -> Iterator[Pair]:
    """Each with each; between IPv4 and IPv6 there is nothing to carry."""
    theirs = list(remote)
    return ((one, other) for one in local for other in theirs if (":" in one) == (":" in other))


def _within(pair: Pair, wider: Pair) -> bool:
    return _contains(wider[0], pair[0]) and _contains(wider[1], pair[1])


def _contains(outer: str, inner: str) -> bool:
    """Whether one selector is in another. What is no plain subnet (a range, one with a port) is only in its like."""
    if outer == inner:
        return True
    try:
        wide, narrow = ip_network(outer), ip_network(inner)
    except ValueError:
        return False
    return wide.version == narrow.version and int(wide[0]) <= int(narrow[0]) and int(narrow[-1]) <= int(wide[-1])
