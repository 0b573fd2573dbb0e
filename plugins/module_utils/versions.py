# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions of strongSwan, and what follows from one for who writes connections and for who reads them back."""

from __future__ import annotations

import re

Version = tuple[int, ...]

# What a daemon can do with trap policies: have one beside `start`, have one instead, or none at all.
BESIDE_START, INSTEAD, NO_TRAPS = TRAPS = ("beside_start", "instead", "none")
_FIRST_BESIDE_START: Version = (5, 9, 6)  # measured on 5.9.5, which discards a connection that asks for both
_FIRST_OF_USERSPACE: Version = (5, 9, 11)  # strongSwan's NEWS, and measured on 5.9.8


def numbers(version: str) -> Version:
    """The upstream version of a package or a daemon, to compare: 5.9.8 of 1:5.9.8-5+deb12u6; empty if there is none."""
    found = re.match(r"(?:\d+:)?[A-Za-z]*(\d+(?:\.\d+)*)", version)
    return tuple(int(part) for part in found[1].split(".")) if found else ()


def traps(version: str, *, userspace: bool) -> str:
    """One of TRAPS; of a version that is not known, what the newest can."""
    known = numbers(version)
    if not known:
        return BESIDE_START
    if userspace and known < _FIRST_OF_USERSPACE:
        return NO_TRAPS
    return BESIDE_START if known >= _FIRST_BESIDE_START else INSTEAD
