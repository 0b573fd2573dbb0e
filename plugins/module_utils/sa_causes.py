# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a tunnel does not come up, in plain words: a pure function of charon's log lines and of what was offered."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class Offer:
    """What this end's configuration says, as far as a reader needs it to find the wrong parameter."""

    remote_address: str = "the peer"
    local_id: str = ""
    remote_id: str = ""
    ike_proposals: tuple[str, ...] = ()
    ipsec_proposals: tuple[str, ...] = ()
    local_subnets: tuple[str, ...] = ()
    remote_subnets: tuple[str, ...] = ()
    protocol: str = "ESP"
    ike_version: str = "2"
    local_auth: str = "psk"


@dataclass(frozen=True)
class Cause:
    """A code for programs and a sentence for people."""

    code: str
    text: str


@dataclass(frozen=True)
class Symptom:
    """A pattern in the log, and what it means; its text may use the pattern's groups and the offer's fields."""

    code: str
    pattern: re.Pattern[str]
    text: str = field(repr=False)


def _symptom(code: str, pattern: str, text: str) -> Symptom:
    return Symptom(code, re.compile(pattern), text)


CERTIFICATE_SYMPTOMS = (
    _symptom(
        "key_missing",
        r"no private key found for",
        "this host has no private key with a certificate for {local_id}. Is it loaded (swanctl --list-certs shows "
        "which have their private key)?",
    ),
    _symptom(
        "certificate_revoked",
        r"certificate was revoked on (?P<when>.+), reason: (?P<why>.+)",
        "the certificate of the peer at {remote_address} was revoked on {when} ({why}). Give that end a new one.",
    ),
    _symptom(
        "certificate_dates",
        r"certificate invalid \((?P<when>valid from .*)\)",
        "a certificate of the peer at {remote_address} is not valid now: {when}. Renew it, or set this host's clock.",
    ),
    _symptom(
        "certificate_untrusted",
        r"issuer is (?P<issuer>\".*\")",
        "the certificate of the peer at {remote_address} is signed by {issuer}, which this end does not know. Give the "
        "peer's gateway its ca, or the peer another certificate.",
    ),
    _symptom(
        "certificate_untrusted",
        r"constraint check failed: peer not authenticated by CA (?P<ca>'.*')",
        "the certificate of the peer at {remote_address} is not signed by {ca}, which this end trusts for it. Give the "
        "peer's gateway its ca, or the peer another certificate.",
    ),
    _symptom(
        "certificate_status",
        r"constraint check failed: RULE_(CRL|OCSP)_VALIDATION",
        "nothing says whether the certificate of the peer at {remote_address} is revoked, and revocation: strict "
        "demands it. Give its authority a current list (crls), or use relaxed.",
    ),
    _symptom(
        "public_key",
        r"constraint check failed: peer not authenticated with peer cert|no trusted \S+ public key found for|"
        r"signature validation failed, looking for another key",
        "the peer at {remote_address} proved to have another key than this end knows of {remote_id}. Give its gateway "
        "the right public_key or certificate.",
    ),
)
# In order: the first that any line matches is the cause, so what is more telling comes first.
SYMPTOMS = (
    _symptom(
        "not_loaded",
        r"(CHILD_SA|IKE_SA) config '(?P<name>[^']*)' not found",
        "the connection is not loaded in strongSwan. Run the module causeway.ipsec.connections first.",
    ),
    _symptom(
        "algorithm_missing",
        r"(?P<what>(configured DH group|negotiated DH group|key exchange method|"
        r"ENCRYPTION_ALGORITHM|INTEGRITY_ALGORITHM|PSEUDO_RANDOM_FUNCTION) \S+) not supported",
        "this host's strongSwan cannot do {what}. Install libstrongswan-standard-plugins and "
        "libstrongswan-extra-plugins, or choose another policy.",
    ),
    _symptom(
        "kernel",
        r"(?P<what>HW offload is not supported by device.*)",
        "no device of this host takes over what hw_offload asks for ({what}). Use auto or no.",
    ),
    _symptom(
        "kernel",
        r"(?P<what>unable to install .* in kernel|error installing route with policy.*)",
        "the peer agreed, but this host could not install it ({what}). In the kernel: does it have {protocol} "
        "and XFRM? With userspace ESP: does this host have an address inside {local_subnets}?",
    ),
    _symptom(
        "secret_missing",
        r"no shared key found for",
        "this host has no pre-shared key for {local_id} and {remote_id}. Is its secret loaded "
        "(swanctl --load-creds), and do its ids match?",
    ),
    *CERTIFICATE_SYMPTOMS,
    _symptom(
        "psk_mismatch",
        r"MAC mismatched|calculated HASH does not match|invalid HASH_V1 payload|"
        r"could not decrypt payloads|payload processing failed|received PAYLOAD_MALFORMED error notify",
        "the peer at {remote_address} proved to know another pre-shared key than this end has. Set the same one "
        "at both ends.",
    ),
    _symptom(
        "psk_mismatch",
        r"authentication of IKEv1 not answered",
        "the peer at {remote_address} answers, and falls silent when the ends are to authenticate each other. That is "
        "how different pre-shared keys show in IKEv1: set the same one at both ends. The peer's log says more.",
    ),
    _symptom(
        "identity",
        r"IDir '(?P<got>[^']*)' does not match to|constraint check failed: identity '(?P<want>[^']*)'",
        "the peer at {remote_address} answers with another identity than {remote_id}. Set this tunnel's id of the "
        "peer to what it sends, or the peer's own id to {remote_id}.",
    ),
    _symptom(
        "authentication",
        r"received AUTHENTICATION_FAILED (error )?notify",
        "the peer at {remote_address} refuses our authentication: {proof}, or it does not know "
        "{local_id} (our identity) or is not {remote_id} (the identity we expect of it).",
    ),
    _symptom(
        "selectors",
        r"received TS_UNACCEPTABLE notify|INVALID_ID_INFORMATION|no acceptable traffic selectors",
        "the peer at {remote_address} has other subnets than we offered ({local_subnets} here, {remote_subnets} "
        "there). Its selectors must mirror ours.",
    ),
    _symptom(
        "child_proposal",
        # IKEv1 says the same of both phases, of the second one in a message that the first has made it able to prove.
        r"received NO_PROPOSAL_CHOSEN notify, no CHILD_SA built|"
        r"parsed INFORMATIONAL_V1 request \d+ \[ HASH N\(NO_PROP\) \]",
        "the peers agree on IKE, but {remote_address} accepts none of our {protocol} proposals "
        "({ipsec_proposals}). Compare the protocol (ESP or AH), encryption, integrity and PFS group at both ends.",
    ),
    _symptom(
        "ike_group",
        r"received INVALID_KE_PAYLOAD notify error|peer didn't accept (DH group|key exchange method) "
        r"(?P<ours>\S+), but it requested invalid|giving up after \d+ retries",
        "the peer at {remote_address} insists on another Diffie-Hellman group than those we offer ({ike_proposals}).",
    ),
    _symptom(
        "ike_proposal",
        r"received NO_PROPOSAL_CHOSEN (notify error|error notify)|no acceptable proposal found|no proposal found",
        "the peer at {remote_address} answers, but accepts none of our IKE proposals ({ike_proposals}), or it has "
        "no connection for our address and IKE version. Compare both ends.",
    ),
    _symptom(
        "local",
        r"(?P<what>error writing to socket: .*|no local address found.*|unable to resolve \S+|"
        r"no route found to reach peer.*)",
        "nothing can be sent to {remote_address} from this host ({what}). Check addresses and routes.",
    ),
    _symptom(
        "no_answer",
        r"peer not responding|giving up after \d+ retransmits|retransmit \d+ of request",
        "no answer from {remote_address} at all: is it up, is strongSwan (or what it has) running there, "
        "is there a route to it, and do firewalls on the way let UDP 500 and 4500 through both ways?{of_ikev1}",
    ),
    _symptom(
        "refused",
        r"IDr payload missing",
        "the peer at {remote_address} could not set the tunnel up, and does not tell why; its own report or log does.",
    ),
    _symptom(
        "refused",
        r"received (?P<what>[A-Z_]{6,}) (notify error|error notify)",
        "the peer at {remote_address} refuses with {what}; its log says why.",
    ),
)
_UNPROVEN = "it does not believe our certificate or key (its own report or log says why)"
_IKEV1_IGNORED = (
    " Does it do IKEv1? Some ignore it without a word (libreswan unless ikev1-policy=accept): then use version 2."
)
# What the end that answers logs of the peer's attempt.
OVERHEARD = (
    *(symptom for symptom in SYMPTOMS if symptom.code in {"kernel", "psk_mismatch", "secret_missing"}),
    *CERTIFICATE_SYMPTOMS,
    _symptom(
        "identity",
        r"no matching peer config found",
        "the peer at {remote_address} comes with other identities than this end has a connection for: here it is "
        "{local_id}, and the peer is to be {remote_id}.",
    ),
    _symptom(
        "ike_proposal",
        r"received proposals unacceptable|no IKE config found for",
        "this end accepts none of the IKE proposals of the peer at {remote_address} (it has {ike_proposals}), or has "
        "no connection for the peer's address and IKE version. Compare both ends.",
    ),
    _symptom(
        "child_proposal",
        r"no acceptable proposal found",
        "this end accepts none of the {protocol} proposals of the peer at {remote_address} (it has {ipsec_proposals}). "
        "Compare the protocol (ESP or AH), encryption, integrity and PFS group at both ends.",
    ),
    _symptom(
        "selectors",
        r"traffic selectors .* unacceptable",
        "the peer at {remote_address} has other subnets than this end ({local_subnets} here, {remote_subnets} there). "
        "Its selectors must mirror ours.",
    ),
)
PASSIVE = Cause("waits", "this end only answers: the peer has not set the tunnel up. Look at the peer's own report.")
HALF = Cause(
    "half",
    "the ends have authenticated each other, and the peer has fallen silent since: it is slow, or it has lost the "
    "tunnel, as in a crash. This end tries again within minutes; with anew: true, the module tunnel does so at once.",
)
TOO_SLOW = Cause("slow", "the peer answers, but the tunnel did not come up in time. Try a longer timeout.")


