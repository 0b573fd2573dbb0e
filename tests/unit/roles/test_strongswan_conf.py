# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon's options: any change of the file restarts the daemon, so it changes only where a tunnel needs it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml

ROLE = Path(__file__).parents[3] / "roles" / "strongswan"
DEFAULTS = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text())
UNNEEDED = yaml.safe_load((ROLE / "vars" / "main.yml").read_text())["_strongswan_userspace_unneeded"]
CONSENT = "i_dont_care_about_security_and_use_aggressive_mode_psk"


def rendered(
    userspace: bool = False,
    aggressive: tuple[str, ...] = (),
    daemon: Any = None,
    plugins: tuple[str, ...] = (),
    **variables: Any,
) -> str:
    """The template, with Ansible's settings of Jinja."""
    environment = jinja2.Environment(
        autoescape=jinja2.select_autoescape(default_for_string=False), trim_blocks=True, keep_trailing_newline=True
    )
    environment.filters["difference"] = lambda some, others: [item for item in some if item not in others]
    template = environment.from_string((ROLE / "templates" / "strongswan.conf.j2").read_text())
    intent = {"daemon": daemon or {}, "plugins": plugins, "aggressive_psks": list(aggressive)}
    own = {"_strongswan_userspace": userspace, "_strongswan_intent": intent}
    return template.render(**DEFAULTS, _strongswan_userspace_unneeded=UNNEEDED, **own, **variables)


def test_h30_consent_is_given_for_aggressive_mode_only() -> None:
    assert CONSENT not in rendered()
    assert f"    {CONSENT} = yes\n" in rendered(aggressive=("berlin-office",))


def test_options_that_tunnels_need() -> None:
    assert "make_before_break" not in rendered()
    text = rendered(daemon={"make_before_break": "yes", "interfaces_use": 'a"#\\'})
    assert 'charon {\n    interfaces_use = "a\\"#\\\\"\n    make_before_break = "yes"\n    plugins {\n' in text


def test_a_plugin_whose_package_came_later_restarts_the_daemon() -> None:
    text = rendered(plugins=("curl", "openssl"))
    assert "        curl {\n            load = yes\n        }\n" in text
    assert rendered(plugins=("openssl", "x509")) == rendered()
    assert "curl" not in rendered()


def test_another_tunnel_in_aggressive_mode_restarts_nothing() -> None:
    assert rendered(aggressive=("a", "b")) == rendered(aggressive=("a",))


@pytest.mark.parametrize(("userspace", "off"), [(False, 3), (True, len(UNNEEDED))])
def test_what_stays_out(userspace: bool, off: int) -> None:
    text = rendered(userspace)
    assert text.count("load = no") == off + (not userspace)
    assert text.count("load = yes") == userspace
    assert "retransmit" not in text
