# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policies that every topology has: by name, and written as a user would write them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from .policies import BUILT_IN, Policy, parse_policy

if TYPE_CHECKING:
    from collections.abc import Mapping

# fmt: off
_GCM_AND_CBC: Final = ["aes256gcm16", "aes128gcm16", "aes256", "aes128"]
_SHA2: Final = ["sha512", "sha384", "sha256"]
# What a platform offers when nobody chooses, strongest first; sources as in platform_data.py.
PLATFORM_DEFAULTS: Final[Mapping[str, Mapping[str, Any]]] = {
    # Its defaults are all that it can; the sound ones of them, with its lifetimes.
    "aws": {
        "ike": {"version": 2, "encryption": _GCM_AND_CBC, "integrity": _SHA2, "prf": _SHA2,
                "dh_group": [20, 19, 21, 16, 15, 14], "lifetime": 28800},
        "esp": {"encryption": _GCM_AND_CBC, "integrity": ["sha256", "sha384", "sha512"],
                "pfs_group": [20, 19, 21, 16, 15, 14], "lifetime": 3600},
    },
    # Without a custom policy its gateways know group 2 only in IKEv2, and propose no PFS.
    "azure": {
        "ike": {"version": 2, "encryption": "aes256", "integrity": ["sha256", "sha1"], "dh_group": 2,
                "lifetime": 28800},
        "esp": {"encryption": ["aes256gcm16", "aes256"], "integrity": ["sha256", "sha1"], "pfs_group": "none",
                "lifetime": 27000},
    },
    # Two alternatives in phase 1; in phase 2 the one with PFS.
    "binero": {
        "ike": {"version": 2, "encryption": ["aes256gcm16", "aes256"], "integrity": "sha384", "prf": "sha384",
                "dh_group": [20, 15], "lifetime": 28800},
        "esp": {"encryption": "aes256gcm16", "pfs_group": 15, "lifetime": 3600},
    },
    # One algorithm per role, as it asks; the strongest of those that it takes.
    "gcp": {
        "ike": {"version": 2, "encryption": "aes256gcm16", "prf": "sha384", "dh_group": 20, "lifetime": 36000},
        "esp": {"encryption": "aes256gcm16", "pfs_group": 20, "lifetime": 10800},
    },
    "ionos": {
        "ike": {"version": 2, "encryption": "aes256", "integrity": "sha256", "dh_group": 16, "lifetime": 86400},
        "esp": {"encryption": "aes256", "integrity": "sha256", "pfs_group": 16, "lifetime": 3600},
    },
    # Its API's default group is 15, its console's 14.
    "otc": {
        "ike": {"version": 2, "encryption": "aes128", "integrity": "sha256", "dh_group": [15, 14], "lifetime": 86400},
        "esp": {"encryption": "aes128", "integrity": "sha256", "pfs_group": [15, 14], "lifetime": 3600},
    },
    "ucloudstack": {
        "ike": {"version": 2, "encryption": "aes128", "integrity": "sha1", "dh_group": 2, "lifetime": 86400},
        "esp": {"encryption": "aes128", "integrity": "sha1", "pfs_group": 2, "lifetime": 86400},
    },
}
STANDARDS: Final[Mapping[str, Mapping[str, Any]]] = {
    # BSI TR-02102-3: only what the registry's column for it calls recommended, the 128-bit keys last.
    "bsi-tr-02102-3": {
        "ike": {"version": 2, "encryption": _GCM_AND_CBC, "integrity": _SHA2, "prf": _SHA2,
                "dh_group": [20, 21, 19, 16, 15]},
        "esp": {"encryption": _GCM_AND_CBC, "integrity": ["sha256", "sha384", "sha512"],
                "pfs_group": [20, 21, 19, 16, 15]},
    },
    # The algorithms of NSA's suite CNSA 1.0 as RFC 9206 profiles it for IPsec: AES-256-GCM, SHA-384, P-384.
    "cnsa": {
        "ike": {"version": 2, "encryption": "aes256gcm16", "prf": "sha384", "dh_group": 20},
        "esp": {"encryption": "aes256gcm16", "pfs_group": 20},
    },
    # For peers without GCM, elliptic curves or long groups: RFC 8247's and RFC 8221's MUSTs, and nothing legacy.
    "compatible": {
        "ike": {"version": 2, "encryption": _GCM_AND_CBC, "integrity": ["sha512", "sha384", "sha256"], "prf": _SHA2,
                "dh_group": [20, 31, 19, 16, 15, 14]},
        "esp": {"encryption": _GCM_AND_CBC, "integrity": ["sha256", "sha384", "sha512"],
                "pfs_group": [20, 31, 19, 16, 15, 14]},
    },
}
# fmt: on


def _parsed(name: str, raw: Mapping[str, Any]) -> Policy:
    policy, problems = parse_policy(raw, f"built-in policy {name}")
    if policy is None:
        raise ValueError(*problems)
    return policy


BUILT_IN_POLICIES: Final[Mapping[str, Policy]] = {
    **BUILT_IN,
    **{name: _parsed(name, raw) for name, raw in {**STANDARDS, **PLATFORM_DEFAULTS}.items()},
}
