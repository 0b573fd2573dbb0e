# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a topology can ask for, against real daemons: each release takes all that its version is said to take."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology import gateway_intent, load
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.crypto import (
    DH_GROUPS,
    ENCRYPTION,
    INTEGRITY,
    PRF,
)
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.extra_data import LEVELS, OPTIONS
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.gates import unmet
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.parameters import BEHAVIOUR, Choice, Flag, Whole
from planned import PSK, plan, planned, two_sites
from tunnels import Pair, established, quiet

if TYPE_CHECKING:
    from gateways import Gateway

SUITE: dict[str, Any] = {"encryption": "aes256", "integrity": "sha256"}
# What a policy can say besides its algorithms, in each version of IKE.
POLICIES: dict[str, dict[str, Any]] = {
    "v2": {"ike": {**SUITE, "dh_group": 14, "reauth_lifetime": 86400}, "esp": {**SUITE, "lifetime_bytes": 10**9}},
    "v1": {"ike": {**SUITE, "dh_group": 14, "version": 1}, "esp": {**SUITE, "lifetime_packets": 10**6}},
    "aggressive": {"ike": {**SUITE, "dh_group": 14, "version": 1, "mode": "aggressive"}, "esp": SUITE},
    "any": {"ike": {**SUITE, "dh_group": [14, 31], "version": "any", "rekey_margin": 300}, "esp": SUITE},
    "esn": {"esp": {**SUITE, "esn": "both", "rekey_margin": 60}},
    "following": {"ike": {**SUITE, "dh_group": 14, "additional_key_exchanges": [19, 31]}},
    "kem": {"ike": {**SUITE, "dh_group": 14, "additional_key_exchanges": ["mlkem768"]}},
    "several": {"ike": {"proposals": [{"encryption": "aes256gcm16", "dh_group": 31}, {**SUITE, "dh_group": 14}]}},
}
# A value for each kind of strongSwan's own keys, and for those that take no text but some.
SAMPLES: dict[str, Any] = {
    "flag": True,
    "number": 1,
    "time": "2h",
    "mark": "0x2a",
    "text": "x",
    "dscp": "101110",
    "vips": "10.99.0.1",
    "label_mode": "simple",
    "tfc_padding": "mtu",
    "updown": "/bin/true",
}
OF_IKEV1 = {"dpd_timeout", "fragmentation: force"}
OF_IKEV2 = {"mobike", "childless", "per_cpu_sas"}


def values(kind: object) -> list[Any]:
    """Every word, and both ends of a range."""
    if isinstance(kind, Choice):
        return list(kind.words)
    return [False, True] if isinstance(kind, Flag) else [kind.least, kind.most] if isinstance(kind, Whole) else []


def fits(policy: str, key: str, value: object) -> bool:
    version = {"v1": 1, "aggressive": 1, "any": 0}.get(policy, 2)
    word = f"{key}: {value}"
    return not (version == 2 and {key, word} & OF_IKEV1) and not (version == 1 and key in OF_IKEV2)


def wishes() -> list[dict[str, Any]]:
    """Each value of each key of a tunnel's behaviour once, with the policies in turn; and each policy by itself."""
    named: list[dict[str, Any]] = [{"policy": policy} for policy in POLICIES]
    policies = itertools.cycle(("v2", "any", "v1", "several"))
    for one in BEHAVIOUR:
        for value in values(one.kind):
            policy = next(name for name in policies if fits(name, one.name, value))
            named.append({"policy": policy, one.name: value})
    named.append({"policy": "v2", "traffic": [{"protocol": "tcp", "ports": {"far": 443}}, {"protocol": 89}]})
    named.append({"policy": "any", "traffic": [{"protocol": "udp", "ports": {"far": 53, "near": 53}}]})
    for level in LEVELS:
        for key, option in OPTIONS[level].items():
            sample = SAMPLES.get(key, option.words[0] if option.words else SAMPLES[option.kind])
            named.append({"policy": "v2", "extra": {level: {key: sample}}})
    return [{"start": "answer_only", **wish} for wish in named]


def topology(here: Gateway, tunnels: list[dict[str, Any]]) -> dict[str, Any]:
    """A gateway with a tunnel to a peer of its own for each; nobody is where the peers are said to be."""
    net = here.address.rpartition(".")[0]
    sites: dict[str, Any] = {
        "near": {"subnets": [f"{here.lan}.1/32"], "gateways": [{"host": "here", "address": here.address}]}
    }
    made = []
    for number, tunnel in enumerate(tunnels):
        name = f"far{number}"
        sites[name] = {"subnets": [f"10.77.{number}.0/24"], "gateways": [{"address": f"{net}.{100 + number}"}]}
        ports = [
            {**one, "ports": {site.replace("far", name): port for site, port in one["ports"].items()}}
            if "ports" in one
            else one
            for one in tunnel.get("traffic", [])
        ]
        made.append(
            {
                **tunnel,
                **({"traffic": ports} if ports else {}),
                "name": f"t{number}",
                "sites": ["near", name],
                "psk": PSK,
            }
        )
    return {"policies": POLICIES, "sites": sites, "tunnels": made}


def version_of(here: Gateway) -> str:
    return here.sh("swanctl --version").split()[-1]


