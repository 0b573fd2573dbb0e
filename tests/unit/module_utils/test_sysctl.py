# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names, order and file of kernel settings, and what `all` does to an interface's."""

from __future__ import annotations

import pytest
from ansible_collections.causeway.ipsec.plugins.module_utils.files import FileChange
from ansible_collections.causeway.ipsec.plugins.module_utils.host_network import HostError
from ansible_collections.causeway.ipsec.plugins.module_utils.sysctl import (
    HEADER,
    Drift,
    Setting,
    addresses_in,
    canonical_name,
    canonical_value,
    effective_values,
    explain_missing,
    in_order,
    missing_names,
    overruled,
    parse_file,
    parse_settings,
    plan_settings,
    render_file,
)

RP_FILTER = "net/ipv4/conf/eth0/rp_filter"
RP_FILTER_ALL = "net/ipv4/conf/all/rp_filter"


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("net.ipv4.ip_forward", "net/ipv4/ip_forward"),
        ("net/ipv4/ip_forward", "net/ipv4/ip_forward"),
        ("net/ipv4/conf/eth0.100/rp_filter", "net/ipv4/conf/eth0.100/rp_filter"),
        ("net.ipv4.conf.eth0/100.rp_filter", "net/ipv4/conf/eth0.100/rp_filter"),
        ("net.ipv4.conf.{interface}.rp_filter", "net/ipv4/conf/{interface}/rp_filter"),
    ],
)
def test_the_first_separator_decides_what_dots_and_slashes_mean(given: str, name: str) -> None:
    assert canonical_name(given) == name


@pytest.mark.parametrize("name", ["net/ipv4/ip_forward", "net/ipv4/conf/eth0.100/rp_filter"])
def test_canonical_names_stay_as_they_are(name: str) -> None:
    assert canonical_name(canonical_name(name)) == name


@pytest.mark.parametrize(
    ("given", "value"), [(True, "1"), (False, "0"), (2, "2"), (" 4096\t87380  6291456\n", "4096 87380 6291456")]
)
def test_values_are_compared_as_the_kernel_prints_them(given: object, value: str) -> None:
    assert canonical_value(given) == value


def test_a_placeholder_stands_for_every_interface() -> None:
    settings = parse_settings({"-net.ipv4.conf.{interface}.rp_filter": 2}, ["eth0.7", "eth1"])
    assert settings == [
        Setting("net/ipv4/conf/eth0.7/rp_filter", "2", optional=True),
        Setting("net/ipv4/conf/eth1/rp_filter", "2", optional=True),
    ]


def test_an_address_stands_for_the_interface_that_holds_it() -> None:
    raw = {"net/ipv4/conf/{192.0.2.1}/rp_filter": 2, "net/ipv6/conf/{2001:db8::1}/forwarding": 1}
    assert addresses_in(raw) == ["192.0.2.1", "2001:db8::1"]
    assert parse_settings(raw, ["lan0"], {"192.0.2.1": ["eth0.7"], "2001:db8::1": ["eth1"]}) == [
        Setting("net/ipv4/conf/eth0.7/rp_filter", "2"),
        Setting("net/ipv6/conf/eth1/forwarding", "1"),
    ]


@pytest.mark.parametrize("name", ["ip_forward", "net/../../etc/passwd", "net/ipv4/conf/*/rp_filter", "net/ipv4 /x", ""])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(HostError, match="is no name of a kernel setting, such as net/ipv4/ip_forward"):
        parse_settings({name: 1})


def test_router_advertisements_come_before_forwarding_and_interfaces_last() -> None:
    names = [
        "net/ipv4/conf/eth0/send_redirects",
        "net/ipv4/conf/all/send_redirects",
        "net/ipv4/conf/default/send_redirects",
        "net/ipv6/conf/all/forwarding",
        "net/ipv4/ip_forward",
        "net/ipv6/conf/eth0/accept_ra",
    ]
    assert [item.name for item in in_order(Setting(name, "0") for name in names)] == [
        "net/ipv6/conf/eth0/accept_ra",
        "net/ipv4/ip_forward",
        "net/ipv6/conf/all/forwarding",
        "net/ipv4/conf/default/send_redirects",
        "net/ipv4/conf/all/send_redirects",
        "net/ipv4/conf/eth0/send_redirects",
    ]


