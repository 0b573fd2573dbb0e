# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every key that a topology may have, as data: what it allows, its default, its unit, and where its meaning is from.

The parser takes the known keys of each level from here, and reads those that hold one plain value by their kind.
Others are described in words (Prose) and have a reader of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Union

from .problems import shown, suggestion

Value = Union[str, int, bool, None]


@dataclass(frozen=True)
class Choice:
    """One of some words. YAML reads yes and no as booleans; both are taken for the words."""

    words: tuple[str, ...]

    def read(self, value: object) -> tuple[Value, str]:
        """The value, and what is wrong with it; empty if nothing is."""
        word = {True: "yes", False: "no"}.get(value) if isinstance(value, bool) else value
        if isinstance(word, str) and word in self.words:
            return word, ""
        return None, f"must be {self}, got {shown(value)}.{suggestion(word, self.words)}"

    def __str__(self) -> str:
        return " or ".join((", ".join(self.words[:-1]), self.words[-1]))


@dataclass(frozen=True)
class Flag:
    """True or false."""

    def read(self, value: object) -> tuple[Value, str]:
        """The value, and what is wrong with it; empty if nothing is."""
        if isinstance(value, bool):
            return value, ""
        return None, f"must be true or false, got {shown(value)}."

    def __str__(self) -> str:
        return "true or false"


@dataclass(frozen=True)
class Whole:
    """A whole number."""

    least: int
    most: int

    def read(self, value: object) -> tuple[Value, str]:
        """The value, and what is wrong with it; empty if nothing is."""
        if isinstance(value, int) and not isinstance(value, bool) and self.least <= value <= self.most:
            return int(value), ""
        return None, f"must be {self}, got {shown(value)}."

    def __str__(self) -> str:
        return f"a whole number from {self.least} to {self.most}"


@dataclass(frozen=True)
class Prose:
    """What is allowed, in words: a reader of its own sees to it."""

    words: str

    def __str__(self) -> str:
        return self.words


@dataclass(frozen=True)
class Parameter:
    """One key of one or more levels. ``source`` says where the meaning or the limits come from."""

    levels: tuple[str, ...]
    name: str
    kind: Choice | Flag | Whole | Prose
    default: str  # as the documentation says it
    source: str
    unit: str = ""


OURS: Final = "the planner"
LIFETIME_MIN: Final = 300
LIFETIME_MAX: Final = 2592000
MOST_SUBNETS: Final = 254  # an IKEv2 payload counts its selectors in one octet, and a trap adds the packet's own
MOST_TUNNELS: Final = 100_000
LONGEST_PSK: Final = 1024
REPLAY_MOST: Final = 4096  # XFRMA_REPLAY_ESN_MAX, in packets

