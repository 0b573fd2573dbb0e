# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first run changed what the page of host changes says, and installed and loaded what tunnels need."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

import pytest
from hostfiles import always, new_files, page, pattern

if TYPE_CHECKING:
    from testlab import Lab

# The lab makes these on each machine before any run; then it enables the network manager.
LAST = {"ifupdown": "/etc/network/interfaces.d/lab", "systemd-networkd": "/etc/systemd/network/20-lan0.network"}
OF_THE_LAB = (
    r"/etc/systemd/system/(.*/)?(networking|systemd-network.*|dbus-org\.freedesktop\.network1)\.(service|socket)",
    r"/etc/systemd/network/20-lan0\.network",
)
GATEWAYS = ("berlin-gw", "london-gw")
# Of the package that is there for userspace ESP, the one plugin that is needed.
EXTRA = {"kernel-libipsec"}
PACKAGES = {"charon-systemd", "libcharon-extra-plugins", "libstrongswan", "strongswan-libcharon", "strongswan-swanctl"}
OPENSSL = {"libstrongswan-standard-plugins"}
OF_RELEASE = {"12": OPENSSL, "13": set[str](), "22": OPENSSL, "24": OPENSSL}


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_a_gateway_has_the_files_of_the_page_and_no_other(lab: Lab, gateway: str) -> None:
    found = new_files(partial(lab.sh, gateway), LAST["ifupdown"], OF_THE_LAB)
    assert found == set(always("gateway", "file", "link"))


@pytest.mark.parametrize(("host", "manager"), [("berlin-1", "systemd-networkd"), ("london-1", "ifupdown")])
def test_a_lan_host_has_the_file_of_its_network_manager(lab: Lab, host: str, manager: str) -> None:
    [found] = new_files(partial(lab.sh, host), LAST[manager], OF_THE_LAB)
    [name] = [name for name in page("LAN host", "file") if re.fullmatch(pattern(name), found)]
    assert lab.sh(host, f"stat -c 0%a {found}").strip() == page("LAN host", "file")[name]["mode"]


def test_modes_and_links_are_the_pages(lab: Lab) -> None:
    for name, change in always("gateway", "file").items():
        assert (name, lab.sh("berlin-gw", f"stat -c 0%a:%U {name}").strip()) == (name, f"{change['mode']}:root")
    for name, change in always("gateway", "link").items():
        assert (name, lab.sh("berlin-gw", f"readlink {name}").strip()) == (name, change["to"])


def test_the_ways_to_look_work(lab: Lab) -> None:
    """Of what is there on every gateway. `|| true`: systemctl status says by its own status that a unit is stopped."""
    changes = always("gateway", "file", "link", "kernel")
    commands = {command for change in changes.values() for command in change["look"].split("; ")}
    for command in commands:
        seen = lab.host("berlin-gw").run(command)
        assert (command, seen.rc in (0, 3, 4), seen.stdout != "") == (command, True, True)


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_no_package_is_there_that_nothing_needs(lab: Lab, gateway: str) -> None:
    listed = lab.sh(gateway, r"dpkg-query -W -f '${Package} ${db:Status-Status}\n' '*strongswan*' '*charon*'")
    names = {line.split()[0] for line in listed.splitlines() if line.endswith(" installed")}
    assert names == PACKAGES | OF_RELEASE[lab.release]


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_no_plugin_is_loaded_that_disturbs(lab: Lab, gateway: str) -> None:
    (plugins,) = re.findall(r"loaded plugins: (.*)", lab.sh(gateway, "swanctl --stats"))
    loaded = set(plugins.split())
    files = lab.sh(gateway, "dpkg -L libcharon-extra-plugins").splitlines()
    brought = {path.rpartition("/")[2].removesuffix(".conf") for path in files if "/etc/strongswan.d/charon/" in path}
    assert {"dhcp", "farp", "forecast"} < brought
    assert loaded & brought == EXTRA
    assert "bypass-lan" not in loaded


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_the_daemon_listens_for_ike_alone(lab: Lab, gateway: str) -> None:
    sockets = [line for line in lab.sh(gateway, "ss -Hlnup").splitlines() if "charon" in line]
    assert {line.split()[3].rpartition(":")[2] for line in sockets} == {"500", "4500"}
