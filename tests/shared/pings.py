# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How to ping so that what counts as lost is lost, and not late.

Once it has one answer, ping of iputils waits for the last ones for no longer than two round trips or its interval, be
-W what it may (schedule_exit in its ping_common.c). A machine that is busy for half a second has lost nothing.
"""

from __future__ import annotations

import re

GRACE = 2  # seconds in which an answer comes if it comes at all


def at_once(count: int) -> str:
    """Options for so many packets at once: the interval, two seconds, is what is left for the answers."""
    return f"-n -c {count} -l {count} -i {GRACE} -W {GRACE}"


def steadily(count: int, interval: float) -> str:
    """Options for so many packets one by one, and more of them until as many are answered; see unanswered()."""
    return f"-n -c {count} -i {interval} -w {count * interval + 60:.0f}"


def unanswered(said: str, count: int) -> int:
    """How many of the first so many packets got no answer, whatever became of later ones."""
    return len(set(range(1, count + 1)) - {int(number) for number in re.findall(r"icmp_seq=(\d+) ttl=", said)})


def sent_in_time(said: str, interval: float) -> int:
    """How many packets of an endless ping, which went on for GRACE before it was stopped, are to be answered."""
    return transmitted(said) - int(GRACE / interval)


def transmitted(said: str) -> int:
    return _number(said, "packets transmitted")


def received(said: str) -> int:
    return _number(said, "received")


def _number(said: str, what: str) -> int:
    found = re.search(rf"(\d+) {what}", said)
    if not found:
        raise ValueError(f"ping says: {said}")
    return int(found[1])
