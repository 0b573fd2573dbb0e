# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that two sites say to each other, on the wire between their gateways, for as long as a test goes on."""

from __future__ import annotations

import contextlib
import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from faultlab import podman
from runs import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from faultlab import Lab

CLEAR = "(ip and (net 192.168.0.0/16 or net 10.0.0.0/8))"
PROTECTED = "(udp port 4500 and greater 100)"
IN_CLEAR = re.compile(r"\bIP (?:192\.168|10)\.|> (?:192\.168|10)\.")


@dataclass
class Watch:
    """What was seen on the wire so far."""

    file: Path
    listener: subprocess.Popen[bytes]
    told: int = 0

    def _lines(self) -> list[str]:
        return self.file.read_text().splitlines()

    def new_in_clear(self) -> list[str]:
        """The packets that anybody could have read, since this was asked last."""
        assert self.listener.poll() is None, "nobody listens any more"
        lines = self._lines()
        new, self.told = lines[self.told :], len(lines)
        return [line for line in new if IN_CLEAR.search(line)]

    @property
    def protected(self) -> int:
        """How many packets could not be read."""
        return sum(not IN_CLEAR.search(line) for line in self._lines())


@contextlib.contextmanager
def watching(lab: Lab) -> Iterator[Watch]:
    """Listens on the WAN's bridge, by the image's own tcpdump in the machine's network."""
    bridge = podman("network", "inspect", "-f", "{{.NetworkInterface}}", f"causeway-{lab.name}-wan").strip()
    container = lab.container("watch")
    tcpdump = ["tcpdump", "-n", "-l", "-i", bridge, f"{CLEAR} or {PROTECTED}"]
    command = ["podman", "run", "--rm", "--name", container, "--privileged", "--network=host", lab.image, *tcpdump]
    file, errors = lab.place / "wan.txt", lab.place / "wan.log"
    podman("rm", "-f", "-i", "-t", "0", container)
    with (
        file.open("w") as seen,
        errors.open("w") as said,
        subprocess.Popen(command, stdout=seen, stderr=said) as listener,
    ):
        try:
            assert eventually(lambda: "listening on" in errors.read_text()), errors.read_text()
            yield Watch(file, listener)
        finally:
            podman("kill", "-s", "INT", container, check=False)
            listener.wait(30)
    assert "\n0 packets dropped by kernel" in errors.read_text(), errors.read_text()
