# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: connections
short_description: Hold the whole set of this host's IPsec connections in strongSwan
version_added: 0.1.0
description:
  - Takes the whole set of connections, pre-shared keys, certificates and private keys that a gateway shall have, and
    makes strongSwan have it.
  - It owns the connections whose names begin with C(cw-) and the secrets whose names begin with C(ike-cw-),
    the files V(/etc/swanctl/conf.d/causeway.conf) and V(/etc/swanctl/conf.d/causeway-secrets.conf), and the files whose
    names begin with C(cw-) in V(/etc/swanctl/x509), C(x509ca), C(x509crl), C(private) and C(pubkey).
    Everything else in the same daemon is left alone.
  - Before anything changes it parses the text, every file that C(swanctl) would read at the next boot (one syntax
    error in any of them makes C(swanctl) unload everything, with exit status 0), and tries each connection in the
    daemon under another name.
  - Only connections that differ are loaded again and their tunnels re-established; all others keep their security
    associations. A connection that is no longer wanted is unloaded, and its security associations end.
  - Afterwards it reads back what the daemon has. If anything is not as wanted, what ran before is brought back and
    the module fails.
  - What is loaded differently in the daemon than in its files, because somebody changed it by hand, is found and
    healed. The daemon does not show everything (proposals, for instance); of what it hides, the file is believed.
  - A changed pre-shared key, certificate or private key is loaded but interrupts no tunnel; it is used at the next
    authentication. A changed CA or raw public key of a peer does, since that is what the tunnel trusts.
  - strongSwan unloads no certificate. Where a CA is no longer wanted, a certificate is renewed with the same private
    key, or a list of revoked certificates is replaced by an older one, all credentials are emptied and read again from
    their files (C(swanctl --load-creds --clear)). No tunnel is interrupted, but what others loaded over VICI alone is
    gone.
  - In check mode it warns of each tunnel that is up and would be interrupted, and says why.
