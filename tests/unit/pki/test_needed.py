# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The library cryptography is only needed where there are certificates or raw keys, and is asked for by name."""

from __future__ import annotations

import subprocess
import sys

import pytest
from ansible_collections.causeway.ipsec.plugins.plugin_utils.pki.needed import require
from ansible_collections.causeway.ipsec.plugins.plugin_utils.pki.sources import SourceError

WITHOUT = """
import sys
sys.modules["cryptography"] = None
from datetime import datetime, timezone
from pathlib import Path
from ansible_collections.causeway.ipsec.plugins.plugin_utils.pki import made, share
from ansible_collections.causeway.ipsec.plugins.plugin_utils.pki.checks import check_credentials
from ansible_collections.causeway.ipsec.plugins.plugin_utils.pki.sources import Sources
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology import load
sites = {name: {"subnets": [f"10.{n}.0.0/16"], "gateways": [{"host": name, "address": f"192.0.2.{n}"}]}
         for n, name in enumerate("ab", 1)}
for auth in ("psk", "certificate"):
    raw = {"sites": sites, "tunnels": [{"name": "t", "sites": ["a", "b"], "auth": auth}]}
    problems, _soon = check_credentials(load(raw), Sources(Path(), None), datetime.now(timezone.utc))
    print(auth, len(problems), *problems[:1])
"""


@pytest.mark.parametrize(("version", "here"), [("", "here is none"), ("41.0.7", "here is 41.0.7")])
def test_a_library_that_will_not_do(version: str, here: str) -> None:
    with pytest.raises(SourceError) as caught:
        require(version)
    assert str(caught.value) == (
        f"certificates and raw keys need the Python library cryptography, 42 or newer, on the controller, and {here} "
        "(pip install --upgrade cryptography)."
    )


def test_one_that_will_do() -> None:
    require()
    require("42.0.0")


def test_without_it_topologies_without_certificates_are_planned() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    psk, certificate = done.stdout.splitlines()
    assert psk == "psk 0"
    assert certificate.startswith(
        "certificate 2 sites[a].gateways[0]: certificates and raw keys need the Python library"
    )
