# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Own files are written in one step, and a file that is right is left alone."""

from __future__ import annotations

import contextlib
import stat
from typing import TYPE_CHECKING

import pytest
from ansible_collections.causeway.ipsec.plugins.module_utils.files import (
    FileChange,
    FileError,
    Unfinished,
    apply_change,
    change_for,
    pending,
    sweep,
    write_beside,
)

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_is_made_with_its_directory_and_mode_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "unit.network.d" / "causeway.conf"
    change = change_for(str(path), "text\n", 0o640)
    assert change == FileChange(str(path), None, "text\n", 0o640)
    apply_change(change)
    assert path.read_text(encoding="utf-8") == "text\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert list(path.parent.iterdir()) == [path]
    assert change_for(str(path), "text\n", 0o640) is None


def test_a_wrong_mode_is_a_change(tmp_path: Path) -> None:
    path = tmp_path / "script"
    path.write_text("x\n", encoding="utf-8")
    path.chmod(0o644)
    change = change_for(str(path), "x\n", 0o755)
    assert change == FileChange(str(path), "x\n", "x\n", 0o755, old_mode=0o644)
    diff = change.as_diff()
    assert (diff["before"], diff["after"]) == ("x\n(mode 0644)\n", "x\n(mode 0755)\n")
    apply_change(change)
    assert change_for(str(path), "x\n", 0o755) is None


def test_a_file_no_longer_wanted_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("x", encoding="utf-8")
    change = change_for(str(path), None)
    assert change is not None
    apply_change(change)
    assert not path.exists()
    apply_change(change)
    assert change_for(str(path), None) is None


def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(FileError, match=r"/taken: cannot be replaced \(Is a directory\)\.$"):
        apply_change(FileChange(str(tmp_path / "taken"), None, "x"))
    with pytest.raises(FileError, match=r"/taken: cannot be removed \(Is a directory\)\.$"):
        apply_change(FileChange(str(tmp_path / "taken"), "x", None))
    assert [entry.name for entry in tmp_path.iterdir()] == ["taken"]


def test_of_several_files_none_changes_unless_all_can(tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.write_text("old")
    changes = [FileChange(str(old), "old", "new"), FileChange(str(old / "a" / "within"), None, "x")]
    with pytest.raises(FileError, match=r"/old/a/within: cannot be written \(Not a directory\)\.$"), pending(changes):
        pytest.fail("the block ran")
    assert old.read_text() == "old"
    assert list(tmp_path.iterdir()) == [old]


def test_files_stay_as_they_are_when_what_comes_before_them_fails(tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.write_text("old")
    changes = [FileChange(str(old), "old", "new"), FileChange(str(tmp_path / "gone"), "x", None)]
    with contextlib.suppress(ValueError), pending(changes):
        raise ValueError("refused")
    assert old.read_text() == "old"
    assert list(tmp_path.iterdir()) == [old]
    with pending(changes):
        assert old.read_text() == "old"
    assert old.read_text() == "new"


def test_what_was_left_beside_a_file_is_swept_away_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.conf"
    path.write_text("x", encoding="utf-8")
    others = [tmp_path / name for name in ("b.conf", ".a.conf.swp", ".b.conf.abcdefgh.new", "a.conf.abcdefgh.new")]
    for other in others:
        other.touch()
    left = write_beside(str(path), "half", 0o600)
    sweep(str(path))
    assert sorted(tmp_path.iterdir()) == sorted([path, *others])
    assert left not in map(str, tmp_path.iterdir())
    sweep(str(tmp_path / "nowhere" / "file"))


def test_a_mark_stays_until_the_work_is_done(tmp_path: Path) -> None:
    mark = Unfinished(str(tmp_path / "run" / "mark"))
    assert not mark.there
    with pytest.raises(KeyboardInterrupt), mark.work():
        raise KeyboardInterrupt
    assert mark.there
    with mark.work():
        assert mark.there
    assert not mark.there
