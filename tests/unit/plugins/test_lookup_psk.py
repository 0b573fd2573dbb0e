# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup psk in real runs: many forks, vault, check mode, and what it says when a file is not right."""

from __future__ import annotations

import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Play = Callable[..., subprocess.CompletedProcess[str]]

LOOK = """
- ansible.builtin.set_fact:
    same: "{{ lookup('causeway.ipsec.psk', 'berlin-london', directory=playbook_dir ~ '/psk') }}"
  no_log: true
- ansible.builtin.assert:
    that:
      - same | length == 64
      - groups.all | map('extract', hostvars, 'same') | select('defined') | unique | length == 1
"""
KEY = Path("psk") / "cw-berlin-london.psk"


def said(done: subprocess.CompletedProcess[str]) -> str:
    return done.stdout + done.stderr


def test_twenty_forks_get_one_key(play: Play, tmp_path: Path) -> None:
    done = play(LOOK, "-f", "20", "-vvvv", hosts="many")
    assert done.returncode == 0, said(done)
    key = (tmp_path / KEY).read_text(encoding="ascii")
    assert key.strip() not in said(done)
    assert [path.name for path in (tmp_path / "psk").iterdir()] == ["cw-berlin-london.psk"]
    assert stat.S_IMODE((tmp_path / KEY).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "psk").stat().st_mode) == 0o700
    assert play(LOOK).returncode == 0
    assert (tmp_path / KEY).read_text(encoding="ascii") == key


@pytest.mark.parametrize("mode", [(), ("--check",)])
def test_no_key_is_where_ansible_takes_files_for_inventories(play: Play, tmp_path: Path, mode: tuple[str, ...]) -> None:
    """Its line would be the name of a host, in each run's recap."""
    (tmp_path / "inventory").mkdir()
    (tmp_path / "inventory" / "more").write_text("other-gw\n", encoding="utf-8")
    done = play(LOOK.replace("'/psk'", "'/inventory/psk'"), "-i", "inventory", *mode)
    assert done.returncode == 2
    assert (
        f"{tmp_path}/inventory/psk/cw-berlin-london.psk is in the inventory directory {tmp_path}/inventory, where "
        "Ansible takes every file for an inventory and shows its lines as names of hosts. Have it elsewhere, or "
        f"beneath a name with a leading dot, like {tmp_path}/inventory/.causeway."
    ) in " ".join(said(done).split())
    assert not (tmp_path / "inventory" / "psk").exists()
    hidden = LOOK.replace("'/psk'", "'/inventory/.causeway/psk'")
    for _run in range(2):
        done = play(hidden.replace("- groups.all", "- true or groups.all"), "-i", "inventory", *mode)
        assert done.returncode == 0, said(done)
        assert "other-gw" in play("- ansible.builtin.debug: {var: groups.all}", "-i", "inventory").stdout


def test_check_mode_writes_nothing(play: Play, tmp_path: Path) -> None:
    look = LOOK.replace("- groups.all", "- true or groups.all")  # nothing is kept, so no two hosts have the same
    done = play(look, "--check")
    assert done.returncode == 0, said(done)
    assert not (tmp_path / "psk").exists()


def test_vault_there_and_back(play: Play, tmp_path: Path) -> None:
    done = play(LOOK, "--vault-password-file", "vault")
    assert done.returncode == 0, said(done)
    content = (tmp_path / KEY).read_text(encoding="ascii")
    assert content.startswith("$ANSIBLE_VAULT;1.1;AES256\n")
    assert stat.S_IMODE((tmp_path / KEY).stat().st_mode) == 0o600
    assert play(LOOK, "--vault-password-file", "vault").returncode == 0
    assert (tmp_path / KEY).read_text(encoding="ascii") == content
    viewed = subprocess.run(
        [sys.executable, "-m", "ansible", "vault", "view", "--vault-password-file", "vault", str(KEY)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert len(viewed.strip()) == 64
    without = play(LOOK.replace("no_log: true", "no_log: false"))
    assert without.returncode == 2
    assert f"{tmp_path / KEY} cannot be decrypted without a vault secret (--vault-id)." in said(without)


def test_labelled_vault(play: Play, tmp_path: Path) -> None:
    done = play(LOOK, "--vault-id", "site@vault")
    assert done.returncode == 0, said(done)
    assert (tmp_path / KEY).read_text(encoding="ascii").startswith("$ANSIBLE_VAULT;1.2;AES256;site\n")


def test_files_that_are_not_right(play: Play, tmp_path: Path) -> None:
    (tmp_path / "psk").mkdir()
    (tmp_path / "psk" / "cw-shared.psk").write_text("x" * 64, encoding="ascii")
    (tmp_path / "psk" / "cw-empty.psk").touch(mode=0o600)
    (tmp_path / "psk" / "cw-shared.psk").chmod(0o644)
    done = play("""
- ansible.builtin.debug:
    msg: "{{ lookup('causeway.ipsec.psk', item, directory=playbook_dir ~ '/psk') }}"
  loop: [shared, empty, '']
""")
    assert done.returncode == 2
    assert f"cw-shared.psk holds a key in clear, and its mode 0644 lets others read it: chmod 600 {tmp_path}" in said(
        done
    )
    assert "cw-empty.psk holds no key: delete it, and a new one is made." in said(done)
    assert "the name of a tunnel is text that is not empty." in said(done)
