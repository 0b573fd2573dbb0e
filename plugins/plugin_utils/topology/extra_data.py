# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of strongSwan that ``extra`` may set, by level: their kinds, and from which version on they are known.

From the manual pages swanctl.conf(5) and strongswan.conf(5) of 5.9.5 (Ubuntu 22.04), 5.9.8 (Debian 12) and 6.0.1
(Debian 13), and from strongSwan's NEWS for labels and for what is younger. Where only a later page has a key, its
version is that one's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FLAG, NUMBER, DECIMAL, TIME, TEXT, MARK = "flag", "number", "decimal", "time", "text", "mark"
LEVELS: Final = ("connection", "local", "remote", "child")


@dataclass(frozen=True)
class Option:
    """A key of strongSwan."""

    kind: str
    words: tuple[str, ...] = ()  # if not empty, one of these
    since: str = ""


def _all(kind: str, names: Iterable[str], since: str = "") -> dict[str, Option]:
    return {name: Option(kind, since=since) for name in names}


# fmt: off
OPTIONS: Final[Mapping[str, Mapping[str, Option]]] = {
    "connection": {
        **_all(NUMBER, ("local_port", "remote_port")),
        **_all(FLAG, ("pull", "send_certreq", "ppk_required")),
        **_all(TEXT, ("vips", "pools", "ppk_id", "dscp")),
        **_all(MARK, ("if_id_in", "if_id_out")),
        "send_cert": Option(TEXT, ("ifasked", "never", "always")),
    },
    "local": {"round": Option(NUMBER), **_all(TEXT, ("eap_id", "aaa_id", "xauth_id"))},
    "remote": {"round": Option(NUMBER), **_all(TEXT, ("eap_id", "groups"))},
    "child": {
        **_all(FLAG, ("sha256_96", "hostaccess", "policies", "policies_fwd_out", "ipcomp", "mark_in_sa", "copy_df",
                      "copy_ecn")),
        **_all(NUMBER, ("reqid", "priority")),
        **_all(TEXT, ("updown", "interface", "tfc_padding")),
        **_all(MARK, ("mark_in", "mark_out", "set_mark_in", "set_mark_out", "if_id_in", "if_id_out")),
        "inactivity": Option(TIME),
        "label": Option(TEXT, since="5.9.6"),
        "label_mode": Option(TEXT, ("system", "simple", "selinux"), since="5.9.6"),
        "copy_dscp": Option(TEXT, ("out", "in", "yes", "no")),
        "icmp": Option(FLAG, since="6.0.5"),
    },
    "daemon": {
        **_all(FLAG, (
            "accept_private_algs", "accept_unencrypted_mainmode_messages", "cache_crls", "cert_cache",
            "check_current_path", "cisco_flexvpn", "cisco_unity", "close_ike_on_child_failure", "delete_rekeyed",
            "dh_exponent_ansi_x9_42", "dlopen_use_rtld_now", "dos_protection", "flush_auth_cfg",
            "follow_redirects", "force_eap_only_authentication", "hash_and_url", "ignore_acquire_ts",
            "inactivity_close_ike", "initiator_only", "install_routes", "install_virtual_ip", "integrity_test",
            "multiple_authentication", "prefer_best_path", "prefer_configured_proposals", "prefer_temporary_addrs",
            "process_route", "receive_delay_request", "receive_delay_response", "reuse_ikesa", "rsa_pss",
            "send_delay_request", "send_delay_response", "send_vendor_id",
            "signature_authentication", "signature_authentication_constraints",
        )),
        **_all(NUMBER, (
            "block_threshold", "cookie_threshold", "delete_rekeyed_delay", "fragment_size",
            "ikesa_limit", "ikesa_table_segments", "ikesa_table_size", "init_limit_half_open",
            "init_limit_job_load", "max_packet", "receive_delay", "receive_delay_type",
            "replay_window", "retransmit_jitter", "retransmit_limit", "retransmit_tries", "routing_table",
            "routing_table_prio", "send_delay", "send_delay_type", "threads",
        )),
        **_all(TEXT, (
            "dns1", "dns2", "ignore_routing_tables", "install_virtual_ip_on", "interfaces_ignore",
            "interfaces_use", "nbns1", "nbns2", "spi_label", "spi_mask", "spi_max", "spi_min",
        )),
        **_all(TIME, ("half_open_timeout", "keep_alive", "keep_alive_dpd_margin", "retry_initiate_interval",)),
        **_all(DECIMAL, ("retransmit_base", "retransmit_timeout")),
        "rdn_matching": Option(TEXT, ("strict", "reordered", "relaxed")),
        **_all(NUMBER, ("cookie_threshold_ip",), "5.9.8"),
        **_all(FLAG, ("rsa_pss_trailerfield",), "5.9.8"),
        **_all(NUMBER, ("fragment_size_v4", "fragment_size_v6", "ocsp_nonce_len", "reqid_base"), "6.0.1"),
        **_all(FLAG, ("reject_trusted_end_entity",), "6.0.1"),
    },
}

