# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Of any topology: each end shows what the other expects, and a gateway has every file that its connections name."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ansible_collections.causeway.ipsec.plugins.module_utils.connection_run import Request, parse_wanted
from ansible_collections.causeway.ipsec.plugins.plugin_utils.pki.identities import proves
from ansible_collections.causeway.ipsec.plugins.plugin_utils.pki.made import Maker
from ansible_collections.causeway.ipsec.plugins.plugin_utils.pki.material import read_certificate
from ansible_collections.causeway.ipsec.plugins.plugin_utils.pki.share import Share
from ansible_collections.causeway.ipsec.plugins.plugin_utils.pki.sources import Sources
from ansible_collections.causeway.ipsec.plugins.plugin_utils.render import swanctl
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology import (
    gateway_intent,
    gateway_secrets,
    load,
)
from ansible_collections.causeway.ipsec.plugins.plugin_utils.topology.authentication import METHODS, PSK
from hypothesis import given, settings
from hypothesis import strategies as st
from topologies import topologies

NOWHERE = Path("/nonexistent")


def authenticated(raw: dict[str, Any], choose: Any) -> dict[str, Any]:
    """The topology with a way to authenticate for each managed end that can have one."""
    for tunnel in raw["tunnels"]:
        if tunnel["policy"] not in {"recommended", "mixed", "later"}:
            continue
        ids = tunnel.get("ids", {})
        ends = [end for end in tunnel["sites"] if raw["sites"][end]["gateways"][0].get("host")]
        tunnel["auth"] = {end: choose([one for one in METHODS if not ids.get(end, "").startswith("keyid:")
                                       or one != "certificate"]) for end in ends}  # fmt: skip
        if len(ends) == 2 and PSK not in tunnel["auth"].values():
            tunnel.pop("psk", None)
    return raw


@settings(max_examples=60)
@given(topologies(), st.data())
def test_both_ends_agree_and_nothing_is_missing(raw: dict[str, Any], data: st.DataObject) -> None:
    topology = load(authenticated(raw, lambda choices: data.draw(st.sampled_from(choices))))
    maker = Maker(NOWHERE, datetime.now(timezone.utc), 30, True, lambda text: text, lambda _path, text: text)
    sources = Sources(NOWHERE, lambda _path, text: text)
    shown: dict[tuple[str, str], Any] = {}
    files: dict[str, dict[tuple[str, str], str]] = {}
    for host in topology.site_by_host:
        intent = gateway_intent(topology, host)
        made = {one.tunnel: "k" * 64 for one in intent.connections if not one.psk_given}
        secrets = [secret.as_dict() for secret in gateway_secrets(topology, host, made)]
        credentials = [file.as_dict() for file in Share(topology, host, sources, maker).files()]
        wanted = parse_wanted(Request(swanctl.render(intent), secrets, credentials=credentials))
        shown |= {(host, one.tunnel): (one, wanted) for one in intent.connections}
        files[host] = {(file["kind"], file["name"]): file["data"] for file in credentials}
    for (host, tunnel), (one, wanted) in shown.items():
        needs_psk = PSK in {one.local_auth, one.remote_auth}
        assert (f"ike-{one.name}" in wanted.secrets) == needs_psk
        if one.local_auth == "certificate":
            (certificate,) = (data for (kind, _name), data in files[host].items() if kind == "x509")
            assert proves(read_certificate(certificate), one.local_id)
        if one.peer_host:
            peer, peers = shown[one.peer_host, tunnel]
            assert (one.local_auth, one.remote_auth) == (peer.remote_auth, peer.local_auth)
            ours = wanted.connections[one.name]["remote"].get("pubkeys")
            assert ours == peers.connections[one.name]["local"].get("pubkeys")
