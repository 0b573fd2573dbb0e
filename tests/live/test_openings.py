# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Openings are told to a real firewalld and a real ufw, and packets say whether they are open."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from firewalled import INTENT, PEER, PEER6, STRANGER, Firewalled
from gateways import podman

if TYPE_CHECKING:
    from collections.abc import Iterator

RELEASES = ("12", "13")


@pytest.fixture(scope="module", params=RELEASES, ids=[f"debian{release}" for release in RELEASES])
def container(request: pytest.FixtureRequest) -> Iterator[Firewalled]:
    image = os.environ.get(f"CAUSEWAY_IMAGE_{request.param}")
    if not image or not shutil.which("podman"):
        pytest.skip(f"CAUSEWAY_IMAGE_{request.param} names no container image with systemd, or podman is missing")
    host = Firewalled(f"causeway-openings-{os.getpid()}-{request.param}")
    podman("run", "-d", "--name", host.container, "--privileged", "--systemd=always", image, "/lib/systemd/systemd")
    try:
        host.prepare()
        yield host
    finally:
        podman("rm", "-f", "-t", "0", host.container, check=False)


@pytest.fixture
def firewalld(container: Firewalled) -> Iterator[Firewalled]:
    container.sh(
        "rm -rf /etc/firewalld/zones/* /etc/firewalld/policies/* /etc/firewalld/direct.xml; systemctl start firewalld; "
        "firewall-cmd -q --permanent --zone=public --add-interface=wan0; firewall-cmd -q --permanent --zone=internal "
        "--add-interface=lan0; firewall-cmd -q --permanent --zone=public --add-port=8080/tcp; firewall-cmd -q --reload"
    )
    yield container
    container.sh("systemctl stop firewalld; nft flush ruleset")


@pytest.fixture
def ufw(container: Firewalled) -> Iterator[Firewalled]:
    container.sh(
        "nft flush ruleset; ufw --force reset; rm -f /etc/ufw/*.2*; ufw allow 22/tcp; ufw deny from 198.51.100.0/24; "
        f"ufw allow from {PEER} proto esp comment mine; ufw --force enable"
    )
    yield container
    container.sh("ufw --force disable; nft flush ruleset")


def is_closed(host: Firewalled) -> None:
    assert host.probe("udp", PEER) == "dropped"
    assert host.probe("udp", STRANGER) == "dropped"
    assert not host.passes("lan", "192.168.1.2", "192.168.2.1")


def is_open_to_the_peer_alone(host: Firewalled) -> None:
    assert [host.probe("udp", source) for source in (PEER, PEER6, STRANGER)] == ["in", "in", "dropped"]
    assert [host.probe("50", source) for source in (PEER, PEER6, STRANGER)] == ["in", "dropped", "dropped"]
    assert [host.probe("51", source) for source in (PEER, PEER6)] == ["dropped", "in"]
    assert host.passes("lan", "192.168.1.2", "192.168.2.1")
    assert host.passes("wan", "192.168.2.1", "192.168.1.2")
    assert not host.passes("wan", STRANGER, "192.168.1.2")


def test_firewalld_lets_in_what_tunnels_need_and_forgets_it_again(firewalld: Firewalled) -> None:
    is_closed(firewalld)
    firewalld.flow()
    before = firewalld.files("/etc/firewalld")
    planned = firewalld.openings(INTENT, apply=False)
    assert (planned["backend"], planned["changed"], planned["warnings"]) == ("firewalld", True, [])
    assert firewalld.files("/etc/firewalld") == before
    assert "error" not in firewalld.openings(INTENT)
    firewalld.echoes(after=firewalld.echoes(after=0))
    is_open_to_the_peer_alone(firewalld)
    again = firewalld.openings(INTENT)
    assert (again["changed"], again["warnings"]) == (False, [])
    firewalld.sh("systemctl restart firewalld")
    assert not firewalld.openings(INTENT, apply=False)["changed"]
    assert firewalld.probe("udp", PEER) == "in"

    assert firewalld.openings(None)["changed"]
    assert firewalld.files("/etc/firewalld") == before
    assert "causeway" not in firewalld.sh("nft list ruleset")
    assert not firewalld.openings(None)["changed"]
    is_closed(firewalld)


def test_firewalld_loses_nothing_that_is_at_runtime_only(firewalld: Firewalled) -> None:
    firewalld.sh("firewall-cmd -q --zone=public --add-service=http")
    before = firewalld.files("/etc/firewalld")
    refused = firewalld.openings(INTENT)
    assert "zone public: services: dhcpv6-client http ssh (not in the files)" in refused["error"]
    assert "firewall-cmd --runtime-to-permanent" in refused["error"]
    assert firewalld.files("/etc/firewalld") == before
    firewalld.sh("firewall-cmd -q --runtime-to-permanent")
    assert "error" not in firewalld.openings(INTENT)

    # Once the policies are there, rules come and go beside what is at runtime only.
    firewalld.sh("firewall-cmd -q --zone=public --add-service=https")
    one = {**INTENT, "tunnels": INTENT["tunnels"][:1]}
    assert firewalld.openings(one)["changed"]
    assert [firewalld.probe("udp", source) for source in (PEER, PEER6)] == ["in", "dropped"]
    assert firewalld.openings(INTENT)["changed"]
    assert firewalld.probe("udp", PEER6) == "in"
    assert firewalld.openings(None)["changed"]
    assert "https" in firewalld.sh("firewall-cmd --zone=public --list-services")
    assert not firewalld.openings(None)["changed"]
    assert firewalld.probe("udp", PEER) == "dropped"


def test_ufw_lets_in_what_tunnels_need_and_forgets_it_again(ufw: Firewalled) -> None:
    is_closed(ufw)
    before = ufw.files("/etc/ufw")
    refused = ufw.openings(INTENT)
    # The administrator's own rule for ESP comes after a deny of the whole network, and is not ours to move.
    assert "chain ufw-user-input: the rule `ip saddr 198.51.100.0/24" in refused["error"]
    assert ufw.files("/etc/ufw") == before
    ufw.sh("ufw delete deny from 198.51.100.0/24; ufw deny from 198.51.100.0/24")
    before = ufw.files("/etc/ufw")
    planned = ufw.openings(INTENT, apply=False)
    assert (planned["backend"], planned["changed"], planned["warnings"]) == ("ufw", True, [])
    assert ufw.files("/etc/ufw") == before
    assert "error" not in ufw.openings(INTENT)
    is_open_to_the_peer_alone(ufw)
    again = ufw.openings(INTENT)
    assert (again["changed"], again["warnings"]) == (False, [])
    ufw.sh("ufw reload")
    assert ufw.probe("udp", PEER) == "in"

    assert ufw.openings(None)["changed"]
    assert ufw.files("/etc/ufw") == before
    assert not ufw.openings(None)["changed"]
    assert [ufw.probe("udp", PEER), ufw.probe("50", PEER)] == ["dropped", "in"]
