# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parser of swanctl.conf: what it reads as swanctl does, and what it refuses, where and with what remedy."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

import pytest
from ansible_collections.causeway.ipsec.plugins.module_utils.swanctl_conf import (
    ConfigError,
    Section,
    parse_text,
    quote,
)
from ansible_collections.causeway.ipsec.plugins.module_utils.swanctl_connections import (
    check_wanted,
    connections_of,
    message_of,
)
from ansible_collections.causeway.ipsec.plugins.module_utils.swanctl_tree import read_tree, resolved
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from pathlib import Path


def value(text: str) -> str | None:
    return parse_text(text, "f").values["k"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("k = a b", "a b"),
        ("k = a    b  # comment", "a b"),
        ("k = ab#cd", "ab"),
        ('k = "ab#cd"', "ab#cd"),
        ('k = "a  b" c', "a  b c"),
        ("k = a{b=c:d.e,f", "a{b=c:d.e,f"),
        ("k =", None),
        ('k = ""', ""),
        ('k = "a\\"b\\\\c\\n\\t\\r\\x"', 'a"b\\c\n\t\rx'),
        ('k = "a\\\nb"', "ab"),
        ('k = "a\\\r\nb"', "ab"),
        ('k = "a\nb"', "a\nb"),
        ('k = "a\rb"', "ab"),
        ("k = a\r\n", "a"),
        ("k=a", "a"),
        ("k\n=\na", None),
    ],
)
def test_values(text: str, expected: str | None) -> None:
    if text == "k\n=\na":  # a value must be on the line of its =; what follows is a name without either
        with pytest.raises(ConfigError, match="after the name 'a'"):
            parse_text(text, "f")
    else:
        assert value(text) == expected


@given(st.text())
def test_what_is_quoted_is_read_back(text: str) -> None:
    assert value(f"k = {quote(text)}\n") == text


def test_sections_extend_each_other_and_later_values_win() -> None:
    root = parse_text("a { x = 1\n y = 2 }\na { b { z = 3\n } x = 4\n}", "f")
    assert root.sections["a"].values == {"x": "4", "y": "2"}
    assert root.sections["a"].sections["b"].values == {"z": "3"}
    assert root.sections["a"].places == ["f:1", "f:3"]


def test_the_brace_may_stand_on_the_next_line() -> None:
    assert parse_text("a\n# comment\n{\n}\n", "f").sections == {"a": Section(places=["f:1"])}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a {\n b = 1\n", "f:1: the section 'a' is never closed; add a } at its end."),
        ("a { }\n}\n", "f:2: this } closes nothing; remove it or look for a { that is missing above."),
        ('\nk = "abc\n', 'f:2: this quoted value has no closing "'),
        ("a.b { }", "f:1: after the name 'a', = or { is expected, not '.'."),
        ("a, b { }", "f:1: after the name 'a', = or { is expected, not ','."),
        ("ab cd { }", "f:1: after the name 'ab', = or { is expected, not 'c'."),
        ("ab", "f:1: after the name 'ab', = or { is expected, not the end of the file."),
        ('"ab" { }', "f:1: unexpected '\"'; a name, an include or a } is expected."),
        ("= 3", "f:1: unexpected '='"),
        ("k = a } b", "f:1: this } closes nothing"),
        ("a : { }", "f:1: after 'a' and its colon, the name of a section to refer to is expected."),
        ("include x.conf\n", "f:1: include x.conf: this text must be complete in itself"),
    ],
)
def test_h01_errors_name_the_place_and_the_remedy(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match="^" + re.escape(message)):
        parse_text(text, "f")


@given(st.text(alphabet='ab{}:.,="\\\r\n\t #', max_size=60))
def test_any_text_gives_sections_or_an_error(text: str) -> None:
    with contextlib.suppress(ConfigError):
        parse_text(text, "f")


@pytest.fixture
def main(tmp_path: Path) -> Path:
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "swanctl.conf").write_text("connections { x { include part\n } }\ninclude conf.d/*.conf\n")
    (tmp_path / "part").write_text("version = 2 # no newline at the end")
    return tmp_path / "swanctl.conf"


