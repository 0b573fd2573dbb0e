# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-doc finds every plugin and role, complete; links in the texts lead somewhere."""

from __future__ import annotations

import functools
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
KINDS = {"modules": "module", "filter": "filter", "lookup": "lookup", "inventory": "inventory"}
TEXTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def documented(directory: str) -> list[str]:
    """The plugins of one kind: those with a file of documentation, or the documentation in them."""
    room = ROOT / "plugins" / directory
    files = [*room.glob("*.yml"), *(p for p in room.glob("*.py") if "DOCUMENTATION = " in p.read_text())]
    return sorted({path.stem for path in files})


@functools.cache
def ansible_doc(kind: str) -> dict[str, Any]:
    """All that ansible-doc knows of the collection's plugins of one kind."""
    names = [f"causeway.ipsec.{name}" for name in documented(next(d for d, k in KINDS.items() if k == kind))]
    command = ["ansible-doc", "--json", "-t", kind, *names]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded: dict[str, Any] = json.loads(done.stdout)
    return loaded


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for room, kind in KINDS.items() for name in documented(room)])
def test_a_plugin_is_documented(kind: str, name: str) -> None:
    entry = ansible_doc(kind)[f"causeway.ipsec.{name}"]
    doc = entry["doc"]
    assert doc["short_description"]
    assert doc["description"]
    assert doc["version_added"]
    assert entry["return"]
    if kind == "module":
        assert {"check_mode", "diff_mode", "idempotent"} <= set(doc["attributes"])
    examples = yaml.safe_load(entry["examples"])
    assert isinstance(examples, list)
    assert f"causeway.ipsec.{name}" in entry["examples"]


@pytest.mark.parametrize("path", sorted((ROOT / "plugins" / "filter").glob("*.py")), ids=lambda path: path.stem)
def test_every_filter_has_a_page(path: Path) -> None:
    answered = path.read_text().partition("def filters(")[2]
    named = set(re.findall(r'"([a-z_]+)": ', answered))
    assert named
    assert named <= set(documented("filter"))


@pytest.mark.parametrize("role", sorted(path.name for path in (ROOT / "roles").iterdir()))
def test_a_role_is_documented(role: str) -> None:
    command = ["ansible-doc", "--json", "-t", "role", f"causeway.ipsec.{role}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    main = json.loads(done.stdout)[f"causeway.ipsec.{role}"]["entry_points"]["main"]
    assert main["short_description"]
    assert [name for name, option in main.get("options", {}).items() if not option.get("description")] == []


@pytest.mark.parametrize("text", TEXTS, ids=lambda path: path.name)
def test_links_lead_somewhere(text: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", text.read_text())
    missing = [target for target in targets if "://" not in target and not (text.parent / target).exists()]
    assert missing == []


def test_the_readme_names_every_role_and_playbook() -> None:
    readme = "\n".join(text.read_text() for text in TEXTS)
    playbooks = [path.stem for path in (ROOT / "playbooks").glob("*.yml") if path.stem != "proof"]
    roles = [path.name for path in (ROOT / "roles").iterdir()]
    assert [name for name in (*playbooks, *roles) if name not in readme] == []
