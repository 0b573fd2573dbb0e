# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sites and their gateways, from what a user wrote."""

from __future__ import annotations

import re
from typing import Final

from .blocks import Block, edge, everything, listed, parse_address, parse_subnet, unusable
from .entry import Entry, bad_text
from .extra import read_daemon_extra
from .model import Gateway, Site
from .parameters import MOST_SUBNETS, keys
from .parse_credentials import read_credentials
from .peers import read_peer
from .platforms import read_platform
from .problems import Names, Problem

SITE_KEYS: Final = keys("site")
GATEWAY_KEYS: Final = keys("gateway")
LONGEST_DESCRIPTION: Final = 1024
_DEVICE: Final = re.compile(r"[a-z0-9_]{1,64}")


def parse_site(
    name: str, raw: object, path: str, problems: list[Problem], authorities: Names | None = None
) -> Site | None:
    """A site, or None if it has no usable gateway. Without subnets if any of them is not usable."""
    entry = Entry(raw, path, SITE_KEYS, problems)
    if not entry.ok:
        return None
    subnets = read_subnets(entry.items("subnets", "subnets, like [192.168.1.0/24]"), entry.at("subnets"), problems)
    entry.missing("subnets", "list the networks behind this site's gateway, like [192.168.1.0/24].")
    if entry.get("subnets") in ([], ()):
        entry.say("subnets", "empty; list the networks behind this site's gateway, like [192.168.1.0/24].")
    gateways = _gateways(entry, name, subnets, authorities or Names("authority", ()))
    lan_hosts = _lan_hosts(entry)
    if lan_hosts and gateways and gateways[0].lan_address is None and not _wrote_lan_address(entry):
        entry.say(
            "gateways[0].lan_address", "missing; the hosts under lan_hosts need it as the next hop of their routes."
        )
    platform = read_platform(entry)
    return Site(
        name=name,
        subnets=subnets,
        gateways=gateways[:1],
        description=entry.prose("description", LONGEST_DESCRIPTION),
        management=_management(entry),
        lan_hosts=lan_hosts,
        platform=platform,
    ) if gateways else None  # fmt: skip


def read_subnets(items: list[object], path: str, problems: list[Problem]) -> tuple[Block, ...]:
    """The subnets of a list, sorted; none at all if one of them could not be read or there are too many."""
    if len(items) > MOST_SUBNETS:
        message = f"{len(items)} subnets; IKE can carry at most {MOST_SUBNETS} per end. Summarise them."
        problems.append(Problem(path, message))
        return ()
    blocks: list[Block] = []
    for index, item in enumerate(items):
        block, wrong = parse_subnet(item)
        if block:
            wrong = _refusal(block) or wrong
        if wrong:
            problems.append(Problem(f"{path}[{index}]", wrong))
        if block and not _refusal(block):
            blocks.append(block)
    return _apart(blocks, path, problems) if len(blocks) == len(items) else ()


def _refusal(block: Block) -> str:
    """Why no tunnel can lead to this block; empty if one can."""
    if everything(block):
        return (
            f"{block} would draw the gateway's own IKE and SSH traffic into the tunnel and lock you out; "
            "list the subnets behind the gateway."
        )
    return f"{unusable(block)}; no tunnel can carry that." if unusable(block) else ""


def _apart(blocks: list[Block], path: str, problems: list[Problem]) -> tuple[Block, ...]:
    """The blocks sorted, without those that lie within another one; that is a problem."""
    apart: list[Block] = []
    for block in sorted(blocks, key=lambda block: (block.version, block.first, -block.last)):
        if apart and apart[-1].overlaps(block):
            twice = apart[-1] == block
            what = f"{block} is listed twice" if twice else f"{block} is already covered by {apart[-1]}"
            problems.append(Problem(path, f"{what}; remove one."))
        else:
            apart.append(block)
    return tuple(apart)


def _management(entry: Entry) -> tuple[Block, ...]:
    blocks: set[Block] = set()
    for index, item in enumerate(entry.items("management", "subnets, like [198.51.100.7/32]")):
        block, wrong = parse_subnet(item)
        if wrong:
            entry.say(f"management[{index}]", wrong)
        if block:
            blocks.add(block)
    return tuple(sorted(blocks))


