# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys are made once, by whoever asks first, and nobody else can read them."""

from __future__ import annotations

import base64
import multiprocessing
import os
import stat
from typing import TYPE_CHECKING

import pytest
from ansible_collections.causeway.ipsec.plugins.plugin_utils import psk_store

if TYPE_CHECKING:
    from multiprocessing.synchronize import Barrier
    from pathlib import Path

PROCESSES = 20


def _ask(path: Path, start: Barrier, rounds: int) -> list[bytes]:
    found = []
    for number in range(rounds):
        start.wait(30)
        found.append(psk_store.read_or_make(path / f"{number}.psk", lambda: psk_store.new_psk().encode()))
    return found


def _ask_and_send(path: Path, start: Barrier, rounds: int, queue: multiprocessing.Queue[list[bytes]]) -> None:
    queue.put(_ask(path, start, rounds))


def test_twenty_processes_at_once_get_one_key(tmp_path: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    rounds = 25
    start, queue = context.Barrier(PROCESSES), context.Queue()
    crowd = [
        context.Process(target=_ask_and_send, args=(tmp_path / "psk", start, rounds, queue))
        for _unused in range(PROCESSES)
    ]
    for process in crowd:
        process.start()
    answers = [queue.get(timeout=60) for _unused in crowd]
    for process in crowd:
        process.join(60)
    assert all(answer == answers[0] for answer in answers)
    assert len(set(answers[0])) == rounds
    assert sorted(path.name for path in (tmp_path / "psk").iterdir()) == sorted(f"{n}.psk" for n in range(rounds))


def test_modes_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        psk_store.make_once(tmp_path / "deep" / "psk" / "a.psk", b"key")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "deep" / "psk").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "deep" / "psk" / "a.psk").stat().st_mode) == 0o600


def test_the_second_never_overwrites(tmp_path: Path) -> None:
    psk_store.make_once(tmp_path / "a.psk", b"first")
    psk_store.make_once(tmp_path / "a.psk", b"second")
    assert (tmp_path / "a.psk").read_bytes() == b"first"
    assert [path.name for path in tmp_path.iterdir()] == ["a.psk"]


def test_nothing_has_a_name_until_it_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A controller that is killed leaves no part of a key behind."""
    seen: list[list[str]] = []
    monkeypatch.setattr(os, "fsync", lambda _handle: seen.append([path.name for path in tmp_path.iterdir()]))
    psk_store.make_once(tmp_path / "a.psk", b"key")
    assert seen == [[], ["a.psk"]]


def test_a_file_system_where_each_file_has_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "O_TMPFILE")
    psk_store.make_once(tmp_path / "a.psk", b"first")
    psk_store.make_once(tmp_path / "a.psk", b"second")
    assert (tmp_path / "a.psk").read_bytes() == b"first"
    assert stat.S_IMODE((tmp_path / "a.psk").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["a.psk"]


def test_new_keys_are_48_random_bytes() -> None:
    keys = {psk_store.new_psk() for _unused in range(100)}
    assert len(keys) == 100
    assert {len(base64.b64decode(key, validate=True)) for key in keys} == {48}


def test_clear_keys_that_others_can_read_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.psk"
    psk_store.make_once(path, b"key")
    psk_store.refuse_if_shared(path)
    path.chmod(0o640)
    with pytest.raises(psk_store.StoreError) as caught:
        psk_store.refuse_if_shared(path)
    assert str(caught.value) == f"{path} holds a key in clear, and its mode 0640 lets others read it: chmod 600 {path}"


def test_what_cannot_be_made_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(psk_store.StoreError) as caught:
        psk_store.make_once(tmp_path / "file" / "a.psk", b"key")
    assert str(caught.value).startswith(f"{tmp_path}/file/a.psk cannot be made: ")
