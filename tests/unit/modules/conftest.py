# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host with swanctl's directories, a daemon that is played, and a host with a firewall that is."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from ansible_collections.causeway.ipsec.plugins.module_utils import (
    connection_apply,
    connection_run,
    firewall_host,
    firewall_run,
    turn,
)
from ansible_collections.causeway.ipsec.plugins.module_utils.credential_files import PLACES
from played_charon import Charon
from played_firewall import Host

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def etc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "swanctl.conf").write_text("include conf.d/*.conf\n")
    for name, path in (
        ("MAIN", "swanctl.conf"),
        ("CONNECTIONS", "conf.d/causeway.conf"),
        ("SECRETS", "conf.d/causeway-secrets.conf"),
    ):
        monkeypatch.setattr(connection_run, name, str(tmp_path / path))
    for kind in PLACES:
        (tmp_path / kind).mkdir()
        monkeypatch.setitem(PLACES, kind, str(tmp_path / kind / "cw-*.pem"))
    monkeypatch.setattr(turn, "LOCK", str(tmp_path / "lock"))
    monkeypatch.setattr(turn, "MARK", str(tmp_path / "run.json"))
    return tmp_path


@pytest.fixture
def charon(etc: Path, monkeypatch: pytest.MonkeyPatch) -> Charon:
    played = Charon()

    @contextlib.contextmanager
    def connected(optional: bool) -> Iterator[Charon]:
        yield played

    monkeypatch.setattr(connection_run, "connected", connected)
    monkeypatch.setattr(connection_run, "Client", lambda _path: played)
    monkeypatch.setattr(connection_run, "find_socket", lambda: "socket")
    monkeypatch.setattr(connection_apply, "POLL_SECONDS", 0)
    return played


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    monkeypatch.setattr(firewall_run, "RULES_FILE", str(tmp_path / "causeway" / "firewall.nft"))
    monkeypatch.setattr(firewall_run, "RULES_BEFORE", str(tmp_path / "run" / "before.nft"))
    monkeypatch.setattr(firewall_run, "SYSTEMD", str(tmp_path / "systemd"))
    monkeypatch.setattr(firewall_run, "UNFINISHED", str(tmp_path / "unfinished"))
    monkeypatch.setattr(firewall_host, "LEGACY_TABLES", ())
    return Host(tmp_path)
