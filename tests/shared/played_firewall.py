# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for a host whose firewall the module holds: its programs answer as the real ones do."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from ansible_collections.causeway.ipsec.plugins.module_utils import firewall_run
from ansible_collections.causeway.ipsec.plugins.modules import firewall

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TUNNEL = {
    "name": "berlin-london",
    "peers": ["198.51.100.20"],
    "protocol": "esp",
    "local_subnets": ["192.168.1.0/24"],
    "remote_subnets": ["192.168.2.0/24"],
    "ciphers": [["AES_GCM_16", ""]],
    "udp": False,
}
INTENT = {"local_address": "198.51.100.10", "management": ["198.51.100.7/32"], "tunnels": [TUNNEL]}
LINKS = [{"ifname": "wan0", "mtu": 1500, "addr_info": [{"local": "198.51.100.10", "prefixlen": 24}]}]
UNITS = {"causeway-firewall.service": "[Unit]\n", "nftables.service.d/causeway.conf": "[Service]\n"}
POST = {"family": "ip", "table": "nat"}
MASQUERADE: list[dict[str, Any]] = [
    {"chain": {**POST, "name": "post", "type": "nat", "hook": "postrouting", "policy": "accept"}},
    {"rule": {**POST, "chain": "post", "handle": 4, "expr": [{"masquerade": None}]}},
]


class Host:
    """Programs of a host that answer as the real ones do, as far as the module asks."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.table: str | None = None  # what nft lists
        self.timer = False
        self.foreign: list[dict[str, Any]] = []
        self.translated = ""  # what conntrack lists
        self.programs = {"nft", "unshare", "sshd", "conntrack"}
        self.namespaces = True
        self.sshd = (0, "port 22\nport 2022\nlistenaddress 0.0.0.0:22\nlistenaddress [::]:2222\n", "")
        self.warnings: list[str] = []
        self.commands: list[str] = []
        self.check_mode = False

    @property
    def file(self) -> Path:
        return self.root / "causeway" / "firewall.nft"

    def run(self, command: list[str], data: str = "", **_options: Any) -> tuple[int, str, str]:
        text = " ".join(command)
        self.commands.append(text)
        if command[0] == "sh":
            name = text.rsplit(" ", 1)[-1]
            return (0, f"/usr/sbin/{name}\n", "") if name in self.programs else (127, "", "")
        program = command[0].rsplit("/", 1)[-1].replace("-", "_")
        answer: Callable[[list[str], str], tuple[int, str, str]] = getattr(self, f"_{program}")
        return answer(command, data)

    def _nft(self, command: list[str], data: str) -> tuple[int, str, str]:
        if "ruleset" in command:
            return 0, json.dumps({"nftables": self.foreign}), ""
        if "list" in command:
            return (1, "", "Error: No such file or directory") if self.table is None else (0, self.table, "")
        if "BROKEN" in data:
            return 1, "", "Error: syntax error"
        if "-c" not in command:
            self.table = listed(data if command[-1] == "-" else (self.root / "run").joinpath("before.nft").read_text())
        return 0, "", ""

    def _unshare(self, _command: list[str], data: str) -> tuple[int, str, str]:
        if not self.namespaces:
            return 1, "", "unshare: unshare failed: Operation not permitted"
        return 0, listed(data) or "", ""

    def _ip(self, command: list[str], _data: str) -> tuple[int, str, str]:
        return 0, json.dumps(LINKS if "address" in command else []), ""

    def _sshd(self, *_unused: Any) -> tuple[int, str, str]:
        return self.sshd

    def _conntrack(self, command: list[str], _data: str) -> tuple[int, str, str]:
        if "-L" in command:
            return 0, self.translated, "some flow entries have been shown."
        return 1, "", "0 flow entries have been deleted."

    def _cat(self, *_unused: Any) -> tuple[int, str, str]:
        return 1, "", "No such file or directory"

    def _systemctl(self, command: list[str], _data: str) -> tuple[int, str, str]:
        if "is-active" in command:
            return (0 if self.timer else 3), "", ""
        if "stop" in command:
            self.timer = False
        if "enable" in command:
            link = self.root / "systemd" / "sysinit.target.wants" / command[-1]
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(self.root / "systemd" / command[-1])
        return 0, "", ""

    def _systemd_run(self, *_unused: Any) -> tuple[int, str, str]:
        if self.timer:
            return 1, "", "Unit causeway-firewall-rollback.timer was already loaded"
        self.timer = True
        return 0, "", ""

    def fire(self) -> None:
        """What the timer does."""
        self.timer = False
        self.run(["/usr/sbin/nft", "-f", "before.nft"])

    def call(self, state: str = "present", **params: Any) -> dict[str, Any]:
        module = SimpleNamespace(
            params={**options(), "units": UNITS, "state": state, **params},
            check_mode=self.check_mode,
            run_command=self.run,
            warn=self.warnings.append,
        )
        act: Any = {"present": firewall.present, "confirmed": firewall.confirmed, "absent": firewall.absent}[state]
        result: dict[str, Any] = act(module, firewall_run.Host(self.run))
        return result

    def confirmed(self, **params: Any) -> Host:
        assert self.call(**params)["armed"]
        assert self.call("confirmed", **params)["changed"]
        return self


def listed(text: str) -> str | None:
    """As nft lists what it was given: without the lines that make room, with the elements in another order."""
    table = text.partition("delete table inet causeway\n")[2]

    def turned(match: re.Match[str]) -> str:
        elements = [element.strip() for element in match.group(1).split(",")]
        return f"elements = {{ {', '.join(reversed(elements))} }}"

    return re.sub(r"elements = \{(.*?)\}", turned, table, flags=re.DOTALL) or None


def options() -> dict[str, Any]:
    """What the module is given, unless something else is."""
    return {**{name: option.get("default") for name, option in firewall.SPEC.items()}, "intent": INTENT}
