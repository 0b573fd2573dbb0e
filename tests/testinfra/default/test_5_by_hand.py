# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people did by hand is found and named by a dry run, and healed by a run; both ends tell of a wrong key."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

from hostfiles import always, page, pattern
from testlab import eventually

if TYPE_CHECKING:
    from testlab import Lab

SYSTEMD = "/etc/systemd/system"
SECRETS = "/etc/swanctl/conf.d/causeway-secrets.conf"
BY_HAND = "echo '# by hand' >>"
KEY = "set by hand, and long enough for anybody"
ENCODED = base64.b64encode(KEY.encode()).decode()
WRONG_KEY = (
    f"sed -i 's|secret = .*|secret = 0s{ENCODED}|' {SECRETS} && swanctl --load-creds --noprompt && "
    "swanctl --terminate --ike cw-berlin-london --timeout 5"
)
REFUSED = "the peer at 198.51.100.20 refuses our authentication: its pre-shared key differs, or"
REFUSES = "the peer at 198.51.100.10 proved to know another pre-shared key than this end has."
# On each host, what a dry run must name, and what was done to it.
HANDS: dict[str, dict[str, str]] = {
    "berlin-gw": {
        "/etc/swanctl/conf.d/causeway.conf": "sed -i s/rekey_time/reauth_time/ /etc/swanctl/conf.d/causeway.conf",
        SECRETS: f"chmod 644 {SECRETS}",
        "/etc/strongswan.d/causeway.conf": f"{BY_HAND} /etc/strongswan.d/causeway.conf",
        f"{SYSTEMD}/strongswan.service.d/causeway.conf": f"{BY_HAND} {SYSTEMD}/strongswan.service.d/causeway.conf",
        f"{SYSTEMD}/strongswan-starter.service": f"rm {SYSTEMD}/strongswan-starter.service",
        "/etc/sysctl.d/99-zz-causeway.conf": "sed -i s/ip_forward/ip_no_forward/ /etc/sysctl.d/99-zz-causeway.conf",
        "/etc/causeway/firewall.nft": ": > /etc/causeway/firewall.nft",
        "nft list table inet causeway": "nft insert rule inet causeway guard_out accept",
    },
    "london-gw": {
        SECRETS: "true",  # it has another key since before
        f"{SYSTEMD}/causeway-firewall.service": f"chmod 600 {SYSTEMD}/causeway-firewall.service",
        f"{SYSTEMD}/sysinit.target.wants/causeway-firewall.service": "systemctl disable -q causeway-firewall",
        f"{SYSTEMD}/nftables.service.d/causeway.conf": f"{BY_HAND} {SYSTEMD}/nftables.service.d/causeway.conf",
        "nft list table inet causeway": "nft delete table inet causeway",
        "running kernel": "sysctl -q -w net.ipv4.ip_forward=0",
    },
    "berlin-1": {
        "/etc/systemd/network/20-lan0.network.d/causeway.conf": "rm -r /etc/systemd/network/20-lan0.network.d",
    },
    "berlin-2": {"running kernel, routes of protocol 213": "ip route del 192.168.2.0/24"},
    "london-1": {"/etc/network/if-up.d/causeway-routes": "chmod 644 /etc/network/if-up.d/causeway-routes"},
    "london-2": {
        "/etc/network/if-up.d/causeway-routes": f"{BY_HAND} /etc/network/if-up.d/causeway-routes",
        "running kernel, routes of protocol 213": "ip route replace 192.168.1.0/24 via 192.168.2.11 proto 213",
    },
}
LOOK = {
    "gw": (
        "sha256sum $F; stat -c '%n %a %U' $F; nft -s list table inet causeway; sysctl net.ipv4.ip_forward; "
        f"readlink {SYSTEMD}/strongswan-starter.service; systemctl is-enabled causeway-firewall; swanctl --list-conns; "
        "systemctl show -p NeedDaemonReload strongswan causeway-firewall nftables"
    ),
    "lan": "cat /etc/systemd/network/*.d/causeway.conf /etc/network/if-up.d/causeway-routes 2>&1; ip route; true",
}


def state(lab: Lab, host: str) -> str:
    """All that is ours on a host."""
    kind = "gw" if host.endswith("-gw") else "lan"
    return lab.sh(host, f"F='{' '.join(always('gateway', 'file'))}'; {LOOK[kind]}")


def forms(lab: Lab) -> list[str]:
    """The key that a gateway has, and the one that it gets by hand, as texts could show them."""
    encoded = re.findall(r'"0s(\S+)"', lab.sh("berlin-gw", f"cat {SECRETS}"))
    assert encoded
    return [KEY, ENCODED, *encoded, *(base64.b64decode(key).decode() for key in encoded)]


def test_every_file_of_ours_is_altered_below() -> None:
    assert set(always("gateway", "file", "link")) <= {*HANDS["berlin-gw"], *HANDS["london-gw"]}
    routes = [re.compile(pattern(name)) for name in page("LAN host", "file")]
    lan_hosts = {name for host, hands in HANDS.items() if not host.endswith("-gw") for name in hands}
    assert all(any(route.fullmatch(name) for name in lan_hosts) for route in routes)


def test_what_was_done_by_hand_is_found_and_healed(lab: Lab) -> None:
    before = {host: state(lab, host) for host in HANDS}
    secrets = forms(lab)

    lab.sh("london-gw", WRONG_KEY)
    unproven = lab.play(playbook="verify")
    assert unproven.status != 0
    assert f"berlin-london: berlin-gw: down: {REFUSED}" in unproven.output
    assert f"berlin-london: london-gw: down: {REFUSES}" in unproven.output

    for host, hands in HANDS.items():
        for act in hands.values():
            lab.sh(host, act)
    predicted = lab.play("--check", "--diff").succeeded()
    for host, hands in HANDS.items():
        assert predicted.changed[host] > 0, host
        assert [name for name in hands if name not in predicted.diff(host)] == [], host
    assert [form[:4] for form in secrets if form in unproven.output + predicted.output] == []

    lab.play().succeeded()
    assert {host: state(lab, host) for host in HANDS} == before
    assert eventually(lambda: lab.pings("berlin-2", "192.168.2.12"))
    again = lab.play().succeeded()
    assert set(again.changed.values()) == {0}