def options(here: Gateway, tunnels: list[dict[str, Any]]) -> dict[str, Any]:
    return planned(topology(here, tunnels), "here")


def refused(here: Gateway, tunnel: dict[str, Any]) -> list[str]:
    """What the version of the host is said to lack for this tunnel."""
    intent = gateway_intent(load(topology(here, [tunnel])), "here")
    return unmet(intent.requires, "here", version_of(here), [])


def test_h13_the_daemon_takes_all_that_its_version_is_said_to_take(pair: Pair) -> None:
    here, _there = pair
    fit = [wish for wish in wishes() if not refused(here, wish)]
    wanted = options(here, fit)
    done = here.connections(**wanted)
    assert len(done.get("loaded", [])) == len(fit) > 40, done
    assert quiet(here.connections(check=True, **wanted))
    assert quiet(here.connections(**wanted))


@pytest.mark.parameters("ike.additional_key_exchanges", "tunnel.per_cpu_sas")
def test_h13_h14_the_daemon_refuses_what_its_version_is_said_to_lack(pair: Pair) -> None:
    here, _there = pair
    younger = [wish for wish in wishes() if refused(here, wish)]
    assert {"yes", "encap"} == {wish["per_cpu_sas"] for wish in younger if "per_cpu_sas" in wish}
    for wish in younger:
        done = here.connections(**options(here, [wish]))
        reasons = ("strongSwan refuses it", "lacks ke ML_KEM_768")
        assert done.get("failed"), (wish, done)
        assert any(reason in done["msg"] for reason in reasons), (wish, done)
    assert here.loaded() == set()


def algorithms() -> list[dict[str, Any]]:
    """Policies that name each algorithm and each group at least once, each kind turning at its own pace."""
    classic = [name for name, row in ENCRYPTION.items() if row.kind == "classic"]
    aead = [name for name, row in ENCRYPTION.items() if row.kind == "aead"]
    hashes, prfs, groups = itertools.cycle(INTEGRITY), itertools.cycle(PRF), itertools.cycle(DH_GROUPS)
    ciphers = itertools.chain.from_iterable(itertools.zip_longest(classic, aead))
    found = []
    for cipher in [name for name in ciphers if name]:
        suite = {"encryption": cipher} | ({"integrity": next(hashes)} if cipher in classic else {})
        group = next(groups)
        found.append({"ike": {**suite, "prf": next(prfs), "dh_group": group}, "esp": {**suite, "pfs_group": group}})
    return found


def both(pair: Pair, policies: list[Any], theirs: list[Any] | None = None) -> list[str]:
    """Load a tunnel for each policy at both ends, which may differ; the names of the connections."""
    here, there = pair
    plan(there, two_sites(pair, theirs or policies))
    return plan(here, two_sites(pair, policies))


def proposals(gateway: Gateway, connection: str) -> str:
    return gateway.sh(f"swanctl --list-sas --ike {connection}")


@pytest.mark.parameters("ike.encryption", "ike.integrity", "ike.prf", "ike.dh_group", "esp.encryption", "esp.integrity")
@pytest.mark.parametrize("part", [0, 1, 2], ids=["first", "second", "third"])
def test_every_algorithm_is_negotiated(pair: Pair, part: int) -> None:
    chosen = algorithms()[part::3]
    for gateway in pair:
        gateway.sh(f"for n in $(seq {len(chosen)}); do ip address replace {gateway.lan}.$n/32 dev lo; done")
    established(pair[0], *both(pair, chosen))


@pytest.mark.parameters("ike.proposals", "esp.proposals")
def test_two_ends_agree_on_the_strongest_that_both_have(pair: Pair) -> None:
    strong, middle = {"encryption": "aes256gcm16", "dh_group": 20}, {**SUITE, "dh_group": 19}
    weak, other = (
        {"encryption": "3des", "integrity": "sha1", "dh_group": 2},
        {"encryption": "aes256ccm16", "dh_group": 21},
    )
    ours, theirs = [strong, middle, weak], [other, middle, weak]
    esp = [{key: value for key, value in suite.items() if key != "dh_group"} for suite in (strong, SUITE, weak)]
    (name,) = both(
        pair,
        [{"ike": {"proposals": ours}, "esp": {"proposals": esp}}],
        [{"ike": {"proposals": theirs}, "esp": {"proposals": esp[1:]}}],
    )
    established(pair[0], name)
    shown = proposals(pair[0], name)
    assert "AES_CBC-256/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/ECP_256" in shown
    assert "ESP:AES_CBC-256/HMAC_SHA2_256_128" in shown


@pytest.mark.parameters("ike.version")
@pytest.mark.parametrize("version", [1, 2])
def test_an_end_with_any_version_answers_to_each(pair: Pair, version: int) -> None:
    suite = {"ike": {**SUITE, "dh_group": 14}, "esp": {**SUITE, "pfs_group": 14}}
    either = {**suite, "ike": {**suite["ike"], "version": "any"}}
    one = {**suite, "ike": {**suite["ike"], "version": version}}
    (name,) = both(pair, [one], [either])
    established(pair[0], name)
    assert f"IKEv{version}" in proposals(pair[0], name)
