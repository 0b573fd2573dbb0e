# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The platforms' rows. Every number is from a document of the vendor's that ``sources`` names.

Quotas that a customer can have raised are no limits here; where tiers differ, the largest one counts (``limits`` in the
topology can say less).
"""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Final

from .blocks import Block, parse_subnet
from .platform_types import Algorithms, Platform, Psk, Range, Source, Words

if TYPE_CHECKING:
    from collections.abc import Mapping


def _blocks(*texts: str) -> tuple[Block, ...]:
    return tuple(block for block, _wrong in map(parse_subnet, texts) if block)


# fmt: off
_PRINTABLE: Final = frozenset(map(chr, range(32, 127)))
_ALPHANUMERIC: Final = frozenset(string.ascii_letters + string.digits)

_AWS: Final = Algorithms(
    ("aes128", "aes256", "aes128gcm16", "aes256gcm16"), ("sha1", "sha256", "sha384", "sha512"),
    (2, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24),
)
_AWS_IPSEC: Final = Algorithms(
    _AWS.encryption, _AWS.integrity, (2, 5, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24), pfs=True
)
_AZURE: Final = Algorithms(
    ("aes256gcm16", "aes128gcm16", "aes256", "aes192", "aes128", "3des"), ("sha384", "sha256", "sha1", "md5"),
    (24, 20, 19, 14, 2, 1),
)
_AZURE_IPSEC: Final = Algorithms(
    ("aes256gcm16", "aes192gcm16", "aes128gcm16", "aes256", "aes192", "aes128", "3des"), ("sha256", "sha1", "md5"),
    _AZURE.groups,
)
_GCP: Final = Algorithms(
    ("aes128gcm16", "aes192gcm16", "aes256gcm16", "aes128", "aes192", "aes256", "3des"),
    ("aesxcbc", "aescmac", "sha1", "md5", "sha256", "sha384", "sha512"),
    (14, 23, 24, 5, 15, 16, 18, 2, 22, 19, 20, 21, 31),
    prf=("aesxcbc", "aescmac", "sha1", "md5", "sha256", "sha384", "sha512"),
)
_GCP_IPSEC: Final = Algorithms(
    ("aes128gcm16", "aes192gcm16", "aes256gcm16", "aes128", "aes192", "aes256"), ("sha256", "sha512", "sha1"),
    _GCP.groups, pfs=True,
)
_IONOS: Final = Algorithms(
    ("aes128", "aes256", "aes128ctr", "aes256ctr", "aes128gcm16", "aes256gcm16", "aes128gcm12", "aes256gcm12",
     "aes128ccm12", "aes256ccm12"),
    ("sha256", "sha384", "sha512", "aesxcbc"), (15, 16, 19, 20, 21, 28, 29, 30), pfs=True,
)
_OTC: Final = Algorithms(
    ("aes256gcm16", "aes128gcm16", "aes256", "aes192", "aes128", "3des"),
    ("sha512", "sha384", "sha256", "sha1", "md5"), (1, 2, 5, 14, 15, 16, 19, 20, 21),
)
_UCLOUDSTACK: Final = Algorithms(
    ("3des", "aes128", "aes192", "aes256"), ("md5", "sha1", "sha256"), (1, 2, 5, 14, 24)
)
_UCLOUDSTACK_IPSEC: Final = Algorithms(_UCLOUDSTACK.encryption, ("md5", "sha1"), _UCLOUDSTACK.groups)

PLATFORMS: Final[Mapping[str, Platform]] = {
    "aws": Platform(
        title="AWS Site-to-Site VPN",
        words=Words("Phase 1", "Phase 2", "pre-shared key", "local network", "remote network"),
        psk=Psk(
            Range(8, 64), _ALPHANUMERIC | set("._"), "letters, digits, '.' and '_'", not_first="0",
            made_by="openssl rand -hex 32 | tr 0 g",
        ),
        ike={1: _AWS, 2: _AWS}, ipsec={1: _AWS_IPSEC, 2: _AWS_IPSEC}, modes=("main",), protocols=("esp",),
        ike_lifetime=Range(900, 28800), ipsec_lifetime=Range(900, 3600), ipsec_first=True,
        ikev1_pairs=1,
        notes=(
            "Each VPN connection has two tunnels, at two addresses of AWS: make each a site of its own.",
            ("Whatever order we propose, AWS takes the lowest value of its own list that we offer too; restrict the "
             "lists there."),
            "The number of connections per gateway is a quota that AWS raises on request.",
        ),
        sources=(
            Source('"Tunnel options for your Site-to-Site VPN connection", AWS Site-to-Site VPN User Guide',
                   "PSK, algorithms, groups, lifetimes, defaults"),
            Source('"Your customer gateway device", AWS Site-to-Site VPN User Guide',
                   "main mode, ESP, PFS, one pair of security associations per tunnel"),
            Source('"ModifyVpnTunnelOptionsSpecification", Amazon EC2 API Reference', "the same values"),
        ),
    ),
    "azure": Platform(
        title="Azure VPN Gateway",
        words=Words("IKE Main Mode", "IPsec Quick Mode", "shared key", "virtual network", "local network gateway"),
        psk=Psk(
            Range(1, 128), _PRINTABLE - set(" -~"), "printable ASCII characters except the blank, '-' and '~'"
        ),
        ike={1: _AZURE, 2: _AZURE}, ipsec={1: _AZURE_IPSEC, 2: _AZURE_IPSEC}, protocols=("esp",),
        ipsec_lifetime=Range(300), tunnels=100, families=(4,),
        notes=(
            ("What a custom IPsec/IKE policy can name; without one, the gateway's default IKEv2 proposals have group 2 "
             "only (policy `azure`)."),
            "A custom policy is one combination: of a list, name there what stands first in ours.",
            "Its lifetime in main mode is 28,800 seconds and fixed; lifetimes are each side's own and need not match.",
            "100 tunnels are what VpnGw4 and VpnGw5 have; VpnGw1 to 3 have 30, Basic has 10.",
            "UsePolicyBasedTrafficSelectors must be on for the connection: our tunnels name their subnets.",
        ),
        sources=(
            Source('"About cryptographic requirements and Azure VPN gateways" and its policy FAQ, Microsoft Learn',
                   "algorithms, groups, lifetimes, versions"),
            Source('"VPN Gateway FAQ", Microsoft Learn', "characters of the shared key"),
            Source('"GatewayResetSharedKeyParameters.KeyLength" and "Set-AzureVNetGatewayKey", Microsoft Learn',
                   "length of the shared key"),
            Source('"About VPN devices for Site-to-Site VPN Gateway connections", Microsoft Learn, an old edition',
                   "IPv4 addresses, default proposals"),
            Source('"About VPN Gateway configuration settings", Microsoft Learn', "tunnels of VpnGw4 and VpnGw5",
                   confirmed=False),
        ),
    ),
    "binero": Platform(
        title="Binero site-to-site VPN",
        words=Words("Phase 1", "Phase 2", "IPSec pre-shared key", "private network", "IPSec remote network"),
        needs={
            "management": "a management address, which it calls Admin IP ranges; list what may reach its "
            "administration, like [198.51.100.7/32]",
        },
        notes=(
            ("The local subnet, the remote gateway's address and the remote subnet must be there as well: every "
             "topology has them, or is refused."),
            "It is a pfSense instance whose algorithms can be changed, so only the default policy is fixed.",
            "NAT-T is supported.",
        ),
        sources=(
            Source('"Prerequisites for site-2-site VPN" and "Setting up site-to-site VPN", Binero documentation',
                   "what must be there"),
            Source('"Configuring the remote end", Binero documentation', "default algorithms and lifetimes"),
        ),
    ),
    "gcp": Platform(
        title="Google Cloud VPN",
        words=Words("Phase 1", "Phase 2", "shared secret", "local traffic selector", "remote traffic selector"),
        psk=Psk(None, _PRINTABLE, "printable ASCII characters"),
        ike={1: Algorithms(("aes128",), ("sha1",), (2,)), 2: _GCP},
        ipsec={1: Algorithms(("aes128",), ("sha1",), (2,), pfs=True), 2: _GCP_IPSEC},
        protocols=("esp",), longest_name=63,
        notes=(
            "Its own lifetimes are fixed: 36,000 seconds in phase 1 (36,600 with IKEv1), 10,800 in phase 2.",
            "It asks for one algorithm per role, so that a rekey cannot change it; policy `gcp` has one of each.",
            "Only one-to-one NAT is supported, and each peer needs an external address of its own.",
        ),
        sources=(
            Source('"Supported IKE ciphers", Google Cloud documentation',
                   "algorithms, groups, PFS, lifetimes, ESP in tunnel mode"),
            Source('"gcloud compute vpn-tunnels create", Google Cloud SDK', "characters of the shared secret"),
            Source('"vpnTunnels", Compute Engine API', "length of the name"),
            Source('"Advanced configurations", Google Cloud documentation', "NAT"),
        ),
    ),
    "ionos": Platform(
        title="IONOS Cloud VPN Gateway",
        words=Words("IKE settings", "ESP settings", "PSK", "Cloud Network CIDRs", "Peer Network CIDRs"),
        psk=Psk(Range(32)),
        ike={2: _IONOS}, ipsec={2: _IONOS}, protocols=("esp",),
        ike_lifetime=Range(3600, 86400), ipsec_lifetime=Range(3600, 86400),
        longest_name=255, tunnels=20, local_subnets=20, remote_subnets=20, families=(4,), lan_octet=Range(2, 9),
        notes=(
            "Descriptions have at most 1024 characters, as everywhere in a topology.",
            "`0.0.0.0/0` is allowed on one side only; a topology refuses it on both.",
            "20 tunnels are the API's limit; a smaller tier has fewer tunnels and LANs.",
        ),
        sources=(
            Source('"ionoscloud_vpn_ipsec_tunnel", IONOS Cloud provider for Terraform',
                   "algorithms, groups, lifetimes, number of CIDRs, IPv4"),
            Source('"IPSec Tunnel", IONOS Cloud VPN Gateway API', "20 tunnels per gateway, default lifetimes"),
            Source("IONOS Cloud VPN Gateway, user guide",
                   "PSK of 32 characters, length of names, LAN address from .2 to .9 outside the DHCP pool",
                   confirmed=False),
        ),
    ),
    "otc": Platform(
        title="Open Telekom Cloud VPN",
        words=Words("IKE policy", "IPsec policy", "PSK", "local subnets", "customer subnets"),
        psk=Psk(
            Range(8, 128), _ALPHANUMERIC | set("~!@#$%^*()-_+={ },./:;"), "letters, digits and ~!@#$%^*()-_+={ },./:;",
            kinds=3,
        ),
        ike={1: _OTC, 2: _OTC}, ipsec={1: _OTC, 2: _OTC}, protocols=("esp",),
        ike_lifetime=Range(60, 604800), ipsec_lifetime=Range(30, 604800),
        longest_name=64, local_subnets=50, remote_subnets=50, plain_ids=True,
        reserved=_blocks("100.64.0.0/10", "214.0.0.0/8"),
        notes=(
            "A customer subnet overlaps no subnet of the VPC: a topology refuses that of any two sites.",
            "The interconnection subnet needs four free addresses.",
            "With tunnel interfaces, each end has the other's /30 addresses mirrored.",
            "A policy-based connection has at most five policy rules, each with one local subnet.",
        ),
        sources=(
            Source('"Creating a VPN Connection", Open Telekom Cloud, Virtual Private Network API Reference',
                   "PSK, name, algorithms, groups, lifetimes"),
            Source('"What Are VPN Negotiation Parameters?", Open Telekom Cloud, Virtual Private Network User Guide',
                   "versions, modes, identities, PFS, ESP, defaults"),
            Source('"Quotas and Limitations", Open Telekom Cloud, Virtual Private Network User Guide',
                   "number of subnets"),
            Source('"Step 3: Creating VPN Connections", Open Telekom Cloud, Virtual Private Network User Guide',
                   "reserved ranges, overlaps"),
        ),
    ),
    "ucloudstack": Platform(
        title="UCloudStack IPsecVPN",
        words=Words("IKE policy", "IPSec policy", "pre-shared key", "local segment", "peer segment"),
        psk=Psk(
            Range(1, 128), _PRINTABLE - set(" '?"), "printable ASCII characters except the blank, ' and ?"
        ),
        ike={1: _UCLOUDSTACK, 2: _UCLOUDSTACK}, ipsec={1: _UCLOUDSTACK_IPSEC, 2: _UCLOUDSTACK_IPSEC},
        ike_lifetime=Range(3600, 86400), ipsec_lifetime=Range(3600, 86400),
        tunnels=20, local_subnets=20, remote_subnets=20, plain_ids=True,
        notes=(
            "No two tunnels have the same local and peer segment: a topology refuses that everywhere.",
            ("A peer behind NAT has another identity than its address; ours is the public address unless `ids` says "
             "otherwise."),
        ),
        sources=(
            Source('"IPSec VPN", UCloudStack user guide, as SCloud publishes it',
                   "PSK, algorithms, groups, lifetimes, identities, AH and ESP, 20 peer segments, defaults"),
            Source("UCloudStack user guide", "20 tunnels per gateway, 20 local segments", confirmed=False),
        ),
    ),
}
