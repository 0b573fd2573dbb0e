# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets and files on the host: no key shows, no character breaks anything, all is written or nothing."""

from __future__ import annotations

import fcntl
import time
from typing import TYPE_CHECKING

import pytest
from ansible_collections.causeway.ipsec.plugins.module_utils.files import FileError
from ansible_collections.causeway.ipsec.plugins.module_utils.host_files import Staged, locked, read_host_file
from ansible_collections.causeway.ipsec.plugins.module_utils.swanctl_conf import ConfigError, parse_text
from ansible_collections.causeway.ipsec.plugins.module_utils.swanctl_secrets import (
    Secret,
    masked,
    parse_secrets,
    read_secrets,
    render_secrets,
)
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from pathlib import Path

KEY = "a key that must not be seen anywhere"
SECRETS = st.builds(
    Secret,
    st.from_regex(r"ike-cw-[A-Za-z0-9_-]{1,20}", fullmatch=True),
    st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=12).map(tuple),
    st.binary(min_size=1, max_size=80),
)


@given(st.lists(SECRETS, max_size=4, unique_by=lambda secret: secret.name))
def test_any_secret_is_read_back_from_its_file(secrets: list[Secret]) -> None:
    wanted = {secret.name: secret for secret in secrets}
    assert read_secrets(render_secrets(wanted), "f") == wanted


def test_the_option_becomes_secrets() -> None:
    secrets = parse_secrets([{"name": "ike-cw-a", "ids": ["a", "b"], "psk": KEY}])
    assert secrets == {"ike-cw-a": Secret("ike-cw-a", ("a", "b"), KEY.encode())}
    assert secrets["ike-cw-a"].message() == {
        "id": "ike-cw-a",
        "type": "ike",
        "data": KEY.encode(),
        "owners": ["a", "b"],
    }


def test_all_problems_at_once_and_no_key_in_them() -> None:
    items = [
        {"name": "cw-a", "ids": ["a"], "psk": KEY},
        {"name": "ike-cw-b", "ids": [], "psk": KEY},
        {"name": "ike-cw-b", "ids": ["b"], "psk": KEY},
    ]
    with pytest.raises(ConfigError) as caught:
        parse_secrets(items)
    assert str(caught.value) == (
        "secrets: the name 'cw-a' must be 'ike-cw-' and then characters A-Z a-z 0-9 _ -.\n"
        "secrets[ike-cw-b]: psk and ids must not be empty.\n"
        "secrets: 'ike-cw-b' is given twice."
    )


def test_a_key_is_in_no_text_form() -> None:
    secret = Secret("ike-cw-a", ("a",), KEY.encode())
    other = Secret("ike-cw-a", ("a",), b"another")
    assert KEY not in repr(secret)
    assert masked({"ike-cw-a": secret}, {"ike-cw-a": other}) == "ike-cw-a: ids: a; psk: changed\n"
    assert masked({"ike-cw-a": secret}, {"ike-cw-a": secret}) == "ike-cw-a: ids: a; psk: (hidden)\n"


@pytest.mark.parametrize("text", [None, "", "} broken", "connections { }", "secrets { ike-cw-a { secret = 0s! } }"])
def test_a_file_that_somebody_broke_holds_nothing_to_keep(text: str | None) -> None:
    assert all(not secret.psk for secret in read_secrets(text, "f").values())


def test_the_secrets_file_is_one_that_swanctl_parses() -> None:
    text = render_secrets({"ike-cw-a": Secret("ike-cw-a", ('a"#}\\',), b"0x12")})
    assert parse_text(text, "f").sections["secrets"].sections["ike-cw-a"].values == {
        "id-1": 'a"#}\\',
        "secret": "0sMHgxMg==",
    }


def test_files_are_replaced_together_and_safe(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("old")
    assert (read_host_file(str(one)).text, read_host_file(str(one)).safe) == ("old", False)
    staged = Staged()
    staged.add(read_host_file(str(one)), "new")
    staged.add(read_host_file(str(two)), "newer")
    assert one.read_text() == "old"
    staged.commit()
    assert [read_host_file(str(path)).text for path in (one, two)] == ["new", "newer"]
    assert all(read_host_file(str(path)).safe for path in (one, two))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]


def test_h32_a_link_becomes_a_file(tmp_path: Path) -> None:
    """AppArmor lets swanctl read below /etc/swanctl only, wherever a link there leads."""
    elsewhere, ours = tmp_path / "elsewhere", tmp_path / "ours"
    elsewhere.write_text("text")
    elsewhere.chmod(0o600)
    assert read_host_file(str(elsewhere)).safe
    ours.symlink_to(elsewhere)
    assert (read_host_file(str(ours)).text, read_host_file(str(ours)).safe) == ("text", False)
    staged = Staged()
    staged.add(read_host_file(str(ours)), "text")
    staged.commit()
    assert (ours.is_symlink(), read_host_file(str(ours)).safe) == (False, True)


def test_if_the_second_cannot_be_replaced_the_first_is_put_back(tmp_path: Path) -> None:
    one, two, three = tmp_path / "one", tmp_path / "two", tmp_path / "three"
    one.write_text("old")
    staged = Staged()
    for path in (one, three, two):
        staged.add(read_host_file(str(path)), "new")
    two.mkdir()
    with pytest.raises(FileError, match=r"two: cannot be replaced"):
        staged.commit()
    assert one.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]


def test_what_is_not_committed_leaves_nothing(tmp_path: Path) -> None:
    staged = Staged()
    staged.add(read_host_file(str(tmp_path / "one")), "new")
    staged.discard()
    assert list(tmp_path.iterdir()) == []


def test_a_missing_directory_names_the_package(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="strongswan-swanctl"):
        Staged().add(read_host_file(str(tmp_path / "none" / "file")), "new")


def test_a_second_run_waits_and_then_gives_up(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with path.open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        begun = time.monotonic()
        with pytest.raises(FileError, match="another run"), locked(str(path), 0.3):
            pass
        assert 0.2 < time.monotonic() - begun < 3
    with locked(str(path), 0.3):
        pass
