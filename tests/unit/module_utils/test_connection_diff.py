# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever somebody did to our files by hand is in the diff, under the file's name, and no key is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.causeway.ipsec.plugins.module_utils import connection_run
from ansible_collections.causeway.ipsec.plugins.module_utils.connection_run import Request, run
from ansible_collections.causeway.ipsec.plugins.module_utils.host_files import Staged, read_host_file
from ansible_collections.causeway.ipsec.plugins.module_utils.vici import ViciUnavailableError
from ansible_collections.causeway.ipsec.plugins.modules.connections import called

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PSK = "a key that must not be seen anywhere"
OTHER_PSK = "another one that must not be seen either"
END = "{ auth = psk\n id = a\n }"
CONFIG = f"connections {{\n cw-a {{\n local {END}\n remote {END}\n }}\n}}\n"
SECRETS = [{"name": "ike-cw-a", "ids": ["a", "b"], "psk": PSK}]
HANDS: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "a setting": ("causeway.conf", lambda file: file.write_text(file.read_text().replace("psk", "eap"))),
    "a comment": ("causeway.conf", lambda file: file.write_text(file.read_text() + "# by hand\n")),
    "a syntax error": ("causeway.conf", lambda file: file.write_text("} by hand")),
    "a key where none belongs": (
        "causeway.conf",
        lambda file: file.write_text(f'{file.read_text()}secrets {{ ike-x {{ secret = "{OTHER_PSK}"\n }} }}'),
    ),
    "a mode": ("causeway.conf", lambda file: file.chmod(0o644)),
    "no file": ("causeway.conf", lambda file: file.unlink()),
    "a key": (
        "causeway-secrets.conf",
        lambda file: file.write_text(f'secrets {{ ike-cw-a {{ id-1 = a\nid-2 = b\nsecret = "{OTHER_PSK}"\n }} }}'),
    ),
    "a comment beside keys": (
        "causeway-secrets.conf",
        lambda file: file.write_text(file.read_text() + f"# it was {OTHER_PSK}\n"),
    ),
    "a mode of keys": ("causeway-secrets.conf", lambda file: file.chmod(0o640)),
    "no keys": ("causeway-secrets.conf", lambda file: file.unlink()),
    "broken keys": ("causeway-secrets.conf", lambda file: file.write_text(f"{OTHER_PSK} }}")),
}


@pytest.fixture
def etc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A host with our two files as a run leaves them; no daemon runs, so the files are all that there is."""
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "swanctl.conf").write_text("include conf.d/*.conf\n")
    monkeypatch.setattr(connection_run, "MAIN", str(tmp_path / "swanctl.conf"))
    monkeypatch.setattr(connection_run, "find_socket", _no_daemon)
    wanted = connection_run.parse_wanted(Request(CONFIG, SECRETS))
    staged = Staged()
    for constant, name, text in (
        ("CONNECTIONS", "causeway.conf", wanted.text),
        ("SECRETS", "causeway-secrets.conf", wanted.secrets_text),
    ):
        monkeypatch.setattr(connection_run, constant, str(tmp_path / "conf.d" / name))
        staged.add(read_host_file(str(tmp_path / "conf.d" / name)), text)
    staged.commit()
    return tmp_path / "conf.d"


def _no_daemon() -> str:
    raise ViciUnavailableError("no daemon")


def in_files(done: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """By file, what the diff shows of it; what it shows of the daemon is another matter."""
    files = {entry["after_header"]: (entry["before"], entry["after"]) for entry in done["diff"]}
    return {header.rpartition("/")[2]: texts for header, texts in files.items() if header != "charon"}


def test_files_that_are_right_are_in_no_diff(etc: Path) -> None:
    assert in_files(run(Request(CONFIG, SECRETS, check=True))) == {}


@pytest.mark.parametrize("hand", HANDS)
def test_what_was_done_by_hand_is_in_the_diff(etc: Path, hand: str) -> None:
    name, act = HANDS[hand]
    act(etc / name)
    done = run(Request(CONFIG, SECRETS, check=True))
    assert done["changed"]
    assert list(in_files(done)) == [name]
    assert PSK not in str(done)
    assert OTHER_PSK not in str(done)


def test_messages_say_what_people_call_a_connection() -> None:
    labels = {"cw-berlin-london": "berlin-london", "cw-sao-paulo-12345678": "São Paulo"}
    assert [called(name, labels) for name in (*labels, "cw-removed")] == [
        "cw-berlin-london",
        "cw-sao-paulo-12345678 (São Paulo)",
        "cw-removed",
    ]
