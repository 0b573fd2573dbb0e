# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a processor has instructions for AES, and which code the kernel encrypts with. Pure."""

from __future__ import annotations

import re

# The names under which the kernel knows what IPsec asks for: AEADs, ciphers with a MAC, and a MAC alone.
IPSEC = re.compile(r"(rfc4106|rfc4309|rfc4543|rfc7539esp|authenc)\(.*\)|hmac\(\w+\)|xcbc\(aes\)|cmac\(aes\)")


def has_aes(cpuinfo: str) -> bool:
    """Whether each core's flags (x86) or features (Arm) in the text of /proc/cpuinfo name AES."""
    flags = re.findall(r"^(?:flags|Features)\s*:(.*)$", cpuinfo, re.MULTILINE)
    return bool(flags) and all("aes" in line.split() for line in flags)


def drivers(crypto: str) -> dict[str, str]:
    """The kernel's best driver of each algorithm that IPsec has used or could, in the text of /proc/crypto."""
    best: dict[str, tuple[int, str]] = {}
    for block in crypto.split("\n\n"):
        pairs = (line.partition(":") for line in block.splitlines())
        said = {key.strip(): value.strip() for key, _colon, value in pairs}
        name, rank = said.get("name", ""), int(said.get("priority", "0"))
        if IPSEC.fullmatch(name) and rank > best.get(name, (-1, ""))[0]:
            best[name] = (rank, said["driver"])
    return {name: driver for name, (_rank, driver) in sorted(best.items())}
