# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of the rooms: what may import what, what every file begins with, and that roles say what they take."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PLUGINS = ROOT / "plugins"
OURS = "ansible_collections.causeway.ipsec.plugins"
HEADER = (ROOT / "noxfile.py").read_text().splitlines()[:3]
PURE = [PLUGINS / "plugin_utils" / "topology", PLUGINS / "plugin_utils" / "render"]
VERSIONS = PLUGINS / "module_utils" / "versions.py"  # what is written and what a host reads back go by the same
PURE_LIBRARY = {
    *("__future__", "collections", "dataclasses", "difflib", "enum", "functools", "hashlib", "ipaddress", "itertools"),
    *("json", "math", "operator", "re", "string", "textwrap", "types", "typing", "unicodedata"),
}
PYTHON_FILES = sorted(
    [ROOT / "noxfile.py", *(path for room in ("plugins", "tests", "lab") for path in (ROOT / room).rglob("*.py"))]
)
BY_HAND = sorted(
    [*(ROOT / "tests" / "bench").glob("*.py"), ROOT / "tests" / "vm" / "vmlab.py", *(ROOT / "lab").glob("*.py")]
)
ROLES = sorted(path for path in (ROOT / "roles").iterdir() if path.is_dir())


def imports(path: Path) -> Iterator[str]:
    """The absolute names of the modules that a file imports."""
    package = ("ansible_collections", "causeway", "ipsec", *path.relative_to(ROOT).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level:
            yield ".".join([*package[: len(package) - node.level + 1], node.module or ""]).rstrip(".")
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def python_files(*rooms: Path) -> list[Path]:
    return sorted(path for room in rooms for path in room.rglob("*.py"))


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", BY_HAND, ids=shown)
def test_what_is_run_by_hand_finds_what_it_imports(path: Path) -> None:
    """As a program does: beside itself, in the environment of lab/shell.sh, and where it says."""
    build = ROOT / ".build"
    environment = {**os.environ, "PYTHONPATH": str(build / "collections"), "CAUSEWAY_BUILD": str(build)}
    start = f"import runpy, sys; sys.path[0] = {str(path.parent)!r}; runpy.run_path({str(path)!r}, run_name='by_hand')"
    done = subprocess.run([sys.executable, "-c", start], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", [*python_files(*PURE), VERSIONS], ids=shown)
def test_the_core_is_pure(path: Path) -> None:
    own = (f"{OURS}.plugin_utils", f"{OURS}.module_utils.versions")
    outside = {name for name in imports(path) if not name.startswith(own)}
    assert {name.split(".")[0] for name in outside} <= PURE_LIBRARY


@pytest.mark.parametrize("path", python_files(PLUGINS / "plugin_utils" / "render"), ids=shown)
def test_no_renderer_imports_another(path: Path) -> None:
    dialects = {p.stem for p in (PLUGINS / "plugin_utils" / "render").glob("*.py")} - {"__init__", "text"}
    others = {f"{OURS}.plugin_utils.render.{dialect}" for dialect in dialects - {path.stem}}
    assert not others & set(imports(path))


@pytest.mark.parametrize("path", python_files(PLUGINS / "modules", PLUGINS / "module_utils"), ids=shown)
def test_hosts_get_the_standard_library_and_module_utils_only(path: Path) -> None:
    allowed = ("ansible.module_utils", f"{OURS}.module_utils")
    strangers = [name for name in imports(path) if not name.startswith(allowed)]
    assert [name for name in strangers if name.split(".")[0] not in sys.stdlib_module_names] == []


@pytest.mark.parametrize("path", PYTHON_FILES, ids=shown)
def test_every_file_has_the_licence(path: Path) -> None:
    lines = path.read_text().splitlines()
    start = 1 if lines and lines[0].startswith("#!") else 0
    assert lines[start : start + 3] == HEADER


@pytest.mark.parametrize("path", python_files(PLUGINS), ids=shown)
def test_every_file_is_short(path: Path) -> None:
    """Not counting the documentation that Ansible wants in the file."""
    text = path.read_text()
    constants = [node for node in ast.parse(text).body if isinstance(node, ast.Assign) and is_documentation(node)]
    written = sum((node.end_lineno or 0) - node.lineno for node in constants)
    assert len(text.splitlines()) - written <= 300


def is_documentation(node: ast.Assign) -> bool:
    names = {target.id for target in node.targets if isinstance(target, ast.Name)}
    return bool(names & {"DOCUMENTATION", "EXAMPLES", "RETURN"})


@pytest.mark.parametrize("path", python_files(PLUGINS), ids=shown)
def test_no_function_is_long(path: Path) -> None:
    functions = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)]
    assert {node.name for node in functions if (node.end_lineno or 0) - node.lineno >= 45} == set()


def role_file(role: Path, name: str) -> dict[str, Any]:
    path = role / name
    loaded = yaml.safe_load(path.read_text()) if path.exists() else None
    return loaded or {}


@pytest.mark.parametrize("role", ROLES, ids=shown)
def test_a_role_documents_exactly_its_variables(role: Path) -> None:
    defaults = role_file(role, "defaults/main.yml")
    options = role_file(role, "meta/argument_specs.yml")["argument_specs"]["main"].get("options", {})
    optional = {name for name, option in options.items() if not option.get("required")}
    assert set(defaults) == optional
    documented = {name: option["default"] for name, option in options.items() if "default" in option}
    assert {name: defaults[name] for name in documented} == documented


@pytest.mark.parametrize("role", ROLES, ids=shown)
def test_a_role_keeps_to_its_names(role: Path) -> None:
    name = role.name
    assert [key for key in role_file(role, "defaults/main.yml") if not key.startswith(f"{name}_")] == []
    assert [key for key in role_file(role, "vars/main.yml") if not key.startswith(f"_{name}_")] == []


def test_no_reserved_room_is_misused() -> None:
    rooms = {path.name for path in PLUGINS.iterdir() if path.is_dir() and path.name != "__pycache__"}
    ansible_knows = "action connection doc_fragments filter inventory lookup module_utils modules plugin_utils test"
    assert rooms <= set(ansible_knows.split())
