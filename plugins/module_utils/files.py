# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Own files on a host: what is there, what should be, and the step from one to the other."""

from __future__ import annotations

import contextlib
import glob
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class FileError(Exception):
    """A file that cannot be read, written or locked, and why."""


@dataclass(frozen=True)
class FileChange:
    """One file before and after; None means that there is no such file."""

    path: str
    before: str | None
    after: str | None
    mode: int = 0o644
    old_mode: int | None = None  # where the mode differs

    def as_diff(self) -> dict[str, Any]:
        modes = ("", "") if self.old_mode is None else (f"(mode {self.old_mode:04o})\n", f"(mode {self.mode:04o})\n")
        return {
            "before_header": self.path,
            "after_header": self.path,
            "before": (self.before or "") + modes[0],
            "after": (self.after or "") + modes[1],
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
    there = mode if before is None or after is None else Path(path).stat().st_mode & 0o7777
    if before == after and there == mode:
        return None
    return FileChange(path, before, after, mode, None if there == mode else there)


def apply_change(change: FileChange) -> None:
    """Readers see the old file or the new one, never a part of either."""
    apply_changes([change])


def apply_changes(changes: Iterable[FileChange]) -> None:
    """All of them, or none where one of the new texts cannot be written."""
    with pending(changes):
        pass


@contextlib.contextmanager
def pending(changes: Iterable[FileChange]) -> Iterator[None]:
    """The new texts wait beside their files, and take their places when the block has succeeded.

    So a full disk shows before anything else is changed.
    """
    with contextlib.ExitStack() as stack:
        for change in changes:
            stack.enter_context(_pending(change))
        yield


@contextlib.contextmanager
def _pending(change: FileChange) -> Iterator[None]:
    temporary = None if change.after is None else _write(change.path, change.after, change.mode)
    try:
        yield
        _put_in_place(temporary, Path(change.path))
    finally:
        if temporary is not None:
            with contextlib.suppress(FileNotFoundError):
                temporary.unlink()


def _write(path: str, text: str, mode: int) -> Path:
    try:
        Path(path).parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        return Path(write_beside(path, text, mode))
    except OSError as exc:
        raise FileError(f"{path}: cannot be written ({exc.strerror}).") from exc


def _put_in_place(temporary: Path | None, target: Path) -> None:
    """Replace the file; without anything to replace it by, remove it."""
    try:
        if temporary is not None:
            temporary.replace(target)
        else:
            with contextlib.suppress(FileNotFoundError):
                target.unlink()
    except OSError as exc:
        what = "removed" if temporary is None else "replaced"
        raise FileError(f"{target}: cannot be {what} ({exc.strerror}).") from exc


def write_beside(path: str, text: str, mode: int) -> str:
    """Write a text, synced, next to the file that it is to replace, and return where; nothing stays if it fails."""
    target = Path(path)
    # The name starts with a dot and ends in .new, so that no daemon takes it for one of its own files.
    handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".new", dir=target.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            file.write(text)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        _copy_label(path, temporary)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(temporary).unlink()
        raise
    return temporary


def sweep(path: str) -> None:
    """Remove what a run that was killed while it wrote has left beside a file. The caller holds the host's lock."""
    target = Path(path)
    for leftover in target.parent.glob(f".{glob.escape(target.name)}.????????.new"):
        leftover.unlink(missing_ok=True)


class Unfinished:
    """A mark that is on the host from before files change until those who go by them have been told.

    A run that is killed in between leaves it, so that the next one, which finds the files right, still tells them. It
    is under /run: they all read their files at boot.
    """

    def __init__(self, path: str) -> None:
        self._path = Path(path)

    @property
    def there(self) -> bool:
        return self._path.exists()

    @contextlib.contextmanager
    def work(self) -> Iterator[None]:
        """The mark goes only if what is done within succeeds."""
        self._path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        self._path.touch(mode=0o600)
        yield
        self._path.unlink(missing_ok=True)


def _copy_label(path: str, temporary: str) -> None:
    """Give the new file the SELinux label of the one that it replaces, where there are labels."""
    with contextlib.suppress(OSError):
        os.setxattr(temporary, "security.selinux", os.getxattr(path, "security.selinux"))
