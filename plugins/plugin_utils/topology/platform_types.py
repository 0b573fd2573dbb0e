# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be said of a platform's VPN service: its limits, in its own words, and where it says so."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .blocks import Block

NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
MAKES_KEY: Final = "openssl rand -base64 48"


@dataclass(frozen=True, slots=True)
class Range:
    """What a number may be, both ends included."""

    least: int
    most: int | None = None

    def __contains__(self, number: int) -> bool:
        return self.least <= number and (self.most is None or number <= self.most)

    def __str__(self) -> str:
        return f"at least {self.least}" if self.most is None else f"{self.least} to {self.most}"


@dataclass(frozen=True, slots=True)
class Psk:
    """What a platform takes as a pre-shared key. ``kinds``: of upper case, lower case, digits and others."""

    length: Range | None = None
    allowed: frozenset[str] | None = None  # None: its documents name none
    spelled: str = ""  # the allowed characters in words
    not_first: str = ""
    kinds: int = 0  # how many of them a key must have
    made_by: str = MAKES_KEY  # a command whose keys it takes


@dataclass(frozen=True, slots=True)
class Algorithms:
    """What a platform takes in one half, by the registry's names; some of them it may not know yet."""

    encryption: tuple[str, ...]
    integrity: tuple[str, ...]
    groups: tuple[int, ...]
    prf: tuple[str, ...] = ()  # empty: its documents name none
    pfs: bool = False  # whether the IPsec half must name a group


@dataclass(frozen=True, slots=True)
class Words:
    """What the platform calls the things that a topology calls otherwise."""

    ike: str
    ipsec: str
    psk: str
    local: str  # the subnets at its own end
    remote: str  # those at the other


@dataclass(frozen=True, slots=True)
class Source:
    """A document of the vendor's and what it says; not ``confirmed`` if it could not be read for that."""

    document: str
    says: str
    confirmed: bool = True


@dataclass(frozen=True, slots=True)
class Platform:
    """A profile; None and empty mean that no limit is known. Its default policy is the built-in one of its name."""

    title: str
    words: Words
    sources: tuple[Source, ...]
    notes: tuple[str, ...] = ()  # documented too, but outside of what a topology says, or refused for everybody
    psk: Psk | None = None
    ike: Mapping[int, Algorithms] = field(default_factory=dict)  # by the versions of IKE that it takes
    ipsec: Mapping[int, Algorithms] = field(default_factory=dict)
    modes: tuple[str, ...] = ("main", "aggressive")  # of IKEv1
    protocols: tuple[str, ...] = ("esp", "ah")
    ike_lifetime: Range | None = None
    ipsec_lifetime: Range | None = None
    ipsec_first: bool = False  # whether the IPsec lifetime must be the shorter one
    longest_name: int | None = None  # of a tunnel
    tunnels: int | None = None  # per gateway
    local_subnets: int | None = None  # per tunnel
    remote_subnets: int | None = None
    ikev1_pairs: int | None = None  # of subnets per tunnel: in IKEv1 each needs a security association of its own
    reserved: tuple[Block, ...] = ()  # what no subnet at the other end may overlap
    families: tuple[int, ...] = (4, 6)  # in which gateways reach each other
    plain_ids: bool = False  # whether identities are IP addresses and domain names only
    lan_octet: Range | None = None  # in which its gateway's IPv4 LAN address ends
    needs: Mapping[str, str] = NOTHING  # keys of its site that must be there, and what they are for
