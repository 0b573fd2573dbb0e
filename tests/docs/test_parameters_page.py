# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of the parameters is made of the planner's, and of tests that are there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.parameters import PARAMETERS, keys

ROOT = Path(__file__).parents[2]
COLLECTIONS = ROOT / ".build" / "collections"
PAGE = (ROOT / "docs" / "parameters.md").read_text(encoding="utf-8")
LEVELS = sorted({level for one in PARAMETERS for level in one.levels})
HEADINGS = {
    "top": "Top level",
    "authority": "authorities",
    "site": "sites",
    "gateway": "gateways of a site",
    **dict.fromkeys(("tunnel", "mesh", "defaults"), "tunnels, meshes and defaults"),
    **{half: f"policies: {half}" for half in ("ike", "esp", "ah")},
}
MARK = re.compile(r"^@pytest\.mark\.parameters\(([^)]*)\)$", re.MULTILINE)
TESTS = [path for path in sorted((ROOT / "tests").rglob("test_*.py")) if path != Path(__file__)]


def section(heading: str) -> str:
    return PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def marks() -> dict[str, list[str]]:
    """What tests are marked with, by their files."""
    found = {path: MARK.findall(path.read_text(encoding="utf-8")) for path in TESTS}
    return {
        str(path.relative_to(ROOT)): re.findall(r'"([^"]+)"', " ".join(said)) for path, said in found.items() if said
    }


def test_the_page_is_what_the_parameters_and_the_tests_say() -> None:
    done = subprocess.run(
        [sys.executable, "lab/parameters.py", "--check"],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(COLLECTIONS)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout + done.stderr == ""
    assert done.returncode == 0


@pytest.mark.parametrize("level", LEVELS)
def test_every_parameter_is_on_it(level: str) -> None:
    table = section(HEADINGS.get(level, level))
    assert [key for key in keys(level) if f"\n| `{key}`" not in table] == []


def test_every_test_that_it_names_is_there() -> None:
    named = re.findall(r"`([\w/]+\.py)::(test_\w+)`", PAGE)
    assert len(named) > 50
    assert [
        f"{path}::{test}"
        for path, test in named
        if not re.search(rf"^def {test}\(", (ROOT / "tests" / path).read_text(encoding="utf-8"), re.MULTILINE)
    ] == []


def test_marks_name_parameters_and_all_are_on_it() -> None:
    known = {f"{level}.{key}" for level in LEVELS for key in keys(level)}
    assert {name for names in marks().values() for name in names} <= known
    unnamed = [path for path in marks() if f"{path.removeprefix('tests/')}::" not in PAGE]
    assert unnamed == []


def test_the_guide_and_the_page_name_each_other() -> None:
    assert "](parameters.md)" in (ROOT / "docs" / "topology.md").read_text(encoding="utf-8")
    assert "](topology.md)" in PAGE
