# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module on a stand-in for /proc/sys: idempotence, drift, check mode, refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.causeway.ipsec.plugins.module_utils import sysctl_run
from ansible_collections.causeway.ipsec.plugins.module_utils.host_network import HostError

LINKS = [{"ifname": "eth0.7", "addr_info": [{"local": "192.0.2.10", "prefixlen": 24}]}]
START = {
    "net/ipv4/ip_forward": "0",
    "net/ipv4/conf/all/rp_filter": "1",
    "net/ipv4/conf/eth0.7/rp_filter": "1",
    "net/ipv6/conf/all/forwarding": "0",
    "net/ipv6/conf/eth0.7/accept_ra": "1",
    "net/ipv6/conf/eth1/accept_ra": "0",
}
WANTED = {"net.ipv4.ip_forward": True, "net/ipv4/conf/{interface}/rp_filter": 2, "-net/ipv4/nowhere": 1}


class Host:
    """A module's parameters, and the files and answers of the host that it runs on."""

    def __init__(self, root: Path) -> None:
        self.proc = root / "proc"
        self.file = root / "99-zz-causeway.conf"
        self.router_routes: list[dict[str, str]] = []
        self.warnings: list[str] = []
        for name, value in START.items():
            self.set(name, value)

    def set(self, name: str, value: str) -> None:
        path = self.proc / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{value}\n", encoding="ascii")

    def get(self, name: str) -> str:
        return (self.proc / name).read_text(encoding="ascii").strip()

    def run(self, command: list[str], **_options: Any) -> tuple[int, str, str]:
        return 0, json.dumps(self.router_routes if "-6" in command else LINKS), ""

    def hold(self, settings: dict[str, Any], check_mode: bool = False, **params: Any) -> dict[str, Any]:
        defaults = {"addresses": ["192.0.2.10"], "keep_router_advertisements": False, "path": str(self.file)}
        asked = {**defaults, "settings": settings, **params}
        return sysctl_run.hold(asked, self.run, self.warnings.append, check=check_mode)


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    made = Host(tmp_path)
    monkeypatch.setattr(sysctl_run, "PROC_SYS", made.proc)
    monkeypatch.setattr(sysctl_run, "SYSCTL_D", [tmp_path, tmp_path / "usr"])
    return made


def test_four_runs_check_real_check_real(host: Host) -> None:
    foretold = host.hold(WANTED, check_mode=True)
    assert not host.file.exists()
    assert host.get("net/ipv4/ip_forward") == "0"
    done = host.hold(WANTED)
    assert done == foretold
    assert done["changed"]
    assert done["interfaces"] == ["eth0.7"]
    assert done["effective"] == {"net/ipv4/ip_forward": "1", "net/ipv4/conf/eth0.7/rp_filter": "2"}
    assert host.file.read_text(encoding="utf-8").endswith(
        "net/ipv4/ip_forward = 1\n-net/ipv4/nowhere = 1\n-net/ipv4/conf/eth0.7/rp_filter = 2\n"
    )
    assert host.get("net/ipv4/conf/eth0.7/rp_filter") == "2"
    for check_mode in (True, False):
        again = host.hold(WANTED, check_mode=check_mode)
        assert (again["changed"], again["diff"]) == (False, [])


def test_drift_heals_and_is_all_that_the_diff_shows(host: Host) -> None:
    host.hold(WANTED)
    host.set("net/ipv4/ip_forward", "0")
    result = host.hold(WANTED)
    assert result["changed"]
    assert [part["before"] for part in result["diff"]] == ["net/ipv4/ip_forward = 0\n"]
    assert host.get("net/ipv4/ip_forward") == "1"


def test_what_is_no_longer_wanted_is_released_and_keeps_its_value(host: Host) -> None:
    host.hold(WANTED)
    result = host.hold({"net/ipv4/conf/{interface}/rp_filter": 2})
    assert result["released"] == ["net/ipv4/ip_forward", "net/ipv4/nowhere"]
    assert host.get("net/ipv4/ip_forward") == "1"
    assert "ip_forward" not in host.file.read_text(encoding="utf-8")
    assert host.hold({}, addresses=[])["released"] == ["net/ipv4/conf/eth0.7/rp_filter"]
    assert not host.file.exists()


