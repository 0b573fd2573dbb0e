# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads one level of a policy key by key and notes what is wrong with each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from .crypto import ADDITIONAL, DH_GROUPS, ENCRYPTION, INTEGRITY, KEMS, PRF, group_number, hint, split
from .parameters import LIFETIME_MAX, LIFETIME_MIN, Prose, parameter
from .problems import MOST_UNKNOWN_KEYS, Problem, shown, suggestion

if TYPE_CHECKING:
    from .crypto_data import Algorithm

LIST_MAX: Final = 16
MOST_ADDITIONAL: Final = 7  # RFC 9370, 2.2.1
ANY_VERSION: Final = 0  # as strongSwan writes it: answers to both, starts with IKEv2
MODES: Final = ("main", "aggressive")
NOTHING: Final[Mapping[str, str]] = MappingProxyType({})

_KEYS_MEANT: Final[Mapping[str, str]] = {
    "cipher": "encryption",
    "ciphers": "encryption",
    "hash": "integrity",
    "auth": "integrity",
    "authentication": "integrity",
    "keylife": "lifetime",
    "life_time": "lifetime",
    "rekey_time": "lifetime",
}
_GROUP_KEYS: Final = ("dh_group", "pfs_group", "dh_groups", "pfs_groups", "pfs", "dh", "group")
_WHAT: Final = {"encryption": "encryption algorithm", "integrity": "integrity algorithm", "prf": "PRF"}


