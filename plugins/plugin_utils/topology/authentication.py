# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the ends of a tunnel prove who they are, and by what files on a gateway.

What is in certificates and keys is none of the planner's business: it knows where they come from, and plugin_utils/pki
reads them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .model import Topology, Tunnel

PSK: Final = "psk"
CERTIFICATE: Final = "certificate"
PUBLIC_KEY: Final = "public_key"
METHODS: Final = (PSK, CERTIFICATE, PUBLIC_KEY)
OWN_AUTHORITY: Final = "causeway"  # the one that the collection makes, for gateways without a certificate
MAKES_ONE: Final = "openssl rand -base64 48 makes one"
PEM: Final = "-----BEGIN "


@dataclass(frozen=True, slots=True)
class Authority:
    """A certification authority. Each text is PEM, or a path on the controller."""

    name: str
    certificates: tuple[str, ...]  # one each; with the self-signed root
    crls: tuple[str, ...] = ()
    crl_uris: tuple[str, ...] = ()  # where gateways ask, besides those that certificates name themselves
    ocsp_uris: tuple[str, ...] = ()

    @property
    def tells(self) -> bool:
        """Whether anything says which of its certificates are revoked."""
        return bool(self.crls or self.crl_uris or self.ocsp_uris)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a gateway proves itself by. Each text is PEM, or a path on the controller."""

    ca: str | None = None  # name of the authority that has signed the certificate
    certificate: str | None = None
    private_key: str | None = field(default=None, repr=False)
    public_key: str | None = None

    @property
    def authority(self) -> str:
        """The name of the authority that has signed the certificate, or will."""
        return self.ca or OWN_AUTHORITY


NOTHING: Final = Credentials()


def method_of(tunnel: Tunnel, site: str) -> str:
    """How one end of a tunnel proves who it is."""
    return tunnel.auths.get(site, tunnel.auth)


def methods(tunnel: Tunnel) -> set[str]:
    """How both ends prove who they are."""
    return {method_of(tunnel, site) for site in tunnel.sites} if tunnel.auths else {tunnel.auth}


def authentication_faults(topology: Topology, tunnel: Tunnel) -> Iterator[tuple[str, str]]:
    """What an end could not prove, or its peer not check: key and message."""
    both = methods(tunnel)
    yield from _psk_faults(topology, tunnel, both)
    yield from _ikev1_faults(topology, tunnel, both)
    for site in tunnel.sites:
        yield from _peer_faults(topology, tunnel, site)
        if method_of(tunnel, site) == CERTIFICATE:
            yield from _certificate_faults(topology, tunnel, site)


def _ikev1_faults(topology: Topology, tunnel: Tunnel, both: set[str]) -> Iterator[tuple[str, str]]:
    """IKEv1 negotiates one method for both ends (RFC 2409, 5 and appendix A)."""
    policy = topology.policies.get(tunnel.policy)
    if policy is None or policy.ike.version == 2 or PSK not in both or len(both) == 1:
        return
    ends = " and ".join(f"{site} has {method_of(tunnel, site)}" for site in tunnel.sites)
    yield (
        ".auth",
        (
            f"policy {tunnel.policy!r} uses IKEv1, in which both ends prove themselves in the same way, and {ends}; "
            "give both psk, or each certificate or public_key, or use a policy with version 2."
        ),
    )


def _certificate_faults(topology: Topology, tunnel: Tunnel, site: str) -> Iterator[tuple[str, str]]:
    authority = topology.authorities.get(topology.sites[site].gateway.credentials.authority)
    if tunnel.behaviour.revocation == "strict" and not (authority and authority.tells):
        yield (
            ".revocation",
            (
                f"strict refuses {site}: {_signer(topology, site)} has neither crls, crl_uris nor ocsp_uris that would "
                "say that its certificate is good. Use relaxed or ifuri."
            ),
        )
    own = tunnel.ids.get(site, "")
    if own.startswith("keyid:"):
        yield (
            ".ids",
            (
                f"{own!r} of {site} is a key id, which no certificate can have; use a name, an address, an e-mail "
                "address or the certificate's distinguished name."
            ),
        )


def _signer(topology: Topology, site: str) -> str:
    name = topology.sites[site].gateway.credentials.authority
    return "the collection's own CA" if name == OWN_AUTHORITY else f"authority {name!r}"


def _psk_faults(topology: Topology, tunnel: Tunnel, both: set[str]) -> Iterator[tuple[str, str]]:
    unmanaged = [site for site in tunnel.sites if topology.sites[site].gateway.host is None]
    if PSK not in both and tunnel.psk is not None:
        yield ".psk", f"is not used: both ends authenticate by {' and '.join(sorted(both))}; remove it."
    if PSK in both and len(unmanaged) == 1 and tunnel.psk is None:
        yield (
            ".psk",
            f"missing; we do not manage {unmanaged[0]}'s gateway, so give the key agreed on with it ({MAKES_ONE}).",
        )


def _peer_faults(topology: Topology, tunnel: Tunnel, site: str) -> Iterator[tuple[str, str]]:
    """What is not known of a gateway that we do not manage."""
    gateway = topology.sites[site].gateway
    if gateway.host is not None:
        return
    if method_of(tunnel, site) == CERTIFICATE and gateway.credentials.ca is None:
        yield (
            ".auth",
            f"we do not manage {site}'s gateway: say at it which of the authorities has signed its certificate (ca).",
        )
    if method_of(tunnel, site) == PUBLIC_KEY and gateway.credentials.public_key is None:
        yield ".auth", f"we do not manage {site}'s gateway: give its public_key there."
