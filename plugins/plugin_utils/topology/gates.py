# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What not every strongSwan can do: the features, from which version on, and what to say where it is older."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ansible_collections.causeway.ipsec.plugins.module_utils.versions import numbers

from ..wording import first_few
from .behaviour import STANDARD
from .crypto import KEMS
from .extra import younger
from .fleet import bracketed, path_of
from .plain import Plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ansible_collections.causeway.ipsec.plugins.module_utils.versions import Version

    from .behaviour import Behaviour
    from .model import Site, Tunnel
    from .policies import Policy


@dataclass(frozen=True)
class Gate:
    """A feature, its first version, and what to do where that is not to be had."""

    version: str
    remedy: str
    plugins: tuple[str, ...] = ()  # with one of these an older version has it, too
    plugins_version: str = ""
    kernel: bool = False  # whether userspace ESP has it not


# The first versions: strongSwan's NEWS, and measured on 5.9.8 and 6.0.1, which refuse or ignore what is younger.
GATES: Final[Mapping[str, Gate]] = {
    "childless: prefer": Gate("5.9.10", "use allow or force"),
    "hw_offload: packet": Gate("5.9.10", "use crypto or auto"),
    "per_cpu_sas": Gate("6.0.2", "leave it out"),
    "additional_key_exchanges": Gate("6.0.0", "name none in this policy"),
    # Older versions know the name and take the connection, and then no negotiation succeeds.
    "ML-KEM": Gate(
        "6.0.2", "take it out of additional_key_exchanges", plugins=("ml", "botan", "wolfssl"), plugins_version="6.0.0"
    ),
    "esn": Gate("", "take it away", kernel=True),
}


@dataclass(frozen=True, slots=True)
class Requirement(Plain):
    """A feature that one tunnel needs, and the key that asks for it."""

    feature: str  # of GATES
    tunnel: str
    key: str  # like policies[partner].ike.additional_key_exchanges
    version: str


def _of_behaviour(behaviour: Behaviour) -> tuple[tuple[str, str], ...]:
    """The features that a tunnel's own keys ask for, each with its key."""
    if behaviour is STANDARD:
        return ()
    found = [f"{key}: {getattr(behaviour, key)}" for key in ("childless", "hw_offload")]
    gated = [(feature, feature.partition(":")[0]) for feature in found if feature in GATES]
    return (*gated, *((("per_cpu_sas", "per_cpu_sas"),) if behaviour.per_cpu_sas != "no" else ()))


def _of_policy(policy: Policy) -> tuple[tuple[str, str], ...]:
    """The features that a policy asks for, each with its key."""
    found: dict[tuple[str, str], None] = {}
    for half, proposals in (("ike", policy.ike.proposals), (policy.ipsec.protocol, policy.ipsec.proposals)):
        key = f"{half}.additional_key_exchanges"
        for proposal in proposals:
            found |= {("additional_key_exchanges", key): None} if proposal.additional else {}
            found |= {("ML-KEM", key): None} if KEMS.keys() & set(proposal.additional) else {}
            found |= {("esn", f"{half}.esn"): None} if "esn" in proposal.esn else {}
    return tuple(found)


def requirements(tunnels: Iterable[Tunnel], policies: Mapping[str, Policy]) -> tuple[Requirement, ...]:
    """What these tunnels need that not every strongSwan has, sorted; ``policies`` are those that they use."""
    by_policy = {name: _of_policy(policy) for name, policy in policies.items()}
    found = []
    for tunnel in tunnels:
        keyed = [(feature, f"{path_of(tunnel)}.{key}") for feature, key in _of_behaviour(tunnel.behaviour)]
        keyed += [(feature, f"policies[{tunnel.policy}].{key}") for feature, key in by_policy[tunnel.policy]]
        found += [Requirement(feature, tunnel.name, key, GATES[feature].version) for feature, key in keyed]
        for key, since in younger(tunnel.extra) if tunnel.extra else ():
            found.append(Requirement(key, tunnel.name, f"{path_of(tunnel)}.extra.{key}", since))
    return tuple(sorted(found, key=lambda one: (one.tunnel, one.key, one.feature)))


def daemon_requirements(site: Site) -> tuple[Requirement, ...]:
    """What the options of a gateway's daemon need that not every strongSwan has."""
    path = f"{bracketed('sites', site.name)}.gateways[0].extra"
    found = younger({"daemon": site.gateway.extra})
    return tuple(Requirement(key, "", f"{path}.{key.partition('.')[2]}", since) for key, since in sorted(found))


def unmet(
    required: Iterable[Requirement], host: str, version: str, plugins: Iterable[str], *, userspace: bool = False
) -> list[str]:
    """What a host with this strongSwan cannot do, in words: each key once, with the tunnels that ask for it."""
    lacking: dict[tuple[str, str], list[str]] = {}
    needed = list(required)
    gates = {one.feature: _gate(one) for one in needed}
    for one in needed:
        if not _met(gates[one.feature], numbers(version), set(plugins), userspace=userspace):
            lacking.setdefault((one.feature, one.key), []).append(one.tunnel)
    return [
        f"{host}: {key} {_why(feature, gates[feature], version)}{_tunnels(tunnels)}"
        for (feature, key), tunnels in sorted(lacking.items(), key=lambda item: item[0][::-1])
    ]


def _met(gate: Gate, version: Version, plugins: set[str], *, userspace: bool) -> bool:
    if gate.kernel:
        return not userspace
    if not version or version >= numbers(gate.version):
        return True
    return bool(plugins & set(gate.plugins)) and version >= numbers(gate.plugins_version)


def _gate(one: Requirement) -> Gate:
    """That of a feature of ours, or of one of strongSwan's own keys."""
    return GATES.get(one.feature) or Gate(one.version, "leave it out")


def _why(feature: str, gate: Gate, version: str) -> str:
    if gate.kernel:
        return (
            f"asks for {feature}, which userspace ESP (kernel-libipsec) has not; {gate.remedy}, or give the host a "
            "kernel with IPsec and set strongswan_dataplane: kernel."
        )
    younger = f"strongSwan {gate.version} or later"
    if gate.plugins:
        younger += (
            f" (its plugin openssl with OpenSSL 3.5), or {gate.plugins_version} with the plugin "
            f"{', '.join(gate.plugins[:-1])} or {gate.plugins[-1]}"
        )
    return f"asks for {feature}, which needs {younger}, and here is {version}; {gate.remedy}, or upgrade the host."


def _tunnels(names: list[str]) -> str:
    return "" if names == [""] else f" Tunnels: {first_few(sorted(names))}."