class Reader:
    """A mapping being read at ``path``; its problems go to a list that readers share."""

    def __init__(self, raw: Mapping[object, object], path: str, problems: list[Problem]) -> None:
        self._raw = raw
        self._path = path
        self._problems = problems
        self.failed = False
        self._all_understood = True  # of the ciphers

    @classmethod
    def of(
        cls,
        raw: object,
        path: str,
        allowed: tuple[str, ...],
        problems: list[Problem],
        refused: Mapping[str, str] = NOTHING,
    ) -> Reader | None:
        """A reader for ``raw``, its unknown keys noted, those ``refused`` with what there is to say of them.

        None when it is not a mapping at all.
        """
        if not isinstance(raw, Mapping):
            problems.append(Problem(path, f"{shown(raw)} is not a mapping; allowed keys are {', '.join(allowed)}."))
            return None
        reader = cls(raw, path, problems)
        for key, message in refused.items():
            if key in raw:
                reader.problem(key, message)
        unknown = [key for key in raw if not isinstance(key, str) or key not in (*allowed, *refused)]
        for key in unknown[:MOST_UNKNOWN_KEYS]:
            reader._unknown(key, allowed)
        if len(unknown) > MOST_UNKNOWN_KEYS:
            reader.problem("", f"{len(unknown) - MOST_UNKNOWN_KEYS} more unknown keys.")
        return reader

    def half(self, key: str, allowed: tuple[str, ...], refused: Mapping[str, str] = NOTHING) -> Reader | None:
        """A reader for the mapping under ``key``."""
        return Reader.of(self._raw[key], self._at(key), allowed, self._problems, refused)

    def suites(self, allowed: tuple[str, ...], refused: Mapping[str, str]) -> list[Reader]:
        """A reader for each set of algorithms: those under ``proposals``, or what stands here itself."""
        if self._raw.get("proposals") is None:
            return [self]
        beside = [key for key in allowed if self._raw.get(key) is not None]
        if beside:
            self.problem(beside[0], "stands beside proposals; put it into each of them.")
        items = self._items("proposals")
        if not isinstance(self._raw["proposals"], Sequence):
            self.problem("proposals", f"must be a list of proposals, strongest first, got {shown(items[0][1])}.")
            return []
        found = [Reader.of(item, self._at(path), allowed, self._problems, refused) for path, item in items]
        self.failed = self.failed or None in found
        return [suite for suite in found if suite]

    def has(self, *keys: str) -> bool:
        """Whether one of these is given."""
        return any(key in self._raw for key in keys)

    def problem(self, key: str, message: str) -> None:
        self.failed = True
        self._problems.append(Problem(self._at(key), message))

    def version(self) -> int:
        """1, 2, or ANY_VERSION; 2 when not given."""
        value = self._raw.get("version", 2)
        if value == "any":
            return ANY_VERSION
        if isinstance(value, int) and not isinstance(value, bool) and value in (1, 2):
            return int(value)
        self.problem("version", f"{shown(value)} is not an IKE version; allowed are 2 (the default), 1 and any.")
        return 2

    def aggressive(self) -> bool:
        """Whether that mode of IKEv1 is asked for; IKEv2 has neither."""
        value = self._raw.get("mode")
        if value is None:
            return False
        if value not in MODES:
            self.problem(
                "mode", f"{shown(value)} is not a mode of IKEv1; allowed are main (the default) and aggressive."
            )
        elif self._raw.get("version", 2) in (2, "any"):
            self.problem("mode", f"{value} is a mode of IKEv1, and IKEv2 has none; remove mode, or set version: 1.")
        return value == "aggressive"

    def lifetime(self, default: int) -> int:
        """Seconds between new keys."""
        value = self._raw.get("lifetime", default)
        if not isinstance(value, int) or isinstance(value, bool):
            self.problem("lifetime", f"{shown(value)} is not a whole number of seconds, for example {default}.")
        elif not LIFETIME_MIN <= value <= LIFETIME_MAX:
            self.problem("lifetime", f"{shown(value)} seconds; allowed are {LIFETIME_MIN} to {LIFETIME_MAX}.")
        else:
            return int(value)
        return default

    def margin(self, level: str, lifetime: int) -> int:
        """How long before their end keys are renewed, at the latest; 0 when not given."""
        margin = self.number(level, "rekey_margin")
        if 2 * margin >= lifetime:
            self.problem(
                "rekey_margin",
                f"{margin} seconds; new keys come between two margins and one before the end of the lifetime "
                f"({lifetime}), so less than half of it is allowed.",
            )
        return margin

    def reauthentication(self, margin: int, version: int) -> int:
        """After how many seconds the ends authenticate anew; 0 for never."""
        value = self.number("ike", "reauth_lifetime")
        if value and version == 1:
            self.problem(
                "reauth_lifetime", "IKEv1 authenticates anew with all new keys; remove it, lifetime says when."
            )
        elif value and 2 * margin >= value:
            self.problem("reauth_lifetime", f"{value} seconds; more than two rekey margins ({2 * margin}) are needed.")
        return value

    def number(self, level: str, key: str) -> int:
        """A whole number that has no default; 0 when not given."""
        found = self._plain(level, key)
        return found if isinstance(found, int) else 0

    def word(self, level: str, key: str) -> str:
        """One of some words; empty when not given."""
        found = self._plain(level, key)
        return found if isinstance(found, str) else ""

    def _plain(self, level: str, key: str) -> object:
        value, kind = self._raw.get(key), parameter(level, key).kind
        if value is None or isinstance(kind, Prose):
            return None
        found, wrong = kind.read(value)
        if wrong:
            self.problem(key, wrong)
        return found

    def ciphers(self) -> tuple[str, ...]:
        """The encryption algorithms: at least one is needed."""
        if self._raw.get("encryption") is None:
            self.problem("encryption", "missing; name one or more, for example [aes256gcm16, aes128gcm16].")
        before = len(self._problems)
        names = self._names("encryption", ENCRYPTION)
        self._all_understood = len(self._problems) == before
        return names

    def integrity(self, ciphers: tuple[str, ...]) -> tuple[str, ...]:
        """The integrity algorithms: needed beside classic ciphers, senseless beside AEAD ciphers alone."""
        names = self._names("integrity", INTEGRITY)
        given = self._raw.get("integrity") is not None
        # A cipher that was not understood may be of either kind: better one problem too few than a wrong one.
        aead, classic = split(ciphers) if self._all_understood else ((), ())
        if classic and not given:
            self.problem("integrity", f"missing; {classic[0]} needs an integrity algorithm, for example sha256.")
        if aead and not classic and given:
            self.problem(
                "integrity",
                f"{aead[0]} encrypts and authenticates in one, an integrity algorithm beside it makes no sense; "
                "remove integrity, or use a cipher that needs one, for example aes256.",
            )
        return names

    def authentication(self) -> tuple[str, ...]:
        """The integrity algorithms of AH, which has nothing else: at least one is needed."""
        if self._raw.get("integrity") is None:
            self.problem("integrity", "missing; AH needs an integrity algorithm, for example sha256.")
        return self._names("integrity", INTEGRITY)

    def prf(self) -> tuple[str, ...]:
        return self._names("prf", PRF)

    def none(self, key: str) -> bool:
        """Whether ``key`` is not given, or is one of the words that mean none (which YAML may read as false)."""
        value = self._raw.get(key)
        return value is None or value in (0, "0", "none", "off", "no")

    def groups(self, key: str) -> tuple[int, ...]:
        """The Diffie-Hellman groups under ``key``; empty for none."""
        if self.none(key):
            return ()
        found: list[int] = []
        for path, item in self._items(key):
            number = group_number(item)
            if number is None or number not in DH_GROUPS:
                self._wrong_group(path, item)
            elif isinstance(item, str) and not item.strip().isdigit():
                self.problem(path, f"{shown(item)}: groups are given by their number, write {number}.")
            elif number in found:
                self.problem(path, f"group {number} is named twice.")
            else:
                found.append(number)
        return tuple(found)

    def additional(self) -> tuple[str, ...]:
        """The key exchanges that follow the first; empty for none."""
        key = "additional_key_exchanges"
        found: list[str] = []
        for path, item in self._items(key):
            number = group_number(item) if not isinstance(item, str) or item.isdigit() else None
            name = str(number) if number in DH_GROUPS else item
            if not isinstance(name, str) or name not in ADDITIONAL:
                meant = hint(KEMS, name) if isinstance(name, str) else ""
                did_you_mean = f" Did you mean {meant!r}?" if meant else ""
                allowed = f"{', '.join(KEMS)} and the numbers of groups"
                self.problem(path, f"unknown key exchange {shown(item)}.{did_you_mean} Allowed: {allowed}.")
            elif name in found:
                self.problem(path, f"{name} is named twice.")
            else:
                found.append(name)
        if len(found) > MOST_ADDITIONAL:
            self.problem(key, f"{len(found)} key exchanges; IKEv2 has room for {MOST_ADDITIONAL} (RFC 9370).")
        return tuple(found)

    def _names(self, key: str, table: Mapping[str, Algorithm]) -> tuple[str, ...]:
        """The algorithms under ``key`` that ``table`` knows."""
        found: list[str] = []
        for path, item in self._items(key):
            if not isinstance(item, str) or item not in table:
                self._wrong_name(path, item, key, table)
            elif item in found:
                self.problem(path, f"{item} is named twice.")
            else:
                found.append(item)
        return tuple(found)

    def _items(self, key: str) -> list[tuple[str, object]]:
        """The value under ``key`` as (path, item) pairs: a list's items, or the value itself; none when not given."""
        value = self._raw.get(key)
        if value is None:
            return []
        if not isinstance(value, Sequence) or isinstance(value, (str, bytes)):
            return [(key, value)]
        if not 1 <= len(value) <= LIST_MAX:
            self.problem(key, f"a list of {len(value)}; name 1 to {LIST_MAX}.")
        return [(f"{key}[{index}]", item) for index, item in enumerate(value[:LIST_MAX])]

    def _wrong_name(self, path: str, item: object, key: str, table: Mapping[str, Algorithm]) -> None:
        meant = hint(table, item) if isinstance(item, str) else ""
        did_you_mean = f" Did you mean {meant!r}?" if meant else ""
        self.problem(path, f"unknown {_WHAT[key]} {shown(item)}.{did_you_mean} Allowed: {', '.join(table)}.")

    def _wrong_group(self, path: str, item: object) -> None:
        allowed = ", ".join(f"{number} ({group.token})" for number, group in DH_GROUPS.items())
        self.problem(path, f"unknown Diffie-Hellman group {shown(item)}. Allowed: {allowed}.")

    def _unknown(self, key: object, allowed: tuple[str, ...]) -> None:
        meant = _KEYS_MEANT.get(key, "") if isinstance(key, str) else ""
        if isinstance(key, str) and key in _GROUP_KEYS:
            meant = next((name for name in _GROUP_KEYS if name in allowed), "")
        did_you_mean = f" Did you mean {meant!r}?" if meant in allowed else suggestion(key, allowed)
        self.problem("", f"unknown key {shown(key)}.{did_you_mean} Allowed: {', '.join(allowed)}.")

    def _at(self, key: str) -> str:
        return f"{self._path}.{key}" if key else self._path
