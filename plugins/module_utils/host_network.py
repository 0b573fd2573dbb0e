# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What iproute2 says of a host's addresses. The caller passes what runs commands, so that tests need no host."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

# AnsibleModule.run_command, as far as it is used: arguments (and `data` for stdin) → exit status, stdout, stderr
Run = Callable[..., "tuple[int, str, str]"]


class HostError(Exception):
    """Something about this host that keeps us from doing what was asked, in words for people."""


@dataclass(frozen=True)
class HostAddress:
    interface: str
    address: str
    prefix_length: int

    def __str__(self) -> str:
        return f"{self.address}/{self.prefix_length} on {self.interface}"


def run_json(run: Run, *arguments: str) -> list[dict[str, Any]]:
    """The answer of `ip -j …`: a list of objects, empty where iproute2 prints nothing."""
    status, out, err = run(list(arguments))
    if status != 0:
        raise HostError(f"{' '.join(arguments)}: {err.strip() or f'exit status {status}'}")
    try:
        # `ip -j` prints empty objects for entries that its own filter left out.
        return [entry for entry in json.loads(out or "[]") if entry]
    except ValueError as exc:
        raise HostError(f"{' '.join(arguments)} printed no JSON ({exc}); iproute2 is too old") from exc


def run_batch(run: Run, lines: Iterable[str], *options: str) -> list[list[dict[str, Any]]]:
    """The answers to many lines of `ip -batch`, in their order, by one call; an empty list where one failed."""
    asked = list(lines)
    _status, out, err = run(
        ["ip", "-j", *options, "-force", "-batch", "-"], data="".join(f"{line}\n" for line in asked)
    )
    failed = {int(number) for number in re.findall(r"^Command failed -:(\d+)", err, re.MULTILINE)}
    answers = _json_lists(out)
    return [[] if number in failed else next(answers, []) for number in range(1, len(asked) + 1)]


def _json_lists(out: str) -> Iterator[list[dict[str, Any]]]:
    """Lists one after the other."""
    decoder, at = json.JSONDecoder(), 0
    while (at := out.find("[", at)) >= 0:
        try:
            answer, at = decoder.raw_decode(out, at)
        except ValueError:
            return
        yield [entry for entry in answer if isinstance(entry, dict)]


def read_addresses(run: Run) -> list[HostAddress]:
    return parse_addresses(run_json(run, "ip", "-j", "address", "show"))


def parse_addresses(links: Iterable[dict[str, Any]]) -> list[HostAddress]:
    return [
        HostAddress(link["ifname"], info["local"], info["prefixlen"])
        for link in links
        for info in link.get("addr_info", [])
        if "local" in info and "prefixlen" in info
    ]


def interfaces_with(wanted: Iterable[str], addresses: list[HostAddress]) -> list[str]:
    """The interfaces that hold these addresses, sorted. An address that no interface holds is an error."""
    found: set[str] = set()
    missing: list[str] = []
    for text in wanted:
        address = ipaddress.ip_address(text)
        holders = [held.interface for held in addresses if ipaddress.ip_address(held.address) == address]
        found.update(holders)
        if not holders:
            missing.append(text)
    if missing:
        raise HostError(f"no interface of this host has the address {', '.join(missing)}. {own_addresses(addresses)}")
    return sorted(found)


def own_addresses(addresses: list[HostAddress]) -> str:
    """A sentence that lists the addresses a person may have meant: no loopback, no link-local."""
    shown = [str(held) for held in addresses if _is_usable(held.address)]
    return f"This host has {', '.join(shown)}." if shown else "This host has no address beyond loopback."


def _is_usable(text: str) -> bool:
    address = ipaddress.ip_address(text)
    return not (address.is_loopback or address.is_link_local)
