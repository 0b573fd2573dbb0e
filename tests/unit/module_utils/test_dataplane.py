# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel's answers to the probes mean."""

from __future__ import annotations

import pytest
from ansible_collections.causeway.ipsec.plugins.module_utils.dataplane import PROBES, explain, explain_tun

BY_NAME = {probe.name: probe for probe in PROBES}


@pytest.mark.parametrize(
    ("probe", "error", "meaning"),
    [
        (
            "esp",
            "Error: Requested type not found.\n",
            "the kernel makes no ESP over IPv4 (CONFIG_INET_ESP, module esp4)",
        ),
        (
            "esp",
            "RTNETLINK answers: Protocol not supported",
            "the kernel makes no ESP over IPv4 (CONFIG_INET_ESP, module esp4)",
        ),
        (
            "esp",
            "Error: Requested AUTH algorithm not found.",
            "the kernel lacks a cipher or hash that ESP needs (Requested AUTH algorithm not found.)",
        ),
        (
            "aead",
            "Error: Requested AEAD algorithm not found.",
            "the kernel has no AES-GCM for ESP (CONFIG_CRYPTO_GCM and CONFIG_CRYPTO_SEQIV, module gcm)",
        ),
        (
            "policy",
            "Cannot open netlink socket: Protocol not supported",
            "the kernel has no IPsec at all (CONFIG_XFRM_USER, module xfrm_user)",
        ),
        (
            "esp_ipv6",
            "Error: odd\n  words",
            "the kernel makes no ESP over IPv6 (CONFIG_INET6_ESP, module esp6): odd words",
        ),
        ("esp", "", "the kernel makes no ESP over IPv4 (CONFIG_INET_ESP, module esp4): exit status 2"),
    ],
)
def test_answers_are_put_in_words(probe: str, error: str, meaning: str) -> None:
    assert explain(BY_NAME[probe], 2, error) == meaning


def test_success_lacks_nothing() -> None:
    assert explain(BY_NAME["esp"], 0, "") is None


def test_keys_have_the_lengths_that_the_algorithms_take() -> None:
    cbc, gcm = BY_NAME["esp"].arguments, BY_NAME["aead"].arguments
    assert len(cbc[cbc.index("cbc(aes)") + 1]) == 2 + 2 * 16
    assert len(cbc[cbc.index("hmac(sha256)") + 1]) == 2 + 2 * 32
    assert len(gcm[gcm.index("rfc4106(gcm(aes))") + 1]) == 2 + 2 * 20


@pytest.mark.parametrize(
    ("number", "words"), [(2, "no such file"), (19, "CONFIG_TUN"), (1, "not allowed"), (99, "odd")]
)
def test_a_tun_device_that_does_not_open_is_explained(number: int, words: str) -> None:
    assert words in explain_tun(number, "odd")
