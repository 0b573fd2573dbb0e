# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: gateway_info
short_description: Look at a host that is to be a gateway, once and without a change
version_added: 0.1.0
author:
  - causeway.ipsec contributors (@causeway-ipsec)
description:
  - Tells what the host is and has, so that a run in which all is well needs to ask nothing more. Packages, files and
    units are looked up as asked.
  - Finds out whether the kernel makes ESP, and whether userspace could. By effect, since neither a kernel's
    configuration nor its list of modules tells. It adds ESP states and a policy in a network namespace of their own
    that ends with the command, so that the host's own states, policies and traffic are never touched.
  - The kernel may load its modules for ESP and ciphers on demand, as it would for the first tunnel. Nothing else
    stays.
  - Userspace ESP (strongSwan's kernel-libipsec) needs C(/dev/net/tun). It is opened and closed without making an
    interface.
options:
  packages:
    description: Shell patterns of packages' names.
    type: list
    elements: str
    default: []
  files:
    description: Paths of files and symbolic links.
    type: list
    elements: str
    default: []
  units:
    description: Names of systemd units.
    type: list
    elements: str
    default: []
  version_of:
    description: A package whose version is looked up, which is not asked for if empty.
    type: str
    default: ""
  firewall:
    description:
      - Firewall rules, of which RV(firewall) tells whether they are held.
      - The options are those of M(causeway.ipsec.firewall), and mean the same.
    type: dict
    suboptions:
      intent:
        description: The gateway's share of the topology.
        type: dict
      backend:
        description: Who runs the host's own firewall.
        type: str
        choices: [auto, nftables, firewalld, ufw, none]
        default: auto
      dataplane:
        description: How traffic shows that it belongs to a tunnel.
        type: str
        choices: [kernel, userspace, auto]
        default: kernel
      forward_others:
        description: Whether the host forwards what belongs to no tunnel.
        type: str
        choices: [auto, allow, drop]
        default: auto
      ssh_ports:
        description: The ports of SSH.
        type: list
        elements: int
        default: []
      wan_mtu:
        description: The MTU of the path to the peers.
        type: int
        default: 0
      units:
        description: The systemd units that load the rules at boot.
        type: dict
        default: {}
  kernel_settings:
    description: A set of kernel settings, of which RV(kernel_settings) tells whether it is held.
    type: dict
    suboptions:
      settings:
        description: As in M(causeway.ipsec.kernel_settings).
        type: dict
        default: {}
      addresses:
        description: As in M(causeway.ipsec.kernel_settings).
        type: list
        elements: str
        default: []
      keep_router_advertisements:
        description: As in M(causeway.ipsec.kernel_settings).
        type: bool
        default: false
      path:
        description: As in M(causeway.ipsec.kernel_settings).
        type: path
        default: /etc/sysctl.d/99-zz-causeway.conf
extends_documentation_fragment:
  - causeway.ipsec.run
attributes:
  check_mode:
    description: Does the same in check mode, since it changes nothing; only the host does not become O(run)'s then.
    support: full
  diff_mode:
    description: There is nothing to show.
    support: none
  idempotent:
    description: It changes nothing.
    support: full
"""

EXAMPLES = r"""
- name: Look at the host
  causeway.ipsec.gateway_info:
    packages: ["charon-systemd", "*strongswan*"]
    files: [/etc/strongswan.d/causeway.conf]
    units: [strongswan]
  register: host

- name: Refuse a kernel without ESP
  ansible.builtin.assert:
    that: host.kernel_esp
    fail_msg: "{{ host.missing | join('; ') }}"
"""

RETURN = r"""
distribution:
  description:
    - What C(os-release) says, as C(id), C(version), and C(name) for people. The version of Debian's testing, which says
      none, is the one that it will have.
  returned: success
  type: dict
  sample: {"id": "debian", "version": "12", "name": "Debian GNU/Linux 12 (bookworm)"}
package_manager:
  description: V(apt), V(dnf), or V(unknown).
  returned: success
  type: str
  sample: apt
packages:
  description: The installed packages whose names match one of O(packages), sorted.
  returned: success
  type: list
  elements: str
  sample: [charon-systemd, libstrongswan, strongswan-swanctl]
files:
  description:
    - Those of O(files) that are there, by path. A file has C(sha256), C(mode) and C(owner) (user and group by number),
      a symbolic link has C(link).
  returned: success
  type: dict
  sample: {"/etc/strongswan.d/causeway.conf": {"sha256": "9f86d08…", "mode": "0644", "owner": "0:0"}}
version:
  description:
    - Of O(version_of), the version C(installed); where none is, the one that is C(offered) by the lists that the host
      has. Empty where that is not known.
  returned: success
  type: dict
  sample: {"installed": "5.9.8-5+deb12u6", "offered": ""}
units:
  description: Each of O(units), with systemd's words for whether it is C(active) and C(enabled).
  returned: success
  type: dict
  sample: {"strongswan": {"active": "active", "enabled": "enabled"}}
firewall:
  description:
    - Whether the rules of O(firewall) are C(held), so that M(causeway.ipsec.firewall) would change nothing and warn of
      nothing. Empty unless they are given.
  returned: success
  type: dict
  sample: {"held": true}
kernel_settings:
  description:
    - Whether O(kernel_settings) are C(held), so that M(causeway.ipsec.kernel_settings) would change nothing and warn of
      nothing; and if there is one, the C(problem) that it would fail with.
      Empty unless they are given.
  returned: success
  type: dict
  sample: {"held": true, "problem": ""}
kernel_esp:
  description: Whether the kernel took an ESP state over IPv4 (AES-CBC with SHA-256) and a policy for it.
  returned: success
  type: bool
  sample: true
kernel_aead:
  description: Whether the kernel took an ESP state with AES-GCM too.
  returned: success
  type: bool
  sample: true
kernel_esp_ipv6:
  description: Whether the kernel took an ESP state over IPv6 too.
  returned: success
  type: bool
  sample: true
userspace:
  description: Whether /dev/net/tun opens.
  returned: success
  type: bool
  sample: true
missing:
  description:
    - What the host lacks, in words for people. Empty if it has everything.
  returned: success
  type: list
  elements: str
  sample: ["the kernel makes no ESP over IPv4 (CONFIG_INET_ESP, module esp4)"]
rivals:
  description: Other IKE daemons that run here. They and charon-systemd cannot share UDP 500.
  returned: success
  type: list
  elements: str
  sample: [strongswan-starter]
detail:
  description: For each probe, V(ok) or what the kernel or the tool said.
  returned: success
  type: dict
  sample: {"esp": "Error: Requested type not found.", "policy": "ok", "aead": "ok", "esp_ipv6": "ok", "tun": "ok"}
"""

import os
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.causeway.ipsec.plugins.module_utils import firewall_run, sysctl_run
from ansible_collections.causeway.ipsec.plugins.module_utils.dataplane import PROBES, RIVALS, explain, explain_tun
from ansible_collections.causeway.ipsec.plugins.module_utils.files import FileError
from ansible_collections.causeway.ipsec.plugins.module_utils.host_network import HostError, Run
from ansible_collections.causeway.ipsec.plugins.module_utils.host_state import (
    LISTS,
    read_distribution,
    read_files,
    read_packages,
    read_units,
    read_version,
)
from ansible_collections.causeway.ipsec.plugins.module_utils.turn import RUN_OPTION, turn

if TYPE_CHECKING:
    from collections.abc import Mapping

TUN = "/dev/net/tun"
STATUS = "status="  # what tells a probe's words from the next one's


def in_throw_away_namespace(run: Run, unshare: str | None, ip: str | None) -> list[tuple[int, str]]:
    """Each probe's exit status and what it said, all in one network namespace that ends with them.

    A container may be refused a namespace by seccomp or for lack of CAP_SYS_ADMIN, and may still be allowed one
    inside a user namespace of its own, where the kernel answers the same.
    """
    if not unshare or not ip:
        absent = [name for name, path in (("unshare (util-linux)", unshare), ("ip (iproute2)", ip)) if not path]
        raise HostError(f"cannot find out whether the kernel makes ESP: {' and '.join(absent)} not installed")
    script = "".join(f"{shlex.join([ip, *probe.arguments])} 2>&1; echo {STATUS}$?\n" for probe in PROBES)
    refusals = []
    for options in (["--net"], ["--user", "--map-root-user", "--net"]):
        status, out, err = run([unshare, *options, "--", "sh", "-c", script])
        if status == 0:
            found = re.findall(rf"(.*?)^{STATUS}(\d+)\n", out, re.DOTALL | re.MULTILINE)
            return [(int(number), said) for said, number in found]
        refusals.append(err.strip())
    raise HostError(
        f"cannot find out whether the kernel makes ESP: no network namespace to try it in ({'; '.join(refusals)})"
    )


def probe_kernel(run: Run, unshare: str | None, ip: str | None) -> tuple[dict[str, str], list[str]]:
    """What each probe said, and what is missing."""
    detail, missing = {}, []
    for probe, (status, said) in zip(PROBES, in_throw_away_namespace(run, unshare, ip)):
        detail[probe.name] = "ok" if status == 0 else said.strip() or f"exit status {status}"
        lack = explain(probe, status, said)
        if lack and lack not in missing:
            missing.append(lack)
    return detail, missing


def probe_tun() -> str | None:
    """Why userspace ESP is impossible, or None. Opening the device without TUNSETIFF makes no interface."""
    try:
        os.close(os.open(TUN, os.O_RDWR | os.O_CLOEXEC))
    except OSError as exc:
        return explain_tun(exc.errno or 0, str(exc.strerror))
    return None


def running(rivals: Mapping[str, str]) -> list[str]:
    """The daemons whose process still lives: one that was killed leaves its file behind."""
    return [name for path, name in rivals.items() if (pid := _first_word(path)) and Path("/proc", pid).is_dir()]


def _first_word(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").split()[0]
    except (OSError, IndexError):
        return ""


def look(run: Run, unshare: str | None, ip: str | None) -> dict[str, Any]:
    try:
        detail, missing = probe_kernel(run, unshare, ip)
    except HostError as exc:
        detail, missing = {probe.name: "not tried" for probe in PROBES}, [str(exc)]
    tun = probe_tun()
    return {
        "changed": False,
        "kernel_esp": all(detail[probe.name] == "ok" for probe in PROBES if probe.essential),
        "kernel_aead": detail["aead"] == "ok",
        "kernel_esp_ipv6": detail["esp_ipv6"] == "ok",
        "userspace": tun is None,
        "missing": missing + ([tun] if tun else []),
        "rivals": running(RIVALS),
        "detail": {**detail, "tun": tun or "ok"},
    }


def main() -> None:
    names = {"type": "list", "elements": "str", "default": []}
    spec = {
        **dict.fromkeys(("packages", "files", "units"), names),
        "version_of": {"type": "str", "default": ""},
        "firewall": {"type": "dict", "options": firewall_run.OPTIONS},
        "kernel_settings": {"type": "dict", "options": sysctl_run.OPTIONS},
        "run": RUN_OPTION,
    }
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    module.run_command_environ_update = {"LC_ALL": "C"}
    run, asked = module.run_command, module.params
    manager = next((name for name, (program, *_rest) in LISTS.items() if module.get_bin_path(program)), "unknown")
    try:
        # First, so that what an earlier run has in hand is done by now, and seen here.
        with turn(asked["run"], module.check_mode or not asked["run"]):
            pass
        module.exit_json(
            **look(run, module.get_bin_path("unshare"), module.get_bin_path("ip")),
            distribution=read_distribution(),
            package_manager=manager,
            packages=read_packages(run, manager, asked["packages"]),
            files=read_files(asked["files"]),
            units=read_units(run, asked["units"]),
            version=read_version(run, manager, asked["version_of"]),
            firewall=firewall_run.look(asked["firewall"], run) if asked["firewall"] else {},
            kernel_settings=sysctl_run.look(asked["kernel_settings"], run) if asked["kernel_settings"] else {},
        )
    except FileError as exc:
        module.fail_json(msg=str(exc))
    except OSError as exc:
        module.fail_json(msg=f"{exc.filename}: {exc.strerror}")


if __name__ == "__main__":
    main()
