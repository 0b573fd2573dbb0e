# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every key that the topology allows works: loaded by us, and read by swanctl when the daemon starts."""

from __future__ import annotations

import pytest
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.parse_tunnels import LONGEST_PSK, bad_psk
from tunnels import STARTED, Pair, established, options_for, quiet

PRINTABLE = "".join(map(chr, range(33, 80))) + " " + "".join(map(chr, range(80, 127)))
SCRIPTS = "Schlüssel ß ключ κλειδί مفتاح 鍵 열쇠 🔑 e\u0301 \u202e \u200d "
KEYS = {
    "every printable character of ASCII": PRINTABLE,
    "the longest, of many scripts": (SCRIPTS * 50)[: LONGEST_PSK - 1] + "🗝",
    "what is no text to most": "control\x01\x00\x1b\x7f characters, a\ttab and\r\ntwo lines",
}


@pytest.mark.parametrize("psk", KEYS.values(), ids=KEYS)
def test_a_key_that_is_allowed_brings_the_tunnel_up(pair: Pair, psk: str) -> None:
    assert bad_psk(psk, 32) == ""
    here, there = pair
    there.connections(**options_for(there, here, {"cw-one": {}}, psk))
    options = options_for(here, there, {"cw-one": STARTED}, psk)
    here.connections(**options)
    first = established(here, "cw-one")
    here.sh("systemctl restart strongswan")  # from here on one end has the key from the file
    assert established(here, "cw-one") != first
    assert quiet(here.connections(**options))
