# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the topology's parameters are tested: tests on daemons are marked with them, golden cases use them.

``@pytest.mark.parameters("tunnel.start", "ike.mode")`` says that a test fails if one of these has not the effect that
it should have. A test that merely uses a parameter is not marked with it.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

import yaml
from pages import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

TESTS = ROOT / "tests"
LIVE_ROOMS = ("vm", "live", "testinfra", "faults")  # where daemons run
Marks = dict[str, list[str]]


def live_tests() -> Marks:
    """The tests on daemons by the parameters that they are marked with, as pytest names them from tests on."""
    found: Marks = {}
    for room in LIVE_ROOMS:
        for path in sorted((TESTS / room).rglob("test_*.py")):
            for name, test in _marks(ast.parse(path.read_text())):
                found.setdefault(name, []).append(f"{path.relative_to(TESTS)}::{test}")
    return found


def _marks(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Parameter and test, of each function of a file."""
    for function in tree.body:
        if isinstance(function, ast.FunctionDef) and function.name.startswith("test_"):
            for decorator in function.decorator_list:
                if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.parameters":
                    yield from ((ast.literal_eval(argument), function.name) for argument in decorator.args)


def golden_cases() -> Marks:
    """The cases of tests/golden by the parameters that their topologies have."""
    found: Marks = {}
    for path in sorted((TESTS / "golden").glob("*/topology.yml")):
        raw = yaml.safe_load(path.read_text())
        for name in sorted(set(_used(raw.get("ipsec_topology", raw)))):
            found.setdefault(name, []).append(path.parent.name)
    return found


def _used(topology: dict[str, Any]) -> Iterator[str]:
    yield from (f"top.{key}" for key in topology)
    for level, entries in (
        ("limits", [topology.get("limits", {})]),
        ("defaults", [topology.get("defaults", {})]),
        ("authority", topology.get("authorities", {}).values()),
        ("site", topology.get("sites", {}).values()),
        ("tunnel", topology.get("tunnels", [])),
        ("mesh", topology.get("meshes", [])),
        ("gateway", [gateway for site in topology.get("sites", {}).values() for gateway in site["gateways"]]),
    ):
        yield from (f"{level}.{key}" for entry in entries for key in entry)
    for policy in topology.get("policies", {}).values():
        for half, keys in policy.items():
            yield from (f"{half}.{key}" for part in (keys, *keys.get("proposals", ())) for key in part)
