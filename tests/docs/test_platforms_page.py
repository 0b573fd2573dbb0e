# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of the platforms is made of their profiles."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
COLLECTIONS = ROOT / ".build" / "collections"


def test_the_page_is_what_the_profiles_say() -> None:
    done = subprocess.run(
        [sys.executable, "lab/platforms.py", "--check"],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(COLLECTIONS)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout + done.stderr == ""
    assert done.returncode == 0
