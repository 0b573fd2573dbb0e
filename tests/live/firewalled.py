# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host with a firewall in a container: a WAN with the peer and a stranger, and a LAN, are its network namespaces."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from gateways import payload, podman

PEER, STRANGER, HOST = "198.51.100.20", "198.51.100.66", "198.51.100.10"
PEER6 = "2001:db8::20"
NETWORK = f"""set -e
ip netns add wan; ip netns add lan
ip link add wan0 type veth peer name eth0 netns wan; ip link add lan0 type veth peer name eth0 netns lan
ip addr add {HOST}/24 dev wan0; ip addr add 2001:db8::10/64 dev wan0 nodad; ip addr add 192.168.1.1/24 dev lan0
ip link set wan0 up; ip link set lan0 up
ip -n wan addr add {PEER}/24 dev eth0; ip -n wan addr add {STRANGER}/24 dev eth0
ip -n wan addr add {PEER6}/64 dev eth0 nodad; ip -n wan addr add 192.168.2.1/24 dev lo
ip -n lan addr add 192.168.1.2/24 dev eth0
for n in wan lan; do ip -n $n link set lo up; ip -n $n link set eth0 up; done
ip -n wan route add default via {HOST}; ip -n lan route add default via 192.168.1.1
ip route add 192.168.2.0/24 via {PEER}
echo 1 > /proc/sys/net/ipv4/ip_forward
until ip netns exec lan ping -c 1 -W 1 192.168.2.1; do :; done
until ip netns exec wan ping -c 1 -W 1 2001:db8::10; do :; done
"""
# Runs a plan as the module does; RUN is what AnsibleModule.run_command does.
DRIVER = """
import json, os, subprocess, sys
from ansible_collections.causeway.ipsec.plugins.module_utils import openings
from ansible_collections.causeway.ipsec.plugins.module_utils.host_network import HostError

def run(command, data=None, environ_update=None):
    env = {**os.environ, **(environ_update or {})}
    done = subprocess.run(command, input=data, capture_output=True, text=True, env=env)
    return done.returncode, done.stdout, done.stderr

asked = json.load(sys.stdin)
answer = {"backend": openings.detect_backend(run)}
try:
    wanted = openings.wanted_openings(asked["intent"], [22]) if asked["intent"] else []
    plan = openings.plan_openings(answer["backend"], run, wanted)
    answer.update(changed=plan.changed, before=plan.before, after=plan.after, warnings=list(plan.warnings))
    if asked["apply"]:
        plan.apply()
except HostError as exc:
    answer["error"] = str(exc)
print(json.dumps(answer))
"""
# It sends what is a whole header of AH with IPv4 inside: over IPv6, half a one is invalid to conntrack.
PROBE = """
import socket, subprocess, sys
protocol, source, target, sender = sys.argv[1:]
family = socket.AF_INET6 if ":" in source else socket.AF_INET
kind, number = (socket.SOCK_DGRAM, 0) if protocol == "udp" else (socket.SOCK_RAW, int(protocol))
port = 500 if protocol == "udp" else 0
ours = socket.socket(family, kind, number)
ours.bind((target, port))
ours.settimeout(0.4)
send = "import socket; s = socket.socket(%d, %d, %d); s.bind((%r, 0)); s.sendto(bytes([4, 4] + [0] * 62), (%r, %d))"
words = send % (family, kind, number, source, target, port)
verdict = "dropped"
for _again in range(2):
    subprocess.run(["ip", "netns", "exec", sender, "python3", "-c", words], check=True)
    try:
        verdict = "in" if ours.recvfrom(200)[1][0] == source else "other"
        break
    except TimeoutError:
        pass
print(verdict)
"""
# An echo over one TCP connection from the stranger, again and again; what has come back is counted in /run/echoes.
FLOW = f"""
import socket, subprocess, sys, time
from pathlib import Path
if len(sys.argv) == 1:
    ours = socket.create_server(("{HOST}", 8080))
    subprocess.Popen(["ip", "netns", "exec", "wan", "python3", __file__, "client"])
    peer, _address = ours.accept()
    while data := peer.recv(1):
        peer.sendall(data)
else:
    flow = socket.create_connection(("{HOST}", 8080), timeout=5)
    for number in range(10000):
        flow.sendall(b"x")
        if not flow.recv(1):
            break
        Path("/run/echoes").write_text(str(number))
        time.sleep(0.05)
"""
INTENT: dict[str, Any] = {
    "management": ["198.51.100.7/32"],
    "tunnels": [
        {
            "name": "berlin-london",
            "peers": [PEER],
            "protocol": "esp",
            "local_subnets": ["192.168.1.0/24"],
            "remote_subnets": ["192.168.2.0/24"],
        },
        {"name": "six", "peers": [PEER6], "protocol": "ah", "local_subnets": [], "remote_subnets": []},
    ],
}


