# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gateways of made-up topologies: what the daemon then shows is what the planner says, whoever loads the text."""

from __future__ import annotations

import json
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.causeway.ipsec.plugins.plugin_utils.render import swanctl
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology import gateway_intent, gateway_secrets, load
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.gates import unmet
from gateways import podman
from hypothesis import HealthCheck, Phase, given, seed, settings
from topologies import topologies

if TYPE_CHECKING:
    from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology import (
        ChildIntent,
        ConnectionIntent,
        GatewayIntent,
    )
    from tunnels import Pair

MOST = 30
VERSIONS = {0: "IKEv1/2", 1: "IKEv1", 2: "IKEv2"}
# Loads each by the module, has swanctl load the same files into an empty daemon, and tells what there is each time.
# The gateway's addresses, and the way to its peers, are on a wire that leads nowhere.
DRIVER = """
import json, subprocess, sys
from ansible_collections.causeway.ipsec.plugins.module_utils.connection_run import Request, run
from ansible_collections.causeway.ipsec.plugins.module_utils.vici import Client, find_socket

def sh(command):
    subprocess.run(command, shell=True, check=True, capture_output=True)

def loaded():
    client = Client(find_socket())
    connections = {}
    for event in client.stream("list-conns", "list-conn"):
        connections.update(event)
    return {"connections": connections, "keys": client.request("get-shared")["keys"]}

answers = []
for gateway in json.load(sys.stdin):
    addresses = "".join(f"ip address add {address}/32 dev nowhere; " for address in gateway["addresses"])
    sh(f"ip address flush dev nowhere; {addresses} ip route replace 198.51.100.0/24 dev nowhere")
    run(Request(**gateway["options"]))
    ours = loaded()
    sh("swanctl --load-all --clear --noprompt --file /tmp/hand/swanctl.conf")
    empty = loaded()
    sh("swanctl --load-all --noprompt")
    again = run(Request(**gateway["options"], check=True))
    answers.append({"ours": ours, "empty": empty, "swanctls": loaded(), "changed": again["changed"]})
print(json.dumps(answers))
"""


