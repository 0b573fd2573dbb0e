# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark's two action plugins, in runs of ansible-playbook: what they print, return and refuse."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest

Play = Callable[..., subprocess.CompletedProcess[str]]

PLAN = """
- causeway.ipsec.benchmark_plan:
    hosts: [berlin-gw, london-gw]
    looked: {{berlin-gw: {{iperf3: {iperf3}}}, london-gw: {{iperf3: "3.18"}}}}
    tunnels: {tunnels}
    install: {install}
  register: plan
"""
REPORT = """
- causeway.ipsec.benchmark_report:
    measured:
      - measurement:
          tunnel: berlin-london
          where: outside
          sender: {{host: berlin-gw, address: 198.51.100.10}}
          receiver: {{host: london-gw, address: 198.51.100.20}}
          server: {{host: london-gw, address: 198.51.100.20}}
          client: {{host: berlin-gw, address: 198.51.100.10}}
          gateways: [berlin-gw, london-gw]
          port: 5201
        watching: {{london-gw: {{error: null, job: 51c3d8a6e0b94f27}}}}
        sent: {{error: {error}, bits_per_second: 941000000, bytes: 1176250000, retransmits: 0, mss: 1448}}
        told: {{london-gw: {{cores: [{{core: cpu0, busy: 12.0, idle: 88.0, steal: 0.0}}]}}}}
    unmeasured: ["berlin-office, outside: the gateway of office is not managed"]
  register: report
"""


def said(done: subprocess.CompletedProcess[str]) -> str:
    return " ".join((done.stdout + done.stderr).split())


def test_the_plan_is_shown_and_returned(play: Play) -> None:
    done = play(
        PLAN.format(iperf3='"3.12"', tunnels="[]", install="false")
        + """
- ansible.builtin.assert:
    that:
      - plan.measurements | length == 4
      - plan.measurements[1].client.address == '192.168.1.5'
      - plan.measurements[1].reverse
      - plan.measurements[0].watchers == ['london-gw']
      - plan.measurements[0].port == 5201
      - plan.unmeasured | length == 2
      - plan.missing == []
      - plan.gateways == ['berlin-gw', 'london-gw']
      - not plan.changed
"""
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "berlin-london, inside: berlin-gw (192.168.1.5) sends to london-gw (192.168.2.5); london-gw listens" in said(
        done
    )
    assert "Not measured: berlin-office, outside: the gateway of office is not managed" in said(done)


@pytest.mark.parametrize(
    ("tunnels", "message"),
    [
        ("[berlin-lndon]", "ipsec_benchmark_tunnels: unknown tunnel 'berlin-lndon'. Did you mean 'berlin-london'?"),
        ("[berlin-office]", "There is nothing to measure. Not measured: berlin-office, inside: no LAN host of office"),
        ("[]", "iperf3 is missing on berlin-gw. Install the package iperf3 there, or let this playbook do so"),
    ],
)
def test_what_cannot_be_measured_is_refused(play: Play, tunnels: str, message: str) -> None:
    done = play(PLAN.format(iperf3="null", tunnels=tunnels, install="false"))
    assert done.returncode == 2
    assert message in said(done)


def test_iperf3_may_be_missing_where_it_is_going_to_be_installed(play: Play) -> None:
    done = play(PLAN.format(iperf3="null", tunnels="[]", install="true"))
    assert done.returncode == 0
    assert "iperf3 is missing on berlin-gw. It will be installed there, and removed in the end." in said(done)


def test_a_dry_run_says_that_iperf3_is_missing(play: Play) -> None:
    done = play(PLAN.format(iperf3="null", tunnels="[]", install="false"), "--check")
    assert done.returncode == 0
    assert "iperf3 is missing on berlin-gw. Install the package iperf3 there" in said(done)


def test_numbers_are_shown_and_returned(play: Play) -> None:
    done = play(
        REPORT.format(error="null")
        + """
- ansible.builtin.assert:
    that:
      - report.measured[0].bits_per_second == 941000000
      - report.measured[0].cores['london-gw'][0].busy == 12.0
      - report.measured[0].ratio is none
"""
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "berlin-london outside berlin-gw london-gw 941 Mbit/s - 0 1448 - cpu0 12 % busy" in said(done)
    assert "Not measured: berlin-office, outside: the gateway of office is not managed" in said(done)


def test_a_measurement_that_failed_fails_the_run(play: Play) -> None:
    done = play(REPORT.format(error='"unable to connect to server: Connection refused"'))
    assert done.returncode == 2
    assert "Not everything could be measured." in said(done)
    assert "berlin-gw could not reach 198.51.100.20, TCP port 5201, on london-gw, where iperf3 listened" in said(done)
