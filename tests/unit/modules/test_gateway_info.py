# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module on kernels with and without ESP, and in containers that allow more or less."""

from __future__ import annotations

import os
from typing import Any

import pytest
from ansible_collections.causeway.ipsec.plugins.modules import gateway_info


class Kernel:
    """Answers probes by what it lacks, and namespaces by what is allowed."""

    def __init__(self, lacks: tuple[str, ...] = (), forbids: tuple[str, ...] = ()) -> None:
        self.lacks, self.forbids = lacks, forbids
        self.commands: list[str] = []
        self.probes: list[str] = []

    def run(self, command: list[str], **_options: Any) -> tuple[int, str, str]:
        *before, script = command
        self.commands.append(" ".join(before))
        if ("--user" if "--user" in command else "--net") in self.forbids:
            return 1, "", "unshare: unshare failed: Operation not permitted"
        self.probes = script.splitlines()
        return 0, "".join(map(self.answer, self.probes)), ""

    def answer(self, probe: str) -> str:
        lacks = any(word in probe for word in self.lacks)
        return "Error: Requested type not found.\nstatus=2\n" if lacks else "status=0\n"


@pytest.fixture(autouse=True)
def tun(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tun").touch()
    monkeypatch.setattr(gateway_info, "TUN", str(tmp_path / "tun"))


def test_a_kernel_with_everything_lacks_nothing() -> None:
    result = gateway_info.look(Kernel().run, "unshare", "ip")
    assert result == {
        "changed": False,
        "rivals": [],
        "kernel_esp": True,
        "kernel_aead": True,
        "kernel_esp_ipv6": True,
        "userspace": True,
        "missing": [],
        "detail": dict.fromkeys(("esp", "policy", "aead", "esp_ipv6", "tun"), "ok"),
    }


def test_every_probe_runs_in_a_namespace_of_its_own() -> None:
    kernel = Kernel(forbids=("--net",))
    assert gateway_info.look(kernel.run, "unshare", "ip")["kernel_esp"]
    assert kernel.commands == ["unshare --net -- sh -c", "unshare --user --map-root-user --net -- sh -c"]
    assert len(kernel.probes) == 4
    assert all(probe.startswith("ip xfrm ") for probe in kernel.probes)


def test_a_kernel_without_esp_is_named_so() -> None:
    result = gateway_info.look(Kernel(lacks=("xfrm state",)).run, "unshare", "ip")
    assert not result["kernel_esp"]
    assert result["detail"]["policy"] == "ok"
    assert result["missing"][0] == "the kernel makes no ESP over IPv4 (CONFIG_INET_ESP, module esp4)"


def test_a_kernel_without_esp_over_ipv6_still_makes_esp() -> None:
    result = gateway_info.look(Kernel(lacks=("2001:db8",)).run, "unshare", "ip")
    assert (result["kernel_esp"], result["kernel_esp_ipv6"]) == (True, False)
    assert result["missing"] == ["the kernel makes no ESP over IPv6 (CONFIG_INET6_ESP, module esp6)"]


def test_not_being_allowed_to_try_is_said_and_is_no_yes() -> None:
    result = gateway_info.look(Kernel(forbids=("--net", "--user")).run, "unshare", "ip")
    assert not result["kernel_esp"]
    refusal = "unshare: unshare failed: Operation not permitted"
    unable = "cannot find out whether the kernel makes ESP: no network namespace to try it in"
    assert result["missing"] == [f"{unable} ({refusal}; {refusal})"]


def test_tools_that_are_absent_are_named() -> None:
    result = gateway_info.look(Kernel().run, None, None)
    assert result["missing"] == [
        "cannot find out whether the kernel makes ESP: unshare (util-linux) and ip (iproute2) not installed"
    ]


def test_a_host_without_tun_has_no_userspace_esp(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway_info, "TUN", "/nonexistent/tun")
    result = gateway_info.look(Kernel().run, "unshare", "ip")
    assert (result["kernel_esp"], result["userspace"]) == (True, False)
    assert "there is no such file" in result["missing"][0]


def test_a_rival_daemon_counts_only_while_it_lives(tmp_path: Any) -> None:
    alive, dead, empty = tmp_path / "alive.pid", tmp_path / "dead.pid", tmp_path / "empty.pid"
    alive.write_text(f"{os.getpid()}\n")
    dead.write_text("4194305\n")  # beyond what Linux gives out
    empty.touch()
    rivals = {str(alive): "strongswan-starter", str(dead): "libreswan", str(empty): "racoon", "/none": "none"}
    assert gateway_info.running(rivals) == ["strongswan-starter"]
