# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An opening, and the plan that makes openings: what the parts that know firewalld, ufw and nftables have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

OUR_MARK = "causeway.ipsec"


@dataclass(frozen=True)
class Opening:
    """New connections that must get in (hook input) or through (hook forward). None is any address."""

    hook: Literal["input", "forward"]
    version: Literal[4, 6]
    protocol: Literal["udp", "tcp", "esp", "ah", "any"]
    ports: tuple[int, ...]
    source: str | None
    destination: str | None
    why: str  # "IKE of berlin-london"


def _nothing() -> None:
    """What a plan without a change does."""


@dataclass(frozen=True)
class OpeningPlan:
    """What apply would do; nothing has been done yet."""

    before: str = ""
    after: str = ""
    adding: frozenset[Opening] = frozenset()
    warnings: tuple[str, ...] = ()
    apply: Callable[[], None] = _nothing  # do it; a failure raises HostError

    @property
    def changed(self) -> bool:
        return self.before != self.after
