# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""tiers.py BUILD TIER...: runs noxfile.py's sessions and ends with each one's result, time, and why it did not run,
or which of its tests failed.

Most tiers keep one core busy, or wait (for packages, reboots, handshakes): where several of them follow one another,
they run two at a time, and what each printed is shown whole when it ends. The others fill two cores by themselves, and
have the machine and the terminal alone.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

ALONE = ("unit", "kernel", "interop")  # what their names begin with
AT_ONCE = 2


@dataclass(frozen=True)
class Result:
    """How one tier ended; `remark` says why it did not run, or what of it did not."""

    tier: str
    word: str
    seconds: float
    remark: str = ""


def run(tier: str, build: Path, log: Path | None = None) -> Result:
    """Runs one tier; with a log, what it prints goes there."""
    report = build / f"report-{tier}.json"
    for earlier in (report, failures(tier, build)):
        earlier.unlink(missing_ok=True)
    command = ["nox", "--non-interactive", "--report", str(report), "-s", tier]
    if log:
        with log.open("wb") as output:
            subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False)
    else:
        subprocess.run(command, check=False)
    return read(tier, report, read_remarks(build / "skips"), read_remarks(build / "notes"))


def failures(tier: str, build: Path) -> Path:
    """The tests that failed, where and why, if there are any (noxfile.py, tests/conftest.py)."""
    return build / f"failures-{tier}"


def read(tier: str, report: Path, skips: dict[str, str], notes: dict[str, str]) -> Result:
    """What nox reported of a tier; one that left no report has failed."""
    sessions = json.loads(report.read_text())["sessions"] if report.exists() else []
    if not sessions:
        return Result(tier, "failed", 0.0, "it ended without a report")
    passed = "passed" if sessions[0]["result"] == "success" else "failed"
    word = "skipped" if tier in skips else passed
    return Result(tier, word, sessions[0].get("duration", 0), skips.get(tier) or notes.get(tier, ""))


def read_remarks(path: Path) -> dict[str, str]:
    """What noxfile.py says of tiers, by tier."""
    lines = path.read_text().splitlines() if path.exists() else []
    return dict(line.split("\t", 1) for line in lines)


def run_side_by_side(tiers: list[str], build: Path) -> list[Result]:
    """Runs tiers two at a time, in their order."""
    logs = build / "logs"
    logs.mkdir(exist_ok=True)
    print(f"==> {', '.join(tiers)}: two at a time; what each prints comes when it ends, or see {logs}", flush=True)
    results = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for future in as_completed([pool.submit(run, tier, build, logs / f"{tier}.log") for tier in tiers]):
            result = future.result()
            results[result.tier] = result
            print((logs / f"{result.tier}.log").read_text(errors="replace"), end="", flush=True)
            print(f"==> {result.tier}: {result.word} after {result.seconds:.0f} s", flush=True)
    return [results[tier] for tier in tiers]


def run_all(tiers: list[str], build: Path) -> list[Result]:
    """Runs all tiers in their order: each that must be alone, and what is between two of them side by side."""
    results = []
    for alone, group in itertools.groupby(tiers, lambda tier: tier.startswith(ALONE)):
        several = list(group)
        together = not alone and len(several) > 1
        results += run_side_by_side(several, build) if together else [run(tier, build) for tier in several]
    return results


def main() -> int:
    """Prints the summary; returns 1 if any tier failed."""
    build, tiers = Path(sys.argv[1]), sys.argv[2:]
    for remarks in ("skips", "notes"):
        (build / remarks).unlink(missing_ok=True)
    results = run_all(tiers, build)
    print()
    for result in results:
        print(f"{result.word:8} {result.tier:20} {result.seconds:7.1f} s  {result.remark}".rstrip())
    for failed in (tier for tier in tiers if failures(tier, build).exists()):
        print(f"\n{failed}:\n{textwrap.indent(failures(failed, build).read_text(), '  ')}", end="")
    counts = {word: sum(result.word == word for result in results) for word in ("passed", "failed", "skipped")}
    print(f"\n{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
