# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on a configured lab: they change what changed and nothing else, and lose no packet."""

from __future__ import annotations

import base64
import os
import subprocess
import time
from typing import TYPE_CHECKING

import yaml
from pings import GRACE, sent_in_time, unanswered
from testlab import ROOT, eventually

if TYPE_CHECKING:
    from pathlib import Path

    from testlab import Lab

GATEWAYS = ("berlin-gw", "london-gw")
AWKWARD = ("Berlin/London 1.0 \"quick\" 'n' {dirty} = # %s \\ ; 🚇 東京 Ölmühle " * 5)[:254] + "!"
SECTION = "cw-Berlin-London-1-0-quick-n-dirty-s-lm-hle-4b13b088"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
KEY = f"!\"#$%&'()*+,-./0123456789:;<=>?@ {LETTERS}[\\]^_`{LETTERS.lower()}{{|}}~"
ENCODED = base64.b64encode(KEY.encode()).decode()
INTERVAL = 0.05
STEADY = f"ping -n -i {INTERVAL} 192.168.2.11"


def test_a_second_run_changes_nothing_and_loses_no_packet(lab: Lab) -> None:
    before = [lab.spis(gateway) for gateway in GATEWAYS]
    assert all(before)
    with subprocess.Popen(
        ["podman", "exec", lab.container("berlin-1"), *STEADY.split()], stdout=subprocess.PIPE, text=True
    ) as ping:
        run = lab.play().succeeded()
        time.sleep(GRACE)  # those that are sent in it don't count
        lab.sh("berlin-1", "pkill -INT ping")
        said = ping.communicate()[0]
    assert set(run.changed.values()) == {0}
    assert [lab.spis(gateway) for gateway in GATEWAYS] == before
    sent = sent_in_time(said, INTERVAL)
    assert sent > 50
    assert unanswered(said, sent) == 0


def test_check_mode_on_a_configured_lab_finds_nothing(lab: Lab) -> None:
    run = lab.play("--check", "--diff").succeeded()
    assert set(run.changed.values()) == {0}


def test_one_gateway_alone_has_its_peers_data(lab: Lab) -> None:
    lab.sh("berlin-gw", "rm /etc/swanctl/conf.d/causeway.conf")
    run = lab.play("--limit", "berlin-gw").succeeded()
    assert run.changed["berlin-gw"] == 1
    assert "london-gw" not in run.changed
    assert lab.pings("berlin-1", "192.168.2.11")


def test_the_built_collection_does_the_same(lab: Lab, tmp_path: Path) -> None:
    """Built, installed into an empty path, run from there; only the lab's connection plugin comes from elsewhere."""
    for command in (
        ["build", str(ROOT), "--output-path", str(tmp_path)],
        ["install", "--offline", "-p", str(tmp_path), str(tmp_path / "causeway-ipsec-0.1.0.tar.gz")],
    ):
        environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(tmp_path), "PYTHONPATH": ""}
        subprocess.run(["ansible-galaxy", "collection", *command], check=True, capture_output=True, env=environment)
    podman = tmp_path / "ansible_collections" / "containers"
    podman.symlink_to(ROOT / ".build" / "collections" / "ansible_collections" / "containers")
    run = lab.play("-v", ANSIBLE_COLLECTIONS_PATH=str(tmp_path), PYTHONPATH="").succeeded()
    assert set(run.changed.values()) == {0}


def test_tags_limit_the_work(lab: Lab) -> None:
    run = lab.play("--tags", "lan_routes").succeeded()
    assert set(run.changed.values()) == {0}


def test_a_tunnel_that_left_the_topology_goes_and_returns(lab: Lab, tmp_path: Path) -> None:
    topology = yaml.safe_load((lab.inventory / "group_vars" / "all.yml").read_text())["ipsec_topology"]
    changed = tmp_path / "topology.yml"
    changed.write_text(yaml.safe_dump({"ipsec_topology": {**topology, "tunnels": []}}))
    predicted = lab.play("-e", f"@{changed}", "--check", "--diff").succeeded()
    assert predicted.changed["berlin-gw"] > 0
    words = "a run would interrupt cw-berlin-london, which is up now: no longer wanted."
    assert words in " ".join(predicted.output.split())
    assert lab.pings("berlin-1", "192.168.2.11")

    lab.play("-e", f"@{changed}").succeeded()
    assert [lab.spis(gateway) for gateway in GATEWAYS] == [[], []]
    assert not lab.pings("berlin-1", "192.168.2.11")
    assert lab.sh("berlin-1", "ip route show proto 213") == ""

    awkward = {**topology["tunnels"][0], "name": AWKWARD, "psk": KEY}
    changed.write_text(yaml.safe_dump({"ipsec_topology": {**topology, "tunnels": [awkward]}}))
    run = lab.play("-e", f"@{changed}", "-vvvv", "--diff").succeeded()
    assert f"{AWKWARD}  proven" in run.output
    assert AWKWARD in lab.sh("berlin-gw", "cat /etc/swanctl/conf.d/causeway.conf")
    assert lab.sh("berlin-gw", "swanctl --list-conns | grep -o '^cw-[^:]*'") == SECTION
    journals = [lab.sh(gateway, "journalctl --no-pager -o verbose") for gateway in GATEWAYS]
    assert not any(LETTERS in text or ENCODED in text for text in (run.output, *journals))

    lab.play().succeeded()
    assert eventually(lambda: lab.pings("berlin-1", "192.168.2.11"))


def test_h36_connections_of_others_stay(lab: Lab, tmp_path: Path) -> None:
    """A stranger's connection in the same daemon survives our runs."""
    strangers = (
        "connections { stranger { local_addrs = 198.51.100.10\n remote_addrs = 198.51.100.77\n"
        "local { auth = psk }\n remote { auth = psk }\n children { stranger { remote_ts = 10.99.0.0/24 } } } }\n"
    )
    (tmp_path / "stranger.conf").write_text(strangers)
    target = f"{lab.container('berlin-gw')}:/etc/swanctl/conf.d/stranger.conf"
    subprocess.run(["podman", "cp", str(tmp_path / "stranger.conf"), target], check=True)
    lab.sh("berlin-gw", "swanctl --load-conns")
    run = lab.play("--limit", "berlin-gw").succeeded()
    assert run.changed["berlin-gw"] == 0
    assert "stranger: " in lab.sh("berlin-gw", "swanctl --list-conns")
    lab.sh("berlin-gw", "rm /etc/swanctl/conf.d/stranger.conf && swanctl --load-conns")
