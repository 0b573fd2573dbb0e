# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Security associations as list-sas shows them, as values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

LIVE_CHILD = frozenset({"INSTALLED", "REKEYING", "REKEYED", "UPDATING"})
_IN_PROPOSAL = frozenset({"encryption", "integrity"})
LIVE_IKE = frozenset({"ESTABLISHED", "REKEYING", "REKEYED", "PASSIVE"})


@dataclass(frozen=True)
class ChildSa:
    """One IPsec SA pair."""

    name: str
    state: str
    proposal: str
    local_subnets: tuple[str, ...]
    remote_subnets: tuple[str, ...]
    bytes_in: int
    bytes_out: int
    packets_in: int
    packets_out: int
    spi_in: str
    spi_out: str
    rekey: int | None
    mode: str = ""
    protocol: str = ""
    encapsulation: bool = False
    encryption: str = ""
    integrity: str = ""

    @property
    def up(self) -> bool:
        """Whether packets can pass."""
        return self.state in LIVE_CHILD


@dataclass(frozen=True)
class IkeSa:
    """One IKE SA with its children; `name` is its connection's, `busy` means that an exchange is under way."""

    name: str
    unique_id: str
    state: str
    version: int
    initiator: bool
    local_address: str
    remote_address: str
    local_id: str
    remote_id: str
    proposal: str
    established: int | None
    rekey: int | None
    children: tuple[ChildSa, ...]
    answered: bool = True
    busy: bool = False

    @property
    def up(self) -> bool:
        """Whether the two ends have authenticated each other."""
        return self.state in LIVE_IKE

    @property
    def unauthenticated(self) -> bool:
        """Whether a peer of IKEv1 answers and goes no further: it drops without a word what another key encrypted."""
        return self.version == 1 and self.answered and self.state == "CONNECTING"


def parse_sas(events: Iterable[Mapping[str, Any]]) -> list[IkeSa]:
    """Return the SAs of a stream of list-sa events."""
    return [_ike_sa(name, shown) for event in events for name, shown in event.items() if isinstance(shown, Mapping)]


def _ike_sa(name: str, shown: Mapping[str, Any]) -> IkeSa:
    children = shown.get("child-sas", {})
    return IkeSa(
        name=name,
        unique_id=shown.get("uniqueid", ""),
        state=shown.get("state", ""),
        version=int(shown.get("version", "0")),
        initiator=shown.get("initiator") == "yes",
        local_address=shown.get("local-host", ""),
        remote_address=shown.get("remote-host", ""),
        local_id=shown.get("local-id", ""),
        remote_id=shown.get("remote-id", ""),
        proposal=_proposal(shown, ("encr", "integ", "prf", "dh")),
        established=_number(shown.get("established")),
        rekey=_number(shown.get("rekey-time")),
        children=tuple(_child_sa(key, child) for key, child in children.items()),
        answered=shown.get("responder-spi", "").strip("0") != "",
        busy=bool(shown.get("tasks-active") or shown.get("tasks-queued")),
    )


def _child_sa(key: str, shown: Mapping[str, Any]) -> ChildSa:
    return ChildSa(
        name=shown.get("name", key),
        state=shown.get("state", ""),
        proposal=_proposal(shown, ("encr", "integ", "dh")),
        local_subnets=tuple(shown.get("local-ts", [])),
        remote_subnets=tuple(shown.get("remote-ts", [])),
        bytes_in=_number(shown.get("bytes-in")) or 0,
        bytes_out=_number(shown.get("bytes-out")) or 0,
        packets_in=_number(shown.get("packets-in")) or 0,
        packets_out=_number(shown.get("packets-out")) or 0,
        spi_in=shown.get("spi-in", ""),
        spi_out=shown.get("spi-out", ""),
        rekey=_number(shown.get("rekey-time")),
        mode=shown.get("mode", ""),
        protocol=shown.get("protocol", ""),
        encapsulation=shown.get("encap") == "yes",
        encryption=shown.get("encr-alg", ""),
        integrity=shown.get("integ-alg", ""),
    )


def _proposal(shown: Mapping[str, Any], kinds: Iterable[str]) -> str:
    """Return what was agreed, as swanctl --list-sas prints it: AES_CTR-128/HMAC_SHA2_256_128/MODP_3072."""
    parts = []
    for kind in kinds:
        name = shown.get("dh-group" if kind == "dh" else f"{kind}-alg")
        if name:
            size = shown.get(f"{kind}-keysize")
            parts.append(f"{name}-{size}" if size else name)
    # Key exchanges that followed the first (RFC 9370).
    parts += [f"KE{number}_{shown[f'ake{number}']}" for number in range(1, 8) if f"ake{number}" in shown]
    return "/".join(parts)


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.lstrip("-").isdigit() else None


def live_children(name: str, sas: Iterable[IkeSa]) -> list[ChildSa]:
    """Return the IPsec SAs of a connection that packets can pass."""
    return [child for sa in sas if sa.name == name for child in sa.children if child.up]


def missing_children(name: str, wanted: Iterable[str], sas: Iterable[IkeSa]) -> list[str]:
    """Return which of the wanted children have no live SA."""
    have = {child.name for child in live_children(name, sas)}
    return [child for child in wanted if child not in have]


def state_of(name: str, wanted: Iterable[str], sas: Iterable[IkeSa]) -> str:
    """Return up if all the wanted children (or, where none are known, any) are live; connecting if on the way."""
    ours = [sa for sa in sas if sa.name == name]
    children = list(wanted)
    complete = not missing_children(name, children, ours) if children else bool(live_children(name, ours))
    if complete:
        return "up"
    return "connecting" if ours else "down"


def summary(
    name: str, wanted: Iterable[str], sas: Iterable[IkeSa], mtu: Callable[[IkeSa, ChildSa], int | None]
) -> dict[str, Any]:
    """Return a connection's state as tunnel_info gives it; of several IKE SAs, the newest that has children."""
    ours = sorted(
        (sa for sa in sas if sa.name == name),
        key=lambda sa: (sa.up, bool(sa.children), int(sa.unique_id or 0)),
        reverse=True,
    )
    best = ours[0] if ours else None
    return {
        "name": name,
        "state": state_of(name, wanted, ours),
        "local_address": best.local_address if best else None,
        "remote_address": best.remote_address if best else None,
        "local_id": best.local_id if best else None,
        "remote_id": best.remote_id if best else None,
        "ike_version": best.version if best else None,
        "ike_proposal": best.proposal if best else None,
        "initiator": best.initiator if best else None,
        "established": best.established if best else None,
        "rekey": best.rekey if best else None,
        "children": [_child_summary(child, mtu(sa, child)) for sa in ours for child in sa.children],
    }


def _child_summary(child: ChildSa, mtu: int | None) -> dict[str, Any]:
    shown = {key: value for key, value in asdict(child).items() if key not in _IN_PROPOSAL}
    return {
        **shown,
        "local_subnets": list(child.local_subnets),
        "remote_subnets": list(child.remote_subnets),
        "mtu": mtu,
    }