_TUNNELS: Final = ("tunnel", "mesh")
_ANY_TUNNEL: Final = ("defaults", "tunnel", "mesh")
_IPSEC: Final = ("esp", "ah")
_HALVES: Final = ("ike", "esp", "ah")
_LIFE: Final = Whole(LIFETIME_MIN, LIFETIME_MAX)
_MARGIN: Final = Whole(1, LIFETIME_MAX // 2)
_CONN: Final = "swanctl.conf, connections.<conn>."
_CHILD: Final = "swanctl.conf, connections.<conn>.children.<child>."

# fmt: off
BEHAVIOUR: Final = (
    Parameter(_ANY_TUNNEL, "start", Choice(("always", "on_traffic", "answer_only")), "always",
              _CHILD + "start_action"),
    Parameter(_ANY_TUNNEL, "dpd_delay", Whole(0, 3600), "30; 0 for never", _CONN + "dpd_delay", "seconds"),
    Parameter(_ANY_TUNNEL, "dpd_timeout", Whole(0, 3600), "0: as retransmission has it (IKEv1)", _CONN + "dpd_timeout",
              "seconds"),
    Parameter(_ANY_TUNNEL, "dpd_action", Choice(("restart", "trap", "clear")), "restart, at the answering end trap",
              _CHILD + "dpd_action"),
    Parameter(_ANY_TUNNEL, "close_action", Choice(("restart", "trap", "clear")),
              "trap; restart at the end that dials if its daemon has no traps", _CHILD + "close_action"),
    Parameter(_ANY_TUNNEL, "unique", Choice(("replace", "keep", "no", "never")), "replace", _CONN + "unique"),
    Parameter(_ANY_TUNNEL, "mobike", Flag(), "false", _CONN + "mobike"),
    Parameter(_ANY_TUNNEL, "fragmentation", Choice(("yes", "accept", "force", "no")), "yes", _CONN + "fragmentation"),
    Parameter(_ANY_TUNNEL, "udp_encapsulation", Choice(("auto", "force")), "auto: where there is a NAT",
              _CONN + "encap"),
    Parameter(_ANY_TUNNEL, "childless", Choice(("allow", "prefer", "force", "never")), "allow", _CONN + "childless"),
    Parameter(_ANY_TUNNEL, "selectors", Choice(("together", "pairs")), "together (IKEv1: pairs)", "RFC 7296, 2.9"),
    Parameter(_ANY_TUNNEL, "replay_window", Whole(0, REPLAY_MOST), "32; 0 for none", _CHILD + "replay_window",
              "packets"),
    Parameter(_ANY_TUNNEL, "hw_offload", Choice(("no", "crypto", "packet", "auto")), "no", _CHILD + "hw_offload"),
    Parameter(_ANY_TUNNEL, "per_cpu_sas", Choice(("no", "yes", "encap")), "no", _CHILD + "per_cpu_sas"),
    Parameter(_ANY_TUNNEL, "revocation", Choice(("relaxed", "strict", "ifuri")), "relaxed",
              _CONN + "remote.revocation"),
)
PARAMETERS: Final = (
    Parameter(("top",), "defaults", Prose("keys of any tunnel"), "none", OURS),
    Parameter(("top",), "policies", Prose("name to policy"), "the built-in ones", OURS),
    Parameter(("top",), "limits", Prose("keys of limits"), "none", OURS),
    Parameter(("top",), "authorities", Prose("name to authority"), "the collection's own", OURS),
    Parameter(("top",), "sites", Prose("name to site"), "required", OURS),
    Parameter(("top",), "tunnels", Prose("a list of tunnels"), "none", OURS),
    Parameter(("top",), "meshes", Prose("a list of meshes"), "none", OURS),
    Parameter(("limits",), "tunnels_per_gateway", Whole(1, MOST_TUNNELS), "none", OURS, "tunnels"),
    Parameter(("limits",), "subnets_per_tunnel", Whole(1, MOST_SUBNETS), "none", OURS, "subnets at one end"),
    Parameter(("limits",), "psk_min_length", Whole(1, LONGEST_PSK), "32", OURS, "characters"),
    Parameter(("authority",), "certificates", Prose("one or a list of CA certificates, each a path or PEM"), "required",
              "RFC 5280"),
    Parameter(("authority",), "crls", Prose("one or a list of CRLs, each a path or PEM"), "none", "RFC 5280, 5"),
    Parameter(("authority",), "crl_uris", Prose("one or a list of http or https URIs"), "those in certificates",
              "swanctl.conf, authorities.<name>.crl_uris"),
    Parameter(("authority",), "ocsp_uris", Prose("one or a list of http or https URIs"), "those in certificates",
              "swanctl.conf, authorities.<name>.ocsp_uris"),
    Parameter(("site",), "description", Prose("at most 1024 characters"), "empty", OURS),
    Parameter(("site",), "subnets", Prose("a list of CIDRs, IPv4 or IPv6"), "required", "RFC 7296, 3.13"),
    Parameter(("site",), "management", Prose("a list of CIDRs"), "none", OURS),
    Parameter(("site",), "gateways", Prose("a list of one gateway"), "required", OURS),
    Parameter(("site",), "lan_hosts", Prose("inventory hosts or groups"), "none", OURS),
    Parameter(("site",), "platform", Prose("name of a platform"), "none", "docs/platforms.md"),
    Parameter(("gateway",), "host", Prose("an inventory host"), "none: not managed", OURS),
    Parameter(("gateway",), "address", Prose("an IP address, a DNS name, a list of these, or any"), "required",
              _CONN + "remote_addrs"),
    Parameter(("gateway",), "local_address", Prose("an IP address"), "address", _CONN + "local_addrs"),
    Parameter(("gateway",), "lan_address", Prose("an IP address inside the site's subnets"), "none", OURS),
    Parameter(("gateway",), "device", Prose("a word"), "none", OURS),
    Parameter(("gateway",), "forwarded", Flag(), "false", OURS),
    Parameter(("gateway",), "extra", Prose("strongSwan's keys of charon"), "none", "strongswan.conf, charon"),
    Parameter(("gateway",), "make_before_break", Flag(), "true", "strongswan.conf, charon.make_before_break"),
    Parameter(("gateway",), "ca", Prose("name of an authority"), "the collection's own", OURS),
    Parameter(("gateway",), "certificate", Prose("a path or PEM"), "made on the controller", "RFC 5280"),
    Parameter(("gateway",), "private_key", Prose("a path or PEM"), "made on the controller", "RFC 5958"),
    Parameter(("gateway",), "public_key", Prose("a path or PEM"), "that of private_key", "RFC 5280, 4.1.2.7"),
    Parameter(_TUNNELS, "name", Prose("1 to 255 characters"), "required", OURS),
    Parameter(_TUNNELS, "sites", Prose("names of sites"), "required", OURS),
    Parameter(("mesh",), "hub", Prose("a site"), "none: every pair has a tunnel", OURS),
    Parameter(("mesh",), "transit", Flag(), "false", OURS),
    Parameter(("tunnel", "mesh"), "description", Prose("at most 1024 characters"), "empty", OURS),
    Parameter(_ANY_TUNNEL, "policy", Prose("name of a policy"), "recommended", OURS),
    Parameter(_ANY_TUNNEL, "routing", Prose("policy"), "policy", OURS),
    Parameter(_ANY_TUNNEL, "auth", Prose("psk, certificate or public_key; of a tunnel also by site"), "psk",
              _CONN + "local.auth"),
    Parameter(("defaults",), "description", Prose("at most 1024 characters"), "empty", OURS),
    Parameter(("tunnel",), "psk", Prose("32 to 1024 characters"), "made on the controller", "RFC 7296, 2.15"),
    Parameter(("tunnel",), "ids", Prose("identity by site"), "each gateway's address", "RFC 7296, 3.5"),
    Parameter(("tunnel",), "subnets", Prose("CIDRs by site"), "the site's own", "RFC 7296, 3.13"),
    Parameter(("tunnel",), "initiator", Prose("one of its two sites"), "who is behind NAT, else by name", OURS),
    Parameter(("tunnel",), "platform", Prose("name of a platform"), "that of its sites", "docs/platforms.md"),
    Parameter(("tunnel",), "traffic", Prose("a list of protocols, with ports by site"), "all", "RFC 7296, 3.13"),
    *BEHAVIOUR,
    Parameter(_ANY_TUNNEL, "extra", Prose("strongSwan's keys under connection, local, remote and child"), "none",
              "swanctl.conf"),
    Parameter(("ike",), "version", Prose("1, 2 or any"), "2", _CONN + "version"),
    Parameter(("ike",), "mode", Choice(("main", "aggressive")), "main (IKEv1)", _CONN + "aggressive"),
    Parameter(("ike", "esp"), "encryption", Prose("one or a list of ciphers"), "required", "RFC 8247 and 8221"),
    Parameter(_HALVES, "integrity", Prose("one or a list of integrity algorithms"), "required without an AEAD cipher",
              "RFC 8247 and 8221"),
    Parameter(("ike",), "prf", Prose("one or a list of PRFs"), "follows from integrity", "RFC 8247"),
    Parameter(("ike",), "dh_group", Prose("one or a list of IANA's group numbers"), "required", "RFC 8247"),
    Parameter(_IPSEC, "pfs_group", Prose("one or a list of IANA's group numbers, or none"), "those of ike",
              _CHILD + "esp_proposals"),
    Parameter(_HALVES, "lifetime", _LIFE, "14400 (ike), 3600 (esp, ah)", _CONN + "rekey_time, children.life_time",
              "seconds"),
    Parameter(_HALVES, "additional_key_exchanges", Prose("at most 7: mlkem512, mlkem768, mlkem1024 or groups"),
              "none (ike), those of ike (esp, ah)", "RFC 9370 and " + _CONN + "proposals"),
    Parameter(_IPSEC, "esn", Choice(("yes", "no", "both")), "no", "RFC 4303, 2.2.1"),
    Parameter(_HALVES, "proposals", Prose("a list of mappings with the algorithms of a proposal each, strongest first"),
              "the algorithms beside it", _CONN + "proposals"),
    Parameter(_HALVES, "rekey_margin", _MARGIN, "a tenth of lifetime", _CONN + "over_time, rand_time", "seconds"),
    Parameter(("ike",), "reauth_lifetime", _LIFE, "none: new keys without new authentication", _CONN + "reauth_time",
              "seconds"),
    Parameter(_IPSEC, "lifetime_bytes", Whole(1_000_000, 10**18), "none", _CHILD + "life_bytes", "bytes"),
    Parameter(_IPSEC, "lifetime_packets", Whole(1000, 10**18), "none", _CHILD + "life_packets", "packets"),
)
# fmt: on


@lru_cache(maxsize=32)
def keys(level: str) -> tuple[str, ...]:
    """The keys of a level, in the order in which messages list them."""
    return tuple(parameter.name for parameter in PARAMETERS if level in parameter.levels)


@lru_cache(maxsize=256)
def parameter(level: str, name: str) -> Parameter:
    """The parameter of a level by its name."""
    return next(one for one in PARAMETERS if one.name == name and level in one.levels)
