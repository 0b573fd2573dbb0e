# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine has of ours, byte by byte and in its running programs; and what must be so at any moment of a run."""

from __future__ import annotations

import base64
import json
import os
import re
import stat
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

from ansible_collections.causeway.ipsec.plugins.module_utils.networkd import configured_routes
from ansible_collections.causeway.ipsec.plugins.module_utils.nft import Table
from faultlab import GATEWAYS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from faultlab import Lab

# A file that is being written, beside the one that it is to replace.
UNFINISHED = re.compile(r"^(.*/)\.([^/]+)\.[^./]{8}\.new$")
PRIVATE_PLACES = ("etc", "run", "tmp", "var/tmp", "root")
LISTINGS = {
    "rules": "nft -s list table inet causeway",
    "connections": "swanctl --list-conns",
    "kernel": "sysctl net.ipv4.ip_forward net.ipv4.conf.all.send_redirects net.ipv4.conf.wan0.rp_filter",
    "units": "systemctl is-enabled strongswan causeway-firewall; systemctl is-active strongswan causeway-firewall",
    "needs reload": "systemctl show -P NeedDaemonReload strongswan causeway-firewall nftables",
    "timer": "systemctl is-active causeway-firewall-rollback.timer || true",
    "transient": "ls -A /run/causeway",
}
ROUTES = {"routes": "ip route show proto 213", "networkd": "networkctl --json=short status lan0"}


@dataclass(frozen=True)
class Entry:
    """A file or a link as it was found; keys in it are told by their names."""

    content: str
    mode: int
    owner: int


Files = dict[str, Entry]


def read_files(root: Path, places: Iterable[str] = ("etc",), keys: Mapping[str, str] | None = None) -> Files:
    """What is in some of a machine's directories."""
    found: Files = {}
    for path in (file for place in places for file in _files(root / place)):
        try:
            info = path.lstat()
            content = str(path.readlink()) if stat.S_ISLNK(info.st_mode) else path.read_bytes().decode("latin-1")
        except OSError:  # it was there a moment ago
            continue
        for name, key in (keys or {}).items():
            for form in forms(key):
                content = content.replace(form, f"<the key of {name}>")
        found[f"/{path.relative_to(root)}"] = Entry(content, stat.S_IMODE(info.st_mode), info.st_uid)
    return found


def forms(key: str) -> tuple[str, str]:
    """A key as it is, and as the daemon's file has it."""
    return key, base64.b64encode(key.encode()).decode()


def _files(directory: Path) -> Iterator[Path]:
    for place, directories, names in os.walk(directory):
        links = [name for name in directories if Path(place, name).is_symlink()]
        for path in (Path(place, name) for name in (*names, *links)):
            if path.is_symlink() or path.is_file():
                yield path


def differing(fresh: Files, now: Files) -> Files:
    """What is not as it was on the fresh machine."""
    return {path: entry for path, entry in now.items() if fresh.get(path) != entry}


def leftover_of(path: str) -> str | None:
    """The file that an unfinished one was to replace."""
    match = UNFINISHED.fullmatch(path)
    return match[1] + match[2] if match else None


def torn(now: Files, fresh: Files, *whole: Files) -> list[str]:
    """What a run that was cut short must not leave: anything but files as they are before or after a run.

    whole: what may be there that is not as on a fresh machine: nothing, where the machine may be as fresh as before.
    """
    found = []
    for path, entry in differing(fresh, now).items():
        modes = [files[target].mode for files in whole if (target := leftover_of(path)) and target in files]
        if modes and (fnmatch(Path(path).name, "*.conf") or entry.mode & 0o077 & ~max(modes)):
            found.append(f"{path} (mode {entry.mode:o}) may be read as a part of the configuration, or by others")
        elif not modes and not any(files.get(path) == entry for files in whole):
            found.append(f"{path} is neither the old file nor the new one: {entry}")
    return found + [f"{path} is gone" for path in {*fresh, *set.intersection(*map(set, whole))} if path not in now]


def readable_keys(root: Path, keys: Iterable[str]) -> list[str]:
    """The files with a key that somebody else than their owner may read."""
    held = [(path, entry) for path, entry in read_files(root, PRIVATE_PLACES).items() if entry.mode & 0o077]
    return [path for path, entry in held if any(form in entry.content for key in keys for form in forms(key))]


def running(lab: Lab, host: str) -> dict[str, str]:
    """What a machine's programs have, in a form that differs only where they do."""
    listings = LISTINGS if host in GATEWAYS else ROUTES
    script = "; ".join(f"echo '=== {name}'; {command}" for name, command in listings.items())
    said = dict(re.findall(r"^=== (.*)\n((?:(?!=== ).*\n?)*)", lab.sh(host, script), re.MULTILINE))
    if host in GATEWAYS:
        said["rules"] = str(Table(said["rules"]).canonical)
        said["connections"] = "".join(sorted(re.split(r"^(?=\S)", said["connections"], flags=re.MULTILINE)))
    else:
        said["networkd"] = str(sorted(configured_routes(json.loads(said["networkd"]))))
    return said


@dataclass(frozen=True)
class State:
    """A machine as a run has left it."""

    files: Files
    running: Mapping[str, str]

    def differences(self, other: State) -> list[str]:
        """In words; both were looked at on the same machine, or on one as fresh."""
        paths = sorted({*self.files, *other.files})
        found = [path for path in paths if self.files.get(path) != other.files.get(path)]
        return found + [
            f"{name}: {value!r} instead of {other.running.get(name)!r}"
            for name, value in self.running.items()
            if value != other.running.get(name)
        ]


def look(lab: Lab, host: str, fresh: Files, keys: Mapping[str, str]) -> State:
    return State(differing(fresh, read_files(lab.root(host), keys=keys)), running(lab, host))
