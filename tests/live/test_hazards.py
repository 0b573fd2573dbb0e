# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways in which strongSwan fails without a word (tests/unit/test_hazard_ids.py) that only a real daemon shows."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.causeway.ipsec.plugins.module_utils.connection_run import messages_of
from ansible_collections.causeway.ipsec.plugins.module_utils.swanctl_conf import ConfigError, parse_text
from gateways import podman
from tunnels import STARTED, Pair, established, options_for, quiet, up, wanted

if TYPE_CHECKING:
    from gateways import Gateway

ONE = [{"name": "cw-one"}]
BROKEN = ("a.b { }", "a, b { }", "ab cd { }", '"ab" { }', "a", "= 3", "a : { }", "k = a } b", 'k = "abc', "}", "a {")
OTHER = "/etc/swanctl/conf.d/other.conf"
LIST = """
import json
from ansible_collections.causeway.ipsec.plugins.module_utils.vici import Client, find_socket
shown = {}
for event in Client(find_socket()).stream("list-conns", "list-conn"):
    shown.update(event)
print(json.dumps({name: one["local-1"]["id"] for name, one in shown.items()}))
"""


def load_by_hand(gateway: Gateway, text: str) -> dict[str, str]:
    """Have swanctl load a file of its own, and return the local identity of each connection that there is then."""
    gateway.sh("mkdir -p /tmp/hand")
    gateway.write("/tmp/hand/swanctl.conf", text)
    gateway.sh("swanctl --load-conns --file /tmp/hand/swanctl.conf", check=False)
    return dict(json.loads(podman("exec", "-w", "/opt/live", gateway.container, "python3", "-c", LIST)))


def by_hand(name: str, identity: str) -> str:
    ends = f"local {{ auth = psk\nid = {identity}\n}}\nremote {{ auth = psk\n}}"
    return f"connections {{\n{name} {{\n{ends}\n}}\n}}\n"


def test_h01_h07_what_our_parser_refuses_swanctl_takes_for_nothing(pair: Pair) -> None:
    good = by_hand("hand", "gw.example")
    for broken in BROKEN:
        assert (broken, load_by_hand(pair[0], good)) == (broken, {"hand": "gw.example"})
        assert (broken, load_by_hand(pair[0], f"{good}{broken}\n")) == (broken, {})
        with pytest.raises(ConfigError):
            parse_text(f"{good}{broken}\n", "f")


def test_h04_h06_h08_h10_what_our_parser_reads_swanctl_reads(pair: Pair) -> None:
    here, _unused = pair
    identities = ["ab#cd", '"ab#cd"', "a   b", '"a   b"', "a{b", "a:b", '"a\\"b\\\\c"', '"ab\\\ncd"', "ab\r"]
    text = "base { local { id = from.base\n } }\n"
    text += "".join(by_hand(f"hand{number}", identity) for number, identity in enumerate(identities))
    text += by_hand("hand0", "later.example")  # the same name again
    text += "connections { refers:base { local { auth = psk\n }\n remote { auth = psk\n } } }\n"
    ours = {name: message["local"]["id"] for name, message in messages_of(parse_text(text, "f")).items()}
    assert ours["hand0"] == "later.example"
    assert (ours["hand2"], ours["refers"]) == ("a b", "from.base")
    assert load_by_hand(here, text) == ours


def test_h01_h23_a_green_service_without_connections_is_found(pair: Pair) -> None:
    options = up(pair, "cw-one")
    here, _unused = pair
    here.write(OTHER, "connections {\n  broken.name {\n  }\n}\n")
    here.sh("swanctl --load-all --noprompt")  # its exit status is 0
    assert (here.loaded(), here.sh("systemctl is-active strongswan")) == (set(), "active\n")
    here.sh(f"rm {OTHER}")
    assert here.module("tunnel_info", names=["cw-one"])["tunnels"][0]["state"] != "up"
    done = here.connections(**options)
    assert (done["loaded"], done["secrets_changed"]) == (["cw-one"], ["ike-cw-one"])
    established(here, "cw-one")


def test_h02_a_main_file_that_is_missing_stops_us_before_anything_changes(pair: Pair) -> None:
    up(pair, "cw-one")
    here, there = pair
    before = established(here, "cw-one")
    here.sh("mv /etc/swanctl/swanctl.conf /etc/swanctl/away")
    try:
        for check in (True, False):
            done = here.connections(check=check, **wanted(here, there, one=STARTED, two=STARTED))
            assert done["msg"].startswith("/etc/swanctl/swanctl.conf: cannot be read")
    finally:
        here.sh("mv /etc/swanctl/away /etc/swanctl/swanctl.conf")
    assert (established(here, "cw-one"), here.loaded()) == (before, {"cw-one"})


