# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's share of the topology as the filters answer it, worked out once in a run.

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
from ansible_collections.causeway.ipsec.plugins.module_utils.versions import INSTEAD, NO_TRAPS

from . import topology as core
from .boundary import load_topology, plain, problems_as_error
from .proof import targets
from .render import swanctl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from .topology import GatewayIntent, Topology


class GatewayShare:
    """What one gateway is to be. The answers are what JSON can hold, and have no secret."""

    def __init__(self, topology: Topology, host: str) -> None:
        self.host = host
        self._topology = topology

    @cached_property
    def _intent(self) -> GatewayIntent:
        return core.gateway_intent(self._topology, self.host)

    def gateway_intent(self) -> dict[str, Any]:
        return self._intent.as_dict()

    def host_intent(self) -> dict[str, Any]:
        return core.host_intent(self._intent).as_dict()

    def firewall_intent(self) -> dict[str, Any]:
        return core.firewall_intent(self._topology, self.host).as_dict()

    def swanctl_config(self) -> str:
        return swanctl.render(self._intent)

    def swanctl_config_traps_instead(self) -> str:
        return swanctl.render(self._intent, traps=INSTEAD)

    def swanctl_config_without_traps(self) -> str:
        return swanctl.render(self._intent, traps=NO_TRAPS)

    def psk_slots(self) -> list[dict[str, Any]]:
        return [slot.as_dict() for slot in core.psk_slots(self._topology, self.host)]

    def proof_targets(self) -> list[dict[str, str]]:
        return [target.as_dict() for target in targets.gateway_targets(self._intent)]


class LanHostShare:
    """The same of one LAN host, by the inventory's groups and by those of them that it is in."""

    def __init__(self, topology: Topology, host: str, own: Iterable[str], groups: Mapping[str, Sequence[str]]) -> None:
        self.host = host
        self._topology = topology
        self._own = tuple(own)
        self._groups = groups

    def lan_host_intent(self) -> dict[str, Any]:
        return core.lan_host_intent(self._topology, self.host, self._own).as_dict()

    def lan_peers(self) -> list[dict[str, Any]]:
        return [peer.as_dict() for peer in targets.lan_peers(self._topology, self.host, self._own, self._groups)]


Host = TypeVar("Host", GatewayShare, LanHostShare)
Answer = TypeVar("Answer")

# What the plan answers for all. Of the others, one is for people, and two are for old daemons.
OF_GATEWAYS: Final[tuple[Callable[[GatewayShare], Any], ...]] = (
    GatewayShare.host_intent,
    GatewayShare.firewall_intent,
    GatewayShare.swanctl_config,
    GatewayShare.psk_slots,
    GatewayShare.proof_targets,
)
OF_LAN_HOSTS: Final[tuple[Callable[[LanHostShare], Any], ...]] = (
    LanHostShare.lan_host_intent,
    LanHostShare.lan_peers,
)


def keep(shares: Iterable[Host], questions: Iterable[Callable[[Host], Any]], run: Mapping[str, str]) -> None:
    """Keeps the answers to these questions for this run. Raises TopologyError where there is none."""
    for share in shares:
        for question in questions:
            answer = zlib.compress(json.dumps(question(share)).encode(), 1)
            path = _path(run["id"], share.host, question)
            new = path.with_suffix(".new")
            with suppress(OSError):  # then whoever asks works it out
                new.touch(mode=0o600)
                new.write_bytes(answer)
                new.replace(path)


def ask(
    question: Callable[[Host], Answer], share: Callable[[Topology, str], Host], raw: object, host: object, run: object
) -> Answer:
    """One answer about one host: what the plan of this run has kept, or else what the topology says.

    ``run`` is what causeway.ipsec.plan returns by this name. Raises AnsibleError with every problem of the topology.
    """
    if (found := kept(question, host, run)) is not None:
        return found
    topology = load_topology(raw)
    with problems_as_error():
        return question(share(topology, str(plain(host))))


def kept(question: Callable[[Host], Answer], host: object, run: object) -> Answer | None:
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


def _path(run: str, host: str, question: Callable[[Any], Any]) -> Path:
    words = json.dumps([run, host, question.__name__])
    return Path(constants.DEFAULT_LOCAL_TMP, f"causeway-ipsec-{hashlib.sha256(words.encode()).hexdigest()}.share")
