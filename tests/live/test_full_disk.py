# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No space left where a file of ours is to be: the error names it, nothing else has changed, and tunnels stay up."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

import pytest
from tunnels import STARTED, Pair, established, options_for, quiet, up

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateways import Gateway

PAGE = 4096
LIMIT = 120.0  # seconds for a module that cannot write, on a machine that has other things to do
FULL = "cannot be written (No space left on device)."
ROLLBACK = "causeway-firewall-rollback"
TABLE = "nft list table inet causeway 2>&1 || true"


class Disk:
    """A small file system in the place of a directory, with what that holds."""

    def __init__(self, gateway: Gateway, directory: str) -> None:
        self.gateway = gateway
        self.directory = directory
        self.filler = f"{directory}/filler"

    def fill(self, left: int = 0) -> None:
        """Leave room for so many bytes: files take whole pages."""
        self.gateway.sh(f"dd if=/dev/zero of={self.filler} bs={PAGE} 2>/dev/null || true")
        self.gateway.sh(f"truncate -s -{left} {self.filler}")

    def clear(self) -> None:
        self.gateway.sh(f"rm {self.filler}")

    def files(self) -> str:
        """All that is there, hidden files too."""
        return self.gateway.sh(f"cd {self.directory}; find . -type f ! -name filler | sort | xargs -r sha256sum")


@contextlib.contextmanager
def small(gateway: Gateway, directory: str) -> Iterator[Disk]:
    gateway.sh(
        f"mkdir -p {directory}; mount -t tmpfs -o size=256k,mode=755 small /mnt; cp -a {directory}/. /mnt/; "
        f"mount --bind /mnt {directory}; umount /mnt"
    )
    try:
        yield Disk(gateway, directory)
    finally:
        gateway.sh(f"umount {directory}")


@contextlib.contextmanager
def soon() -> Iterator[None]:
    begun = time.monotonic()
    yield
    assert time.monotonic() - begun < LIMIT


@pytest.fixture(scope="module")
def steady(containers: Pair) -> Pair:
    for gateway in containers:
        gateway.reset()
    up(containers, "cw-one")
    return containers


@pytest.fixture
def tunnel(steady: Pair) -> Iterator[Pair]:
    """A tunnel that is up before and after, with the same SAs, and carries packets."""
    here, there = steady
    before = established(here, "cw-one")
    yield steady
    assert established(here, "cw-one") == before
    assert here.pings(there)


def test_a_kernel_setting_is_set_only_when_it_can_be_kept(tunnel: Pair) -> None:
    here, _there = tunnel
    name = "net/ipv4/conf/all/send_redirects"
    here.sh(f"sysctl -q -w {name}=1")
    options: dict[str, Any] = {"settings": {name: 0, "net/ipv4/ip_forward": 1}}
    with small(here, "/etc/sysctl.d") as disk:
        files = disk.files()
        disk.fill()
        with soon():
            done = here.module("kernel_settings", **options)
        assert done["msg"] == f"/etc/sysctl.d/99-zz-causeway.conf: {FULL}"
        assert (disk.files(), here.sh(f"sysctl -n {name}")) == (files, "1\n")
        disk.clear()
        assert here.module("kernel_settings", **options)["changed"]
        assert here.sh(f"sysctl -n {name}") == "0\n"
        assert here.module("kernel_settings", **options)["changed"] is False


def test_a_route_is_put_in_only_when_it_can_be_kept(tunnel: Pair) -> None:
    here, there = tunnel
    options: dict[str, Any] = {"routes": [{"destination": "10.99.0.0/24", "via": there.address}], "manager": "ifupdown"}
    with small(here, "/etc/network/if-up.d") as disk:
        files = disk.files()
        disk.fill()
        with soon():
            done = here.module("static_routes", **options)
        assert done["msg"] == f"/etc/network/if-up.d/causeway-routes: {FULL}"
        assert (disk.files(), here.sh("ip route show proto 213")) == (files, "")
        disk.clear()
        assert here.module("static_routes", **options)["added"] == [f"10.99.0.0/24 via {there.address} dev eth0"]
        assert here.module("static_routes", **options)["changed"] is False
        assert here.module("static_routes", routes=[])["changed"]


