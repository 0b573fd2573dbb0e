# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of ours on the host: written whole or not at all, readable by root only; and one writer at a time."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ansible_collections.causeway.ipsec.plugins.module_utils.files import FileError, write_beside

if TYPE_CHECKING:
    from collections.abc import Iterator

MODE = 0o600


@dataclass(frozen=True)
class HostFile:
    """A file as it was found."""

    path: str
    text: str | None
    safe: bool  # root's own, nobody else's to read, and here: AppArmor keeps swanctl from what a link leads to


def read_host_file(path: str) -> HostFile:
    """Return the file's text (None if there is none) and whether its owner, mode and kind are right."""
    try:
        with Path(path).open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            info = os.fstat(file.fileno())
            safe = stat.S_IMODE(info.st_mode) == MODE and info.st_uid == os.geteuid()
            return HostFile(path, file.read(), safe and not Path(path).is_symlink())
    except FileNotFoundError:
        return HostFile(path, None, False)
    except OSError as exc:
        raise FileError(f"{path}: cannot be read ({exc.strerror}).") from exc


class Staged:
    """New contents, on disk beside the files they will replace, so that a full disk shows before anything changes."""

    def __init__(self) -> None:
        self._waiting: list[tuple[str | None, HostFile]] = []
        self._done: list[HostFile] = []

    def add(self, before: HostFile, text: str) -> None:
        """Write the text beside its file."""
        self._waiting.append((_write_beside(before.path, text), before))

    def remove(self, before: HostFile) -> None:
        """Have the file gone."""
        self._waiting.append((None, before))

    def commit(self) -> None:
        """Put each text in its file's place; on an error put back what was there."""
        try:
            while self._waiting:
                temporary, before = self._waiting[0]
                if temporary is None:
                    Path(before.path).unlink()
                else:
                    Path(temporary).rename(before.path)
                self._done.append(before)
                del self._waiting[0]
                _sync_directory(Path(before.path).parent)
        except OSError as exc:
            self.put_back()
            raise FileError(f"{before.path}: cannot be replaced ({exc.strerror}).") from exc

    def put_back(self) -> None:
        """Undo commit, and drop what was not committed."""
        for before in self._done:
            if before.text is None:
                Path(before.path).unlink()
            else:
                Path(_write_beside(before.path, before.text)).rename(before.path)
        self._done.clear()
        self.discard()

    def discard(self) -> None:
        """Remove what was written and not committed."""
        for temporary, _unused in self._waiting:
            if temporary is not None:
                Path(temporary).unlink(missing_ok=True)
        self._waiting.clear()


def _write_beside(path: str, text: str) -> str:
    """Write a text next to `path`; conf.d/*.conf does not match its name, so swanctl never reads it."""
    directory = Path(path).parent
    if not directory.is_dir():
        raise FileError(f"{directory}: there is no such directory. Is the package strongswan-swanctl installed?")
    try:
        return write_beside(path, text, MODE)
    except OSError as exc:
        raise FileError(f"{path}: cannot be written ({exc.strerror}).") from exc


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def locked(path: str, seconds: float = 60.0) -> Iterator[None]:
    """Hold the lock, so that a second controller's run waits for ours instead of mixing with it."""
    try:
        Path(path).parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, MODE)
    except OSError as exc:
        remedy = " This must run as root (become: true)." if isinstance(exc, PermissionError) else ""
        raise FileError(f"{path}: cannot be opened ({exc.strerror}).{remedy}") from exc
    try:
        _wait_for_lock(handle, path, time.monotonic() + seconds)
        yield
    finally:
        os.close(handle)


def _wait_for_lock(handle: int, path: str, deadline: float) -> None:
    while True:
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            if exc.errno not in (errno.EAGAIN, errno.EACCES):
                raise FileError(f"{path}: cannot be locked ({exc.strerror}).") from exc
            if time.monotonic() >= deadline:
                raise FileError(
                    f"another run has been changing this host for a while (it holds {path}); "
                    f"try again when it is done. `fuser {path}` names its process."
                ) from exc
        time.sleep(0.1)
