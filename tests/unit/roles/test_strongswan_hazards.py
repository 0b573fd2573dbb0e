# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways in which strongSwan fails without a word (tests/unit/test_hazard_ids.py) that the role keeps from its hosts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
import yaml
from ansible_collections.causeway.ipsec.plugins.modules.daemon import UNFINISHED, UNITS
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology import gateway_intent, host_intent, load
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.crypto_data import PLUGIN_PACKAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
ROLE = ROOT / "roles" / "strongswan"


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


VARIABLES = read(ROLE / "vars" / "main.yml")
STARTER = "/etc/systemd/system/strongswan-starter.service"
OF_THE_PACKAGE = "ExecStartPost=/usr/sbin/swanctl --load-all --noprompt"


def test_h21_a_connection_that_cannot_be_loaded_does_not_stop_the_daemon_at_boot() -> None:
    drop_in = (ROLE / "files" / "strongswan.service.d" / "causeway.conf").read_text(encoding="utf-8")
    commands: list[str] = []
    for line in (OF_THE_PACKAGE, *drop_in.splitlines()):
        key, equals, command = line.partition("=")
        if equals and key == "ExecStartPost":
            commands = [*commands, command] if command else []  # systemd: an empty one forgets those before
    assert commands == ["-/usr/sbin/swanctl --load-all --noprompt"]


def tasks(path: Path) -> Iterator[dict[str, Any]]:
    """Every task of a file of a role or of a playbook, those of blocks too."""
    pending = list(read(path) or [])
    while pending:
        task = pending.pop(0)
        yield task
        for block in ("tasks", "pre_tasks", "post_tasks", "handlers", "block", "rescue", "always"):
            pending += task.get(block) or []


def all_tasks() -> list[dict[str, Any]]:
    rooms = [*(ROOT / "roles").glob("*/*/"), ROOT / "playbooks"]
    files = [path for room in rooms if room.name in {"tasks", "handlers", "playbooks"} for path in room.rglob("*.yml")]
    return [task for path in files if "lab" not in path.parts for task in tasks(path)]


def services(unit: str) -> list[str]:
    """The states that tasks bring a unit to."""
    modules = [f"ansible.builtin.{name}" for name in ("systemd_service", "systemd", "service")]
    found = [task[module] for task in all_tasks() for module in modules if module in task]
    return sorted(str(service.get("state")) for service in found if service.get("name") == unit)


def test_h22_the_service_is_never_reloaded() -> None:
    """A reload that fails half-way leaves a mix of old connections and new ones. What starts it is a module of ours."""
    assert services("strongswan") == []
    [call] = [task["causeway.ipsec.daemon"] for task in all_tasks() if "causeway.ipsec.daemon" in task]
    assert call["unit"] == "strongswan"


def test_h36_no_task_runs_swanctl() -> None:
    """It unloads what others have loaded."""
    assert any("causeway.ipsec.connections" in task for task in all_tasks())
    commands = [task.get(f"ansible.builtin.{name}") for task in all_tasks() for name in ("command", "shell", "raw")]
    assert "swanctl" not in str(commands)


def expression(text: str) -> Any:
    """What Ansible makes of a condition or of a variable that is one expression."""
    return jinja2.Environment(autoescape=True).compile_expression(text.strip().removeprefix("{{").removesuffix("}}"))


GOOD_HOST = {
    "kernel_esp": True,
    "userspace": True,
    "missing": [],
    "rivals": [],
    "files": {STARTER: {"link": "/dev/null"}},
}
GOOD = {
    "inventory_hostname": "berlin-gw",
    "strongswan_dataplane": "kernel",
    "strongswan_replace_starter": False,
    "_strongswan_userspace": False,
    "_strongswan_intent": {"ah": []},
    "_strongswan_unmet": [],
    "__strongswan_host": GOOD_HOST,
}


def refusals(**variables: Any) -> list[str]:
    """What the role's preflight says against a host, which is good but for these."""
    [task] = [task for task in tasks(ROLE / "tasks" / "preflight.yml") if task["name"].startswith("Refuse a host")]
    assert (task["when"], "ansible.builtin.fail" in task) == ("_strongswan_refusals | length > 0", True)
    assert "else _strongswan_lacks | select | list" in VARIABLES["_strongswan_refusals"]
    said = (expression(each)(**{**GOOD, **variables}) for each in VARIABLES["_strongswan_lacks"])
    return [message for message in said if message]