_HALF: Final = "of the policy"
_TUNNEL: Final = "of the tunnel"
# What is written anyway, by the key that decides it.
OWN: Final[Mapping[str, Mapping[str, str]]] = {
    "connection": {
        "version": f"ike.version {_HALF}", "aggressive": f"ike.mode {_HALF}", "proposals": f"ike {_HALF}",
        "local_addrs": "local_address of the gateway", "remote_addrs": "address of the peer's gateway",
        "rekey_time": f"ike.lifetime {_HALF}", "over_time": f"ike.rekey_margin {_HALF}",
        "rand_time": f"ike.rekey_margin {_HALF}", "reauth_time": f"ike.reauth_lifetime {_HALF}",
        "encap": f"udp_encapsulation {_TUNNEL}", "keyingtries": f"start {_TUNNEL}", "children": "extra.child",
        **{name: f"{name} {_TUNNEL}" for name in ("dpd_delay", "dpd_timeout", "unique", "mobike", "fragmentation",
                                                  "childless")},
    },
    **{end: {
        "id": f"ids {_TUNNEL}", "auth": f"auth {_TUNNEL}", "pubkeys": "public_key of the gateway",
        "certs": "certificate of the gateway", "cacerts": "ca of the gateway", "revocation": f"revocation {_TUNNEL}",
    } for end in ("local", "remote")},
    "child": {
        "esp_proposals": f"esp {_HALF}", "ah_proposals": f"ah {_HALF}", "local_ts": f"subnets and traffic {_TUNNEL}",
        "remote_ts": f"subnets and traffic {_TUNNEL}", "life_time": f"esp.lifetime {_HALF}",
        "rekey_time": f"esp.rekey_margin {_HALF}", "rand_time": f"esp.rekey_margin {_HALF}",
        **{f"{when}_{what}": f"esp.lifetime_{what} {_HALF}" for when in ("life", "rekey", "rand")
           for what in ("bytes", "packets")},
        "start_action": f"start {_TUNNEL}", "mode": "nothing: a tunnel between sites is in tunnel mode",
        **{name: f"{name} {_TUNNEL}" for name in ("dpd_action", "close_action", "replay_window", "hw_offload",
                                                  "per_cpu_sas")},
    },
    "daemon": {
        "make_before_break": "make_before_break of the gateway",
        "max_ikev1_exchanges": "nothing: it is raised where a tunnel of IKEv1 needs it",
        "i_dont_care_about_security_and_use_aggressive_mode_psk": f"ike.mode {_HALF}",
        "load": "the role's strongswan_plugins_off", "load_modular": "the role's strongswan_plugins_off",
        "plugins": "the role's strongswan_plugins_off",
        "port": "nothing: the firewalls open UDP 500", "port_nat_t": "nothing: the firewalls open UDP 4500",
    },
}
# fmt: on
