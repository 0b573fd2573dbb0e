# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last words of ./test: each tier's result and time, and why a tier did not run."""

from __future__ import annotations

import json
import sys
from pathlib import Path


def read_skips(path: Path) -> dict[str, str]:
    """Reads why tiers did not run, by tier."""
    lines = path.read_text().splitlines() if path.exists() else []
    return dict(line.split("\t", 1) for line in lines)


def main() -> int:
    """Prints the summary; returns 1 if any tier failed."""
    report, skips = Path(sys.argv[1]), read_skips(Path(sys.argv[2]))
    if not report.exists():
        print("no tier ran")
        return 1
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    print()
    for session in json.loads(report.read_text())["sessions"]:
        name = session["name"]
        result = "skipped" if name in skips else "passed" if session["result"] == "success" else "failed"
        counts[result] += 1
        print(f"{result:8} {name:20} {session.get('duration', 0):7.1f} s  {skips.get(name, '')}".rstrip())
    print(f"\n{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
