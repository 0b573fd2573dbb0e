# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a topology makes of the two gateways of the live tests."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from ansible_collections.causeway.ipsec.plugins.plugin_utils.pki.checks import check_credentials
from ansible_collections.causeway.ipsec.plugins.plugin_utils.pki.made import Maker
from ansible_collections.causeway.ipsec.plugins.plugin_utils.pki.share import Share
from ansible_collections.causeway.ipsec.plugins.plugin_utils.pki.sources import Sources
from ansible_collections.causeway.ipsec.plugins.plugin_utils.render import swanctl
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology import gateway_intent, gateway_secrets, load

if TYPE_CHECKING:
    from pathlib import Path

    from gateways import Gateway
    from tunnels import Pair

PSK = "0123456789abcdefghijklmnopqrstuvwxyz"


def planned(raw: dict[str, Any], host: str) -> dict[str, Any]:
    """What the role would give to the module on a gateway."""
    topology = load(raw)
    intent = gateway_intent(topology, host)
    secrets = [secret.as_dict() for secret in gateway_secrets(topology, host)]
    return {"config": swanctl.render(intent), "secrets": secrets, "algorithms": dict(intent.algorithms)}


def planned_with_credentials(
    raw: dict[str, Any], host: str, directory: Path, problems: int = 0, **maker: Any
) -> dict[str, Any]:
    """The same with the certificates and keys that are read or made in a directory of the controller's."""
    topology = load(raw)
    sources = Sources(directory, lambda _path, content: content)
    settings = {"now": datetime.now(timezone.utc), "renewal_days": 30, "dry": False, **maker}
    made = Maker(directory / "pki", **settings, encode=lambda content: content, decode=lambda _path, content: content)
    found, _expiring = check_credentials(topology, sources, settings["now"])
    assert len(found) == problems, found
    files = Share(topology, host, sources, made).files()
    return {**planned(raw, host), "credentials": [file.as_dict() for file in files]}


def plan(gateway: Gateway, raw: dict[str, Any]) -> list[str]:
    """Load a gateway's share; the names of its connections."""
    done = gateway.connections(**planned(raw, gateway.lan))
    assert len(done.get("loaded", [])) == len(raw["tunnels"]), done
    return [f"cw-{tunnel['name']}" for tunnel in raw["tunnels"]]


def two_sites(pair: Pair, policies: list[Any]) -> dict[str, Any]:
    """Two sites, named as their gateways' LANs, with a tunnel for each policy between two addresses of its own."""
    sites = {}
    for gateway in pair:
        subnets = [f"{gateway.lan}.{number + 1}/32" for number in range(len(policies))]
        sites[gateway.lan] = {"subnets": subnets, "gateways": [{"host": gateway.lan, "address": gateway.address}]}
    ends = list(sites)
    return {
        "policies": {f"p{number}": policy for number, policy in enumerate(policies)},
        "sites": sites,
        "tunnels": [
            {
                "name": f"t{number}",
                "sites": ends,
                "policy": f"p{number}",
                "psk": PSK,
                "ids": {end: f"{number}.{end}.example" for end in ends},
                "subnets": {end: [f"{end}.{number + 1}/32"] for end in ends},
            }
            for number in range(len(policies))
        ],
    }
