# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The planner: a topology in, one host's share of it out. Pure; what tests and plugins rely on is named here."""

from __future__ import annotations

from .compile import fill_slots, gateway_intent, gateway_secrets, lan_host_intent, psk_slots
from .firewall import firewall_intent
from .host import HostIntent, host_intent
from .model import (
    ChildIntent,
    ConnectionIntent,
    FirewallIntent,
    GatewayIntent,
    LanHostIntent,
    PeerLan,
    PskSlot,
    Route,
    Secret,
    Topology,
    section_name,
)
from .parse import parse
from .problems import Problem, TopologyError, UnknownHostError
from .validate import validate, warnings

__all__ = [
    "ChildIntent",
    "ConnectionIntent",
    "FirewallIntent",
    "GatewayIntent",
    "HostIntent",
    "LanHostIntent",
    "PeerLan",
    "Problem",
    "PskSlot",
    "Route",
    "Secret",
    "Topology",
    "TopologyError",
    "UnknownHostError",
    "check",
    "fill_slots",
    "firewall_intent",
    "gateway_intent",
    "gateway_secrets",
    "host_intent",
    "lan_host_intent",
    "load",
    "psk_slots",
    "section_name",
    "warnings",
]


def check(raw: object) -> list[Problem]:
    """Every problem of a topology; none if it can be planned. Never raises, whatever ``raw`` is."""
    topology, problems = parse(raw)
    return [*problems, *validate(topology)]


def load(raw: object, *, checked: bool = False) -> Topology:
    """The topology that ``raw`` describes; raises TopologyError with every problem if there are any.

    ``checked`` spares the rules over the whole fleet, for data that has passed them before.
    """
    topology, problems = parse(raw)
    if not checked:
        problems.extend(validate(topology))
    if problems:
        raise TopologyError(problems)
    return topology
