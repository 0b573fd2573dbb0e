# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The option of all modules that are steps of a run of the playbooks."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation for module_utils/turn.py."""

    DOCUMENTATION = r"""
options:
  run:
    description:
      - The run of Ansible that this step belongs to, as M(causeway.ipsec.plan) returns it. Its first step that may
        change the host makes the host that run's. Steps of a run that had the host before fail then and change nothing,
        so that two runs at once never mix.
      - Without it, only single steps are kept apart.
    type: dict
    suboptions:
      id:
        description: Text of the run's own, which sorts by when the run began.
        type: str
        required: true
      who:
        description: What a person is told of the run, such as who runs it where.
        type: str
        required: true
"""