def test_h24_the_rival_daemon_is_neither_installed_nor_left_running() -> None:
    for known in VARIABLES["_strongswan_distributions"].values():
        assert {"charon-systemd", "strongswan-swanctl"} <= set(known["base_packages"])
    installs = [task["ansible.builtin.apt"] for task in tasks(ROLE / "tasks" / "install" / "apt.yml")]
    assert {install["install_recommends"] for install in installs if "name" in install} == {False}
    [call] = [task["causeway.ipsec.daemon"] for task in tasks(ROLE / "tasks" / "configure.yml")]
    assert [f"{UNITS}/{name}.service" for name in call["masked"]] == [STARTER]
    assert (
        f"__strongswan_host.files['{STARTER}'] | default({{}}) == {{'link': '/dev/null'}}"
        in (VARIABLES["_strongswan_is_configured"])
    )
    assert services("strongswan-starter") == ["stopped"]


def test_h24_a_host_where_the_rival_daemon_runs_is_refused() -> None:
    for rivals, replace, refused in (
        ([], False, False),
        (["strongswan-starter"], False, True),
        (["strongswan-starter"], True, False),
        (["libreswan"], True, True),
    ):
        host = {**GOOD_HOST, "rivals": rivals}
        said = refusals(__strongswan_host=host, strongswan_replace_starter=replace)
        assert [" runs here and has UDP 500" in message for message in said] == [True] * refused


def test_h13_h14_a_strongswan_that_is_too_old_is_refused_before_anything_changes() -> None:
    assert refusals(_strongswan_unmet=["gw: one", "gw: two"]) == ["gw: one\ngw: two"]
    version = expression(VARIABLES["_strongswan_version"])
    known = {"_strongswan_known": {"packaged_version": "6.0.1"}}
    for installed, offered, counts in (("5.9.8-5", "", "5.9.8-5"), ("", "6.1.0-1", "6.1.0-1"), ("", "", "6.0.1")):
        host = {"version": {"installed": installed, "offered": offered}}
        assert version(__strongswan_host=host, **known) == counts
    versions = {name: known["packaged_version"] for name, known in VARIABLES["_strongswan_distributions"].items()}
    debian = {"debian-12": "5.9.8", "debian-13": "6.0.1", "debian-14": "6.1.0"}
    assert versions == {**debian, "ubuntu-22": "5.9.5", "ubuntu-24": "5.9.13"}


def test_h25_packages_of_plugins_are_known_for_each_distribution() -> None:
    layouts = {name: known["plugin_layout"] for name, known in VARIABLES["_strongswan_distributions"].items()}
    standard = "libstrongswan-standard-plugins"
    packages = {name: PLUGIN_PACKAGES["openssl"][layout] for name, layout in layouts.items()}
    in_library = dict.fromkeys(("debian-13", "debian-14"), "libstrongswan")
    assert packages == {**dict.fromkeys(("debian-12", "ubuntu-22", "ubuntu-24"), standard), **in_library}


def test_h31_the_daemons_options_are_given_to_what_restarts_it() -> None:
    """A handler would be forgotten by a run that is killed before it comes to it."""
    [call] = [task["causeway.ipsec.daemon"] for task in tasks(ROLE / "tasks" / "configure.yml")]
    assert call["files"] == "{{ _strongswan_texts }}"
    assert set(VARIABLES["_strongswan_texts"]) == set(VARIABLES["_strongswan_configured"])
    assert UNFINISHED in VARIABLES["_strongswan_look"]["files"]
    assert f"'{UNFINISHED}' not in __strongswan_host.files" in VARIABLES["_strongswan_is_configured"]


def test_h35_userspace_esp_is_taken_for_the_kernels_nowhere() -> None:
    """It ignores what it lacks, and passes what it cannot prove."""
    host = {**GOOD_HOST, "kernel_esp": False, "missing": ["the kernel makes no ESP"]}
    default = read(ROLE / "defaults" / "main.yml")["strongswan_dataplane"]
    for dataplane, refused in ((default, True), ("auto", False), ("userspace", False)):
        known = {"strongswan_dataplane": dataplane, "__strongswan_host": host}
        userspace = expression(VARIABLES["_strongswan_userspace"])(**known)
        said = refusals(_strongswan_userspace=userspace, **known)
        assert ["can't run here. the kernel makes no ESP." in message for message in said] == [True] * refused
    for case, refused in (("tutorial", False), ("ah", True)):
        intent = gateway_intent(load(read(ROOT / "tests" / "golden" / case / "topology.yml")), "berlin-gw")
        asked = host_intent(intent).as_dict()
        said = refusals(strongswan_dataplane="userspace", _strongswan_userspace=True, _strongswan_intent=asked)
        assert ["use AH, which userspace ESP" in message for message in said] == [True] * refused