@pytest.mark.parametrize(
    "psk",
    [
        "0x0123456789abcdef0123456789abcdef",
        "0sdGhpcyBsb29rcyBsaWtlIGJhc2U2NCBhbmQgaXMgbm90",
        "before the hash#behind it, all of it counts",
        'blanks  and } = { "quotes" and \\n escapes ',
    ],
)
def test_h04_h05_h06_h11_swanctl_reads_the_key_that_was_loaded(pair: Pair, psk: str) -> None:
    here, there = pair
    there.connections(**options_for(there, here, {"cw-one": {}}, psk))
    options = options_for(here, there, {"cw-one": STARTED}, psk)
    here.connections(**options)
    established(here, "cw-one")
    here.sh("systemctl restart strongswan")  # from here on one end has the key from the file
    established(here, "cw-one")
    assert quiet(here.connections(**options))


def test_h09_swanctl_reads_all_of_the_longest_name(pair: Pair) -> None:
    here, there = pair
    name = "cw-" + "n" * 57  # with ike- before it, the secret's has 64
    options = json.loads(json.dumps(wanted(here, there, one={})).replace("cw-one", name))
    assert here.connections(**options)["loaded"] == [name]
    here.sh("systemctl restart strongswan")
    assert here.loaded() == {name}
    assert quiet(here.connections(check=True, **options))


def test_h15_a_trap_that_is_not_installed_is_an_error(pair: Pair) -> None:
    here, there = pair
    if " 5.9.8" in here.sh("swanctl --version"):
        pytest.skip("userspace ESP ignores traps before 5.9.11")
    done = here.connections(**wanted(here, there, one={"remote": "%any"}))
    assert "cw-one: no trap policy was installed for 'cw-one'" in done["msg"]
    assert "What ran before has been brought back" in done["msg"]
    assert here.loaded() == set()


@pytest.mark.parametrize("action", ["none", "trap"])
def test_h20_a_changed_proposal_is_in_force_and_not_only_listed(pair: Pair, action: str) -> None:
    here, there = pair

    def load(proposal: str) -> list[str]:
        settings = {"esp_proposals": f"{proposal}-sha256-modp2048"}
        there.connections(**wanted(there, here, one=settings))
        done = here.connections(**wanted(here, there, one={**settings, "start_action": action}))
        assert not done.get("failed"), done
        assert here.module("tunnel", connections=ONE)["tunnels"][0]["state"] == "up"
        return proposals(here)

    assert load("aes128") == ["AES_CBC-128/HMAC_SHA2_256_128"]
    assert load("aes256") == ["AES_CBC-256/HMAC_SHA2_256_128"]


def proposals(gateway: Gateway) -> list[str]:
    """What the tunnel's IPsec SAs use."""
    (tunnel,) = gateway.module("tunnel_info", names=["cw-one"])["tunnels"]
    return [child["proposal"] for child in tunnel["children"] if child["state"] == "INSTALLED"]


def test_h22_a_reload_that_failed_half_way_is_found_and_healed(pair: Pair) -> None:
    options = up(pair, "cw-one", "cw-two", "cw-three")
    here, _unused = pair
    before = established(here, "cw-three")
    here.sh(
        "sed -i -e '/^    cw-one {/,/children/s/rekey_time = .*/rekey_time = 999s/' "
        "-e '/^    cw-two {/a no_such_option = yes' /etc/swanctl/conf.d/causeway.conf"
    )
    assert here.sh("systemctl reload strongswan >/dev/null 2>&1; echo $?") != "0\n"
    assert here.sh("systemctl is-active strongswan") == "active\n"
    assert "rekey_time=999" in here.sh("swanctl --list-conns --raw")
    done = here.connections(**options)
    assert (done["replaced"], done["unchanged"]) == (["cw-one", "cw-two"], ["cw-three"]), done
    assert "rekey_time=999" not in here.sh("swanctl --list-conns --raw")
    assert quiet(here.connections(**options))
    assert established(here, "cw-one", "cw-two", "cw-three")["cw-three"] == before["cw-three"]


def test_h28_the_first_rekeying_passes_with_the_groups_of_both_ends(pair: Pair) -> None:
    up(pair, "cw-one")
    here, there = pair
    assert proposals(here) == ["AES_CBC-128/HMAC_SHA2_256_128"]  # keys from IKE's: no group was compared yet
    here.sh("swanctl --rekey --child cw-one")
    deadline = time.monotonic() + 10
    while proposals(here) != ["AES_CBC-128/HMAC_SHA2_256_128/MODP_2048"]:
        assert time.monotonic() < deadline, here.sh("swanctl --list-sas")
        time.sleep(0.2)
    assert here.pings(there)


def test_h32_a_link_in_place_of_our_file_becomes_a_file(pair: Pair) -> None:
    options: dict[str, Any] = up(pair, "cw-one")
    here, _unused = pair
    before = established(here, "cw-one")
    ours = "/etc/swanctl/conf.d/causeway.conf"
    here.sh(f"mv {ours} /root/causeway.conf; ln -s /root/causeway.conf {ours}")
    done = here.connections(**options)
    assert (done["changed"], done["unchanged"]) == (True, ["cw-one"])
    assert here.sh(f"stat -c '%F %a' {ours}") == "regular file 600\n"
    assert quiet(here.connections(**options))
    assert established(here, "cw-one") == before
