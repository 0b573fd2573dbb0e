# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Own files on a host: what is there, what should be, and the step from one to the other."""

from __future__ import annotations

import contextlib
import os
import tempfile
from dataclasses import dataclass
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
        with open(path, encoding="utf-8", errors="surrogateescape") as stream:
            return stream.read()
    except FileNotFoundError:
        return None


def change_for(path: str, after: str | None, mode: int = 0o644) -> FileChange | None:
    """The step from what is on the host to the text wanted, or None if that is what is there already."""
    before = read_text(path)
    if before == after and (after is None or os.stat(path).st_mode & 0o7777 == mode):
        return None
    return FileChange(path, before, after, mode)


def apply_change(change: FileChange) -> None:
    """Readers see the old file or the new one, never a part of either."""
    if change.after is None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(change.path)
        return
    directory = os.path.dirname(change.path)
    os.makedirs(directory, mode=0o755, exist_ok=True)
    # The name starts with a dot and ends in .tmp, so that no daemon takes it for one of its own files.
    descriptor, temporary = tempfile.mkstemp(prefix=".causeway-", suffix=".tmp", dir=directory)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as stream:
            stream.write(change.after)
            stream.flush()
            os.fchmod(stream.fileno(), change.mode)
            os.fsync(stream.fileno())
        os.replace(temporary, change.path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
