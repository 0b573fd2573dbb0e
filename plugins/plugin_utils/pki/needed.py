# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The library cryptography. ansible-core brings it along, and only topologies with certificates or raw keys need it."""

from __future__ import annotations

from typing import Final

from .sources import SourceError

try:
    from cryptography import __version__ as found
except ImportError:
    found = ""

FIRST: Final = 42  # whose certificates tell their dates in UTC


def require(version: str = found) -> None:
    """Raise SourceError where the library is missing or too old."""
    if not version or int(version.partition(".")[0]) < FIRST:
        here = f"here is {version}" if version else "here is none"
        raise SourceError(
            f"certificates and raw keys need the Python library cryptography, {FIRST} or newer, on the controller, and "
            f"{here} (pip install --upgrade cryptography)."
        )