def test_the_last_value_of_a_name_counts() -> None:
    assert in_order([Setting("net/ipv4/ip_forward", "0"), Setting("net/ipv4/ip_forward", "1")]) == [
        Setting("net/ipv4/ip_forward", "1")
    ]


def test_what_is_written_is_what_is_read() -> None:
    settings = [Setting("net/ipv4/ip_forward", "1"), Setting(RP_FILTER, "2"), Setting("net/ipv6/x", "0", optional=True)]
    text = render_file(settings)
    assert text == HEADER + f"net/ipv4/ip_forward = 1\n-{RP_FILTER} = 2\n-net/ipv6/x = 0\n"
    assert parse_file(text) == {"net/ipv4/ip_forward": "1", RP_FILTER: "2", "net/ipv6/x": "0"}


def test_lines_of_other_peoples_making_are_understood() -> None:
    assert parse_file("; x = 1\n# y = 2\n\nnet.ipv4.ip_forward=1\nnonsense\n") == {"net/ipv4/ip_forward": "1"}
    assert parse_file(None) == {}


def test_a_plan_heals_drift_though_the_file_is_right() -> None:
    settings = [Setting("net/ipv4/ip_forward", "1"), Setting(RP_FILTER, "2"), Setting("net/ipv6/x", "0", optional=True)]
    values = {"net/ipv4/ip_forward": "0", RP_FILTER: "2", "net/ipv6/x": None}
    plan = plan_settings(settings, None, render_file(settings), values)
    assert plan.changed
    assert plan.drift == [Drift("net/ipv4/ip_forward", "0", "1")]
    assert plan.released == []
    assert plan.as_diff() == [
        {
            "before_header": "running kernel",
            "after_header": "running kernel",
            "before": "net/ipv4/ip_forward = 0\n",
            "after": "net/ipv4/ip_forward = 1\n",
        }
    ]


def test_a_plan_names_the_keys_that_leave_the_file() -> None:
    file = FileChange("/f", "net/ipv4/ip_forward = 1\n", None)
    plan = plan_settings([], file, file.before, {})
    assert plan.changed
    assert plan.released == ["net/ipv4/ip_forward"]
    assert plan.drift == []


def test_nothing_to_do_is_no_change() -> None:
    settings = [Setting("net/ipv4/ip_forward", "1")]
    assert not plan_settings(settings, None, render_file(settings), {"net/ipv4/ip_forward": "1"}).changed


def test_a_missing_key_is_named_with_its_reason() -> None:
    settings = parse_settings({"net/mpls/x": 1, "net/ipv6/y": 1, "net/ipv4/conf/foo/rp_filter": 2, "-net/z": 1})
    names = missing_names(settings, dict.fromkeys((item.name for item in settings), None))
    assert explain_missing(names, {"all", "default", "eth0"}) == (
        "this host's kernel has no setting net/mpls/x, net/ipv6/y (IPv6 is switched off or not built in), "
        "net/ipv4/conf/foo/rp_filter (there is no interface foo)"
    )


@pytest.mark.parametrize(
    ("own", "of_all", "effective"), [("2", "1", "2"), ("0", "1", "1"), ("0", "2", "2"), ("1", "0", "1")]
)
def test_the_kernel_goes_by_the_higher_value_of_all_and_interface(own: str, of_all: str, effective: str) -> None:
    settings = [Setting(RP_FILTER, own)]
    assert effective_values(settings, {RP_FILTER: own, RP_FILTER_ALL: of_all}) == {RP_FILTER: effective}


def test_a_setting_that_all_overrules_is_told() -> None:
    values = {
        RP_FILTER: "0",
        RP_FILTER_ALL: "1",
        "net/ipv6/conf/eth0/forwarding": "0",
        "net/ipv6/conf/all/forwarding": "1",
    }
    settings = [Setting(RP_FILTER, "0"), Setting("net/ipv6/conf/eth0/forwarding", "0")]
    assert overruled(settings, values) == [f"{RP_FILTER}=0 has no effect: {RP_FILTER_ALL}=1 overrules it"]
    assert overruled([Setting(RP_FILTER, "2")], {RP_FILTER: "2", RP_FILTER_ALL: "1"}) == []
