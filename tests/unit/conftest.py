# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How hypothesis looks for examples."""

from __future__ import annotations

from hypothesis import settings

# How long one example takes is the machine's affair, which may be busy; what has to be quick has a test of its own.
settings.register_profile("causeway", settings(), deadline=None)
settings.register_profile("fuzz", settings(), deadline=None, max_examples=10_000)  # the tier fuzz
settings.load_profile("causeway")
