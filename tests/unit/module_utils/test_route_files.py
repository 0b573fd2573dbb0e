# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that bring routes back after a reboot."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from ansible_collections.causeway.ipsec.plugins.module_utils.route_files import (
    ifupdown_script,
    networkd_dropin,
    networkd_dropin_path,
)
from ansible_collections.causeway.ipsec.plugins.module_utils.routes import Route

if TYPE_CHECKING:
    from pathlib import Path

ROUTES = [
    Route("192.168.2.0/24", "192.168.1.5", "eth0"),
    Route("10.0.0.0/8", "192.168.1.5", "eth0"),
    Route("fd00:3::/64", "fd00:1::5", "br-lan.7"),
]


@pytest.mark.parametrize("directory", ["/etc/systemd/network", "/run/systemd/network", "/usr/lib/systemd/network"])
def test_a_dropin_is_kept_in_etc_wherever_its_unit_is(directory: str) -> None:
    path = networkd_dropin_path(f"{directory}/10-netplan-eth0.network")
    assert path == "/etc/systemd/network/10-netplan-eth0.network.d/causeway.conf"


def test_a_dropin_has_one_section_per_route_in_a_fixed_order() -> None:
    assert networkd_dropin(ROUTES[:2]) == networkd_dropin(reversed(ROUTES[:2]))
    assert networkd_dropin(ROUTES[:2]).endswith(
        "\n[Route]\nDestination=10.0.0.0/8\nGateway=192.168.1.5\nProtocol=213\n"
        "\n[Route]\nDestination=192.168.2.0/24\nGateway=192.168.1.5\nProtocol=213\n"
    )


def run_script(tmp_path: Path, interface: str, answer: str) -> tuple[list[str], str]:
    """What the script asks of `ip`, and what it complains of. The `ip` that it finds records and gives this answer."""
    shell = shutil.which("sh")
    assert shell
    asked = tmp_path / "asked"
    ip = tmp_path / "ip"
    ip.write_text(f'#!{shell}\necho "$@" >> "{asked}"\n{answer}\n', encoding="utf-8")
    ip.chmod(0o755)
    script = tmp_path / "script"
    script.write_text(ifupdown_script(ROUTES), encoding="utf-8")
    environment = {"PATH": str(tmp_path), "IFACE": interface, "MODE": "start"}
    done = subprocess.run([shell, str(script)], env=environment, capture_output=True, text=True, check=True)
    return (asked.read_text(encoding="utf-8").splitlines() if asked.exists() else []), done.stderr


def test_the_script_puts_in_the_routes_of_the_interface_that_came_up(tmp_path: Path) -> None:
    asked, complaints = run_script(tmp_path, "eth0", "exit 0")
    assert asked == [
        "-4 route add 10.0.0.0/8 via 192.168.1.5 dev eth0 proto 213",
        "-4 route add 192.168.2.0/24 via 192.168.1.5 dev eth0 proto 213",
    ]
    assert complaints == ""


def test_the_script_takes_interfaces_by_their_whole_name(tmp_path: Path) -> None:
    assert run_script(tmp_path, "br-lan.7", "exit 0")[0] == [
        "-6 route add fd00:3::/64 via fd00:1::5 dev br-lan.7 proto 213"
    ]


@pytest.mark.parametrize("interface", ["lo", "--all", "eth00", "br-lanx7"])
def test_the_script_leaves_other_interfaces_alone(tmp_path: Path, interface: str) -> None:
    assert run_script(tmp_path, interface, "exit 0") == ([], "")


def test_the_script_is_silent_about_routes_that_are_there_already(tmp_path: Path) -> None:
    answer = 'echo "RTNETLINK answers: File exists" >&2; exit 2'
    assert run_script(tmp_path, "br-lan.7", answer)[1] == ""


def test_the_script_names_a_route_that_fails_and_does_not_fail_the_interface(tmp_path: Path) -> None:
    answer = 'echo "Error: Nexthop has invalid gateway." >&2; exit 2'
    complaints = run_script(tmp_path, "br-lan.7", answer)[1]
    assert complaints == "causeway-routes: fd00:3::/64 via fd00:1::5: Error: Nexthop has invalid gateway.\n"
