# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fresh machines for the tests, removed with whatever became of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from vmlab import Lab, Run, lab_of_environment

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    lab = lab_of_environment()
    try:
        lab.up()
        yield lab
    finally:
        lab.down()


@pytest.fixture(scope="session")
def first_run(lab: Lab) -> Run:
    """What a user does, on machines that have nothing yet."""
    done = lab.play()
    if done.status:
        pytest.fail(done.output[-6000:])
    return done