def test_a_key_that_the_kernel_lacks_is_named_and_nothing_changes(host: Host) -> None:
    with pytest.raises(HostError, match=r"no setting net/mpls/x, net/ipv4/conf/eth9/rp_filter \(there is no interface"):
        host.hold({"net/mpls/x": 1, "net.ipv4.conf.eth9.rp_filter": 2, **WANTED})
    assert not host.file.exists()
    assert host.get("net/ipv4/ip_forward") == "0"


def test_a_setting_that_all_overrules_is_refused_before_anything_changes(host: Host) -> None:
    with pytest.raises(HostError, match="rp_filter=0 has no effect: net/ipv4/conf/all/rp_filter=1 overrules it"):
        host.hold({"net/ipv4/conf/{interface}/rp_filter": 0, "net/ipv4/ip_forward": 1})
    assert host.get("net/ipv4/ip_forward") == "0"
    host.hold({"net/ipv4/conf/{interface}/rp_filter": 0, "net/ipv4/conf/all/rp_filter": 0})


def test_an_address_that_the_host_lacks_is_named(host: Host) -> None:
    with pytest.raises(HostError, match=r"has the address 192\.0\.2\.99\. This host has 192\.0\.2\.10/24 on eth0\.7\."):
        host.hold(WANTED, addresses=["192.0.2.99"])


def test_a_placeholder_needs_addresses(host: Host) -> None:
    with pytest.raises(HostError, match="addresses is empty"):
        host.hold(WANTED, addresses=[])


def test_an_interface_that_learned_its_router_keeps_it(host: Host) -> None:
    host.router_routes = [{"dev": "eth0.7", "protocol": "ra"}, {"dev": "eth1", "protocol": "ra"}, {"dev": "eth0.7"}]
    forwarding = {"net/ipv6/conf/all/forwarding": 1}
    result = host.hold(forwarding, keep_router_advertisements=True)
    lines = host.file.read_text(encoding="utf-8").splitlines()[-2:]
    assert lines == ["-net/ipv6/conf/eth0.7/accept_ra = 2", "net/ipv6/conf/all/forwarding = 1"]
    assert result["effective"]["net/ipv6/conf/eth0.7/accept_ra"] == "2"
    host.router_routes = []  # the router went away for a while
    assert not host.hold(forwarding, keep_router_advertisements=True)["changed"]


def test_a_value_that_the_kernel_does_not_take_is_an_error(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sysctl_run, "write_value", lambda _name, _value: None)
    with pytest.raises(HostError, match="did not take over what was written: net/ipv4/ip_forward is 0, not 1"):
        host.hold({"net/ipv4/ip_forward": 1})


def test_a_value_that_the_kernel_refuses_does_not_get_into_the_file(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_path: Path, _text: str, **_options: Any) -> int:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "write_text", refuse)
    with pytest.raises(HostError, match=r"refuses net/ipv4/ip_forward=1: Read-only file system\. In a container"):
        host.hold({"net/ipv4/ip_forward": 1})
    assert not host.file.exists()


def test_a_file_that_wins_at_the_next_boot_is_warned_of(host: Host) -> None:
    vendor = host.file.parent / "usr"
    vendor.mkdir()
    text = "net.ipv4.ip_forward = 0\nnet.ipv4.conf.eth0/7.rp_filter = 2\n"
    (vendor / "99-zzz.conf").write_text(text, encoding="utf-8")
    (vendor / "10-early.conf").write_text(text, encoding="utf-8")
    host.hold(WANTED)
    warning = f"{vendor}/99-zzz.conf sets net/ipv4/ip_forward to 0, and will do so after every boot, since it is read"
    assert host.warnings == [f"{warning} after the file of ours"]
    (host.file.parent / "99-zzz.conf").write_text("", encoding="utf-8")  # masks the vendor's
    host.hold(WANTED)
    assert len(host.warnings) == 1


def test_an_address_in_a_name_is_one_of_the_hosts_own(host: Host) -> None:
    assert host.hold({"net/ipv4/conf/{192.0.2.10}/rp_filter": 2}, addresses=[])["effective"] == {
        "net/ipv4/conf/eth0.7/rp_filter": "2"
    }
    with pytest.raises(HostError, match=r"no interface of this host has the address 192\.0\.2\.11\. This host has 192"):
        host.hold({"net/ipv4/conf/{192.0.2.11}/rp_filter": 2}, addresses=[])
