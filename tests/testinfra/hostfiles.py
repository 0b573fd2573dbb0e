# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files a machine has that it didn't have before a run, and which of them no package accounts for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Shell = Callable[[str], str]  # runs a command on the machine; it must succeed

ROLES = Path(__file__).parents[2] / "roles"
# Where programs keep what they found out: package lists, logs, indexes, Ansible's own directory.
MEMORIES = (
    *(
        "/var/lib/dpkg",
        "/var/lib/apt",
        "/var/lib/systemd",
        "/var/lib/ucf",
        "/var/lib/dbus",
        "/var/lib/command-not-found",
    ),
    *("/var/cache", "/var/log", "/var/tmp", "/var/backups", "/tmp", "/run", "/proc", "/sys", "/dev"),
    *("/root/.ansible", "/home/*/.ansible"),
)
# What the packages' own scripts make when they are installed.
BY_PACKAGES = (
    r"/etc/ld\.so\.cache",
    r"/etc/\.updated|/var/\.updated|/etc/\.pwd\.lock|/etc/machine-id",
    r"/etc/apparmor\.d/local/usr\..*",
    r"/etc/rc[S0-6]\.d/.*",
    # What its package enables is also what the page has as the unit strongswan.
    r"/etc/systemd/system/(multi-user\.target\.wants/strongswan|strongswan-swanctl)\.service",
    r".*/__pycache__/.*",
)


def page(host: str, *kinds: str) -> dict[str, dict[str, Any]]:
    """By name, what docs/host-changes.md says of one kind of host."""
    loaded = [yaml.safe_load(path.read_text()) for path in sorted(ROLES.glob("*/meta/host_changes.yml"))]
    changes = [change for data in loaded if data["host"] == host for change in data["changes"]]
    return {change["name"]: change for change in changes if change["kind"] in kinds}


def always(host: str, *kinds: str) -> dict[str, dict[str, Any]]:
    """What the page says of every such host. Names with `cw-*` are of certificates and raw keys, which not all have."""
    return {name: change for name, change in page(host, *kinds).items() if "cw-*" not in name}


def pattern(name: str) -> str:
    """A name of the page as a regular expression: what it has in braces differs from host to host."""
    return re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(name))


def new_files(sh: Shell, since: str, besides: Iterable[str] = ()) -> set[str]:
    """Files and links made or changed after the file `since` was, but for those that packages brought unchanged."""
    pruned = " -o ".join(f"-path '{path}'" for path in MEMORIES)
    found = sh(
        f"find / -xdev \\( {pruned} \\) -prune -o \\( -type f -o -type l \\) -cnewer {since} -print"
    ).splitlines()
    packaged = _packaged(sh) - _altered(sh)
    known = re.compile("|".join([*BY_PACKAGES, *besides, re.escape(since)]))
    return {path for path in found if path not in packaged and not known.fullmatch(path)}


def _packaged(sh: Shell) -> set[str]:
    """All files of packages, also by the names that they have where /lib and /bin are links into /usr."""
    listed = set(sh("cat /var/lib/dpkg/info/*.list").splitlines())
    return listed | {f"/usr{path}" for path in listed if path.startswith(("/lib", "/bin", "/sbin"))}


def _altered(sh: Shell) -> set[str]:
    """Files of packages that are not as the packages brought them, configuration included."""
    lines = sh("dpkg --verify || true").splitlines()
    return {line.split()[-1] for line in lines if "5" in line.split()[0]}
