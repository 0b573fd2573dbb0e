# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host says of itself, as its programs print it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.causeway.ipsec.plugins.module_utils import host_state

if TYPE_CHECKING:
    from pathlib import Path

DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nID=debian\n# end\n'


class Says:
    """Runs commands, which all print this, and remembers them."""

    def __init__(self, out: str, status: int = 0) -> None:
        self.out, self.status = out, status
        self.commands: list[list[str]] = []

    def __call__(self, command: list[str], **_options: Any) -> tuple[int, str, str]:
        self.commands.append(command)
        return self.status, self.out, ""


@pytest.mark.parametrize("place", ["etc", "usr/lib"])
def test_distribution(tmp_path: Path, place: str) -> None:
    (tmp_path / place).mkdir(parents=True)
    (tmp_path / place / "os-release").write_text(DEBIAN)
    assert host_state.read_distribution(tmp_path) == {
        "id": "debian",
        "version": "12",
        "name": "Debian GNU/Linux 12 (bookworm)",
    }


@pytest.mark.parametrize(("codename", "version"), [("forky", "14"), ("sid", "")])
def test_a_distribution_without_a_number(tmp_path: Path, codename: str, version: str) -> None:
    (tmp_path / "etc").mkdir()
    said = f'PRETTY_NAME="Debian GNU/Linux {codename}/sid"\nVERSION_CODENAME={codename}\nID=debian\n'
    (tmp_path / "etc/os-release").write_text(said)
    name = f"Debian GNU/Linux {codename}/sid"
    assert host_state.read_distribution(tmp_path) == {"id": "debian", "version": version, "name": name}


def test_a_distribution_that_does_not_say(tmp_path: Path) -> None:
    assert host_state.read_distribution(tmp_path)["name"] == "a distribution without os-release"


def test_packages_that_were_removed_do_not_count() -> None:
    run = Says("installed charon-systemd\nconfig-files libcharon-extra-plugins\nnot-installed nftables\n", status=1)
    assert host_state.read_packages(run, "apt", ["charon-*", "lib*", "nftables"]) == ["charon-systemd"]
    assert run.commands == [[*host_state.LISTS["apt"], "charon-*", "lib*", "nftables"]]


def test_no_packages_are_asked_for() -> None:
    run = Says("")
    assert host_state.read_packages(run, "apt", []) == host_state.read_packages(run, "unknown", ["x"]) == []
    assert run.commands == []


def test_files(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text\n")
    (tmp_path / "file").chmod(0o640)
    (tmp_path / "link").symlink_to("/dev/null")
    (tmp_path / "directory").mkdir()
    paths = [str(tmp_path / name) for name in ("file", "link", "directory", "absent")]
    digest = "b9e68e1bea3e5b19ca6b2f98b73a54b73daafaa250484902e09982e07a12e733"
    assert host_state.read_files(paths) == {
        paths[0]: {"sha256": digest, "mode": "0640", "owner": f"{os.getuid()}:{os.getgid()}"},
        paths[1]: {"link": "/dev/null"},
        paths[2]: {"kind": "other"},
    }


@pytest.mark.parametrize(
    ("answers", "version"),
    [
        (["installed 5.9.8-5+deb12u6\n"], {"installed": "5.9.8-5+deb12u6", "offered": ""}),
        (["config-files 5.9.8-5\n", "x:\n  Candidate: 6.0.1-6\n"], {"installed": "", "offered": "6.0.1-6"}),
        (["", "x:\n  Candidate: (none)\n"], {"installed": "", "offered": ""}),
        (["", ""], {"installed": "", "offered": ""}),
    ],
)
def test_version_of_a_package(answers: list[str], version: dict[str, str]) -> None:
    said = iter(answers)
    assert host_state.read_version(lambda *_args, **_options: (0, next(said), ""), "apt", "x") == version
    assert host_state.read_version(Says("installed 1"), "dnf", "x") == {"installed": "", "offered": ""}
    assert host_state.read_version(Says("installed 1"), "apt", "") == {"installed": "", "offered": ""}


def test_units() -> None:
    run = Says("ActiveState=active\nUnitFileState=enabled\n\nActiveState=inactive\nUnitFileState=\n")
    assert host_state.read_units(run, ["strongswan", "none"]) == {
        "strongswan": {"active": "active", "enabled": "enabled"},
        "none": {"active": "inactive", "enabled": ""},
    }
    assert host_state.read_units(run, []) == {}
