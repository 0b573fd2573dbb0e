# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: tunnel_info
short_description: Read the state of IPsec tunnels
version_added: 0.1.0
description:
  - Reads from strongSwan which tunnels are up, with what proposals, how long, and what they have carried.
  - Computes how large the packets may be that go through them.
options:
  names:
    description:
      - Names of the connections to report. One that strongSwan does not know is reported as V(down).
      - Without any, all connections of this collection (C(cw-…)) are reported.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - causeway.ipsec.run
attributes:
  check_mode:
    description: Can run in check mode; it changes nothing anyway.
    support: full
  diff_mode:
    description: It changes nothing, so there is no difference to show.
    support: none
  idempotent:
    description: It changes nothing.
    support: full
seealso:
  - module: causeway.ipsec.tunnel
author:
  - causeway.ipsec contributors (@causeway-ipsec)
"""

EXAMPLES = r"""
- name: Read the state of all tunnels
  causeway.ipsec.tunnel_info:
  become: true
  register: ipsec_status

- name: Fail if one of them is not up
  ansible.builtin.assert:
    that: ipsec_status.tunnels | rejectattr('state', 'equalto', 'up') | length == 0
    fail_msg: "{{ ipsec_status.tunnels | rejectattr('state', 'equalto', 'up') | map(attribute='name') | join(', ') }}"
"""

RETURN = r"""
tunnels:
  description: The tunnels by name. Fields of an IKE SA are null where there is none.
  type: list
  elements: dict
  returned: success
  contains:
    name:
      description: Name of the connection.
      type: str
      returned: success
      sample: cw-berlin-london
    state:
      description: V(up) if all its children have security associations, V(connecting) if an IKE SA exists, or V(down).
      type: str
      returned: success
      sample: up
    local_address:
      description: Address of this end.
      type: str
      returned: success
      sample: 198.51.100.10
    remote_address:
      description: Address of the peer.
      type: str
      returned: success
      sample: 198.51.100.20
    local_id:
      description: Identity of this end.
      type: str
      returned: success
      sample: 198.51.100.10
    remote_id:
      description: Identity of the peer.
      type: str
      returned: success
      sample: 198.51.100.20
    ike_version:
      description: IKE version in use.
      type: int
      returned: success
      sample: 2
    ike_proposal:
      description: What was agreed for IKE.
      type: str
      returned: success
      sample: AES_CTR-128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_3072
    initiator:
      description: Whether this end set it up.
      type: bool
      returned: success
      sample: true
    established:
      description: Age of the IKE SA in seconds.
      type: int
      returned: success
      sample: 12
    rekey:
      description: Seconds until the IKE SA is rekeyed.
      type: int
      returned: success
      sample: 77201
    uncovered:
      description:
        - Pairs of subnets that the connection is configured for and that none of its IPsec SAs carries.
        - Where the tunnel is V(up), the peer has narrowed what we offered it.
      type: list
      elements: str
      returned: success
      sample: [192.168.1.0/24 === 192.168.3.0/24]
    children:
      description: The IPsec SAs, those just being replaced included.
      type: list
      elements: dict
      returned: success
      contains:
        name:
          description: Name of the child configuration.
          type: str
          returned: success
          sample: cw-berlin-london
        state:
          description: State as strongSwan names it.
          type: str
          returned: success
          sample: INSTALLED
        proposal:
          description: What was agreed for ESP or AH.
          type: str
          returned: success
          sample: AES_CTR-128/HMAC_SHA2_256_128
        local_subnets:
          description: Agreed traffic selectors of this end.
          type: list
          elements: str
          returned: success
          sample: [192.168.1.0/24]
        remote_subnets:
          description: Agreed traffic selectors of the peer.
          type: list
          elements: str
          returned: success
          sample: [192.168.2.0/24]
        bytes_in:
          description: Bytes decrypted.
          type: int
          returned: success
          sample: 1008
        bytes_out:
          description: Bytes encrypted.
          type: int
          returned: success
          sample: 1008
        packets_in:
          description: Packets decrypted.
          type: int
          returned: success
          sample: 12
        packets_out:
          description: Packets encrypted.
          type: int
          returned: success
          sample: 12
        spi_in:
          description: SPI of the inbound SA; it changes when a tunnel is set up anew or rekeyed.
          type: str
          returned: success
          sample: c91d6b2a
        spi_out:
          description: SPI of the outbound SA.
          type: str
          returned: success
          sample: c3f5e9d0
        rekey:
          description: Seconds until it is rekeyed.
          type: int
          returned: success
          sample: 3120
        mode:
          description: IPsec mode as strongSwan names it, empty where no IPsec SA exists.
          type: str
          returned: success
          sample: TUNNEL
        protocol:
          description: V(ESP) or V(AH), empty where no IPsec SA exists.
          type: str
          returned: success
          sample: ESP
        encapsulation:
          description: Whether packets are wrapped in UDP, as they are when one of the peers is behind NAT.
          type: bool
          returned: success
          sample: false
        mtu:
          description:
            - Bytes of the largest packet that the tunnel takes without fragments, its IP header included.
            - It follows from the algorithms, the encapsulation and the MTU configured for the route to the peer.
              A smaller MTU on the way between the peers is not known here, M(causeway.ipsec.reachability) measures it.
            - With userspace ESP the MTU of charon's TUN device counts too.
            - Null where no IPsec SA in tunnel mode exists, or where there is no route to the peer.
          type: int
          returned: success
          sample: 1438
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.causeway.ipsec.plugins.module_utils.tunnel_state import read_summaries
from ansible_collections.causeway.ipsec.plugins.module_utils.turn import (
    RUN_OPTION,
    SupersededError,
    refuse_if_superseded,
)
from ansible_collections.causeway.ipsec.plugins.module_utils.vici import ViciError

SPEC = {"names": {"type": "list", "elements": "str", "default": []}, "run": RUN_OPTION}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    try:
        refuse_if_superseded(module.params["run"])
        tunnels = read_summaries(module.params["names"], module.run_command)
    except (SupersededError, ViciError) as exc:
        module.fail_json(msg=str(exc))
    module.exit_json(changed=False, tunnels=tunnels)


if __name__ == "__main__":
    main()
