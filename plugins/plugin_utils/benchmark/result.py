# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the answers of a measurement's hosts mean, and what it was that limited a tunnel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .plan import INSIDE

Answer = Mapping[str, Any]

AT_ITS_LIMIT = 90.0  # percent of a core's time
MUCH_STOLEN = 10.0
CARRIED = 0.9  # of what was measured inside a tunnel must have gone through it, at least
# How the kernel names what strongSwan calls by these beginnings: that is what /proc/crypto lists.
KERNEL_NAMES = {
    "AES_GCM": "rfc4106(gcm(aes))",
    "AES_CCM": "rfc4309(ccm(aes))",
    "CHACHA20_POLY1305": "rfc7539esp(chacha20,poly1305)",
    "AES_CBC": "cbc(aes)",
    "AES_CTR": "rfc3686(ctr(aes))",
    "3DES_CBC": "cbc(des3_ede)",
}


@dataclass(frozen=True)
class Row:
    """One measurement; without an error, there are numbers."""

    tunnel: str
    where: str
    sender: str
    receiver: str
    gateways: tuple[str, ...]
    error: str = ""
    bits_per_second: int = 0
    octets: int = 0
    retransmits: int | None = None
    mss: int | None = None
    ratio: float | None = None  # of a measurement inside, to that past the tunnel in the same direction
    cores: Mapping[str, Sequence[Answer]] = field(default_factory=dict)  # by host, the busiest first


@dataclass(frozen=True)
class Tunnel:
    """A tunnel's measurements, what it is, and what there is to say of it."""

    name: str
    rows: tuple[Row, ...]
    cipher: str
    mtu: int | None
    problems: tuple[str, ...]
    notes: tuple[str, ...]


def row(answers: Answer) -> Row:
    """The measurement of which `watching`, `sent` and `told` are what the hosts said at each step."""
    asked = answers["measurement"]
    client, sent = asked["client"]["host"], answers["sent"]
    measured = Row(
        tunnel=asked["tunnel"],
        where=asked["where"],
        sender=asked["sender"]["host"],
        receiver=asked["receiver"]["host"],
        gateways=tuple(asked["gateways"]),
        error=_error(asked, answers["watching"], sent),
    )
    if measured.error:
        return measured
    seen = {**answers["told"], client: sent}
    return replace(
        measured,
        bits_per_second=sent["bits_per_second"],
        octets=sent["bytes"],
        retransmits=sent["retransmits"],
        mss=sent["mss"],
        cores={host: one["cores"] for host, one in seen.items() if one.get("cores")},
    )


def _error(asked: Answer, watching: Mapping[str, Answer], sent: Answer) -> str:
    """Why there are no numbers, in words that name the hosts, the address and the port."""
    client, server = asked["client"]["host"], asked["server"]["host"]
    target = f"{asked['server']['address']}, TCP port {asked['port']}"
    listening = watching.get(server, {})
    if listening.get("error"):
        return f"iperf3 on {server} does not listen on {target}: {listening['error']}"
    if not listening.get("job"):
        return f"{server} gave no answer when it was to listen on {target}"
    if "error" not in sent:
        return f"{client} gave no answer when it was to call {target} on {server}"
    said = sent["error"]
    if said and "connect" in said:
        return (
            f"{client} could not reach {target}, on {server}, where iperf3 listened: {said}. Let it through on "
            f"{server} and on the way for as long as you measure"
        )
    return f"between {client} and {target} on {server}, iperf3 ended with: {said}" if said else ""


def tunnels(
    rows: Sequence[Row], sections: Mapping[str, str], before: Mapping[str, Answer], after: Mapping[str, Answer]
) -> list[Tunnel]:
    """The rows by tunnel.

    sections: each tunnel's name in strongSwan. before, after: what tunnel_info said of it at either end, by host, when
    nothing was measured yet, and in the end.
    """
    names = dict.fromkeys(one.tunnel for one in rows)
    return [
        _tunnel(
            [one for one in rows if one.tunnel == name], _ends(before, sections[name]), _ends(after, sections[name])
        )
        for name in names
    ]


