# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cryptography that a tunnel can have, as factors: which values stand together, and what the ends then agree on.

What can't stand together is the planner's to say: a row that it refuses is none.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.behaviour import Behaviour, behaviour_faults
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.crypto import (
    DH_GROUPS,
    ENCRYPTION,
    INTEGRITY,
    KEMS,
    PRF,
)
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.policies import parse_policy
from pairwise import Row, Space, Value, covering

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

FACTORS: Mapping[str, Sequence[Value]] = {
    "version": (2, "any", "main", "aggressive"),
    "ike_encryption": tuple(ENCRYPTION),
    "ike_integrity": (None, *INTEGRITY),
    "prf": (None, *PRF),
    "dh_group": tuple(DH_GROUPS),
    "protocol": ("esp", "ah"),
    "encryption": (None, *ENCRYPTION),
    "integrity": (None, *INTEGRITY),
    "pfs_group": ("none", *DH_GROUPS),
    "esn": ("no", "yes", "both"),
    "udp_encapsulation": ("auto", "force"),
    "childless": ("allow", "force"),
}
_MODES = ("main", "aggressive")


def family(name: str, value: Value) -> Value:
    """What stands for a value where values are alike: a cipher with any key and tag, groups of one kind, SHA-2."""
    if name.endswith("encryption") and isinstance(value, str):
        return re.sub(r"_\d+$", "", ENCRYPTION[value].algorithm) if value in ENCRYPTION else value
    if name.endswith("group") and isinstance(value, int):
        return re.sub(r"\d+", "", DH_GROUPS[value].algorithm)
    if name in {"ike_integrity", "integrity", "prf"} and isinstance(value, str):
        return "sha2" if value in {"sha256", "sha384", "sha512"} else value
    return value


def contradict(pair: Row) -> bool:
    """Whether the planner would refuse a row because of these two values, or they say the same twice."""
    (one, this), (other, that) = pair.items()
    rule = RULES.get((one, other)) or RULES.get((other, one))
    return rule is not None and (rule(this, that) if (one, other) in RULES else rule(that, this))


def _misfits(cipher: Value, integrity: Value) -> bool:
    """An AEAD cipher brings its own integrity; others need one beside them, and so does AH, which has no cipher."""
    return _aead(cipher) != (integrity is None)


def _aead(cipher: Value) -> bool:
    return isinstance(cipher, str) and cipher in ENCRYPTION and ENCRYPTION[cipher].kind == "aead"


def _of_ikev2(cipher: Value) -> bool:
    """Ciphers of IKE that came with its second version."""
    return _aead(cipher) or str(cipher).endswith("ctr")


# What can't be in one row. With ``any``, IKEv1 must be able to negotiate the row, too.
RULES: Mapping[tuple[str, str], Callable[[Value, Value], bool]] = {
    ("ike_encryption", "ike_integrity"): _misfits,
    ("encryption", "integrity"): _misfits,
    ("protocol", "encryption"): lambda protocol, cipher: (protocol == "ah") != (cipher is None),
    ("protocol", "integrity"): lambda protocol, integrity: protocol == "ah" and integrity is None,
    ("protocol", "udp_encapsulation"): lambda protocol, udp: protocol == "ah" and udp == "force",
    ("encryption", "udp_encapsulation"): lambda cipher, udp: cipher is None and udp == "force",
    ("version", "ike_encryption"): lambda version, cipher: version != 2 and _of_ikev2(cipher),
    ("version", "ike_integrity"): lambda version, name: version != 2 and name in {None, "aesxcbc", "aescmac"},
    ("version", "prf"): lambda version, prf: version != 2 and prf is not None,
    ("version", "dh_group"): lambda version, group: version != 2 and group in {31, 32},
    ("version", "encryption"): lambda version, cipher: version != 2 and cipher == "chacha20poly1305",
    ("version", "integrity"): lambda version, name: version != 2 and name == "aescmac",
    ("version", "pfs_group"): lambda version, group: version != 2 and group in {31, 32},
    ("version", "esn"): lambda version, esn: version != 2 and esn != "no",
    ("version", "childless"): lambda version, childless: version in _MODES and childless != "allow",
}