def _lan_hosts(entry: Entry) -> tuple[str, ...]:
    names: dict[str, int] = {}
    for index, item in enumerate(entry.items("lan_hosts", "inventory hosts or groups, like [berlin-1, berlin-2]")):
        wrong = _bad_host(item)
        if wrong:
            entry.say(f"lan_hosts[{index}]", wrong)
        elif str(item) in names:
            entry.say(f"lan_hosts[{index}]", f"{item!r} is listed twice; remove one.")
        else:
            names[str(item)] = index
    return tuple(names)


def _bad_host(value: object) -> str:
    wrong = bad_text(value)
    if not wrong and isinstance(value, str) and (" " in value or "," in value):
        return f"{value!r} is not the name of an inventory host or group; it has a blank or a comma."
    return wrong


def _gateways(site: Entry, name: str, subnets: tuple[Block, ...], authorities: Names) -> tuple[Gateway, ...]:
    example = "like gateways: [{host: gw1, address: 203.0.113.10}]."
    if site.missing("gateways", f"say what peers of {name} dial, {example}"):
        return ()
    items = site.items("gateways", "gateways, like [{host: gw1, address: 203.0.113.10}]")
    if site.get("gateways") in ([], ()):
        site.say("gateways", f"empty; say what peers of {name} dial, {example}")
    if len(items) > 1:
        site.say("gateways", f"{len(items)} gateways; a site has one for now. Remove the others, or make them sites.")
    found = [
        _gateway(Entry(item, site.at(f"gateways[{index}]"), GATEWAY_KEYS, site.problems), subnets, authorities)
        for index, item in enumerate(items[:2])
    ]
    return tuple(gateway for gateway in found if gateway)


def _gateway(entry: Entry, subnets: tuple[Block, ...], authorities: Names) -> Gateway | None:
    host = entry.get("host")
    wrong = _bad_host(host) if host is not None else ""
    if wrong:
        entry.say("host", wrong)
    peer = read_peer(entry)
    entry.missing("address", "give the IP address that peers dial, like 203.0.113.10.")
    address = peer.addresses[0] if peer and peer.addresses else None
    local = _address(entry, "local_address")
    if address and local and address.version != local.version:
        entry.say(
            "local_address", f"{local} and address {address} are of different families; use IPv{address.version}."
        )
    lan = _address(entry, "lan_address")
    if lan and subnets:
        _check_lan_address(entry, lan, subnets)
    device = _device(entry)
    early = entry.get("make_before_break") is None or entry.flag("make_before_break")
    forwarded = entry.flag("forwarded")
    extra = read_daemon_extra(entry)
    if forwarded and local is None:
        entry.say("forwarded", "says that a NAT passes UDP 500 and 4500 on to local_address, and there is none.")
    credentials = read_credentials(entry, authorities)
    if peer is None:
        return None
    managed = str(host) if host is not None else None
    return Gateway(managed, address, local, lan, device, early, peer.dial, peer.addresses, extra, forwarded,
                   credentials)  # fmt: skip


def _address(entry: Entry, key: str) -> Block | None:
    value = entry.get(key)
    if value is None:
        return None
    block, wrong = parse_address(value)
    if block and unusable(block):
        wrong = f"{unusable(block)}; give the address of an interface."
    if wrong:
        entry.say(key, wrong)
    return None if wrong else block


def _check_lan_address(entry: Entry, lan: Block, subnets: tuple[Block, ...]) -> None:
    around = [subnet for subnet in subnets if subnet.contains(lan)]
    if not around:
        entry.say("lan_address", f"{lan} is in none of this site's subnets ({listed(subnets)}).")
    elif edge(lan, around[0]):
        entry.say("lan_address", f"{lan} is the {edge(lan, around[0])} of {around[0]}; give the gateway's own address.")


def _device(entry: Entry) -> str | None:
    device = entry.get("device")
    if device is None:
        return None
    if entry.get("host") is not None:
        entry.say("device", "says what a peer runs that we do not manage, but this gateway has a host; remove one.")
    if not isinstance(device, str) or not _DEVICE.fullmatch(device):
        entry.say("device", "must be 1 to 64 of a-z, 0-9 and _, like cisco_ios.")
        return None
    return device


def _wrote_lan_address(site: Entry) -> bool:
    gateways = site.get("gateways")
    first = gateways[0] if isinstance(gateways, (list, tuple)) and gateways else None
    return isinstance(first, dict) and first.get("lan_address") is not None
