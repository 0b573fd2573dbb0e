# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates and keys in real runs: the plan refuses what will not do, the lookup makes, keeps and encrypts."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from certificates import Authority, new_key, pem, private_pem

if TYPE_CHECKING:
    from pathlib import Path

Play = Callable[..., subprocess.CompletedProcess[str]]

LOOK = """
- ansible.builtin.set_fact:
    files: "{{ query('causeway.ipsec.credentials', inventory_hostname, topology=ipsec_topology, directory=pki) }}"
  vars:
    pki: "{{ playbook_dir }}/pki"
  no_log: true
- ansible.builtin.assert:
    that:
      - files | map(attribute='kind') | list == ['private', 'x509', 'x509ca']
      - same or groups.gateways | map('extract', hostvars, 'files') | map('last') | unique | length == 1
  vars:
    same: "{{ ansible_check_mode }}"
"""


@pytest.fixture
def inventory(play: Play, tmp_path: Path) -> Path:
    with (tmp_path / "hosts").open("a", encoding="utf-8") as hosts:
        hosts.write("[gateways]\nberlin-gw\nlondon-gw\n")
    (tmp_path / "topology.yml").write_text(
        """
ipsec_topology:
  defaults: {auth: certificate}
  sites:
    a: {subnets: [10.1.0.0/16], gateways: [{host: berlin-gw, address: 192.0.2.1}]}
    b: {subnets: [10.2.0.0/16], gateways: [{host: london-gw, address: 192.0.2.2}]}
  tunnels: [{name: ab, sites: [a, b]}]
""",
        encoding="utf-8",
    )
    return tmp_path


def said(done: subprocess.CompletedProcess[str]) -> str:
    return done.stdout + done.stderr


def test_both_ends_get_one_ca_whoever_asks_first(play: Play, inventory: Path) -> None:
    done = play(LOOK, "-e", "@topology.yml", "-vvvv", hosts="gateways")
    assert done.returncode == 0, said(done)
    made = {path.name: path.read_text() for path in (inventory / "pki").iterdir()}
    assert set(made) == {"authority.pem", "ca.pem", "cw-a-certificate.pem", "cw-b-certificate.pem"}
    for line in made["cw-a-certificate.pem"].splitlines()[1:-1]:
        assert "-----" in line or line not in said(done)
    assert play(LOOK, "-e", "@topology.yml", hosts="gateways").returncode == 0
    assert {path.name: path.read_text() for path in (inventory / "pki").iterdir()} == made


def test_check_mode_makes_nothing(play: Play, inventory: Path) -> None:
    done = play(LOOK, "-e", "@topology.yml", "--check", hosts="gateways")
    assert done.returncode == 0, said(done)
    assert not (inventory / "pki").exists()


def test_what_is_made_is_in_the_vault(play: Play, inventory: Path) -> None:
    vault = ("-e", "@topology.yml", "--vault-password-file", "vault")
    for _time in range(2):
        done = play(LOOK, *vault, hosts="gateways")
        assert done.returncode == 0, said(done)
    for name in ("authority.pem", "cw-a-certificate.pem"):
        assert (inventory / "pki" / name).read_text().startswith("$ANSIBLE_VAULT;1.1;AES256\n")
    assert (inventory / "pki" / "ca.pem").read_text().startswith("-----BEGIN CERTIFICATE-----\n")
    done = play(LOOK, "-e", "@topology.yml", hosts="gateways")
    assert done.returncode == 2


def test_no_private_key_is_where_ansible_takes_files_for_inventories(play: Play, inventory: Path) -> None:
    (inventory / "more").mkdir()
    done = play(LOOK.replace("}}/pki", "}}/more/pki"), "-e", "@topology.yml", "-i", "more", hosts="gateways")
    assert done.returncode == 2
    assert f"{inventory}/more/pki/authority.pem is in the inventory directory {inventory}/more" in said(done)
    assert not (inventory / "more" / "pki").exists()

    text = (inventory / "topology.yml").read_text()
    given = "address: 192.0.2.1, private_key: more/a.key, public_key: more/a.pub"
    text = text.replace("address: 192.0.2.1", given).replace("auth: certificate", "auth: public_key")
    (inventory / "topology.yml").write_text(text)
    done = play("- causeway.ipsec.plan:", "-e", "@topology.yml", "-i", "more")
    assert done.returncode == 2
    assert "sites[a].gateways[0].private_key" in said(done)
    assert f"more/a.key is in the inventory directory {inventory}/more" in said(done)


def test_the_plan_reads_what_is_given_and_names_every_fault(play: Play, inventory: Path) -> None:
    authority, key = Authority(), new_key()
    (inventory / "ca.pem").write_text(pem(authority.certificate))
    (inventory / "a.pem").write_text(pem(authority.issue(key, ["gw.example"])))
    (inventory / "a.key").write_text(private_pem(key))
    with (inventory / "topology.yml").open("a", encoding="utf-8") as topology:
        topology.write("  authorities: {corp: {certificates: ca.pem}}\n")
    text = (inventory / "topology.yml").read_text()
    given = "address: 192.0.2.1, ca: corp, certificate: a.pem, private_key: a.key"
    (inventory / "topology.yml").write_text(text.replace("address: 192.0.2.1", given))
    subprocess.run(["ansible-vault", "encrypt", "--vault-password-file", "vault", "a.key"], cwd=inventory, check=True)
    vault = ("-e", "@topology.yml", "--vault-password-file", "vault")
    done = play("- causeway.ipsec.plan:", *vault)
    assert done.returncode == 2
    assert (
        "tunnels[ab].ids: a is '192.0.2.1' in 'ab', and its certificate is for gw.example and CN=gw.example. Set ids: "
        "{a: 'gw.example'}, or have it issued for 192.0.2.1."
    ) in said(done)
    text = (inventory / "topology.yml").read_text()
    (inventory / "topology.yml").write_text(text.replace("sites: [a, b]}", "sites: [a, b], ids: {a: gw.example}}"))
    done = play("- causeway.ipsec.plan:", *vault, "-vvvv")
    assert done.returncode == 0, said(done)
    assert not [line for line in private_pem(key).splitlines()[1:-1] if line in said(done)]
    done = play(LOOK.partition("- ansible.builtin.assert")[0], *vault, hosts="gateways")
    assert done.returncode == 0, said(done)
    assert (inventory / "pki" / "cw-b-certificate.pem").exists()
    assert not (inventory / "pki" / "cw-a-certificate.pem").exists()