def gateways(version: str) -> list[tuple[GatewayIntent, list[dict[str, Any]]]]:
    """The same every time: of many topologies the first gateway, and its keys, where it has tunnels of most kinds.

    Those that a run would refuse on a host with this version of strongSwan are none.
    """
    found: list[tuple[GatewayIntent, list[dict[str, Any]]]] = []

    @seed(20260101)
    @settings(max_examples=10 * MOST, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(topologies())
    def collect(raw: dict[str, Any]) -> None:
        topology = load(raw)
        for host in topology.site_by_host:
            intent = gateway_intent(topology, host)
            if intent.connections and not unmet(intent.requires, host, version, []):
                made = {connection.tunnel: "k" * 64 for connection in intent.connections}
                found.append((intent, [secret.as_dict() for secret in gateway_secrets(topology, host, made)]))
                return

    collect()
    return sorted(found, key=lambda gateway: -len(set(map(kind, gateway[0].connections))))[:MOST]


def kind(connection: ConnectionIntent) -> tuple[Any, ...]:
    behind_nat = connection.local_address.startswith("172.")
    return connection.ike_version, connection.protocol, connection.aggressive, connection.initiator, behind_nat


def asked(intent: GatewayIntent, secrets: list[dict[str, Any]]) -> dict[str, Any]:
    """The module's options, and the addresses that the gateway needs: userspace ESP wants one in each subnet."""
    children = [child for connection in intent.connections for child in connection.children]
    subnets = {subnet for child in children for subnet in child.local_subnets}
    algorithms = {kind: list(names) for kind, names in intent.algorithms.items()}
    return {
        "options": {"config": swanctl.render(intent), "secrets": secrets, "algorithms": algorithms},
        "addresses": [intent.local_address, *(str(ip_network(subnet)[9]) for subnet in sorted(subnets))],
    }


def expected(connection: ConnectionIntent) -> dict[str, Any]:
    """A connection as the model has it, in the daemon's words."""
    margin = connection.ike_rekey_margin or connection.ike_lifetime // 10
    return {
        "local_addrs": sorted((connection.local_address, *connection.more_local_addresses)),
        "remote_addrs": sorted((connection.remote_address, *connection.more_remote_addresses)),
        "version": VERSIONS[connection.ike_version],
        "rekey_time": str(connection.ike_lifetime - margin),
        "reauth_time": str(connection.ike_reauth_lifetime - margin if connection.ike_reauth_lifetime else 0),
        "unique": f"UNIQUE_{connection.behaviour.unique.upper()}",
        "local-1": {"class": "pre-shared key", "id": connection.local_id.removeprefix("keyid:")},
        "remote-1": {"class": "pre-shared key", "id": connection.remote_id.removeprefix("keyid:")},
        "children": {child.name: expected_child(connection, child) for child in connection.children},
    }


def expected_child(connection: ConnectionIntent, child: ChildIntent) -> dict[str, Any]:
    margin = connection.ipsec_rekey_margin or connection.ipsec_lifetime // 10
    behaviour = connection.behaviour
    again = "start" if connection.initiator and behaviour.start == "always" else "trap"
    words = {"restart": again, "clear": "none", "trap": "trap"}
    return {
        "mode": "TUNNEL",
        "rekey_time": str(connection.ipsec_lifetime - margin),
        "dpd_action": words.get(behaviour.dpd_action, again),
        "close_action": words.get(behaviour.close_action, "trap"),
        "local-ts": sorted(child.local_subnets),
        "remote-ts": sorted(child.remote_subnets),
    }


def seen(shown: Any, model: Any) -> Any:
    """The part of what is shown that the model speaks of; of selectors the subnets, since ports have names, too."""
    if isinstance(model, dict):
        return {key: seen(value, model[key]) for key, value in shown.items() if key in model}
    return sorted(text.partition("[")[0] for text in shown) if isinstance(model, list) else shown


@pytest.mark.parameters(
    "gateway.address", "gateway.local_address", "ike.version", "ike.lifetime", "ike.rekey_margin",
    "ike.reauth_lifetime", "esp.lifetime", "ah.lifetime", "esp.rekey_margin", "tunnel.unique", "tunnel.dpd_action",
    "tunnel.close_action", "tunnel.ids", "tunnel.subnets",
)  # fmt: skip
def test_the_daemon_has_what_the_planner_says(pair: Pair) -> None:
    here, _unused = pair
    planned = gateways(here.sh("swanctl --version").split()[-1])
    connections = [connection for intent, _unused in planned for connection in intent.connections]
    assert len(planned) == MOST
    assert {connection.ike_version for connection in connections} == {0, 1, 2}
    assert {connection.protocol for connection in connections} == {"esp", "ah"}
    assert {connection.aggressive for connection in connections} == {False, True}
    assert {connection.ike_reauth_lifetime > 0 for connection in connections} == {False, True}
    assert {connection.ipsec_rekey_margin > 0 for connection in connections} == {False, True}
    here.sh("mkdir -p /tmp/hand; : > /tmp/hand/swanctl.conf; ip link add nowhere type veth peer name there")
    here.sh("ip link set nowhere up; ip link set there up")
    here.write("/opt/live/driver.py", DRIVER)
    try:
        questions = json.dumps([asked(*gateway) for gateway in planned])
        driver = ("exec", "-i", "-w", "/opt/live", here.container, "python3", "driver.py")
        answers = json.loads(podman(*driver, data=questions))
    finally:
        here.sh("ip link del nowhere")
    for (intent, secrets), answer in zip(planned, answers, strict=True):
        model = {connection.name: expected(connection) for connection in intent.connections}
        for who in ("ours", "swanctls"):
            assert set(answer[who]["connections"]) == set(model), who
            assert {name: seen(shown, model[name]) for name, shown in answer[who]["connections"].items()} == model
            assert sorted(answer[who]["keys"]) == sorted(secret["name"] for secret in secrets)
        assert (answer["empty"], answer["changed"]) == ({"connections": {}, "keys": []}, False)
