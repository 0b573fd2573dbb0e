# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A firewall's change from start to end: gather, plan, and apply with a way back."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.causeway.ipsec.plugins.module_utils.files import (
    FileChange,
    Unfinished,
    apply_changes,
    change_for,
    pending,
)
from ansible_collections.causeway.ipsec.plugins.module_utils.firewall_host import (
    router,
    segment_sizes,
    ssh_ports,
    tracking,
    wan_mtu,
)
from ansible_collections.causeway.ipsec.plugins.module_utils.firewall_rollback import Rollback
from ansible_collections.causeway.ipsec.plugins.module_utils.firewall_rules import Rules, removal, render
from ansible_collections.causeway.ipsec.plugins.module_utils.firewall_stale import forget_translated
from ansible_collections.causeway.ipsec.plugins.module_utils.host_network import HostError, Run
from ansible_collections.causeway.ipsec.plugins.module_utils.nft import Nft, Table
from ansible_collections.causeway.ipsec.plugins.module_utils.openings import (
    OpeningPlan,
    detect_backend,
    find_program,
    plan_openings,
    read_ruleset,
    wanted_openings,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

RULES_FILE = "/etc/causeway/firewall.nft"
# Under /run: a reboot loads the confirmed rules anyway.
RULES_BEFORE = "/run/causeway/firewall-rollback.nft"
SYSTEMD = "/etc/systemd/system"
SERVICE = "causeway-firewall.service"
DROP_IN = "nftables.service.d/causeway.conf"
UNITS = (SERVICE, DROP_IN)
ENABLED = f"sysinit.target.wants/{SERVICE}"
UNFINISHED = "/run/causeway/firewall-unfinished"


@dataclass(frozen=True)
class Wanted:
    """What the host should have."""

    backend: str
    rules: Rules
    why_router: str
    openings: OpeningPlan
    text: str

    def as_result(self) -> dict[str, Any]:
        return {
            "backend": self.backend,
            "mss": {f"ipv{version}": self.rules.mss.get(version) for version in (4, 6)},
            "router": {"allowed": self.rules.router or not self.rules.filtering, "why": self.why_router},
        }


# The options of whoever holds or looks at the rules, documented in the module firewall.
OPTIONS: dict[str, Any] = {
    "intent": {"type": "dict"},
    "backend": {"type": "str", "choices": ["auto", "nftables", "firewalld", "ufw", "none"], "default": "auto"},
    "dataplane": {"type": "str", "choices": ["kernel", "userspace", "auto"], "default": "kernel"},
    "forward_others": {"type": "str", "choices": ["auto", "allow", "drop"], "default": "auto"},
    "ssh_ports": {"type": "list", "elements": "int", "default": []},
    "wan_mtu": {"type": "int", "default": 0},
    "units": {"type": "dict", "default": {}},
}


@dataclass(frozen=True)
class Step:
    """From what the host has to what it should have."""

    live: Table
    after: Table
    load: str | None  # the text to load, None if the live table is what it makes
    files: tuple[FileChange, ...]
    enable: bool
    openings: OpeningPlan
    reload: bool = False  # whether systemd has to read units again
    start: bool = False  # whether the service doesn't know yet that the rules are in force

    @property
    def changed(self) -> bool:
        return bool(self.load or self.files or self.enable or self.reload or self.openings.changed)


class Host:
    """The host's programs, and our files on it."""

    def __init__(self, run: Run) -> None:
        self.run = run
        nft = find_program(run, "nft")
        self.nft = Nft(run, nft, find_program(run, "unshare")) if nft else None
        self.rollback = Rollback(run, nft or "nft", RULES_BEFORE)

    @property
    def needed_nft(self) -> Nft:
        if self.nft is None:
            raise HostError("nft is not installed here, which loads the rules. Install the package nftables.")
        return self.nft


def files_of(units: Iterable[str]) -> list[str]:
    """What the module may write."""
    return [RULES_FILE, RULES_BEFORE, *(f"{SYSTEMD}/{name}" for name in {*units, *UNITS})]


def want(host: Host, params: Mapping[str, Any]) -> Wanted:
    """Gather what the rules depend on, and render them."""
    intent, choice = params["intent"], params["backend"]
    found = detect_backend(host.run) if choice in ("auto", "none") else choice
    filtering = choice != "none"
    ports = ssh_ports(host.run, params["ssh_ports"]) if filtering and intent["management"] else ()
    ruleset = read_ruleset(host.run) if host.nft else None
    forwards, why = router(host.run, params["forward_others"], ruleset)
    mtu = wan_mtu(host.run, intent["local_address"], params["wan_mtu"])
    rules = Rules(
        tunnels=tuple(intent["tunnels"]),
        management=tuple(intent["management"]),
        ssh_ports=ports,
        dataplane=params["dataplane"],
        filtering=filtering,
        router=forwards,
        tracking=forwards or tracking(ruleset),
        mss=segment_sizes(intent, mtu, params["dataplane"]),
    )
    openings = wanted_openings(intent, ports) if filtering else []
    # Without nft nobody can look; that is said when something is to be loaded.
    plan = plan_openings(found, host.run, openings) if host.nft else OpeningPlan()
    return Wanted(
        found if filtering else "none", rules, why if filtering else "nothing is filtered", plan, render(rules)
    )


def look(params: Mapping[str, Any], run: Run) -> dict[str, bool]:
    """Whether the rules are ``held`` as these options of OPTIONS want them, and there is nothing to say.

    What is in the way of them is no matter here: the module says it.
    """
    host = Host(run)
    try:
        wanted = want(host, params)
        step = plan_present(host, wanted, params["units"])
    except (HostError, OSError, ValueError):
        return {"held": False}
    owed = step.changed or wanted.openings.warnings or Path(RULES_BEFORE).exists()
    return {"held": host.nft is not None and not owed}


def plan_present(host: Host, wanted: Wanted, units: Mapping[str, str]) -> Step:
    live, after = (host.nft.live(), host.nft.would_be(wanted.text)) if host.nft else (Table(None), Table(wanted.text))
    right = live.is_same(after)
    files = [change_for(f"{SYSTEMD}/{name}", text) for name, text in sorted(units.items())]
    unfinished = Unfinished(UNFINISHED).there
    reload = any(files) or unfinished
    # Rules that are loaded are only kept for the next boot when somebody has come in through them.
    keep = right and not host.rollback.armed
    if keep:
        files.append(kept(wanted))
    return Step(
        live=live,
        after=after,
        load=None if right else wanted.text,
        files=tuple(change for change in files if change),
        enable=SERVICE in units and not Path(SYSTEMD, ENABLED).is_symlink(),
        openings=wanted.openings,
        reload=reload,
        start=unfinished and keep and SERVICE in units,
    )


def kept(wanted: Wanted) -> FileChange | None:
    """What confirming does to the rules for the next boot."""
    return change_for(RULES_FILE, wanted.text, 0o600)


def apply_present(host: Host, wanted: Wanted, step: Step, seconds: int) -> list[str]:
    """Open before closing, and arm the way back before both; what it returns are warnings."""
    nft = host.needed_nft
    if step.openings.changed:
        step.openings.apply()
    apply_units(host.run, step)
    if step.load is None:
        return forget_translated(host.run, wanted.rules) if host.rollback.wait_for_us(seconds) else []
    host.rollback.arm(step.live, seconds)
    try:
        nft.load(step.load)
    except HostError:
        host.rollback.disarm()
        raise
    return forget_translated(host.run, wanted.rules)


def apply_units(run: Run, step: Step) -> None:
    with Unfinished(UNFINISHED).work() if step.reload else contextlib.nullcontext():
        apply_changes(step.files)
        if step.enable:  # for the next boot; systemd need not read everything anew for that
            _systemctl(run, "enable", "--quiet", "--no-reload", SERVICE)
        if step.reload:
            _systemctl(run, "daemon-reload")
        if step.start:
            _systemctl(run, "start", SERVICE)


def confirm(host: Host, wanted: Wanted, check_mode: bool) -> tuple[bool, FileChange | None]:
    """Keep the rules that are loaded: whoever asks for it has come in through them."""
    nft = host.needed_nft
    armed = host.rollback.armed
    _demand_live(nft, wanted, armed)
    change = kept(wanted)
    if (armed or change) and not check_mode:
        with Unfinished(UNFINISHED).work():
            with pending([change] if change else []):
                host.rollback.disarm()
                _demand_live(nft, wanted, armed=False)  # the timer may have been faster
            if Path(SYSTEMD, SERVICE).exists():  # so that it says what is true, and can be reloaded
                _systemctl(host.run, "start", SERVICE)
    return armed or change is not None, change


def _demand_live(nft: Nft, wanted: Wanted, armed: bool) -> None:
    if nft.live().is_same(nft.would_be(wanted.text)):
        return
    if armed:
        raise HostError(
            "other rules than these are loaded and wait to be confirmed: another run is changing the firewall."
        )
    raise HostError(
        "there is nothing to confirm: these rules are not loaded. They were rolled back since nobody confirmed them in "
        "time, or somebody has changed them since."
    )


def plan_absent(host: Host) -> Step:
    found = detect_backend(host.run)
    units = [change for name in (*UNITS, ENABLED) if (change := change_for(f"{SYSTEMD}/{name}", None))]
    rules = change_for(RULES_FILE, None)
    live = host.nft.live() if host.nft else Table(None)
    return Step(
        live=live,
        after=Table(None),
        load=None if live.text is None else removal(),
        files=tuple([rules, *units] if rules else units),
        enable=False,
        openings=plan_openings(found, host.run, []),
        reload=bool(units) or Unfinished(UNFINISHED).there,
    )


def apply_absent(host: Host, step: Step) -> None:
    if step.openings.changed:
        step.openings.apply()
    host.rollback.disarm()
    if step.load:
        host.needed_nft.load(step.load)
    if Path(SYSTEMD, SERVICE).exists():
        _systemctl(host.run, "stop", SERVICE)
    apply_units(host.run, step)
    for directory in (Path(RULES_FILE).parent, Path(SYSTEMD, DROP_IN).parent):
        with contextlib.suppress(OSError):  # it was never made, or others have files there, too
            directory.rmdir()


def diff_of(step: Step) -> list[dict[str, Any]]:
    """The texts before and after of all that differs."""
    found = [change.as_diff() for change in step.files]
    if step.enable:
        found.append(_texts(f"{SYSTEMD}/{ENABLED}", None, f"a link to {SYSTEMD}/{SERVICE}\n"))
    if step.load:
        found.append(_texts("nft list table inet causeway", step.live.text, step.after.text))
    if step.openings.changed:
        found.append(_texts("the host's own firewall", step.openings.before, step.openings.after))
    return found


def _texts(header: str, before: str | None, after: str | None) -> dict[str, Any]:
    return {"before_header": header, "after_header": header, "before": before or "", "after": after or ""}


def _systemctl(run: Run, *arguments: str) -> None:
    status, _out, err = run(["systemctl", *arguments])
    if status != 0:
        raise HostError(f"systemctl {' '.join(arguments)}: {err.strip() or f'exit status {status}'}")
