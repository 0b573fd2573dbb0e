# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Own files on a host: what is there, what should be, and the step from one to the other."""

from __future__ import annotations

import contextlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class FileChange:
    """One file before and after; None means that there is no such file."""

    path: str
    before: str | None
    after: str | None
    mode: int = 0o644

    def as_diff(self) -> dict[str, Any]:
        return {
            "before_header": self.path,
            "after_header": self.path,
            "before": self.before or "",
            "after": self.after or "",
        }


def read_text(path: str) -> str | None:
    """A file's text, or None if there is no such file."""
    try:
        return Path(path).read_text(encoding="utf-8", errors="surrogateescape")
    except FileNotFoundError:
        return None


def change_for(path: str, after: str | None, mode: int = 0o644) -> FileChange | None:
    """The step from what is on the host to the text wanted, or None if that is what is there already."""
    before = read_text(path)
    if before == after and (after is None or Path(path).stat().st_mode & 0o7777 == mode):
        return None
    return FileChange(path, before, after, mode)


def apply_change(change: FileChange) -> None:
    """Readers see the old file or the new one, never a part of either."""
    target = Path(change.path)
    if change.after is None:
        with contextlib.suppress(FileNotFoundError):
            target.unlink()
        return
    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    # The name starts with a dot and ends in .tmp, so that no daemon takes it for one of its own files.
    descriptor, temporary = tempfile.mkstemp(prefix=".causeway-", suffix=".tmp", dir=target.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as stream:
            stream.write(change.after)
            stream.flush()
            os.fchmod(stream.fileno(), change.mode)
            os.fsync(stream.fileno())
        Path(temporary).replace(target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(temporary).unlink()
        raise
