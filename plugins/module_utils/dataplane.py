# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which probes tell whether a kernel makes ESP, and what their answers mean. Nothing here touches the host."""

from __future__ import annotations

from dataclasses import dataclass

# Addresses of the documentation ranges, and keys that protect nothing: the namespace dies with the command.
_ENDS_V4 = ("src", "192.0.2.1", "dst", "192.0.2.2")
_ENDS_V6 = ("src", "2001:db8::1", "dst", "2001:db8::2")
_SELECTOR = ("src", "10.0.0.0/24", "dst", "10.0.1.0/24")
_STATE = ("proto", "esp", "reqid", "1", "mode", "tunnel")
_CBC = ("enc", "cbc(aes)", "0x" + "11" * 16, "auth-trunc", "hmac(sha256)", "0x" + "22" * 32, "128")
_GCM = ("aead", "rfc4106(gcm(aes))", "0x" + "33" * 20, "128")


@dataclass(frozen=True)
class Probe:
    """One `ip` command that only a kernel with this ability carries out."""

    name: str
    arguments: tuple[str, ...]
    lacking: str
    essential: bool = True


PROBES = (
    Probe(
        "esp",
        ("xfrm", "state", "add", *_ENDS_V4, "spi", "0x1000", *_STATE, *_CBC),
        "the kernel makes no ESP over IPv4 (CONFIG_INET_ESP, module esp4)",
    ),
    Probe(
        "policy",
        ("xfrm", "policy", "add", *_SELECTOR, "dir", "out", "tmpl", *_ENDS_V4, "proto", "esp", "mode", "tunnel"),
        "the kernel holds no IPsec policies (CONFIG_XFRM_USER, module xfrm_user)",
    ),
    Probe(
        "aead",
        ("xfrm", "state", "add", *_ENDS_V4, "spi", "0x1001", *_STATE, *_GCM),
        "the kernel has no AES-GCM for ESP (CONFIG_CRYPTO_GCM and CONFIG_CRYPTO_SEQIV, module gcm)",
        essential=False,
    ),
    Probe(
        "esp_ipv6",
        ("xfrm", "state", "add", *_ENDS_V6, "spi", "0x1002", *_STATE, *_CBC),
        "the kernel makes no ESP over IPv6 (CONFIG_INET6_ESP, module esp6)",
        essential=False,
    ),
)

# Daemons that take UDP 500 for themselves, by the file in which each keeps its process id while it runs.
RIVALS = {
    "/run/starter.charon.pid": "strongswan-starter",
    "/run/pluto/pluto.pid": "libreswan",
    "/run/racoon.pid": "racoon",
}

# What `ip xfrm` says when one thing is missing, and that thing. "Requested …" are the kernel's own words (extack).
_MEANINGS = (
    ("requested type not found", "{lacking}"),
    ("requested aead algorithm not found", "{lacking}"),
    ("algorithm not found", "the kernel lacks a cipher or hash that ESP needs ({error})"),
    ("cannot open netlink socket", "the kernel has no IPsec at all (CONFIG_XFRM_USER, module xfrm_user)"),
    ("protocol not supported", "{lacking}"),
)


def explain(probe: Probe, status: int, error: str) -> str | None:
    """What the kernel lacks, in words for people, or None if it carried the probe out."""
    if status == 0:
        return None
    said = " ".join(error.replace("Error:", "").split()) or f"exit status {status}"
    for needle, meaning in _MEANINGS:
        if needle in said.lower():
            return meaning.format(lacking=probe.lacking, error=said)
    return f"{probe.lacking}: {said}"


def explain_tun(number: int, text: str) -> str:
    """Why /dev/net/tun does not open, by errno."""
    reasons = {
        1: "this container or service is not allowed to use it (device cgroup)",
        2: "there is no such file (load the module tun, or pass the device to the container)",
        6: "the kernel has no TUN driver (CONFIG_TUN, module tun)",
        13: "access is denied (are we root?)",
        19: "the kernel has no TUN driver (CONFIG_TUN, module tun)",
    }
    return f"/dev/net/tun does not open: {reasons.get(number, text)}"
