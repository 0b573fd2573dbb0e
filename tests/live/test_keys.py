# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every key that the topology allows works: loaded by us, and read by swanctl when the daemon starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.parameters import LONGEST_PSK
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.parse_tunnels import bad_psk
from tunnels import STARTED, Pair, established, options_for, quiet

if TYPE_CHECKING:
    from collections.abc import Iterator

LETTERS = "".join(map(chr, range(65, 91)))
PRINTABLE = "".join(map(chr, range(33, 80))) + " " + "".join(map(chr, range(80, 127)))
SCRIPTS = "Schlüssel ß ключ κλειδί مفتاح 鍵 열쇠 🔑 e\u0301 \u202e \u200d "
KEYS = {
    "every printable character of ASCII": PRINTABLE,
    "the longest, of many scripts": (SCRIPTS * 50)[: LONGEST_PSK - 1] + "🗝",
    "what is no text to most": "control\x01\x00\x1b\x7f characters, a\ttab and\r\ntwo lines",
}


@pytest.fixture
def journals(pair: Pair) -> Iterator[None]:
    """What both hosts log meanwhile holds no key, in whatever form: a part that looks alike in all is not there."""
    yield
    for gateway in pair:
        journal = gateway.sh("journalctl --no-pager -o verbose")
        assert "Invoked with options that are not logged" in journal
        assert not [part for part in (LETTERS, "Schlüssel", "characters, a") if part in journal]


@pytest.mark.parameters("tunnel.psk")
@pytest.mark.usefixtures("journals")
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
