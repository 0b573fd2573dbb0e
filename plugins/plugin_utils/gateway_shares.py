# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A gateway's share of the topology as the filters answer it, worked out once in a run.

Ansible runs each task of each host in a process of its own, where each question would read the whole fleet's topology
anew. So the plan works out the shares and keeps them, without any secret, as files in the directory that Ansible makes
for each run, for its user only, and removes at its end. What is asked then costs a host its own tunnels.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ansible import constants

from . import topology as core
from .boundary import load_topology, plain, problems_as_error
from .proof.targets import gateway_targets
from .render import swanctl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from .topology import GatewayIntent, Topology

Answer = TypeVar("Answer")


class GatewayShare:
    """What one gateway is to be: every answer is what JSON can hold, and has no secret."""

    def __init__(self, topology: Topology, host: str) -> None:
        self._topology = topology
        self._host = host

    @cached_property
    def _intent(self) -> GatewayIntent:
        return core.gateway_intent(self._topology, self._host)

    def gateway_intent(self) -> dict[str, Any]:
        return self._intent.as_dict()

    def host_intent(self) -> dict[str, Any]:
        return core.host_intent(self._intent).as_dict()

    def firewall_intent(self) -> dict[str, Any]:
        return core.firewall_intent(self._topology, self._host).as_dict()

    def swanctl_config(self) -> str:
        return swanctl.render(self._intent)

    def swanctl_config_without_traps(self) -> str:
        return swanctl.render(self._intent, traps=False)

    def psk_slots(self) -> list[dict[str, Any]]:
        return [slot.as_dict() for slot in core.psk_slots(self._topology, self._host)]

    def proof_targets(self) -> list[dict[str, Any]]:
        return [target.as_dict() for target in gateway_targets(self._intent)]


# Of the others, one is for people, and one for userspace ESP on old daemons.
_KEPT: Final[tuple[Callable[[GatewayShare], Any], ...]] = (
    GatewayShare.host_intent,
    GatewayShare.firewall_intent,
    GatewayShare.swanctl_config,
    GatewayShare.psk_slots,
    GatewayShare.proof_targets,
)


def keep(topology: Topology, hosts: Iterable[str], run: Mapping[str, str]) -> None:
    """Works out what the filters will be asked about these gateways in this run."""
    for host in hosts:
        share = GatewayShare(topology, host)
        for question in _KEPT:
            answer = zlib.compress(json.dumps(question(share)).encode(), 1)
            path = _path(run["id"], host, question)
            new = path.with_suffix(".new")
            with suppress(OSError):  # then whoever asks works it out
                new.touch(mode=0o600)
                new.write_bytes(answer)
                new.replace(path)


def ask(question: Callable[[GatewayShare], Answer], raw: object, host: object, run: object = None) -> Answer:
    """One answer about one gateway: what the plan of this run has kept, or else what the topology says.

    ``run`` is what causeway.ipsec.plan returns by this name. Raises AnsibleError with every problem of the topology.
    """
    if (found := kept(question, host, run)) is not None:
        return found
    topology = load_topology(raw)
    with problems_as_error():
        return question(GatewayShare(topology, str(plain(host))))


def kept(question: Callable[[GatewayShare], Answer], host: object, run: object) -> Answer | None:
    """What the plan of this run has kept; None without a run, and about hosts that it was not for."""
    planned = plain(run)
    if not isinstance(planned, dict) or not planned.get("id"):
        return None
    with suppress(FileNotFoundError):
        answer: Answer = json.loads(read(_path(planned["id"], str(plain(host)), question)))
        return answer
    return None


def read(path: Path) -> str:
    """The answer in a file, as JSON."""
    return zlib.decompress(path.read_bytes()).decode()


def _path(run: str, host: str, question: Callable[[GatewayShare], Any]) -> Path:
    words = json.dumps([run, host, question.__name__])
    return Path(constants.DEFAULT_LOCAL_TMP, f"causeway-ipsec-{hashlib.sha256(words.encode()).hexdigest()}.share")