def policy(row: Row) -> dict[str, Any]:
    """The policy that a topology has for a row."""
    version = row["version"]
    ike = {"encryption": row["ike_encryption"], "integrity": row["ike_integrity"], "prf": row["prf"]}
    named = {"version": 1, "mode": version} if version in _MODES else {"version": version}
    ipsec = {key: row[key] for key in ("encryption", "integrity", "pfs_group", "esn")}
    more = row.get("additional")
    following = {"additional_key_exchanges": more} if more else {}
    return {
        "ike": {**named, **_given(ike), "dh_group": row["dh_group"], **following},
        str(row["protocol"]): {**_given(ipsec), **({} if row["pfs_group"] == "none" else following)},
    }


def behaviour(row: Row) -> dict[str, Any]:
    """The keys that its tunnel has besides."""
    return {key: row[key] for key in ("udp_encapsulation", "childless")}


def _given(values: Mapping[str, Value]) -> dict[str, Value]:
    return {key: value for key, value in values.items() if value is not None}


def valid(row: Row) -> bool:
    """Whether the planner takes it."""
    parsed, problems = parse_policy(policy(row), "policy")
    return parsed is not None and not problems and not list(behaviour_faults(Behaviour(**behaviour(row)), "", parsed))


SPACE = Space(FACTORS, family, contradict)


# What is in the registry, and in no row.
NOT_RUN: Mapping[str, str] = dict.fromkeys(
    KEMS,
    "no package of Debian 12 or 13 provides it, and a run refuses it there; each runs between gateways of Debian 14 in "
    "`tests/live/test_post_quantum.py`",
)
SEED = 2  # of some that were tried, the one with the fewest rows


@cache
def rows() -> tuple[Row, ...]:
    """The covering set."""
    return tuple(covering(SPACE, SEED))


def spelled(row: Row) -> str:
    """A row in one word, for the names of tests."""
    return "-".join(str(value) for value in row.values() if value is not None)


def ike_version(row: Row) -> int:
    """The version that two ends of ours use, which begin with the later one."""
    return 1 if row["version"] in _MODES else 2


def agreed_ike(row: Row) -> str:
    """What two ends that both have this row agree on for IKE, as strongSwan shows it."""
    integrity = row["ike_integrity"]
    prf = row["prf"] or integrity or _prf_of(str(row["ike_encryption"]))
    parts = [_cipher(row["ike_encryption"]), _hash(integrity), PRF[str(prf)].algorithm, _group(row["dh_group"])]
    return "/".join([*filter(None, parts), *_following(row)])


def agreed_ipsec(row: Row) -> str:
    """The same for ESP or AH, once keys have been exchanged for it."""
    parts = [_cipher(row["encryption"]), _hash(row["integrity"]), _group(row["pfs_group"])]
    return "/".join([*filter(None, parts), *(_following(row) if row["pfs_group"] != "none" else ())])


def _following(row: Row) -> list[str]:
    """The key exchange after the first, where a row has one."""
    more = _group(row.get("additional"))
    return [f"KE1_{more}"] if more else []


def _prf_of(cipher: str) -> str:
    """What the planner puts beside a cipher that brings its own integrity."""
    return "sha384" if "256" in cipher or "chacha" in cipher else "sha256"


def _cipher(name: Value) -> str:
    if not isinstance(name, str):
        return ""
    row = ENCRYPTION[name]
    fixed = row.algorithm in {"3DES_CBC", "CHACHA20_POLY1305"}
    return row.algorithm if fixed else f"{row.algorithm}-{row.bits}"


def _hash(name: Value) -> str:
    return INTEGRITY[name].algorithm if isinstance(name, str) else ""


def _group(number: Value) -> str:
    return DH_GROUPS[number].algorithm if isinstance(number, int) else ""