options:
  config:
    description:
      - The text of C(swanctl.conf) with the wanted connections, C(connections { … }) and nothing else.
      - Names of connections begin with C(cw-). The filter P(causeway.ipsec.swanctl_config#filter) makes such a text.
    type: str
    required: true
  secrets:
    description: The pre-shared keys, whole set as well.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the secret, C(ike-) and then the connection's name.
        type: str
        required: true
      ids:
        description: The identities of both ends.
        type: list
        elements: str
        required: true
      psk:
        description: The key itself.
        type: str
        required: true
  credentials:
    description:
      - The files of certificates and keys, whole set as well. P(causeway.ipsec.credentials#lookup) makes them.
      - A certificate that this end shows is not named in O(config). strongSwan finds it by the identity, the one that
        was loaded last.
    type: list
    elements: dict
    default: []
    suboptions:
      kind:
        description: The directory of the file under V(/etc/swanctl).
        type: str
        required: true
        choices: [private, pubkey, x509, x509ca, x509crl]
      name:
        description: Name of the file, C(cw-….pem).
        type: str
        required: true
      data:
        description: What it holds, in PEM form; a private key without a passphrase.
        type: str
        required: true
      id:
        description: Of a private key, SHA-1 of the bits of its public key, in hexadecimal digits.
        type: str
        default: ""
  algorithms:
    description:
      - The algorithms that the connections' proposals need, by kind (V(encryption), V(aead), V(integrity), V(prf),
        V(ke)), named as C(swanctl --list-algs) does.
      - If no loaded plugin provides one of them, the module fails before anything changes; strongSwan itself would
        load the connection, and every negotiation would fail.
    type: dict
    default: {}
  labels:
    description:
      - What people call the connections, by name of connection. Messages say it where it is not the name itself.
    type: dict
    default: {}
requirements:
  - strongSwan 5.9.5 or later (C(charon-systemd) and C(strongswan-swanctl)), running
notes:
  - In check mode, strongSwan may be absent; then every connection is reported as to be loaded.
  - Each end of a connection has C(auth = psk) or C(auth = pubkey), the remote one then with C(cacerts) or C(pubkeys).
extends_documentation_fragment:
  - causeway.ipsec.run
attributes:
  check_mode:
    description: Can run in check mode and reports the same without touching anything.
    support: full
  diff_mode:
    description: Shows what changes in the files and in the daemon. Keys are never shown.
    support: full
  idempotent:
    description: A second run with the same options changes nothing and interrupts nothing.
    support: full
seealso:
  - module: causeway.ipsec.tunnel
  - module: causeway.ipsec.tunnel_info
author:
  - causeway.ipsec contributors (@causeway-ipsec)
"""

EXAMPLES = r"""
- name: Load this gateway's connections
  causeway.ipsec.connections:
    config: "{{ ipsec_topology | causeway.ipsec.swanctl_config(inventory_hostname) }}"
    secrets: "{{ ipsec_topology | causeway.ipsec.gateway_secrets(inventory_hostname) }}"
  become: true

- name: Hold one connection that is written by hand
  causeway.ipsec.connections:
    config: |
      connections {
        cw-berlin-london {
          version = 2
          local_addrs = "198.51.100.10"
          remote_addrs = "198.51.100.20"
          proposals = aes256gcm16-prfsha384-ecp384
          local { auth = psk
            id = "198.51.100.10" }
          remote { auth = psk
            id = "198.51.100.20" }
          children {
            cw-berlin-london {
              local_ts = 192.168.1.0/24
              remote_ts = 192.168.2.0/24
              esp_proposals = aes256gcm16-ecp384
              start_action = trap|start
            }
          }
        }
      }
    secrets:
      - name: ike-cw-berlin-london
        ids: [198.51.100.10, 198.51.100.20]
        psk: "{{ vault_berlin_london_psk }}"
  become: true

- name: Remove all connections of this collection from a host
  causeway.ipsec.connections:
    config: ""
  become: true
"""

RETURN = r"""
loaded:
  description: Connections that were not loaded before.
  type: list
  elements: str
  returned: success
  sample: [cw-berlin-london]
replaced:
  description: Connections that were loaded, but differently.
  type: list
  elements: str
  returned: success
  sample: []
removed:
  description: Connections that are no longer wanted.
  type: list
  elements: str
  returned: success
  sample: [cw-berlin-paris]
unchanged:
  description: Connections that were left alone, with their security associations.
  type: list
  elements: str
  returned: success
  sample: [cw-berlin-rome]
up:
  description: Those of RV(unchanged) all of whose children have a live security association, so that nobody need dial.
  type: list
  elements: str
  returned: success
  sample: [cw-berlin-rome]
interrupted:
  description: Connections whose live security associations were ended by this run (in check mode, would be).
  type: list
  elements: str
  returned: success
  sample: [cw-berlin-paris]
secrets_changed:
  description: Secrets that are new or have changed. No tunnel is interrupted for that.
  type: list
  elements: str
  returned: success
  sample: [ike-cw-berlin-london]
secrets_removed:
  description: Secrets that are no longer wanted.
  type: list
  elements: str
  returned: success
  sample: []
credentials_changed:
  description: Files of certificates and keys that are new, have changed, or were not loaded.
  type: list
  elements: str
  returned: success
  sample: [/etc/swanctl/x509/cw-berlin-certificate.pem]
credentials_removed:
  description: Files of certificates and keys that are no longer wanted.
  type: list
  elements: str
  returned: success
  sample: []
reasons:
  description: Why each connection that was not left alone was not.
  type: dict
  returned: success
  sample:
    cw-berlin-london: not loaded
    cw-berlin-paris: no longer wanted
"""

from typing import TYPE_CHECKING

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.causeway.ipsec.plugins.module_utils.connection_run import EXPECTED, Request, run
from ansible_collections.causeway.ipsec.plugins.module_utils.credential_files import PLACES
from ansible_collections.causeway.ipsec.plugins.module_utils.swanctl_connections import PREFIX
from ansible_collections.causeway.ipsec.plugins.module_utils.turn import RUN_OPTION

if TYPE_CHECKING:
    from collections.abc import Mapping

SPEC = {
    "config": {"type": "str", "required": True},
    "secrets": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "no_log": False,
        "options": {
            "name": {"type": "str", "required": True},
            "ids": {"type": "list", "elements": "str", "required": True},
            "psk": {"type": "str", "required": True, "no_log": True},
        },
    },
    "credentials": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "no_log": False,
        "options": {
            "kind": {"type": "str", "required": True, "choices": sorted(PLACES)},
            "name": {"type": "str", "required": True},
            "data": {"type": "str", "required": True, "no_log": True},
            "id": {"type": "str", "default": ""},
        },
    },
    "algorithms": {"type": "dict", "default": {}},
    "labels": {"type": "dict", "default": {}},
    "run": RUN_OPTION,
}


class KeyedModule(AnsibleModule):
    """A module that does not log its options on the host.

    Ansible logs a list as Python would print it, and does not find a key in there that has a backslash or quotes.
    """

    def log(self, msg: str, log_args: Mapping[str, str] | None = None) -> None:
        super().log("Invoked with options that are not logged: they hold keys" if log_args else msg)


def called(name: str, labels: Mapping[str, str]) -> str:
    """A connection's name, with what people call it where that is another one."""
    label = labels.get(name, name)
    return name if name in (label, PREFIX + label) else f"{name} ({label})"


def main() -> None:
    """Run the module."""
    module = KeyedModule(argument_spec=SPEC, supports_check_mode=True)
    options = module.params
    try:
        wanted = (options["config"], options["secrets"], options["algorithms"])
        more = {"credentials": options["credentials"], "run_command": module.run_command}
        results = run(Request(*wanted, check=module.check_mode, run=options["run"], **more))
    except EXPECTED as exc:
        module.fail_json(msg=str(exc))
    for name in results["interrupted"] if module.check_mode else ():
        known_as = called(name, options["labels"])
        module.warn(f"a run would interrupt {known_as}, which is up now: {results['reasons'][name]}.")
    module.exit_json(**results)


if __name__ == "__main__":
    main()