def classify(lines: list[str], error: str, offer: Offer) -> Cause:
    """Return the cause that the log of an attempt shows; failing all, the daemon's own last words."""
    cause = _first(SYMPTOMS, [*lines, error], offer)
    if cause:
        return cause
    if "not established after" in error and not any(line.startswith("received packet") for line in lines):
        return no_answer(offer)
    last = next((line for line in reversed(lines) if line.strip()), error)
    return Cause("unknown", f"{error or 'it did not come up'}; charon's last words: {last.strip() or 'none'}")


def overheard(lines: list[str], offer: Offer) -> Cause | None:
    """Return why an attempt of the peer's failed at this end; None if it did not, as far as the log tells."""
    return _first(OVERHEARD, lines, offer)


def _first(symptoms: Iterable[Symptom], lines: list[str], offer: Offer) -> Cause | None:
    for symptom in symptoms:
        for line in lines:
            found = symptom.pattern.search(line)
            if found:
                return Cause(symptom.code, symptom.text.format(**words(offer), **_groups(found)))
    return None


def no_answer(offer: Offer) -> Cause:
    """Return the cause of an attempt to which nothing ever came back."""
    return classify(["peer not responding"], "", offer)


def unauthenticated(offer: Offer) -> Cause:
    """Return the cause where a peer of IKEv1 answers until it has to authenticate."""
    return classify(["authentication of IKEv1 not answered"], "", offer)


def _groups(found: re.Match[str]) -> dict[str, str]:
    return {key: value or "" for key, value in found.groupdict().items()}


def words(offer: Offer) -> dict[str, str]:
    """Return what a text may use of an offer."""
    return {
        "remote_address": offer.remote_address,
        "local_id": repr(offer.local_id),
        "remote_id": repr(offer.remote_id),
        "ike_proposals": ", ".join(offer.ike_proposals) or "strongSwan's defaults",
        "ipsec_proposals": ", ".join(offer.ipsec_proposals) or "strongSwan's defaults",
        "protocol": offer.protocol,
        "local_subnets": ", ".join(offer.local_subnets) or "its own address",
        "remote_subnets": ", ".join(offer.remote_subnets) or "its own address",
        "proof": "its pre-shared key differs" if offer.local_auth == "psk" else _UNPROVEN,
        "of_ikev1": _IKEV1_IGNORED if offer.ike_version == "1" else "",
    }
