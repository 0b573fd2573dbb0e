# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two sites of containers whose machines can be had fresh within seconds: packages installed, nothing of ours on them.

All commands and Ansible's modules enter by ./podman-entering, which costs next to nothing.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from zlib import crc32

from runs import ROOT, eventually

ROOM = Path(__file__).parent
INVENTORY = ROOM / "inventory"
ENTERING = ROOM / "podman-entering"
GATEWAYS = ("berlin-gw", "london-gw")
MANAGED = (*GATEWAYS, "berlin-1")
BERLIN_LAN, LONDON_LAN = "192.168.1.11", "192.168.2.11"
# The LAN hosts talk all the while, from the moment that they are up.
TALK = {"berlin-1": LONDON_LAN, "london-1": BERLIN_LAN}
# Where a packet for the other site goes that nothing stops: to the other gateway, in clear.
STRAY = {"berlin-gw": "192.168.2.0/24 via 198.51.100.20", "london-gw": "192.168.1.0/24 via 198.51.100.10"}
UNIT = """[Unit]
After=networking.service systemd-networkd.service
[Service]
{service}
RestartSec=1
[Install]
WantedBy=multi-user.target
"""


def podman(*arguments: str, check: bool = True) -> str:
    done = subprocess.run(["podman", *arguments], capture_output=True, text=True, check=False, timeout=300)
    if check and done.returncode:
        raise RuntimeError(f"podman {' '.join(arguments[:6])}: {done.stdout}{done.stderr}")
    return done.stdout


def image_with_packages(base: str, place: Path) -> str:
    """The name of the lab's image with a gateway's packages; built unless it is there, by who comes first."""
    recipe = ROOM / "Containerfile"
    name = f"{base}-faults-{crc32(recipe.read_bytes()):08x}"
    place.mkdir(parents=True, exist_ok=True)
    with (place / "image.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if subprocess.run(["podman", "image", "exists", name], check=False).returncode:
            podman("build", "-q", "--build-arg", f"BASE_IMAGE={base}", "-t", name, "-f", str(recipe), str(ROOM))
    return name


@dataclass(frozen=True)
class Lab:
    """The containers of the inventory, under a name of their own."""

    name: str
    image: str
    place: Path  # what the tests keep of this lab
    born: dict[str, list[str]] = field(default_factory=dict)  # by host, the command that makes its container anew

    @property
    def hosts(self) -> tuple[str, ...]:
        return (*MANAGED, "london-1")

    def container(self, host: str) -> str:
        return f"causeway-{self.name}-{host}"

    @property
    def arguments(self) -> list[str]:
        """What tells ansible-playbook which lab is meant."""
        return ["-i", str(INVENTORY), "-e", f"lab_name={self.name}", "-e", f"lab_image={self.image}"]

    @property
    def environment(self) -> dict[str, str]:
        """For everything that enters a container."""
        return {
            **os.environ,
            "ANSIBLE_CONFIG": str(ROOT / "lab" / "ansible.cfg"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_PODMAN_EXECUTABLE": str(ENTERING),
            "CAUSEWAY_PIDS": str(self.place / "pids"),
        }

    def up(self) -> None:
        """Makes the machines, and keeps an image of each as it is when it is fresh."""
        self.down()
        (self.place / "pids").mkdir(parents=True)
        self._playbook("create.yml")
        for host in self.hosts:
            self._learn(host)
            self._make_itself(host)
        with ThreadPoolExecutor() as pool:
            list(pool.map(self._keep, MANAGED))
        self.renew()

    def down(self) -> None:
        """Removes whatever there is of it."""
        self._playbook("destroy.yml")
        for host in MANAGED:
            podman("rmi", "-f", "-i", self._fresh_image(host))
        shutil.rmtree(self.place, ignore_errors=True)

    def _playbook(self, name: str) -> None:
        command = ["ansible-playbook", *self.arguments, str(ROOT / "playbooks" / "lab" / name)]
        environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "lab" / "ansible.cfg")}
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=environment)
        if done.returncode:
            raise RuntimeError(f"{name}: {done.stdout[-3000:]}{done.stderr[-1000:]}")

    def _make_itself(self, host: str) -> None:
        """Units that do, from boot on, what this machine is here for."""
        services = {}
        if host in TALK:
            services["talk"] = f"Restart=always\nExecStart=ping -n -q -i 0.2 {TALK[host]}"
        if host in STRAY:
            once = "Type=oneshot\nRemainAfterExit=yes\nRestart=on-failure"
            services["stray"] = f"{once}\nExecStart=ip route add {STRAY[host]}"
        for name, service in services.items():
            self.write(host, f"/etc/systemd/system/{name}.service", UNIT.format(service=service))
            self.sh(host, f"systemctl -q enable --now {name}")

    def _fresh_image(self, host: str) -> str:
        return f"localhost/causeway-lab:{self.name}-{host}"

    def _keep(self, host: str) -> None:
        podman("commit", "-q", self.container(host), self._fresh_image(host))
        made = json.loads(podman("inspect", "-f", "{{json .Config.CreateCommand}}", self.container(host)))
        self.born[host] = [self._fresh_image(host) if word == self.image else word for word in made[1:]]

    def renew(self, hosts: tuple[str, ...] = MANAGED) -> None:
        """Fresh machines in the place of those that there are."""
        for host in hosts:  # one by one: a bridge without any is removed, and who listened on it is deaf
            self._renew(host)
        for host in hosts:
            assert eventually(partial(self._is_up, host), 90), f"{host} does not come up"
        for host in TALK:  # the machine that they knew had another hardware address
            self.sh(host, "ip neigh flush all")

    def _renew(self, host: str) -> None:
        podman("rm", "-f", "-t", "0", self.container(host))
        podman(*self.born[host])
        self._learn(host)

    def stop(self, host: str) -> None:
        """The power fails."""
        podman("kill", self.container(host))
        self._pid_file(host).unlink()

    def start(self, host: str) -> None:
        podman("start", self.container(host))
        self._learn(host)
        assert eventually(lambda: self._is_up(host), 90), f"{host} does not come up"

    def _is_up(self, host: str) -> bool:
        return self.run(host, "systemctl is-system-running").stdout.strip() in {"running", "degraded"}

    def _learn(self, host: str) -> None:
        self._pid_file(host).write_text(podman("inspect", "-f", "{{.State.Pid}}", self.container(host)))

    def _pid_file(self, host: str) -> Path:
        return self.place / "pids" / self.container(host)

    def root(self, host: str) -> Path:
        """The machine's files, seen from outside. An absolute link in it would lead astray."""
        return Path("/proc") / self._pid_file(host).read_text().strip() / "root"

    def run(self, host: str, command: str, data: str | None = None) -> subprocess.CompletedProcess[str]:
        entered = [str(ENTERING), "exec", self.container(host), "sh", "-c", command]
        return subprocess.run(
            entered, input=data, capture_output=True, text=True, check=False, env=self.environment, timeout=120
        )

    def sh(self, host: str, command: str) -> str:
        """What a command prints; it must succeed."""
        done = self.run(host, command)
        assert done.returncode == 0, f"{host}: {command}: {done.stdout}{done.stderr}"
        return done.stdout

    def write(self, host: str, path: str, text: str) -> None:
        done = self.run(host, f"cat >{path}", text)
        assert done.returncode == 0, done.stderr

    def pings(self, host: str, address: str) -> bool:
        return self.run(host, f"ping -n -c 1 -W 1 {address}").returncode == 0

    def lans_reach_each_other(self) -> bool:
        return self.pings("berlin-1", LONDON_LAN) and self.pings("london-1", BERLIN_LAN)