def _ends(answers: Mapping[str, Answer], section: str) -> dict[str, Answer]:
    """What each host says of one tunnel."""
    return {host: one for host, said in answers.items() for one in said.get("tunnels", ()) if one["name"] == section}


def _tunnel(rows: Sequence[Row], before: Mapping[str, Answer], after: Mapping[str, Answer]) -> Tunnel:
    children = [child for end in after.values() for child in end["children"]]
    failed = [f"{one.where}: {one.error}" for one in rows if one.error]
    return Tunnel(
        name=rows[0].tunnel,
        rows=tuple(replace(one, ratio=_ratio(one, rows)) for one in rows),
        cipher=", ".join(sorted({child["proposal"] for child in children})),
        mtu=min((child["mtu"] for child in children if child.get("mtu")), default=None),
        problems=tuple(dict.fromkeys([*failed, *_down(after), *_bypassed(rows, before, after)])),
        notes=tuple(note for one in rows for note in _limits(one)),
    )


def _ratio(row: Row, rows: Sequence[Row]) -> float | None:
    """The same direction is that between the same gateways."""
    past = next((one for one in rows if one.where != row.where and one.gateways == row.gateways), None)
    if row.where != INSIDE or row.error or not past or not past.bits_per_second:
        return None
    return row.bits_per_second / past.bits_per_second


def _down(ends: Mapping[str, Answer]) -> Iterator[str]:
    for host, end in ends.items():
        if end["state"] != "up":
            yield f"the tunnel is {end['state']} on {host}; the playbook causeway.ipsec.verify says why"


def _bypassed(rows: Sequence[Row], before: Mapping[str, Answer], after: Mapping[str, Answer]) -> Iterator[str]:
    """What was measured inside must have been in the tunnel. Of one that was set up anew meanwhile nobody knows."""
    measured = sum(one.octets for one in rows if one.where == INSIDE)
    for host in after:
        if host in before and _spis(before[host]) == _spis(after[host]):
            carried = _carried(after[host]) - _carried(before[host])
            if carried < CARRIED * measured:
                yield (
                    f"of {measured} bytes that were measured inside, only {carried} went through the tunnel by what "
                    f"{host} counts: these hosts have another way to each other, and the numbers are that one's"
                )
            return


def _spis(end: Answer) -> set[str]:
    return {child["spi_in"] for child in end["children"]}


def _carried(end: Answer) -> int:
    return sum(child["bytes_in"] + child["bytes_out"] for child in end["children"])


def _limits(one: Row) -> Iterator[str]:
    """Whose processor was at its limit."""
    for host, cores in one.cores.items():
        core, load = cores[0]["core"], cores[0]["busy"] + cores[0]["steal"]
        way = f"{one.where} from {one.sender} to {one.receiver}"
        if cores[0]["steal"] >= MUCH_STOLEN:
            yield f"{way}, the hypervisor of {host} withheld {cores[0]['steal']:.0f} % of {core}'s time"
        if load >= AT_ITS_LIMIT and host in one.gateways:
            yield f"{way}, {core} of {host} was at its limit: more needs a quicker core or cipher"
        elif load >= AT_ITS_LIMIT:
            yield f"{way}, {core} of {host} was at its limit, which only measures: the tunnel may carry more"


def kernel_name(proposal: str) -> str:
    """The part of a name in /proc/crypto that tells which cipher a tunnel has; of AH, there is none."""
    return next((name for start, name in KERNEL_NAMES.items() if proposal.startswith(start)), "")


def driver(drivers: Mapping[str, str], proposal: str) -> str:
    """The kernel's code for a tunnel's cipher, where it tells."""
    wanted = kernel_name(proposal)
    return next((code for name, code in drivers.items() if wanted and wanted in name), "")
