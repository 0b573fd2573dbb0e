# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing tunnels up and down, and telling why one does not come up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ansible_collections.causeway.ipsec.plugins.module_utils.charon import read_sas
from ansible_collections.causeway.ipsec.plugins.module_utils.connection_apply import (
    PATIENCE_SECONDS,
    LoadError,
    end_and_load,
    sas_of,
)
from ansible_collections.causeway.ipsec.plugins.module_utils.connection_run import connected
from ansible_collections.causeway.ipsec.plugins.module_utils.sas import state_of
from ansible_collections.causeway.ipsec.plugins.module_utils.tunnel_dial import Result, Tunnel, bring_up
from ansible_collections.causeway.ipsec.plugins.module_utils.vici import ViciError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ansible_collections.causeway.ipsec.plugins.module_utils.vici import Client


EXPECTED = (LoadError, ViciError)


@dataclass(frozen=True)
class Request:
    """The module tunnel's options."""

    connections: Sequence[Mapping[str, Any]]
    state: str
    timeout: int
    strict: bool
    check: bool = False


def run(request: Request) -> dict[str, Any]:
    """Do what the module tunnel does; return its results, with a msg if it is to fail."""
    tunnels = _tunnels(request.connections)
    with connected(optional=request.check) as client:
        if client is None:
            results = [Result(tunnel.name, "down", changed=request.state == "up") for tunnel in tunnels]
        elif request.check:
            results = foresee(client, tunnels, request.state)
        elif request.state == "up":
            bring_down(client, [tunnel for tunnel in tunnels if tunnel.anew], patience=0)
            results = bring_up(client, tunnels, request.timeout)
        else:
            results = bring_down(client, tunnels)
    return _report(results, request)


def _report(results: Sequence[Result], request: Request) -> dict[str, Any]:
    changed = [result.name for result in results if result.changed]
    other = "down" if request.state == "up" else "up"
    report: dict[str, Any] = {
        "changed": bool(changed),
        "tunnels": [result.as_dict() for result in results],
        "diff": {
            "before": "".join(f"{name}: {other}\n" for name in changed),
            "after": "".join(f"{name}: {request.state}\n" for name in changed),
        },
    }
    failed = [result for result in results if request.state == "up" and result.state != "up"]
    if failed and request.strict and not request.check:
        report["msg"] = "\n".join(
            f"{result.name} is {result.state}: {result.cause.text}" for result in failed if result.cause
        )
    return report


def _tunnels(items: Iterable[Mapping[str, Any]]) -> list[Tunnel]:
    """Return the module's `connections` option."""
    return [
        Tunnel(item["name"], tuple(item["children"] or [item["name"]]), item["initiate"], item["anew"])
        for item in items
    ]


def bring_down(client: Client, tunnels: Sequence[Tunnel], patience: float = PATIENCE_SECONDS) -> list[Result]:
    """End the tunnels' SAs; patience: seconds for peers to answer, and none where they know of nothing."""
    old = sas_of(client, {tunnel.name for tunnel in tunnels})
    end_and_load(client, old, {}, patience)
    before, after = {sa.name for sa in old}, read_sas(client)
    return [
        Result(tunnel.name, state_of(tunnel.name, tunnel.children, after), changed=tunnel.name in before)
        for tunnel in tunnels
    ]


def foresee(client: Client, tunnels: Sequence[Tunnel], state: str) -> list[Result]:
    """Return what a run would do, for check mode: the present state, and whether it would be changed."""
    sas = read_sas(client)
    states = {tunnel.name: state_of(tunnel.name, tunnel.children, sas) for tunnel in tunnels}
    return [
        Result(
            tunnel.name,
            states[tunnel.name],
            changed=states[tunnel.name] != "down"
            if state == "down"
            else (states[tunnel.name] != "up" or tunnel.anew) and tunnel.initiate,
        )
        for tunnel in tunnels
    ]
