# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A gateway in a container, running charon with userspace ESP; the modules run inside as Ansible would run them."""

from __future__ import annotations

import json
import subprocess
import tarfile
from io import BytesIO
from pathlib import Path
from typing import Any

import ansible
from pings import at_once

PLUGINS = Path(__file__).parents[2] / "plugins"
PACKAGES = (
    "charon-systemd strongswan-swanctl libstrongswan-standard-plugins libstrongswan-extra-plugins "
    "libcharon-extra-plugins iproute2 iputils-ping"
)
LAN = {"a": "192.168.1", "b": "192.168.2", "c": "192.168.3"}
RUNNER = """
import json, runpy, sys
from ansible.module_utils.testing import patch_module_args
with patch_module_args(json.load(sys.stdin)):
    runpy.run_module("ansible_collections.causeway.ipsec.plugins.modules." + sys.argv[1], run_name="__main__")
"""


def podman(*args: str, data: str | None = None, check: bool = True) -> str:
    done = subprocess.run(["podman", *args], input=data, capture_output=True, text=True, check=False, timeout=300)
    if check and done.returncode:
        raise RuntimeError(f"podman {' '.join(args[:6])}: {done.stdout}{done.stderr}")
    return done.stdout


class Gateway:
    """A container that is a gateway."""

    def __init__(self, container: str, side: str) -> None:
        self.container = container
        self.lan = LAN[side]
        self.address = ""

    def sh(self, command: str, check: bool = True) -> str:
        return podman("exec", self.container, "sh", "-c", command, check=check)

    def write(self, path: str, text: str) -> None:
        podman("exec", "-i", self.container, "sh", "-c", f"cat > {path}", data=text)

    def pings(self, peer: Gateway, number: int = 1) -> bool:
        """Whether three pings are answered, from and to the addresses in the LANs that end in the number."""
        command = f"ping -q {at_once(3)} -I {self.lan}.{number} {peer.lan}.{number}"
        return " 3 received" in self.sh(command, check=False)

    def module(self, name: str, check: bool = False, **options: Any) -> dict[str, Any]:
        arguments = {**options, "_ansible_check_mode": check, "_ansible_diff": True}
        out = podman(
            "exec",
            "-i",
            "-w",
            "/opt/live",
            self.container,
            "python3",
            "run.py",
            name,
            data=json.dumps(arguments),
            check=False,
        )
        return dict(json.loads(out))

    def connections(self, **options: Any) -> dict[str, Any]:
        return self.module("connections", **options)

    def spis(self, connection: str) -> list[str]:
        """Return the SPIs of a connection's IPsec SAs, a space's difference meaning that a tunnel was interrupted."""
        raw = self.sh(f"swanctl --list-sas --raw --ike {connection}")
        return sorted(word for word in raw.replace("{", " ").split() if word.startswith(("spi-in=", "spi-out=")))

    def loaded(self) -> set[str]:
        lines = self.sh("swanctl --list-conns").splitlines()
        return {line.partition(":")[0] for line in lines if line and not line.startswith(" ")}

    def prepare(self) -> None:
        """Install what is missing, and the modules with what Ansible would send along."""
        self.start()  # first: while it boots, a new /tmp takes away what apt has in the old one
        self.sh(
            f"command -v swanctl || (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "
            f"--no-install-recommends {PACKAGES})"
        )
        self.sh("sed -i 's/load = no/load = yes/' /etc/strongswan.d/charon/kernel-libipsec.conf")
        self.sh("systemctl enable -q strongswan; mkdir -p /opt/live")
        done = subprocess.run(
            ["podman", "exec", "-i", self.container, "tar", "-x", "-C", "/opt/live"],
            input=payload(),
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    def start(self) -> None:
        """Bring up what does not survive the container's restart: the addresses of the LAN."""
        self.sh("until systemctl is-system-running 2>/dev/null | grep -qE 'running|degraded'; do sleep 0.2; done")
        self.sh(f"for n in 1 2 3 4; do ip address replace {self.lan}.$n/32 dev lo; done")

    def reset(self) -> None:
        """Begin a test with a daemon that has nothing."""
        self.sh(
            "umount /etc/swanctl/conf.d/causeway.conf 2>/dev/null; rm -f /etc/swanctl/conf.d/* /run/causeway/*; "
            "rm -f /etc/swanctl/x509*/* /etc/swanctl/pubkey/* /etc/swanctl/private/*; "
            "sed -i 's/^#*include conf.d/include conf.d/' /etc/swanctl/swanctl.conf; "
            "systemctl reset-failed strongswan; systemctl restart strongswan"
        )


def payload() -> bytes:
    """Return a tar of the modules and of the part of Ansible that they import."""
    buffer = BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        tar.add(Path(ansible.__file__).parent / "module_utils", "ansible/module_utils", filter=_source)
        for part in ("modules", "module_utils"):
            tar.add(PLUGINS / part, f"ansible_collections/causeway/ipsec/plugins/{part}", filter=_source)
        for name, content in (("run.py", RUNNER.encode()), ("ansible/__init__.py", b"")):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, BytesIO(content))
    return buffer.getvalue()


def _source(info: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if "__pycache__" in info.name else info
