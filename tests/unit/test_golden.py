# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each host of some topologies is to be, byte by byte. ``--update-golden`` writes it anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from ansible_collections.causeway.ipsec.plugins.plugin_utils.render import swanctl
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology import (
    firewall_intent,
    gateway_intent,
    lan_host_intent,
    load,
    warnings,
)

if TYPE_CHECKING:
    from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.plain import Plain

GOLDEN = Path(__file__).parents[1] / "golden"
CASES = sorted(path.parent for path in GOLDEN.glob("*/topology.yml"))


def outcome(case: Path) -> dict[str, str]:
    """Text by name of file."""
    topology = load(yaml.safe_load((case / "topology.yml").read_text(encoding="utf-8")))
    texts = {"warnings.txt": "".join(f"{warning}\n" for warning in warnings(topology))}
    for host in topology.site_by_host:
        intent = gateway_intent(topology, host)
        texts[f"{host}.intent.json"] = as_json(intent)
        texts[f"{host}.swanctl.conf"] = swanctl.render(intent)
        texts[f"{host}.firewall.json"] = as_json(firewall_intent(topology, host))
    for host in topology.sites_by_lan_host:
        texts[f"{host}.lan.json"] = as_json(lan_host_intent(topology, host))
    return {name: text for name, text in texts.items() if text}


def as_json(intent: Plain) -> str:
    return json.dumps(intent.as_dict(), indent=2, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case.name))
def test_golden(case: Path, request: pytest.FixtureRequest) -> None:
    texts = outcome(case)
    before = {path.name: path for path in case.iterdir() if path.name != "topology.yml"}
    if request.config.getoption("--update-golden"):
        for name, path in before.items():
            if name not in texts:
                path.unlink()
        for name, text in texts.items():
            (case / name).write_text(text, encoding="utf-8")
    assert sorted(texts) == sorted(path.name for path in case.iterdir() if path.name != "topology.yml")
    for name, text in texts.items():
        assert text == (case / name).read_text(encoding="utf-8"), f"{case.name}/{name}"


def test_there_are_cases() -> None:
    assert len(CASES) >= 5