class Firewalled:
    """The container."""

    def __init__(self, container: str) -> None:
        self.container = container

    def sh(self, command: str, check: bool = True) -> str:
        return podman("exec", self.container, "sh", "-c", command, check=check)

    def prepare(self) -> None:
        self.sh("until systemctl is-system-running 2>/dev/null | grep -qE 'running|degraded'; do sleep 0.2; done")
        self.sh(
            "systemctl mask -q firewalld ufw; apt-get update -qq; DEBIAN_FRONTEND=noninteractive "
            "apt-get install -y -qq --no-install-recommends firewalld netbase ufw 2>&1; "
            "systemctl unmask -q firewalld ufw; systemctl disable -q firewalld ufw"
        )
        self.sh(NETWORK)
        done = subprocess.run(
            ["podman", "exec", "-i", self.container, "sh", "-c", "mkdir -p /opt/live; tar -x -C /opt/live"],
            input=payload(),
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        for name, text in (("driver.py", DRIVER), ("probe.py", PROBE), ("flow.py", FLOW)):
            podman("exec", "-i", self.container, "sh", "-c", f"cat > /opt/live/{name}", data=text)
        assert self.passes("lan", "192.168.1.2", "192.168.2.1")

    def openings(self, intent: dict[str, Any] | None, apply: bool = True) -> dict[str, Any]:
        """Plan, and apply; None is: nothing is wanted any more."""
        asked = json.dumps({"intent": intent, "apply": apply})
        return dict(
            json.loads(podman("exec", "-i", "-w", "/opt/live", self.container, "python3", "driver.py", data=asked))
        )

    def probe(self, protocol: str, source: str) -> str:
        """What becomes of a first packet to this host: in, or dropped."""
        target = "2001:db8::10" if ":" in source else HOST
        return self.sh(f"python3 /opt/live/probe.py {protocol} {source} {target} wan").strip()

    def passes(self, sender: str, source: str, target: str) -> bool:
        """Whether this host forwards. By UDP, since ufw lets each ping through."""
        receiver = {"wan": "lan", "lan": "wan"}[sender]
        command = f"ip netns exec {receiver} python3 /opt/live/probe.py udp {source} {target} {sender}"
        return self.sh(command).strip() == "in"

    def flow(self) -> None:
        """Begin a connection that lasts."""
        self.sh("rm -f /run/echoes; setsid python3 /opt/live/flow.py >/dev/null 2>&1 &")
        self.echoes(after=-1)

    def echoes(self, after: int) -> int:
        """Wait for one more echo than `after`, and say how many there have been."""
        more = f'[ "$(cat /run/echoes 2>/dev/null || echo -1)" -gt {after} ]'
        self.sh(f"for n in $(seq 50); do {more} && break; sleep 0.1; done; {more}")
        return int(self.sh("cat /run/echoes") or "0")

    def files(self, path: str) -> str:
        return self.sh(f"cd {path}; find . -type f | sort | xargs sha256sum")
