# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways in which strongSwan fails without a word. A test that shows what is done about one has its id in its name."""

from __future__ import annotations

import ast
import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
HAZARDS = {
    "h01": "A syntax error in any file makes swanctl unload everything, with exit status 0.",
    "h02": "So does a swanctl.conf that is missing.",
    "h03": "An include that matches no file is passed over, and what it held is unloaded.",
    "h04": "A # outside of quotes begins a comment, in a key too.",
    "h05": "A key that begins with 0x or 0s is decoded.",
    "h06": "Outside of quotes blanks collapse and } is an error; inside, there are escapes.",
    "h07": "A dot, a comma, a blank or a quote in a section's name is an error, a letter outside ASCII a refusal.",
    "h08": "A colon in a section's name makes a reference of what follows.",
    "h09": "A section with a long name, or deep inside of others, is read as empty.",
    "h10": "Two sections of one name are merged.",
    "h11": "A secret whose name does not begin with its kind is passed over.",
    "h12": "A secret or a key that cannot be loaded does not change the exit status.",
    "h13": "A key or a value that the release does not know discards the connection, and the old one stays.",
    "h14": "Algorithms that no plugin provides are loaded, and fail when they are negotiated.",
    "h15": "A trap for a peer of any address, or with dynamic selectors, is not installed.",
    "h16": "A change of nothing but dpd_timeout or dscp is not made.",
    "h17": "A renamed child leaves its trap and its SAs behind.",
    "h18": "A connection that is removed keeps its SAs, for ever, unless it was started.",
    "h19": "Trust in a certificate outlives its file.",
    "h20": "SAs of a changed connection keep what they agreed on, while the new values are listed.",
    "h21": "One connection that cannot be loaded stops the service at boot, and with it all tunnels.",
    "h22": "A reload that fails leaves some connections old and some new.",
    "h23": "The service is active without a single connection.",
    "h24": "strongswan-starter is installed beside or in place of charon-systemd, and they fight for UDP 500.",
    "h25": "Without recommended packages, plugins are missing that policies need.",
    "h26": "revocation = strict without a plugin that fetches lists refuses every peer.",
    "h27": "By default a tunnel that failed, was closed or lost its peer stays down.",
    "h28": "PFS groups that differ show at the first rekeying only.",
    "h29": "IKEv1 carries one subnet at each end of a child and drops the others.",
    "h30": "Aggressive mode with a key is answered only with the consent of strongswan.conf.",
    "h31": "Most options of strongswan.conf need a restart.",
    "h32": "AppArmor keeps swanctl from files outside of /etc/swanctl, links to them too.",
    "h33": "Two ends that both start make double SAs.",
    "h34": "A tunnel to a subnet with the peer's or our own address in it locks the host out.",
    "h35": "Userspace ESP passes over marks, interface ids, shunts and (before 5.9.11) traps.",
    "h36": "swanctl unloads every connection that is not in its files, those of others too.",
}


def test_every_hazard_has_a_test() -> None:
    names = [
        node.name
        for path in TESTS.rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]
    assert {found for name in names for found in re.findall(r"(?<=_)h\d\d(?=_)", name)} == set(HAZARDS)
