# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules take on a gateway with many tunnels: two containers with as many between them.

    . lab/shell.sh; . lab/images.sh; lab_image 12; python tests/bench/on_host.py [1000]

Prints seconds of each call, with what `podman exec` and the start of Python take; and as a
ratio to a tenth of the tunnels.
"""

from __future__ import annotations

import os
import sys
import time
from ipaddress import ip_address
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "shared"))
sys.path.insert(0, str(Path(__file__).parents[1] / "live"))
from gateways import LAN, Gateway, podman  # after the paths that lead there

NETWORK = "causeway-bench"
NETS = {LAN["a"]: ip_address("10.1.0.0"), LAN["b"]: ip_address("10.2.0.0")}
CONNECTION = """
    {name} {{
        version = 2
        local_addrs = {here}
        remote_addrs = {there}
        proposals = aes128gcm16-prfsha256-x25519
        rekey_time = {rekey}s
        unique = replace
        keyingtries = 0
        mobike = no
        local {{ auth = psk
            id = "{name}.{side}.example" }}
        remote {{ auth = psk
            id = "{name}.{other}.example" }}
        children {{
            {name} {{
                local_ts = {ours}/32
                remote_ts = {theirs}/32
                esp_proposals = aes128gcm16
                start_action = none
            }}
        }}
    }}
"""


def options(here: Gateway, there: Gateway, count: int, longer: int = -1) -> dict[str, Any]:
    """The module's options for so many tunnels, one of which may have another lifetime."""
    side, other = ("a", "b") if here.lan == LAN["a"] else ("b", "a")
    blocks = [
        CONNECTION.format(
            name=f"cw-{number}",
            here=here.address,
            there=there.address,
            side=side,
            other=other,
            ours=NETS[here.lan] + number,
            theirs=NETS[there.lan] + number,
            rekey=7200 if number == longer else 14400,
        )
        for number in range(count)
    ]
    names = [f"cw-{number}" for number in range(count)]
    ids = {name: [f"{name}.{side}.example", f"{name}.{other}.example"] for name in names}
    return {
        "config": "connections {\n" + "".join(blocks) + "}\n",
        "secrets": [{"name": f"ike-{name}", "ids": ids[name], "psk": f"{name}-{'x' * 32}"} for name in names],
    }


def prepare(gateway: Gateway, count: int) -> None:
    """A daemon that has nothing, on a host that has an address in each tunnel's subnet, as userspace ESP needs it.

    All tunnels have one peer, which has to think well of so many half-open ones from one address.
    """
    gateway.write("/etc/strongswan.d/bench.conf", "charon {\n  dos_protection = no\n}\n")
    addresses = (NETS[gateway.lan] + number for number in range(count))
    gateway.write("/tmp/addresses", "".join(f"address replace {address}/32 dev lo\n" for address in addresses))
    gateway.sh("ip -batch /tmp/addresses")
    gateway.reset()  # after that: charon loses count of so many addresses that come at once


def timed(gateway: Gateway, module: str, **arguments: Any) -> tuple[float, dict[str, Any]]:
    before = time.monotonic()
    done = gateway.module(module, **arguments)
    seconds = time.monotonic() - before
    if done.get("failed"):
        sys.exit(f"{module}: {done}")
    return seconds, done


def measure(here: Gateway, there: Gateway, count: int) -> dict[str, float]:
    seconds: dict[str, float] = {}
    for gateway in (here, there):
        prepare(gateway, count)
    there.connections(**options(there, here, count))
    seconds["load all"], done = timed(here, "connections", **options(here, there, count))
    assert len(done["loaded"]) == count, done
    seconds["nothing changed"], done = timed(here, "connections", **options(here, there, count))
    assert not done["changed"], done
    seconds["one changed"], done = timed(here, "connections", **options(here, there, count, longer=count // 2))
    assert done["replaced"] == [f"cw-{count // 2}"], done
    tunnels = [{"name": f"cw-{n}", "children": [f"cw-{n}"], "initiate": True} for n in range(count)]
    seconds["bring all up"], done = timed(here, "tunnel", connections=tunnels, state="up", strict=False)
    seconds["status"], done = timed(here, "tunnel_info")
    up = [tunnel for tunnel in done["tunnels"] if tunnel.get("state") == "up"]
    print(
        f"{count} tunnels, {len(up)} of them up: ", ", ".join(f"{what} {took:.2f} s" for what, took in seconds.items())
    )
    return seconds


def main(count: int) -> None:
    image = os.environ["CAUSEWAY_IMAGE_12"]
    pair = (Gateway(f"{NETWORK}-a", "a"), Gateway(f"{NETWORK}-b", "b"))
    podman("network", "create", NETWORK)
    try:
        for gateway in pair:
            options_of_container = ("--privileged", "--systemd=always", "--network", NETWORK)
            podman("run", "-d", "--name", gateway.container, *options_of_container, image, "/lib/systemd/systemd")
            gateway.prepare()
            gateway.address = gateway.sh("hostname -I").split()[0]
        some, all_of_them = (measure(*pair, size) for size in (count // 10, count))
        print("ten times as many take: ", ", ".join(f"{what} {all_of_them[what] / some[what]:.1f}x" for what in some))
    finally:
        podman("rm", "-f", "-t", "0", *(gateway.container for gateway in pair), check=False)
        podman("network", "rm", "-f", NETWORK, check=False)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
