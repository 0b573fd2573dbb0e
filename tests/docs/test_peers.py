# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/peers.md shows the examples that are run; both ends of each mirror each other.

tests/vm/test_foreign.py runs those with keys, tests/live/test_peer_certificates.py the one in swanctl's own words.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from ansible_collections.causeway.ipsec.plugins.module_utils.sa_causes import (
    Offer,
    classify,
    no_answer,
    unauthenticated,
)
from ansible_collections.causeway.ipsec.plugins.module_utils.swanctl_conf import parse_text
from ansible_collections.causeway.ipsec.plugins.module_utils.swanctl_connections import connections_of, message_of
from ansible_collections.causeway.ipsec.plugins.plugin_utils.proof import verdict
from ansible_collections.causeway.ipsec.plugins.plugin_utils.render import swanctl
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology import gateway_intent, load
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.crypto import DH_GROUPS

if TYPE_CHECKING:
    from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.model import ConnectionIntent

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "peers.md").read_text()
FILES = sorted(path for path in (DOCS / "peers").rglob("*") if path.is_file())
IN_OUR_WORDS = DOCS / "peers" / "swanctl" / "geneva"
EXAMPLES = [path.with_suffix("") for path in FILES if path.suffix == ".yml" and path.parent != IN_OUR_WORDS.parent]
SECONDS = {"s": 1, "h": 3600}
OFFER = Offer(
    remote_address="198.51.100.20",
    local_id="198.51.100.10",
    remote_id="198.51.100.20",
    ike_proposals=("aes256-sha256-prfsha256-modp2048",),
    ipsec_proposals=("aes256-sha256-modp2048",),
    local_subnets=("192.168.1.0/24",),
    remote_subnets=("192.168.20.0/24",),
)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.name))
def test_the_page_shows_each_file_as_it_is(path: Path) -> None:
    name = path.relative_to(DOCS / "peers")
    text = path.read_text().removeprefix("---\n")
    assert re.search(rf"\[{name}\]\(peers/{name}\):\n\n```\w+\n{re.escape(text)}```\n", PAGE)


def connection_of(example: Path) -> ConnectionIntent:
    """Our end, with a key in place of the one that is in a vault."""
    topology = yaml.safe_load(example.with_suffix(".yml").read_text())["ipsec_topology"]
    tunnels = [{**tunnel, "psk": "a key that is not the one in the vault"} for tunnel in topology["tunnels"]]
    (connection,) = gateway_intent(load({**topology, "tunnels": tunnels}), "berlin-gw").connections
    return connection


def settings_of(example: Path) -> dict[str, str]:
    return dict(re.findall(r"^ +([\w-]+)=(.*)$", example.with_suffix(".conf").read_text(), re.MULTILINE))


def subnets(settings: dict[str, str], end: str) -> set[str]:
    return set((settings.get(f"{end}subnet") or settings[f"{end}subnets"].strip("{}")).split(","))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: str(example.name))
def test_both_ends_mirror_each_other(example: Path) -> None:
    ours, theirs = connection_of(example), settings_of(example)
    assert theirs["right"] == theirs.get("rightid", ours.local_id) == ours.local_address
    identity = theirs.get("leftid", theirs["left"])
    assert identity.removeprefix("@") == ours.remote_id
    assert re.search(
        rf"^{identity} {ours.local_id} : PSK ", (example.parent / "ipsec.secrets").read_text(), re.MULTILINE
    )
    assert subnets(theirs, "left") == {subnet for child in ours.children for subnet in child.remote_subnets}
    assert subnets(theirs, "right") == {subnet for child in ours.children for subnet in child.local_subnets}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: str(example.name))
def test_both_ends_agree_on_how(example: Path) -> None:
    ours, theirs = connection_of(example), settings_of(example)
    newer = theirs.get("ikev2") == "yes" or theirs.get("keyexchange") == "ikev2"
    assert ours.ike_version == (2 if newer else 1)
    lifetimes = [theirs["ikelifetime"], theirs.get("salifetime") or theirs["lifetime"]]
    seconds = [int(lifetime[:-1]) * SECONDS[lifetime[-1]] for lifetime in lifetimes]
    assert seconds == [ours.ike_lifetime, ours.ipsec_lifetime]
    assert ours.protocol == theirs.get("phase2", "esp")
    for offered, key in ((ours.ike_proposals, "ike"), (ours.ipsec_proposals, ours.protocol)):
        tokens = {DH_GROUPS[group].token for proposal in offered for group in proposal.dh_groups}
        assert tokens == set(re.findall(r"modp\d+|ecp\d+", theirs[key]))
    assert (theirs.get("pfs") == "no") == (not ours.ipsec_proposals[0].dh_groups)


def test_both_ends_mirror_each_other_in_our_own_words() -> None:
    intent = gateway_intent(
        load(yaml.safe_load(IN_OUR_WORDS.with_suffix(".yml").read_text())["ipsec_topology"]), "berlin-gw"
    )
    texts = (swanctl.render(intent), IN_OUR_WORDS.with_suffix(".conf").read_text())
    (ours,), (theirs,) = (map(message_of, connections_of(parse_text(text, "x")).values()) for text in texts)
    (near,), (far,) = ours["children"].values(), theirs["children"].values()
    assert ours["version"] == theirs["version"]
    assert [token.replace("-prfsha256", "") for token in ours["proposals"]] == theirs["proposals"]  # which it implies
    assert (ours["local_addrs"], ours["remote_addrs"]) == (theirs["remote_addrs"], theirs["local_addrs"])
    for one, other in (("local", "remote"), ("remote", "local")):
        assert [ours[one][key] for key in ("auth", "id")] == [theirs[other][key] for key in ("auth", "id")]
        assert near[f"{one}_ts"] == far[f"{other}_ts"]
    assert near["esp_proposals"] == far["esp_proposals"]


def test_the_page_says_what_the_reports_say() -> None:
    heard = (
        "AUTHENTICATION_FAILED notify error",
        "NO_PROPOSAL_CHOSEN notify error",
        "NO_PROPOSAL_CHOSEN notify, no CHILD_SA built",
        "TS_UNACCEPTABLE notify",
    )
    causes = [classify([f"received {what}"], "", OFFER) for what in heard]
    causes += [unauthenticated(OFFER), no_answer(Offer(remote_address="198.51.100.20", ike_version="1"))]
    ends = [("192.168.1.0/24 === 192.168.25.0/24",), ()]
    pings = {"berlin-gw": [{"name": "t/london", "address": "x", "sent": 1, "received": 0, "rtt_ms": None}]}
    problems = []
    for uncovered in ends:
        child = {"proposal": "", "bytes_in": 0, "bytes_out": 84}
        seen = {"name": "cw-t", "state": "up", "ike_proposal": "", "children": [child], "uncovered": uncovered}
        rows = verdict.rows([("t", "cw-t", ("berlin-gw",))], {}, {"berlin-gw": [seen]}, pings)
        problems += [text.removeprefix("berlin-gw: ") for text in rows[0].problems if "no answer from" not in text]
    assert len(problems) == 2
    for text in (*(cause.text for cause in causes), *problems):
        assert f" | {text} |\n" in PAGE
