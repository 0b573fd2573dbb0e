# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a tunnel behaves: what starts it, how long it waits for the peer, what it does about a lost one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from .parameters import BEHAVIOUR, Prose

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .entry import Entry
    from .policies import Policy


@dataclass(frozen=True, slots=True)
class Behaviour:
    """The keys of a tunnel that ``defaults`` may set, by their names and with their defaults in parameters.py."""

    start: str = "always"
    dpd_delay: int = 30
    dpd_timeout: int = 0
    dpd_action: str = ""  # empty: as the start asks for
    close_action: str = ""
    unique: str = "replace"
    mobike: bool = False
    fragmentation: str = "yes"
    udp_encapsulation: str = "auto"
    childless: str = "allow"
    selectors: str = "together"
    replay_window: int = 32
    hw_offload: str = "no"
    per_cpu_sas: str = "no"
    revocation: str = "relaxed"


STANDARD: Final = Behaviour()
_KINDS: Final = {one.name: one.kind for one in BEHAVIOUR}


def read_behaviour(entry: Entry, base: Behaviour) -> Behaviour:
    """What an entry says of its tunnel's behaviour; the rest as in ``base``."""
    if entry.given.isdisjoint(_KINDS):
        return base
    given: dict[str, Any] = {}
    for name, kind in _KINDS.items():
        if name not in entry.given or isinstance(kind, Prose):
            continue
        value, wrong = kind.read(entry.get(name))
        if wrong:
            entry.say(name, wrong)
        else:
            given[name] = value
    return replace(base, **given) if given else base


def behaviour_faults(behaviour: Behaviour, name: str, policy: Policy) -> Iterator[tuple[str, str]]:
    """What the policy called ``name`` makes impossible: key and message."""
    if behaviour is STANDARD:
        return
    version = policy.ike.version
    if version == 1:
        if behaviour.mobike:
            yield ".mobike", f"IKEv1 has no MOBIKE, and policy {name!r} uses it; remove mobike."
        if behaviour.childless != "allow":
            yield ".childless", f"IKEv1 has no childless IKE SAs, and policy {name!r} uses it; remove childless."
        if behaviour.per_cpu_sas != "no":
            yield ".per_cpu_sas", f"IKEv1 has no SAs per CPU (RFC 9611), and policy {name!r} uses it; remove it."
    if version == 2:
        if behaviour.dpd_timeout:
            yield ".dpd_timeout", f"is for IKEv1, and policy {name!r} uses IKEv2, which retransmits; remove it."
        if behaviour.fragmentation == "force":
            yield ".fragmentation", f"force is for IKEv1, and policy {name!r} uses IKEv2; use yes."
    yield from _packet_faults(behaviour, name, policy)


def _packet_faults(behaviour: Behaviour, name: str, policy: Policy) -> Iterator[tuple[str, str]]:
    if policy.ipsec.protocol == "ah" and behaviour.udp_encapsulation == "force":
        yield ".udp_encapsulation", f"policy {name!r} uses AH, which cannot travel in UDP (RFC 3948); use esp."
    if behaviour.replay_window == 0 and any("esn" in proposal.esn for proposal in policy.ipsec.proposals):
        yield (
            ".replay_window",
            (
                f"0 switches replay protection off, and policy {name!r} has extended sequence numbers, which need it "
                "(RFC 4303, 3.3.3); give it 32 or more, or take esn away."
            ),
        )
