# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a gateway of ours carries, as a ratio to a tunnel that somebody wrote by hand: the same machines, the same
algorithms, no firewall. And how quick other algorithms are, as a ratio to AES-GCM.

    . lab/shell.sh; . lab/images.sh; . lab/machines.sh; machine_images
    python tests/bench/traffic.py [--ciphers [PROPOSAL ...]] [--scenario base|stock] [--rounds 5] [--seconds 5]

The variants take turns, so that all of them see the same machine. The ratios are of medians; of a gateway's capacity
the better one is that of processor time, which says the same on an idle machine and on a busy one.
"""

from __future__ import annotations

import argparse
import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from iperf import Sample, make, median, sample
from sites import GATEWAYS
from wires import LabError

if TYPE_CHECKING:
    from vmlab import Lab

IKE = "aes256gcm16-prfsha512-ecp384"
CIPHERS = (
    "aes128gcm16",
    "aes256gcm16",
    "chacha20poly1305",
    "aes128ctr-sha256",
    "aes128-sha256",
    "aes256-sha256",
    "aes256-sha512",
    "aes128-sha1",
    "3des-sha1",
    "ah sha256",
    "ah sha1",
)
ENDS = {
    "berlin-gw": ("198.51.100.10", "198.51.100.20", "192.168.1.0/24", "192.168.2.0/24"),
    "london-gw": ("198.51.100.20", "198.51.100.10", "192.168.2.0/24", "192.168.1.0/24"),
}
BY_HAND = """\
connections {{
  by-hand {{
    version = 2
    local_addrs = {0}
    remote_addrs = {1}
    proposals = {ike}
    local {{
      auth = psk
    }}
    remote {{
      auth = psk
    }}
    children {{
      by-hand {{
        local_ts = {2}
        remote_ts = {3}
        {protocol}_proposals = {proposal}
        start_action = trap
      }}
    }}
  }}
}}
secrets {{
  ike-by-hand {{
    secret = "that of a lab which is gone in a minute"
  }}
}}
"""
# Each variant gets a daemon of its own, in which nothing is left of the one before.
SWITCH_TO_OURS = """
cd /etc/swanctl/conf.d; rm -f by-hand.conf; [ ! -d /root/ours ] || mv /root/ours/* .; rm -rf /root/ours
systemctl restart causeway-firewall strongswan
"""
SWITCH_TO_THEIRS = """
cd /etc/swanctl/conf.d; [ ! -e causeway.conf ] || mkdir -p /root/ours; [ ! -e causeway.conf ] || mv causeway* /root/ours
systemctl stop causeway-firewall; nft delete table inet causeway 2>/dev/null
umask 077; printf %s {text} >by-hand.conf; systemctl restart strongswan
"""
AGREED = re.compile(r"^ +\S+: #\d+, reqid \d+, INSTALLED, TUNNEL, (\S+)", re.MULTILINE)


@dataclass(frozen=True)
class Variant:
    """A tunnel: ours, or with these algorithms one as somebody writes it who wants a tunnel and nothing else."""

    name: str
    proposal: str = ""

    def measure(self, lab: Lab, seconds: int) -> tuple[str, Sample]:
        """The algorithms, and what they carried."""
        protocol, _blank, algorithms = self.proposal.rpartition(" ")
        for host in GATEWAYS:
            text = BY_HAND.format(*ENDS[host], ike=IKE, protocol=protocol or "esp", proposal=algorithms)
            lab.ssh(host, SWITCH_TO_THEIRS.format(text=shlex.quote(text)) if self.proposal else SWITCH_TO_OURS)
        carried = sample(lab, seconds)
        found = set(AGREED.findall(lab.ssh(GATEWAYS[0], "swanctl --list-sas")))
        if len(found) != 1:
            raise LabError(f"{self.name}: not one tunnel, but {found or 'none'}")
        return found.pop(), carried


def compare(lab: Lab, variants: list[Variant], rounds: int, seconds: int) -> dict[str, Sample]:
    """The medians by the variants' names."""
    samples: dict[str, list[Sample]] = {variant.name: [] for variant in variants}
    algorithms: dict[str, str] = {}
    for number in range(rounds):
        for variant in variants:
            algorithms[variant.name], one = variant.measure(lab, seconds)
            samples[variant.name].append(one)
            print(f"round {number + 1}, {variant.name}, {algorithms[variant.name]}: {one}", flush=True)
    if len(variants) == 2 and len(set(algorithms.values())) != 1:
        raise LabError(f"these are not the same algorithms: {algorithms}")
    return {name: median(some) for name, some in samples.items()}


def show(medians: dict[str, Sample], first: str) -> None:
    """A table; the more the better."""
    reference = medians[first]
    print(f"\n{'':20}  {'throughput':>14}  {'ratio':>5}  {'processor time':>16}  {'capacity':>8}")
    for name, one in sorted(medians.items(), key=lambda item: item[1].seconds):
        ratios = f"{one.megabits / reference.megabits:5.2f}", f"{reference.seconds / one.seconds:8.3f}"
        print(f"{name:20}  {one.megabits:7.1f} Mbit/s  {ratios[0]}  {one.seconds:10.1f} s/GB  {ratios[1]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ciphers", nargs="*", metavar="PROPOSAL")
    parser.add_argument("--scenario", default="base")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5)
    asked = parser.parse_args()
    if asked.ciphers is None:
        variants = [Variant("ours"), Variant("by hand", "aes256gcm16")]
    else:
        variants = [Variant(name, name) for name in asked.ciphers or CIPHERS]
    lab = make(asked.scenario)
    try:
        show(compare(lab, variants, asked.rounds, asked.seconds), variants[0 if asked.ciphers is not None else 1].name)
    finally:
        lab.down()


if __name__ == "__main__":
    main()