def test_includes_are_relative_and_stand_where_they_are_written(main: Path) -> None:
    ours = str(main.parent / "conf.d" / "ours.conf")
    (main.parent / "conf.d" / "other.conf").write_text("connections { y { } }")
    (main.parent / "conf.d" / "not.txt").write_text("} broken")
    (main.parent / "conf.d" / "directory.conf").mkdir()
    tree = read_tree(str(main), {ours: "connections { z { } }"})
    assert list(connections_of(tree.root)) == ["x", "y", "z"]
    assert tree.root.sections["connections"].sections["x"].values == {"version": "2"}
    assert ours in tree.files
    main.write_text(main.read_text().replace("conf.d/", "conf.d/../conf.d/"))
    assert list(connections_of(read_tree(str(main), {ours: "connections { w { } }"}).root)) == ["x", "y", "w"]
    (main.parent / "conf.d" / "ours.conf").write_text("} old and broken, to be replaced")
    assert list(connections_of(read_tree(str(main), {ours: "connections { w { } }"}).root)) == ["x", "y", "w"]


def test_h01_an_error_in_an_included_file_names_that_file(main: Path) -> None:
    (main.parent / "conf.d" / "other.conf").write_text("\n\nconnections { a.b { } }")
    with pytest.raises(ConfigError, match=re.escape(f"{main.parent}/conf.d/other.conf:3: after the name 'a'")):
        read_tree(str(main), {})


def test_a_file_that_includes_itself_ends(main: Path) -> None:
    (main.parent / "conf.d" / "a.conf").write_text("include *.conf\n")
    with pytest.raises(ConfigError, match="does a file include itself"):
        read_tree(str(main), {})


def test_h02_no_main_file_names_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="apt-get install --reinstall"):
        read_tree(str(tmp_path / "swanctl.conf"), {})


def test_references_add_what_a_section_does_not_say_itself() -> None:
    root = parse_text(
        "base { version = 2\n mobike = no\n children { c { mode = tunnel\n start_action = trap\n } } }\n"
        "connections { x : base { mobike = yes\n version =\n children { c { mode = transport\n } } } }",
        "f",
    )
    merged = resolved(root, root.sections["connections"].sections["x"])
    assert message_of(merged) == {
        "mobike": "yes",
        "children": {"c": {"mode": "transport", "start_action": "trap"}},
    }


def test_references_in_a_circle_end() -> None:
    root = parse_text("a : b { }\nb : a { x = 1\n }\n", "f")
    assert resolved(root, root.sections["a"]).values == {"x": "1"}


def test_lists_are_split_as_swanctl_splits_them() -> None:
    section = parse_text("local_addrs = 10.0.0.1 , 10.0.0.2,\nPROPOSALS = a-b,c\nid = a, b\n", "f")
    assert message_of(section) == {
        "local_addrs": ["10.0.0.1", "10.0.0.2"],
        "PROPOSALS": ["a-b", "c"],
        "id": "a, b",
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("secrets { }", "ours: 'secrets' is neither a connection nor ours to set"),
        ("connections { x = 1\n }", "ours: 'x' stands outside of any connection."),
        ("connections { berlin { } }", "ours:1: the connection 'berlin' must begin with 'cw-'"),
        ("connections { cw-a { }\n cw-a { } }", "ours:1: the connection 'cw-a' is defined again at ours:2"),
        ("connections { cw-ä { } }", "ours:1: the name 'cw-ä' must be 1 to 64 of the characters"),
        (f"connections {{ cw-{'a' * 62} {{ }} }}", "must be 1 to 64 of the characters"),
        ("connections { cw-a : b { } }", "ours:1: references to other sections are not supported here"),
        (
            "connections { cw-a { local { certs = x.pem\n } } }",
            "ours:1: certs is not supported; a certificate is found by id",
        ),
        (
            "connections { cw-a { local { cert1 { file = x\n } } } }",
            "ours:1: cert1 { … } is not supported; name files by cacerts.",
        ),
        (
            "connections { cw-a { remote { auth = pubkey\n } } }",
            "ours:1: auth = pubkey in remote { … } of 'cw-a' needs cacerts or pubkeys; else everybody with",
        ),
        (
            "connections { cw-a { remote { id = b\n } } }",
            "'cw-a' must have auth = psk or auth = pubkey in remote { … }",
        ),
        ("connections { cw-a { } }", "'cw-a' must have auth = psk or auth = pubkey in local { … }"),
    ],
)
def test_what_ours_may_not_hold(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_wanted(parse_text(text, "ours"), "ours")
    assert message in str(caught.value)
