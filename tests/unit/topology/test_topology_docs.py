# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/topology.md names every key that is read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology import parse_sites, parse_tunnels, policies
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.parse import KEYS, LIMIT_KEYS

TEXT = (Path(__file__).parents[3] / "docs" / "topology.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "key",
    sorted(
        {
            *(*KEYS, *parse_sites.SITE_KEYS, *parse_sites.GATEWAY_KEYS),
            *(*parse_tunnels.TUNNEL_KEYS, *parse_tunnels.MESH_KEYS, *parse_tunnels.DEFAULT_KEYS),
            *(f"limits.{key}" for key in LIMIT_KEYS),
            *(f"ike.{key}" for key in policies.IKE_KEYS),
            *(f"esp.{key}" for key in policies.ESP_KEYS),
            *(f"ah.{key}" for key in policies.AH_KEYS),
        }
    ),
)
def test_key_is_documented(key: str) -> None:
    assert re.search(rf"`{re.escape(key)}`|^## (\w+ and )?{re.escape(key)}\b", TEXT, re.MULTILINE)
