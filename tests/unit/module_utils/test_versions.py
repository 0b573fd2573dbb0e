# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a version of strongSwan is, and which traps it can have."""

from __future__ import annotations

import pytest
from ansible_collections.causeway.ipsec.plugins.module_utils.versions import numbers, traps


@pytest.mark.parametrize(
    ("version", "kernel", "userspace"),
    [
        ("5.9.5-2ubuntu2.4", "instead", "none"),  # Ubuntu 22.04
        ("5.9.6", "beside_start", "none"),
        ("1:5.9.8-5+deb12u6", "beside_start", "none"),  # a package's name for what Debian 12 has
        ("5.9.10", "beside_start", "none"),
        ("5.9.11", "beside_start", "beside_start"),
        ("5.9.13-2ubuntu4", "beside_start", "beside_start"),  # Ubuntu 24.04
        ("6.0.1", "beside_start", "beside_start"),
        ("", "beside_start", "beside_start"),
    ],
)
def test_traps(version: str, kernel: str, userspace: str) -> None:
    assert (traps(version, userspace=False), traps(version, userspace=True)) == (kernel, userspace)


@pytest.mark.parametrize(
    ("version", "found"),
    [
        ("5.9.8-5+deb12u6", (5, 9, 8)),
        ("1:6.0.1-2", (6, 0, 1)),
        ("6.0", (6, 0)),
        ("U6.0.2", (6, 0, 2)),
        ("6.1.0dr1", (6, 1, 0)),
        ("", ()),
        ("none", ()),
    ],
)
def test_numbers(version: str, found: tuple[int, ...]) -> None:
    assert numbers(version) == found
