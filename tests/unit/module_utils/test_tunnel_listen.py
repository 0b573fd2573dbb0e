# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the answering end says of its peer's attempts, by the lines that 5.9.8 and 6.0.1 log of them."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from ansible_collections.causeway.ipsec.plugins.module_utils import tunnel_listen
from ansible_collections.causeway.ipsec.plugins.module_utils.sa_causes import OVERHEARD, Offer
from ansible_collections.causeway.ipsec.plugins.module_utils.tunnel_listen import UNNAMED, Listener, listening
from ansible_collections.causeway.ipsec.plugins.module_utils.vici import ViciUnavailableError

OFFER = Offer("198.51.100.10", "us", "them", ("aes128-sha256-modp3072",), ("aes256gcm16",), ("10.1.0.0/16",), ())
OFFERS = {"cw-a": OFFER, "cw-b": OFFER}
OPENING = "198.51.100.10 is initiating an IKE_SA"
MISMATCH = "tried 1 shared key for 'us' - 'them', but MAC mismatched"
UNACCEPTABLE = "traffic selectors 10.2.0.0/16 === 10.1.0.0/16 unacceptable"


class Log:
    """The events of a daemon's log, which come all at once."""

    def __init__(self, *lines: tuple[str, str, str]) -> None:
        self.lines = lines

    def heard(self) -> list[dict[str, str]]:
        lines, self.lines = self.lines, ()
        return [{"ikesa-uniqueid": number, "ikesa-name": name, "msg": line} for number, name, line in lines]


def code(listener: Listener, name: str, quiet: float = 0.0) -> str:
    found = listener.failure(name, quiet)
    return found[0].code if found else ""


def heard(*lines: tuple[str, str, str]) -> Listener:
    log: Any = Log(*lines)
    listener = Listener(OFFERS, log)
    listener.hear()
    return listener


@pytest.mark.parametrize(
    ("name", "line", "expected"),
    [
        ("cw-a", MISMATCH, "psk_mismatch"),
        ("cw-a", "no shared key found for 'us' - 'them'", "secret_missing"),
        ("cw-a", "certificate was revoked on Nov 26 05:54:30 UTC 2026, reason: unspecified", "certificate_revoked"),
        ("cw-a", "no trusted ECDSA public key found for 'us'", "public_key"),
        (UNNAMED, "no matching peer config found", "identity"),
        (UNNAMED, "received proposals unacceptable", "ike_proposal"),
        (UNNAMED, "no IKE config found for 198.51.100.20...198.51.100.10, sending NO_PROPOSAL_CHOSEN", "ike_proposal"),
        ("cw-a", "no acceptable proposal found", "child_proposal"),
        ("cw-a", UNACCEPTABLE, "selectors"),
        ("cw-a", "HW offload is not supported by device", "kernel"),
        ("cw-a", "unable to install inbound and outbound IPsec SA (SAD) in kernel", "kernel"),
        ("cw-a", "IKE_SA cw-a[7] established between us and them", ""),
    ],
)
def test_each_line_has_its_cause(name: str, line: str, expected: str) -> None:
    listener = heard(("7", UNNAMED, OPENING), ("7", name, "selected peer config"), ("7", name, line))
    assert code(listener, "cw-a") == expected
    assert not listener.failure("cw-a", quiet=60)


def test_an_attempt_is_of_the_tunnel_that_it_became_and_the_last_one_counts() -> None:
    listener = heard(
        ("7", UNNAMED, OPENING),
        ("8", UNNAMED, OPENING),
        ("7", "cw-a", UNACCEPTABLE),
        ("8", "cw-b", MISMATCH),
        ("9", UNNAMED, OPENING),
        ("9", "cw-a", MISMATCH),
        ("10", UNNAMED, "203.0.113.9 is initiating an IKE_SA"),
        ("10", UNNAMED, "no matching peer config found"),
    )
    assert [code(listener, name) for name in ("cw-a", "cw-b", "cw-c")] == ["psk_mismatch", "psk_mismatch", ""]
    assert (listener.failure("cw-a") or ("", []))[1] == [OPENING, MISMATCH]


def test_what_nobody_lets_us_hear_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_daemon() -> str:
        raise ViciUnavailableError("no daemon")

    monkeypatch.setattr(tunnel_listen, "find_socket", no_daemon)
    for wanted in (True, False):
        with listening(OFFERS, wanted) as listener:
            listener.hear()
            assert not listener.failure("cw-a")


def test_every_text_can_be_filled_in() -> None:
    for symptom in OVERHEARD:
        names = (*symptom.pattern.groupindex, *(field.name for field in fields(Offer)))
        assert symptom.text.format(**dict.fromkeys(names, "y"))
