# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host is and has: its distribution, packages, files and units. Nothing here changes it."""

from __future__ import annotations

import hashlib
import shlex
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ansible_collections.causeway.ipsec.plugins.module_utils.host_network import Run

# What lists packages by shell patterns, and prints each as its status and its name.
LISTS: Mapping[str, tuple[str, ...]] = {
    "apt": ("dpkg-query", "-W", "-f", "${db:Status-Status} ${Package}\n"),
    "dnf": ("rpm", "-qa", "--qf", "installed %{NAME}\n"),
}
# Debian's testing has a name in its os-release, and no number before it is released.
UNNUMBERED: Mapping[str, str] = {"forky": "14"}


def read_distribution(root: Path = Path("/")) -> dict[str, str]:
    """The host's os-release (freedesktop.org, os-release(5)): ``id``, ``version`` and a ``name`` for people.

    The ``version`` is the one to come where there is only its codename yet.
    """
    for path in (root / "etc/os-release", root / "usr/lib/os-release"):
        if path.exists():
            words = shlex.split(path.read_text(encoding="utf-8"), comments=True)
            said = dict(word.partition("=")[::2] for word in words)
            return {
                "id": said.get("ID", "linux"),
                "version": said.get("VERSION_ID") or UNNUMBERED.get(said.get("VERSION_CODENAME", ""), ""),
                "name": said.get("PRETTY_NAME", "an unknown distribution"),
            }
    return {"id": "linux", "version": "", "name": "a distribution without os-release"}


def read_packages(run: Run, manager: str, patterns: Iterable[str]) -> list[str]:
    """The installed packages whose names match."""
    wanted = list(patterns)
    if manager not in LISTS or not wanted:
        return []
    # It fails if one pattern matches nothing; what the others match is printed all the same.
    _status, out, _err = run([*LISTS[manager], *wanted])
    return sorted({name for line in out.splitlines() for state, name in [line.split()] if state == "installed"})


def read_version(run: Run, manager: str, package: str) -> dict[str, str]:
    """The package's version that is ``installed``, and where none is, the one ``offered``; empty if unknown."""
    if manager != "apt" or not package:
        return {"installed": "", "offered": ""}
    _status, out, _err = run(["dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}\n", package])
    state, _blank, installed = out.strip().partition(" ")
    if state == "installed":
        return {"installed": installed, "offered": ""}
    _status, out, _err = run(["apt-cache", "policy", package])
    candidate = next((line.split()[1] for line in out.splitlines() if line.startswith("  Candidate: ")), "")
    return {"installed": "", "offered": candidate if candidate != "(none)" else ""}


def read_files(paths: Iterable[str]) -> dict[str, dict[str, str]]:
    """What is there: a file's ``sha256`` and ``mode``, a link's target; nothing that is absent."""
    return {path: found for path in paths if (found := _read_file(path))}


def _read_file(path: str) -> dict[str, str]:
    try:
        info = Path(path).lstat()
        if stat.S_ISLNK(info.st_mode):
            return {"link": str(Path(path).readlink())}
        if not stat.S_ISREG(info.st_mode):
            return {"kind": "other"}
        digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except FileNotFoundError:
        return {}
    return {"sha256": digest, "mode": f"{stat.S_IMODE(info.st_mode):04o}", "owner": f"{info.st_uid}:{info.st_gid}"}


def read_units(run: Run, names: Iterable[str]) -> dict[str, dict[str, str]]:
    """Of each systemd unit, whether it runs (``active``) and whether it will after a boot (``enabled``)."""
    wanted = list(names)
    if not wanted:
        return {}
    _status, out, _err = run(["systemctl", "show", "-p", "ActiveState,UnitFileState", *wanted])
    blocks = [dict(line.partition("=")[::2] for line in block.splitlines()) for block in out.strip().split("\n\n")]
    found: dict[str, dict[str, Any]] = {
        name: {"active": said.get("ActiveState", ""), "enabled": said.get("UnitFileState", "")}
        for name, said in zip(wanted, blocks)
    }
    return found
