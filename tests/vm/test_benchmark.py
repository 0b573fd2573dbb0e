# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark measures the tunnel that there is, and nothing of it stays."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

import pytest
from sites import INSTALL, LONDON_LAN, forget_paths, states

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runs import Run
    from vmlab import Lab

pytestmark = pytest.mark.usefixtures("first_run")

HOSTS = ("berlin-1", "berlin-gw", "london-1", "london-gw")
# What the table says of each measurement.
MEASURED = re.compile(
    r"^berlin-london +(inside|outside) +(\S+) +(\S+) +([\d.]+) [kMG]bit/s +([\d.]+|-) +\d+ +(\d+)"
    r" +cpu0 (\d+) % busy(?:, \d+ % stolen)? +cpu0 (\d+) % busy",
    re.MULTILINE,
)
# All that a measurement could leave: packages, processes, sockets, files, rules. (Where a package has come and gone,
# the distribution keeps locks and backups of its lists of users.)
LEFT = r"""
dpkg-query -W -f '${Package} ${db:Status-Status}\n'
ps -eo comm= | grep -E 'iperf3|timeout'
ss -Hltn | awk '{print $4}' | sort
grep -c causeway /proc/net/unix
ls -A /root /tmp /var/tmp
find /etc -type f ! -name '*-' ! -name .pwd.lock -print0 | sort -z | xargs -0 sha256sum
ls /var/lib/dpkg/info
nft -s list ruleset 2>/dev/null
"""


def benchmark(lab: Lab, *arguments: str, seconds: int = 1) -> Run:
    return lab.play("-e", f"ipsec_benchmark_seconds={seconds}", *arguments, playbook="causeway.ipsec.benchmark")


def left(lab: Lab) -> set[tuple[str, str]]:
    return {(host, line) for host in HOSTS for line in lab.ssh(host, LEFT, check=False).splitlines()}


@pytest.fixture
def untouched(lab: Lab) -> Iterator[None]:
    """Whatever the test does, the hosts are what they were, and the tunnel has not been set up anew."""
    before, tunnel = left(lab), states(lab)
    yield
    assert left(lab) ^ before == set()
    assert states(lab) == tunnel


@contextlib.contextmanager
def deaf(lab: Lab, host: str) -> Iterator[None]:
    """A host whose own firewall lets nobody in but the lab."""
    lab.ssh(host, "nft 'table inet theirs { chain in { type filter hook input priority 0; tcp dport 5201 drop; }; }'")
    try:
        yield
    finally:
        lab.ssh(host, "nft delete table inet theirs")


def plain(run: Run) -> str:
    """What it said, without the breaks that Ansible puts in."""
    return " ".join(run.output.split())


def test_a_dry_run_says_what_would_be_measured_and_where_iperf3_is_missing(lab: Lab, untouched: None) -> None:
    done = benchmark(lab, "--check").succeeded()
    assert set(done.changed.values()) == {0}
    assert "berlin-london, inside: berlin-1 (192.168.1.11) sends to london-1 (192.168.2.11); london-1 listens" in plain(
        done
    )
    assert "iperf3 is missing on berlin-1, berlin-gw, london-1, london-gw." in plain(done)


def test_nothing_is_installed_unless_it_is_asked_for(lab: Lab, untouched: None) -> None:
    done = benchmark(lab)
    assert done.status != 0
    assert "iperf3 is missing on berlin-1, berlin-gw, london-1, london-gw. Install the package iperf3 there" in plain(
        done
    )


def test_it_measures_both_directions_inside_and_outside(lab: Lab, untouched: None) -> None:
    forget_paths(lab)
    done = benchmark(lab, "-e", "ipsec_benchmark_install=true").succeeded()
    found = {(row[0], row[1], row[2]): row for row in MEASURED.findall(done.output)}
    assert set(found) == {
        ("inside", "berlin-1", "london-1"),
        ("inside", "london-1", "berlin-1"),
        ("outside", "berlin-gw", "london-gw"),
        ("outside", "london-gw", "berlin-gw"),
    }, done.output[-3000:]
    for (where, *_hosts), row in found.items():
        assert float(row[3]) > 0
        assert (row[4] == "-") == (where == "outside")
        # In the tunnel, as much less as its headers take; and 12 bytes are TCP's own.
        assert int(row[5]) == {"inside": 1406 - 12, "outside": 1460 - 12}[where]
        assert int(row[6]) > 0
    assert "AES_GCM_16-256, packets of up to 1446 bytes" in done.output
    assert len(re.findall(r"gw: 1 core with(?:out)? instructions for AES; the kernel uses rfc4106", done.output)) == 2


@pytest.fixture
def iperf3(lab: Lab) -> Iterator[None]:
    """Somebody's own iperf3 on the LAN hosts, which stays theirs."""
    for host in ("berlin-1", "london-1"):
        lab.ssh(host, f"{INSTALL} iperf3")
    yield
    for host in ("berlin-1", "london-1"):
        lab.ssh(host, "apt-get -qq -y purge --autoremove iperf3 >/dev/null")


def test_what_is_in_the_way_is_told_with_host_address_and_port(lab: Lab, iperf3: None, untouched: None) -> None:
    with deaf(lab, "london-1"):
        done = benchmark(lab, "-e", "ipsec_benchmark_outside=false")
    assert done.status != 0
    assert f"berlin-1 could not reach {LONDON_LAN}, TCP port 5201, on london-1, where iperf3 listened:" in plain(done)
    assert lab.ssh("london-1", "pgrep -c iperf3", check=False).strip() == "0"
