# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way out of the model: keys of strongSwan that no key of ours stands for, checked against those that it knows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from .entry import Entry, bad_text
from .extra_data import DECIMAL, FLAG, LEVELS, MARK, NUMBER, OPTIONS, OWN, TEXT, TIME, Option
from .problems import shown, suggestion, unknown_key

Settings = Mapping[str, str]
Extra = Mapping[str, Settings]  # by level

LONGEST_VALUE: Final = 1024
MOST_NUMBER: Final = 2**32 - 1
_TIME: Final = re.compile(r"[0-9]{1,9}[smhd]?")
_MARK: Final = re.compile(r"(%unique(-dir)?|%same|0x[0-9A-Fa-f]{1,8}|[0-9]{1,10})(/(0x[0-9A-Fa-f]{1,8}|[0-9]{1,10}))?")


def read_extra(entry: Entry, base: Extra | None) -> Extra | None:
    """What a tunnel, a mesh or the defaults say under ``extra``, over what ``base`` says; None for nothing."""
    raw = entry.get("extra")
    if raw is None:
        return base
    inner = Entry(raw, entry.at("extra"), LEVELS, entry.problems)
    found = {level: dict((base or {}).get(level, {})) for level in LEVELS}
    for level in LEVELS:
        if inner.get(level) is not None:
            found[level] |= _settings(inner, level, level)
    return {level: settings for level, settings in found.items() if settings} or None


def read_daemon_extra(entry: Entry) -> Settings:
    """What a gateway says under ``extra``: options of charon as a whole."""
    return _settings(entry, "extra", "daemon") if entry.get("extra") is not None else {}


def _settings(holder: Entry, key: str, level: str) -> dict[str, str]:
    raw = holder.get(key)
    if not isinstance(raw, Mapping):
        holder.say(key, f"must be a mapping from strongSwan's keys to values, got {shown(raw)}.")
        return {}
    found = {}
    for name, value in raw.items():
        option = OPTIONS[level].get(name) if isinstance(name, str) else None
        if option:
            text, wrong = _value(option, value)
            found[str(name)] = text
            if wrong:
                holder.say(f"{key}.{name}", wrong)
        elif isinstance(name, str) and name in OWN[level]:
            holder.say(f"{key}.{name}", f"is written anyway; use {OWN[level][name]}.")
        else:
            holder.problems.append(unknown_key(holder.at(key), name, tuple(OPTIONS[level])))
    return found


def _value(option: Option, value: object) -> tuple[str, str]:
    """The value as strongSwan writes it, and what is wrong with it."""
    plain = {True: "yes", False: "no"}[value] if isinstance(value, bool) else value
    if option.words:
        right = plain in option.words
        wrong = f"must be one of {', '.join(option.words)}, got {shown(value)}.{suggestion(plain, option.words)}"
        return (str(plain), "") if right else ("", wrong)
    return _READERS[option.kind](plain)


def _flag(value: object) -> tuple[str, str]:
    return (str(value), "") if value in ("yes", "no") else ("", f"must be true or false, got {shown(value)}.")


def _number(value: object) -> tuple[str, str]:
    if isinstance(value, int) and 0 <= value <= MOST_NUMBER:
        return str(value), ""
    return "", f"must be a whole number from 0 to {MOST_NUMBER}, got {shown(value)}."


def _decimal(value: object) -> tuple[str, str]:
    if isinstance(value, (int, float)) and 0 < value <= 1000:
        return str(value), ""
    return "", f"must be a number above 0 and up to 1000, got {shown(value)}."


def _time(value: object) -> tuple[str, str]:
    if _TIME.fullmatch(str(value)[:20]) and isinstance(value, (int, str)):
        return str(value), ""
    return "", f"must be a time, like 30, 30s, 5m or 1h, got {shown(value)}."


def _mark(value: object) -> tuple[str, str]:
    if isinstance(value, (int, str)) and _MARK.fullmatch(str(value)[:40]):
        return str(value), ""
    return "", f"must be a number, like 42 or 0x2a/0xff, or %unique, got {shown(value)}."


def _text(value: object) -> tuple[str, str]:
    if isinstance(value, int) and 0 <= value <= MOST_NUMBER:
        return str(value), ""
    wrong = bad_text(value, LONGEST_VALUE)
    return ("", wrong) if wrong else (str(value), "")


_READERS: Final = {FLAG: _flag, NUMBER: _number, DECIMAL: _decimal, TIME: _time, MARK: _mark, TEXT: _text}


def younger(extra: Extra) -> list[tuple[str, str]]:
    """The keys that 5.9.5 doesn't know, as level.key, each with its first version."""
    return [
        (f"{level}.{name}", OPTIONS[level][name].since)
        for level, settings in extra.items()
        for name in settings
        if OPTIONS[level][name].since
    ]
