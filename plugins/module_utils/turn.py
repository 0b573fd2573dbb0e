# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose turn it is on a host: one module changes it at a time, and of two runs at once the one that began last.

A run is many modules: the firewall of one and the connections of another would make a host that nobody asked for. So a
run leaves its mark when it first comes to a host, and one that finds that a later run has come since changes nothing
more. Nothing has to be given back: a run that was killed is in nobody's way.
"""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ansible_collections.causeway.ipsec.plugins.module_utils.files import (
    FileChange,
    FileError,
    apply_change,
    read_text,
    sweep,
)
from ansible_collections.causeway.ipsec.plugins.module_utils.host_files import MODE, locked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

LOCK = "/run/causeway/lock"
MARK = "/run/causeway/run.json"
# The option `run` of modules, documented in doc_fragments/run.py.
RUN_OPTION: dict[str, Any] = {
    "type": "dict",
    "options": {"id": {"type": "str", "required": True}, "who": {"type": "str", "required": True}},
}
# So long a run that began later is taken to be at work. Controllers' clocks decide which one that is, and may be wrong.
AT_WORK_SECONDS = 600.0
REMEMBERED = 100


class SupersededError(FileError):
    """Another run has this host now."""


@dataclass(frozen=True)
class Mark:
    """The run that has a host, when it last did something there (seconds since boot), and those that had it before."""

    run: str
    who: str
    at: float
    past: tuple[str, ...] = ()


@contextlib.contextmanager
def turn(run: Mapping[str, str] | None, check_mode: bool, files: Iterable[str] = ()) -> Iterator[None]:
    """Change the host within this, alone; what killed runs left beside the files that may change is gone then.

    run: the module's option of that name. In check mode nobody changes anything.
    """
    if check_mode:
        yield
        return
    with locked(LOCK):
        refuse_if_superseded(run)
        if run:
            _take(run["id"], run["who"])
        for path in (MARK, *files):
            sweep(path)
        yield


def refuse_if_superseded(run: Mapping[str, str] | None) -> None:
    """For what is no change, but makes no sense any more when another run changes the host."""
    held = read_mark()
    if run and held and run["id"] in held.past:
        raise SupersededError(
            f"another run ({held.who}) came to this host after this one did, and has it now. So this one changes "
            "nothing more here. Look whether the other is what you want, and run again when it is done if it is not."
        )


def _take(run: str, who: str) -> None:
    held = read_mark()
    now = time.clock_gettime(time.CLOCK_BOOTTIME)
    if held and held.run > run and 0 <= now - held.at < AT_WORK_SECONDS:
        raise SupersededError(
            f"another run ({held.who}), which began later than this one, was at work on this host "
            f"{now - held.at:.0f} s ago. So this one changes nothing here. Run again when it is done. (Controllers' "
            f"clocks tell which began later; if one of them is wrong, remove {MARK} on the host.)"
        )
    past = held.past if held else ()
    if held and held.run != run:
        past = (*past, held.run)[-REMEMBERED:]
    apply_change(FileChange(MARK, None, json.dumps(asdict(Mark(run, who, now, past))), MODE))


def read_mark() -> Mark | None:
    """The mark on the host, None if there is none or it is none of ours."""
    try:
        found = json.loads(read_text(MARK) or "")
        return Mark(str(found["run"]), str(found["who"]), float(found["at"]), tuple(map(str, found["past"])))
    except (OSError, ValueError, TypeError, KeyError):
        return None
