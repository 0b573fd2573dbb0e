# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages of the documentation that are made of data: written, or held against what they should be (--check)."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def write_or_check(page: Path, made: str, data: str) -> int:
    """The exit status of the script that makes a page; ``data`` says of what it is made."""
    if sys.argv[1:] != ["--check"]:
        page.write_text(made)
        return 0
    if page.exists() and page.read_text() == made:
        return 0
    print(f"{page.relative_to(ROOT)} is not what {data} say. Run: python lab/{Path(sys.argv[0]).name}")
    return 1