def firewall(here: Gateway, there: Gateway, **more: Any) -> dict[str, Any]:
    tunnel = {
        "name": "one",
        "peer": there.address,
        "protocol": "esp",
        "local_subnets": [f"{here.lan}.0/24"],
        "remote_subnets": [f"{there.lan}.0/24"],
        "ciphers": [],
        "udp": False,
    }
    intent = {"local_address": here.address, "management": [], "tunnels": [tunnel]}
    return {"intent": intent, "backend": "none", "dataplane": "userspace", **more}


def test_no_rule_is_loaded_without_its_units_and_a_way_back(tunnel: Pair) -> None:
    here, there = tunnel
    units = {"causeway-firewall.service": "# a unit\n", "nftables.service.d/causeway.conf": "# more\n" * PAGE}
    with small(here, "/etc/systemd/system") as disk:
        files = disk.files()
        disk.fill(PAGE)
        with soon():
            done = here.module("firewall", **firewall(here, there, units=units))
        assert done["msg"] == f"/etc/systemd/system/nftables.service.d/causeway.conf: {FULL}"
        assert disk.files() == files
    with small(here, "/run/causeway") as disk:
        disk.fill()
        done = here.module("firewall", **firewall(here, there))
        assert done["msg"] == f"/run/causeway/firewall-rollback.nft: {FULL}"
    assert "No such file" in here.sh(TABLE)


def test_rules_that_cannot_be_kept_are_rolled_back(tunnel: Pair) -> None:
    here, there = tunnel
    old, new = (firewall(here, there, wan_mtu=mtu, rollback_after=600) for mtu in (1500, 1400))
    assert here.module("firewall", **old)["armed"]
    assert here.module("firewall", state="confirmed", **old)["changed"]
    try:
        table = here.sh(TABLE)
        with small(here, "/etc/causeway") as disk:
            files = disk.files()
            disk.fill()
            assert here.module("firewall", **new)["armed"]
            assert here.sh(TABLE) != table
            with soon():
                done = here.module("firewall", state="confirmed", **new)
            assert done["msg"] == f"/etc/causeway/firewall.nft: {FULL}"
            assert disk.files() == files
            here.sh(
                f"systemctl -q is-active {ROLLBACK}.timer && systemctl start {ROLLBACK}.service"
            )  # as it does itself
            here.sh(f"systemctl stop {ROLLBACK}.timer")
            assert here.sh(TABLE) == table
            disk.clear()
            assert here.module("firewall", **new)["armed"]
            assert here.module("firewall", state="confirmed", **new)["changed"]
            again = here.module("firewall", **new)
            assert (again["changed"], again["armed"]) == (False, False)
    finally:
        assert here.module("firewall", state="absent")["changed"]


def test_connections_are_loaded_only_when_they_can_be_kept(pair: Pair) -> None:
    up(pair, "cw-one", "cw-two")
    here, there = pair
    there.connections(**options_for(there, here, {"cw-one": {}, "cw-two": {}, "cw-three": {}}))
    tunnels = {"cw-one": {**STARTED, "rekey_time": "7200s"}, "cw-two": STARTED, "cw-three": STARTED}
    options = options_for(here, there, tunnels)
    assert len(options["config"]) < PAGE
    longer = {**options, "config": options["config"] + "# more\n" * PAGE}
    before = established(here, "cw-one", "cw-two")
    with small(here, "/etc/swanctl/conf.d") as disk:
        files = disk.files()
        # No byte of the first file has room; a part of it; the whole of it, but not the second.
        for left, attempt, name in ((0, options, ""), (PAGE, longer, ""), (PAGE, options, "-secrets")):
            disk.fill(left)
            with soon():
                done = here.connections(**attempt)
            assert done["msg"] == (
                f"/etc/swanctl/conf.d/causeway{name}.conf: {FULL}\n"
                "What ran before has been brought back, and no file was changed."
            )
            assert (disk.files(), here.loaded()) == (files, {"cw-one", "cw-two"})
            assert established(here, "cw-one", "cw-two") == before
            assert here.sh("swanctl --load-all --noprompt >/dev/null && swanctl --list-conns | grep -c '^cw-'") == "2\n"
        disk.clear()
        done = here.connections(**options)
        assert (done["replaced"], done["loaded"], done["unchanged"]) == (["cw-one"], ["cw-three"], ["cw-two"])
        assert quiet(here.connections(**options))
        assert established(here, "cw-one", "cw-two", "cw-three")["cw-two"] == before["cw-two"]
        assert here.pings(there, 2)
        # A run that has nothing to write needs no space.
        disk.fill()
        assert quiet(here.connections(**options))
