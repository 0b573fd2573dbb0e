# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: kernel_settings
short_description: Hold a set of kernel settings (sysctls) in one file and in the running kernel
version_added: 0.1.0
author:
  - causeway.ipsec contributors (@causeway-ipsec)
description:
  - Takes the whole set in one call. The set is written to one file that this module owns, and every key whose value in
    the running kernel differs is set there too, even if the file was right already.
  - Afterwards every key is read again. A key that did not take its value is an error, and so is a key of one interface
    that the same key of C(all) overrules, since the kernel goes by the higher one of both (C(rp_filter),
    C(send_redirects), C(secure_redirects)).
  - Nothing is changed if the kernel lacks a key or the host lacks an address. The error names all of them.
  - A file whose name sorts after O(path) and that sets one of the keys to something else is warned of, since it wins at
    the next boot.
  - A key that is no longer wanted leaves the file and is named in RV(released). Its value in the running kernel stays
    until the next boot, because something else on the host may rely on it by now (C(ip_forward) and Docker, say).
options:
  settings:
    description:
      - Names of kernel settings and their values.
      - Both C(net.ipv4.ip_forward) and C(net/ipv4/ip_forward) are understood, as in files of sysctl.d. Write
        slashes where an interface's name contains dots.
      - C({interface}) in a name stands for each of the interfaces that hold O(addresses).
      - An address in braces, as in C(net/ipv4/conf/{198.51.100.10}/rp_filter), stands for the interface that holds it.
      - A leading minus makes a setting optional, it is skipped on a kernel that lacks it.
    type: dict
    default: {}
  addresses:
    description:
      - IP addresses of this host. The interfaces that hold them are those that C({interface}) stands for.
      - An address that no interface holds is an error.
    type: list
    elements: str
    default: []
  keep_router_advertisements:
    description:
      - Sets C(accept_ra) to 2 on each interface on which the kernel itself learned its default router from IPv6 router
        advertisements. The kernel would forget that router when IPv6 forwarding is switched on.
      - Interfaces whose advertisements a network manager handles (systemd-networkd, NetworkManager) are left alone.
    type: bool
    default: false
  path:
    description: The file. It holds nothing but these settings, and there is none if there are no settings.
    type: path
    default: /etc/sysctl.d/99-zz-causeway.conf
extends_documentation_fragment:
  - causeway.ipsec.run
attributes:
  check_mode:
    description: Reports what would change without touching the host.
    support: full
  diff_mode:
    description: Shows the file and the running kernel's values before and after.
    support: full
  idempotent:
    description: A second call changes nothing.
    support: full
seealso:
  - module: ansible.posix.sysctl
    description: Sets one key per call, in a file that may be shared.
"""

EXAMPLES = r"""
- name: Let a gateway forward between two interfaces, and check sources loosely on the one towards its peers
  causeway.ipsec.kernel_settings:
    settings:
      net/ipv4/ip_forward: 1
      net/ipv4/conf/{interface}/forwarding: 1
      net/ipv4/conf/{198.51.100.10}/rp_filter: 2
      -net/ipv6/conf/all/forwarding: 1
    addresses:
      - 198.51.100.10
      - 192.168.1.5

- name: Give up all of them (the running kernel keeps its values until the next boot)
  causeway.ipsec.kernel_settings:
    settings: {}
"""

RETURN = r"""
interfaces:
  description: The interfaces that hold the addresses given.
  returned: success
  type: list
  elements: str
  sample: [eth0, eth1]
effective:
  description:
    - What the kernel goes by for each setting, read after the change. In check mode, what it would go by.
  returned: success
  type: dict
  sample: {"net/ipv4/ip_forward": "1", "net/ipv4/conf/eth0/rp_filter": "2"}
released:
  description: Keys that left the file. The running kernel keeps their values until the next boot.
  returned: success
  type: list
  elements: str
  sample: [net/ipv4/conf/eth2/rp_filter]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.causeway.ipsec.plugins.module_utils.files import FileError
from ansible_collections.causeway.ipsec.plugins.module_utils.host_network import HostError
from ansible_collections.causeway.ipsec.plugins.module_utils.sysctl_run import OPTIONS, hold
from ansible_collections.causeway.ipsec.plugins.module_utils.turn import RUN_OPTION, turn


def main() -> None:
    module = AnsibleModule(argument_spec={**OPTIONS, "run": RUN_OPTION}, supports_check_mode=True)
    asked = module.params
    try:
        with turn(asked["run"], module.check_mode, [asked["path"]]):
            result = hold(asked, module.run_command, module.warn, check=module.check_mode)
    except (HostError, FileError, OSError, ValueError) as exc:
        module.fail_json(msg=str(exc))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
