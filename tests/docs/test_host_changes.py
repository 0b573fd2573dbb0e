# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of what we change on a host can't forget anything: roles' tasks and modules' paths are compared with it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())
# Paths in modules that are only read, or that a file of ours is put into; each was looked at when it was written here.
ONLY_READ = {
    "/dev/net/tun",
    "/etc/default/ufw",
    "/etc/network/interfaces",
    "/etc/swanctl/swanctl.conf",
    "/etc/sysctl.d",
    "/etc/systemd/network",
    "/etc/systemd/system",
    "/run/charon.vici",
    "/run/pluto/pluto.pid",
    "/run/racoon.pid",
    "/run/starter.charon.pid",
    "/run/strongswan/charon.vici",
    "/run/sysctl.d",
    "/usr/lib/sysctl.d",
    "/usr/local/lib/sysctl.d",
    "/var/run/charon.vici",
}
# Written by the host's own programs when we tell them something; the page has them under the packet filter.
WRITTEN_BY_OTHERS = {"/etc/firewalld/policies/{}.xml.old", "/etc/ufw/user.rules", "/etc/ufw/user6.rules"}
WRITERS = {"file", "copy", "template", "lineinfile", "blockinfile", "get_url", "unarchive", "assemble", "replace"}


def changes(role: str) -> list[dict[str, Any]]:
    loaded = yaml.safe_load((ROOT / "roles" / role / "meta" / "host_changes.yml").read_text())
    listed: list[dict[str, Any]] = loaded["changes"]
    return listed


def names(*kinds: str, role: str | None = None) -> set[str]:
    roles = [role] if role else ROLES
    return {change["name"] for name in roles for change in changes(name) if change["kind"] in kinds}


def tasks(role: str) -> Iterator[dict[str, Any]]:
    """Every task and handler of a role, those in blocks too."""
    for path in sorted((ROOT / "roles" / role).glob("[th]a*/**/*.yml")):
        waiting = list(yaml.safe_load(path.read_text()) or [])
        while waiting:
            task = waiting.pop()
            for part in ("block", "rescue", "always"):
                waiting += task.get(part, [])
            yield task


def calls(role: str, modules: set[str]) -> Iterator[dict[str, Any]]:
    """The arguments of each call of these modules, with the defaults of the role's variables filled in."""
    defaults = yaml.safe_load((ROOT / "roles" / role / "defaults" / "main.yml").read_text()) or {}
    for task in tasks(role):
        for key, arguments in task.items():
            if key.rpartition(".")[2] in modules and isinstance(arguments, dict):
                yield {name: defaults.get(str(value).strip("{} "), value) for name, value in arguments.items()}


def written_by_tasks(role: str) -> set[str]:
    """The files that a role's tasks make; a directory that is copied counts as the files in it."""
    found = set()
    for arguments in calls(role, WRITERS | {"kernel_settings"}):
        target = str(arguments.get("dest") or arguments.get("path"))
        source = ROOT / "roles" / role / "files" / str(arguments.get("src", ""))
        if target.endswith("/"):
            found |= {target + str(path.relative_to(source)) for path in source.rglob("*") if path.is_file()}
        else:
            found.add(target)
    masked = (name for arguments in calls(role, {"daemon"}) for name in arguments["masked"])
    return found | {f"/etc/systemd/system/{name}.service" for name in masked}


def constants(path: Path) -> Iterator[str]:
    """The absolute paths in a module's code, not in its documentation."""
    tree = ast.parse(path.read_text())
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    documentation |= {id(node.value) for node in tree.body if isinstance(node, ast.Assign) and is_documentation(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield from re.findall(r"^/(?:etc|var|run|usr|lib|root|opt|srv|dev|home|tmp)/[^\s]*$", node.value)


def is_documentation(node: ast.Assign) -> bool:
    return getattr(node.targets[0], "id", "") in {"DOCUMENTATION", "EXAMPLES", "RETURN"}


def test_the_page_is_what_the_roles_say() -> None:
    command = [sys.executable, "lab/host_changes.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout == ""
    assert done.returncode == 0


@pytest.mark.parametrize("role", ROLES)
def test_the_page_has_the_files_of_a_roles_tasks(role: str) -> None:
    assert written_by_tasks(role) - names("file", "link", role=role) == set()


def test_the_page_has_the_files_of_the_modules() -> None:
    rooms = [ROOT / "plugins" / "modules", ROOT / "plugins" / "module_utils"]
    found = {text for room in rooms for path in room.glob("*.py") for text in constants(path)}
    assert len(found) > 10
    known = names("file", "link", "transient") | ONLY_READ | WRITTEN_BY_OTHERS
    assert {text for text in found if text not in known and not looks_up(text)} == set()


def looks_up(text: str) -> bool:
    """Programs are run, not written."""
    return text.startswith(("/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/"))


def test_the_page_has_no_file_that_nobody_writes() -> None:
    written = {name for role in ROLES for name in written_by_tasks(role)}
    code = "\n".join(path.read_text() for path in (ROOT / "plugins").rglob("*.py"))
    units = {path.name for path in (ROOT / "roles" / "firewall" / "files").rglob("*") if path.is_file()}
    stale = [
        name
        for name in names("file", "link")
        if name not in written and f'"{name}"' not in code and Path(name).name not in units | {"causeway.conf"}
    ]
    assert stale == []


@pytest.mark.parametrize("role", ROLES)
def test_the_page_has_the_packages_of_a_role(role: str) -> None:
    listed: set[str] = set()
    variables = yaml.safe_load((ROOT / "roles" / role / "vars" / "main.yml").read_text())
    for known in variables.get(f"_{role}_distributions", {}).values():
        listed |= {name for key, value in known.items() if key.endswith("_packages") for name in value}
    if listed:
        listed.add("libstrongswan-standard-plugins")  # where the registry has the OpenSSL plugin
    assert listed - names("package", role=role) == set()


@pytest.mark.parametrize("role", ROLES)
def test_the_page_has_the_units_of_a_role(role: str) -> None:
    touched = {str(arguments["name"]) for arguments in calls(role, {"systemd_service", "systemd", "service"})}
    assert touched - names("unit", role=role) == set()


def test_the_page_has_the_kernel_settings() -> None:
    variables = yaml.safe_load((ROOT / "roles" / "kernel" / "vars" / "main.yml").read_text())
    settings = {**variables["_kernel_base_settings"], **variables["_kernel_ipv6_settings"]}
    rp_filter = variables["_kernel_rp_filter_key"].replace("{ADDRESS}", "{tunnel interface}")
    listed = {change["name"]: change["value"] for change in changes("kernel") if change["kind"] == "kernel"}
    assert listed == {**settings, rp_filter: 2, "net/ipv6/conf/{interface}/accept_ra": 2}


@pytest.mark.parametrize("role", ROLES)
def test_what_decides_is_a_variable_of_the_role(role: str) -> None:
    variables = set(yaml.safe_load((ROOT / "roles" / role / "defaults" / "main.yml").read_text()))
    named = re.findall(rf"\b{role}_[a-z_0-9]+", " ".join(str(change.get("decides")) for change in changes(role)))
    assert set(named) <= variables
