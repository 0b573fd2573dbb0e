# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are written once, by whoever comes first, and read by everybody else."""

from __future__ import annotations

import base64
import os
import secrets
import stat
import tempfile
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PSK_BYTES: Final = 48


class StoreError(Exception):
    """A file cannot be made or must not be used; the message names it and says what to do."""


def new_psk() -> str:
    """A pre-shared key that nobody can guess: 384 random bits in 64 characters."""
    return base64.b64encode(secrets.token_bytes(PSK_BYTES)).decode("ascii")


def read_or_make(path: Path, make: Callable[[], bytes]) -> bytes:
    """What the file holds; it is made if it is not there, once, however many processes ask at the same time."""
    if not path.exists():
        make_once(path, make())
    return path.read_bytes()


def make_once(path: Path, content: bytes) -> None:
    """Put a whole file in place unless there is one already.

    The content goes to a file of its own first, which then gets the name: a link is made or not, never halfway, and
    never over another. Who comes second finds the first one's file and drops its own.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _own_file(path) as (handle, give_name):
            _write(handle, content)
            with suppress(FileExistsError):
                give_name()
        _sync(path.parent)
    except OSError as error:
        raise StoreError(f"{path} cannot be made: {error.strerror or error}.") from error


def replace(path: Path, content: bytes) -> None:
    """Put a whole file in place of another; readers see the old one or the new one."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
        try:
            _write(handle, content)
            Path(name).rename(path)
        finally:
            os.close(handle)
            Path(name).unlink(missing_ok=True)
        _sync(path.parent)
    except OSError as error:
        raise StoreError(f"{path} cannot be replaced: {error.strerror or error}.") from error


@contextmanager
def _own_file(path: Path) -> Iterator[tuple[int, Callable[[], None]]]:
    """A file of mode 0600, and what gives it the path's name. Without a name, nothing of it stays if we are killed."""
    try:
        handle = os.open(path.parent, os.O_TMPFILE | os.O_WRONLY, 0o600)
    except (AttributeError, OSError):  # not Linux, or a file system where each file has a name
        with _named_file(path) as named:
            yield named
        return
    try:
        with _directory("/proc/self/fd") as files:
            yield handle, partial(os.link, str(handle), path, src_dir_fd=files)
    finally:
        os.close(handle)


@contextmanager
def _named_file(path: Path) -> Iterator[tuple[int, Callable[[], None]]]:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    try:
        yield handle, partial(os.link, name, path)
    finally:
        os.close(handle)
        Path(name).unlink()


def _write(handle: int, content: bytes) -> None:
    with os.fdopen(handle, "wb", closefd=False) as file:
        file.write(content)
        file.flush()
        os.fsync(handle)


def _sync(directory: Path) -> None:
    """A key that a gateway has must still be there after the controller lost power."""
    with _directory(directory) as handle:
        os.fsync(handle)


@contextmanager
def _directory(path: Path | str) -> Iterator[int]:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield handle
    finally:
        os.close(handle)


def refuse_if_shared(path: Path) -> None:
    """For files that hold a key in clear: nobody but the owner may read them."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise StoreError(f"{path} holds a key in clear, and its mode {mode:04o} lets others read it: chmod 600 {path}")
