# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our nft table on a host: what it is now, whether that is what is wanted, and how it is replaced.

The caller passes what runs commands, so that tests need no host.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ansible_collections.causeway.ipsec.plugins.module_utils.firewall_rules import TABLE
from ansible_collections.causeway.ipsec.plugins.module_utils.host_network import HostError, Run

LIST = ["-s", "list", "table", *TABLE.split()]
_ELEMENTS = re.compile(r"elements = \{(.*?)\}", re.DOTALL)
_COMMENT = re.compile(r'^\tcomment "([^"]*)"$', re.MULTILINE)
# In a container, a network namespace may be had only within a user namespace of its own.
NAMESPACES = (["--net"], ["--user", "--map-root-user", "--net"])


@dataclass(frozen=True)
class Table:
    """A table as `nft -s list table` prints it; None where there is none."""

    text: str | None
    listed: bool = True  # False: a text for `nft -f`, not what nft prints

    def is_same(self, other: Table) -> bool:
        """Whether both are the same; by their sums where one was not listed, so that edits by hand are not seen."""
        if self.listed and other.listed:
            return self.canonical == other.canonical
        return self.sum is not None and self.sum == other.sum

    @property
    def canonical(self) -> str | None:
        """Without what may differ between listings of one table: the order of elements, the breaks of lines."""
        return None if self.text is None else _ELEMENTS.sub(_sorted_elements, self.text).strip()

    @property
    def sum(self) -> str | None:
        """The comment that our text carries, with the sum of what it was when it was rendered."""
        found = _COMMENT.search(self.text or "")
        return found.group(1) if found else None


def _sorted_elements(match: re.Match[str]) -> str:
    elements = sorted(" ".join(element.split()) for element in match.group(1).split(","))
    return f"elements = {{ {', '.join(element for element in elements if element)} }}"


class Nft:
    """The nft program of this host."""

    def __init__(self, run: Run, nft: str, unshare: str | None) -> None:
        self._run, self._nft, self._unshare = run, nft, unshare

    def live(self) -> Table:
        status, out, err = self._run([self._nft, *LIST])
        if status == 0:
            return Table(out)
        if "No such file or directory" in err:
            return Table(None)
        raise HostError(f"nft {' '.join(LIST)}: {_said(status, err)}")

    def would_be(self, text: str) -> Table:
        """The table that a text makes, tried in a network namespace that ends with the command.

        Where no namespace is to be had it is the text itself, of which only the comment's sum can be compared.
        """
        script = f'"$0" -f - && "$0" {" ".join(LIST)}'
        for options in NAMESPACES if self._unshare else ():
            status, out, err = self._run([str(self._unshare), *options, "--", "sh", "-c", script, self._nft], data=text)
            if status == 0:
                return Table(out)
            if not err.startswith("unshare:"):
                raise HostError(f"nft refuses the rules, and nothing was changed: {_said(status, err)}")
        status, _out, err = self._run([self._nft, "-c", "-f", "-"], data=text)
        if status != 0:
            raise HostError(f"nft refuses the rules, and nothing was changed: {_said(status, err)}")
        return Table(text, listed=False)

    def load(self, text: str) -> None:
        status, _out, err = self._run([self._nft, "-f", "-"], data=text)
        if status != 0:
            raise HostError(f"nft could not load the rules, and the old ones stay: {_said(status, err)}")


def _said(status: int, error: str) -> str:
    return error.strip() or f"exit status {status}"
