# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry of keys is whole: the parser's dataclasses, defaults and limits are those that it names."""

from __future__ import annotations

from dataclasses import fields

import pytest
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology import policies
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.behaviour import STANDARD, Behaviour
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.extra_data import LEVELS, OPTIONS, OWN
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.parameters import (
    BEHAVIOUR,
    PARAMETERS,
    Choice,
    Flag,
    Parameter,
    Whole,
    keys,
)


def test_behaviour_has_the_keys_and_the_defaults_of_the_registry() -> None:
    assert [one.name for one in fields(Behaviour)] == [one.name for one in BEHAVIOUR]
    for one in BEHAVIOUR:
        default = getattr(STANDARD, one.name)
        if default == "":  # follows from the start
            continue
        value, wrong = one.kind.read(default) if isinstance(one.kind, (Choice, Flag, Whole)) else (None, "prose")
        assert (value, wrong) == (default, "")
        said = str(default).lower() if isinstance(default, bool) else str(default)
        assert one.default.startswith(said), one


@pytest.mark.parametrize("one", PARAMETERS, ids=lambda one: f"{'-'.join(one.levels)}.{one.name}")
def test_every_parameter_says_what_it_allows_and_where_that_is_from(one: Parameter) -> None:
    assert str(one.kind)
    assert one.default
    assert one.source
    assert bool(one.unit) == isinstance(one.kind, Whole)


def test_no_level_has_a_key_twice() -> None:
    for level in {level for one in PARAMETERS for level in one.levels}:
        assert len(keys(level)) == len(set(keys(level)))


def test_words_of_a_choice_are_read_as_yaml_gives_them() -> None:
    assert Choice(("yes", "no", "force")).read(True) == ("yes", "")
    assert Choice(("never", "always")).read(False) == (None, "must be never or always, got false.")


def test_suites_are_keys_of_their_halves() -> None:
    assert set(policies.IKE_SUITE) < set(policies.IKE_KEYS)
    assert set(policies.ESP_SUITE) < set(policies.ESP_KEYS)
    assert set(policies.AH_SUITE) < set(policies.AH_KEYS)


def test_a_key_of_strongswan_is_either_ours_or_free() -> None:
    assert set(OPTIONS) == set(OWN) == {*LEVELS, "daemon"}
    for level, options in OPTIONS.items():
        assert not options.keys() & OWN[level].keys()
