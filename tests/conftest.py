# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of all tests, and what they leave for the summary of ./test."""

from __future__ import annotations

import os
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

MOST = 4000  # characters of a reason: a playbook's whole output may be one


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write what came out to tests/golden; read the diff.")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Which tests have failed, where and why, in the file that noxfile.py names.

    A reason is told once: a fixture that fails is that of all the tests which use it.
    """
    file = os.environ.get("CAUSEWAY_FAILURES")
    failed = [report for how in ("failed", "error") for report in terminalreporter.stats.get(how, [])]
    if file and failed and "PYTEST_XDIST_WORKER" not in os.environ:  # who gave out the tests knows of all
        reasons: dict[str, list[str]] = {}
        for report in failed:
            reasons.setdefault(_why(report), []).append(f"{report.nodeid} ({getattr(report, 'when', 'collect')})")
        with Path(file).open("a") as failures:
            failures.writelines(
                f"{first}{f' and {len(others)} more tests' if others else ''}\n{why}\n"
                for why, (first, *others) in reasons.items()
            )


def _why(report: pytest.TestReport | pytest.CollectReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    said = f"{Path(crash.path).name}:{crash.lineno}: {crash.message}" if crash else report.longreprtext
    short = said if len(said) <= MOST else f"{said[: MOST // 2]} […] {said[-MOST // 2 :]}"
    return textwrap.indent(short, "  ")
