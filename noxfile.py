# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tiers of tests, described by the first line of their documentation. ./test prepares the environment for them."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from importlib import metadata
from pathlib import Path

import nox

nox.options.default_venv_backend = "none"
ROOT = Path(__file__).parent
BUILD = ROOT / ".build"
# What another release may do otherwise: the data plane, traps, reboots, addresses, the firewall.
OF_EACH_RELEASE = ("kernel_esp", "reboot", "fail_closed", "addresses", "firewall")
INTEROP = ("tests/vm/test_foreign.py", "tests/vm/test_spread.py")  # the rest of tests/vm is the tier kernel
# The lab's machines have ifupdown, and Ubuntu's waits in a restarted container for devices that systemd isn't told of.
NOT_IN_UBUNTU = "reboot or at_boot"
SHELL_FILES = ["demo", "test", ".ci/run", "lab/bootstrap.sh", "lab/images.sh", "lab/machines.sh", "lab/shell.sh"]
SHELL_FILES += ["tests/vm/make-image.sh", "tests/vm/rootfs/usr/local/sbin/causeway-vm", "tests/faults/podman-entering"]


def skip(session: nox.Session, reason: str) -> None:
    """Ends the tier as skipped; the summary of ./test shows the reason."""
    with (BUILD / "skips").open("a") as skips:
        skips.write(f"{session.name}\t{reason}\n")
    session.skip(reason)


def note(session: nox.Session, remark: str) -> None:
    """What the summary of ./test is to say of a tier that runs in part."""
    with (BUILD / "notes").open("a") as notes:
        notes.write(f"{session.name}\t{remark}\n")


def run(session: nox.Session, *command: str, **environment: str) -> None:
    """Runs a command of the environment that ./test prepared; the summary of ./test shows which of its tests failed."""
    failures = (BUILD / f"failures-{session.name}").resolve()
    session.run(*command, external=True, env={"CAUSEWAY_FAILURES": str(failures), **environment})


def copy_collection(target: Path) -> Path:
    """Copies what git would keep to `target`/ansible_collections/causeway/ipsec, where ansible-test wants it."""
    place = target / "ansible_collections" / "causeway" / "ipsec"
    unwanted = shutil.ignore_patterns(
        ".build", ".git", ".*_cache", ".hypothesis", "__pycache__", "*.tar.gz", "output", ".causeway"
    )
    shutil.copytree(ROOT, place, ignore=unwanted, symlinks=True)
    return place


def containers(session: nox.Session) -> None:
    """Skips the tier where the machine can't run the lab's containers."""
    if reason := os.environ.get("CAUSEWAY_NO_CONTAINERS", ""):
        skip(session, reason)


@nox.session
def unit(session: nox.Session) -> None:
    """Unit, golden and property tests, and the rules of the rooms."""
    run(session, "pytest", "-q", "-n", "2", "tests/unit", *session.posargs)


@nox.session
def fuzz(session: nox.Session) -> None:
    """Ten thousand topologies and configurations of any shape: no exception, no hang, nothing misread."""
    wanted = "check_never_raises or read_back or breaks_out or any_text"
    run(session, "pytest", "-q", "-n", "2", "--hypothesis-profile", "fuzz", "-k", wanted, "tests/unit")


@nox.session
def lint(session: nox.Session) -> None:
    """Style of Python, YAML, Ansible and shell."""
    run(session, "ruff", "check")
    run(session, "ruff", "format", "--check")
    run(session, "yamllint", "--strict", ".")
    run(session, "ansible-lint", "--offline", "--strict", "--project-dir", str(ROOT))
    run(session, "shellcheck", "-x", *SHELL_FILES)


@nox.session
def types(session: nox.Session) -> None:
    """Types of all Python, strictly."""
    run(session, "mypy", "-p", "ansible_collections.causeway.ipsec.plugins")
    # Each on its own: their helpers are top-level modules there.
    own_helpers = ("tests/live", "tests/testinfra", "tests/vm", "tests/faults")
    for files in (["noxfile.py", "lab", "tests/unit", "tests/docs"], *([room] for room in own_helpers)):
        run(session, "mypy", *files)


@nox.session
def docs(session: nox.Session) -> None:
    """Documentation of every plugin, role and playbook."""
    run(session, "pytest", "-q", "-n", "2", "tests/docs")


@nox.session
def build(session: nox.Session) -> None:
    """Builds the collection, installs it into an empty path and runs it from there."""
    place = BUILD / "install"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    session.chdir(place)
    run(session, "ansible-galaxy", "collection", "build", str(ROOT), "--output-path", str(place))
    tarball = next(place.glob("causeway-ipsec-*.tar.gz"))
    installed = {"ANSIBLE_COLLECTIONS_PATH": str(place), "PYTHONPATH": ""}
    run(session, "ansible-galaxy", "collection", "install", "--offline", str(tarball), "-p", str(place), **installed)
    inventory = str(ROOT / "playbooks" / "lab" / "inventory")
    for playbook in ("plan", "site", "verify", "benchmark"):
        run(session, "ansible-playbook", "-i", inventory, "--syntax-check", f"causeway.ipsec.{playbook}", **installed)
    # The lab's connection plugin is not installed there, and a plan connects to nothing.
    run(
        session,
        "ansible-playbook",
        "-i",
        inventory,
        "-e",
        "ansible_connection=local",
        "causeway.ipsec.plan",
        **installed,
    )


@nox.session
def sanity(session: nox.Session) -> None:
    """What ansible-test checks of every collection."""
    home = sanity_home()
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    # Outside the checkout: ansible-test asks git which files count, and git ignores .build.
    with tempfile.TemporaryDirectory(prefix="causeway-sanity-") as target, session.chdir(copy_collection(Path(target))):
        # ansible-test finds Ansible by itself, and its own environments must not see the checkout.
        run(session, "ansible-test", "sanity", "--python", version, "--color", "no", HOME=str(home), PYTHONPATH="")


def sanity_home() -> Path:
    """Makes a home for ansible-test's environments, with pip's installer, which it would else download."""
    home = BUILD / "home"
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    for settings in (".config", ".pip", ".netrc"):
        if (Path.home() / settings).exists() and not (home / settings).exists():
            (home / settings).symlink_to(Path.home() / settings)
    source = str(metadata.distribution("ansible-core").locate_file("ansible_test/_internal/python_requirements.py"))
    for version in re.findall(r"pip='([0-9.]+)'", Path(source).read_text()):
        (cache / f"get_pip_{version.replace('.', '_')}.py").write_text(
            "import subprocess, sys\n"
            "subprocess.check_call([sys.executable, '-m', 'ensurepip'])\n"
            f"subprocess.check_call([sys.executable, '-m', 'pip', 'install', '-q', 'pip=={version}'])\n"
        )
    return home


@nox.session(name="live-12")
def live_12(session: nox.Session) -> None:
    """The modules against real daemons of Debian 12, in containers."""
    live(session, "debian12")


@nox.session(name="live-13")
def live_13(session: nox.Session) -> None:
    """The same on Debian 13, and what needs no release in particular or that of Debian's testing."""
    if reason := os.environ.get("CAUSEWAY_NO_TESTING", ""):
        note(session, f"without tests/live/test_post_quantum.py: {reason}")
    live(session, "not debian12")


def live(session: nox.Session, wanted: str) -> None:
    """Runs the tests whose names have what is wanted."""
    containers(session)
    # Two pairs of gateways at a time: most of a test is waiting for daemons.
    run(session, "pytest", "-q", "-k", wanted, "-n", "2", "--dist", "loadfile", "tests/live")


@nox.session
def faults(session: nox.Session) -> None:
    """Runs that are killed, meet another run, or lose a host: nothing torn, nothing in clear, the next one heals."""
    containers(session)
    # Two labs at a time: a good part of a run is waiting. What each test printed, such as when it killed, comes last.
    two = ("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")
    run(session, "pytest", "-v", "-rP", "--durations=10", *two, "tests/faults")


def molecule(session: nox.Session, scenario: str, release: str, without: str = "") -> None:
    """Runs one scenario, all its tests or all but some; its containers are removed even if it fails."""
    containers(session)
    name = f"{scenario}-{release}"
    # Molecule's notes on a scenario: two releases of one run side by side.
    notes = BUILD / "molecule" / name
    notes.mkdir(parents=True, exist_ok=True)
    environment = {"LAB_RELEASE": release, "LAB_NAME": name, "MOLECULE_EPHEMERAL_DIRECTORY": str(notes)}
    if without:
        environment["PYTEST_ADDOPTS"] = f"-k 'not ({without})'"
    run(session, "molecule", "test", "-s", scenario, **environment)


@nox.session(name="molecule-default-12")
def molecule_default_12(session: nox.Session) -> None:
    """Two sites on Debian 12: traffic, idempotence, reboots, secrets."""
    molecule(session, "default", "12")


@nox.session(name="molecule-default-13")
def molecule_default_13(session: nox.Session) -> None:
    """Two sites on Debian 13: traffic, idempotence, reboots, secrets."""
    molecule(session, "default", "13")


@nox.session(name="molecule-default-22")
def molecule_default_22(session: nox.Session) -> None:
    """Two sites on Ubuntu 22.04: traffic, idempotence, secrets."""
    molecule(session, "default", "22", without=NOT_IN_UBUNTU)


@nox.session(name="molecule-default-24")
def molecule_default_24(session: nox.Session) -> None:
    """Two sites on Ubuntu 24.04: traffic, idempotence, secrets."""
    molecule(session, "default", "24", without=NOT_IN_UBUNTU)


@nox.session(name="molecule-hub")
def molecule_hub(session: nox.Session) -> None:
    """A hub, two spokes that reach each other through it, and a peer that nobody manages."""
    molecule(session, "hub", "12")


@nox.session
def kernel(session: nox.Session) -> None:
    """Two sites on virtual machines, ESP made by their own kernels: traffic, traps, reboots, the wire."""
    ignored = [f"--ignore={path}" for path in INTEROP]
    machines(session, {"UML": "base, nat", "STOCK": "stock"}, "tests/vm", *ignored)


@nox.session
def interop(session: nox.Session) -> None:
    """On the same machines: peers with other software, and a spread over algorithms, versions and modes."""
    machines(session, {"UML": "foreign, spread"}, *INTEROP)


@nox.session(name="kernel-22")
def kernel_22(session: nox.Session) -> None:
    """Two sites of Ubuntu 22.04 on virtual machines: a part of the tier kernel."""
    # The end that dials has no trap with its strongSwan: there the guard alone keeps packets in.
    of_ubuntu(session, "22", "-k", "not without_the_guard")


@nox.session(name="kernel-24")
def kernel_24(session: nox.Session) -> None:
    """Two sites of Ubuntu 24.04 on virtual machines: a part of the tier kernel."""
    of_ubuntu(session, "24")


def of_ubuntu(session: nox.Session, release: str, *options: str) -> None:
    """The files of the tier kernel that may end otherwise on another release."""
    files = [f"tests/vm/test_{name}.py" for name in OF_EACH_RELEASE]
    machines(session, {"UML": "base"}, *files, *options, CAUSEWAY_VM_RELEASE=release)


def machines(session: nox.Session, scenarios: dict[str, str], *tests: str, **environment: str) -> None:
    """Runs tests on virtual machines, and says which scenarios this machine can't run."""
    if reason := os.environ.get("CAUSEWAY_NO_MACHINES", ""):
        skip(session, reason)
    for kind, names in scenarios.items():
        if reason := os.environ.get(f"CAUSEWAY_NO_{kind}_MACHINES", ""):
            note(session, f"without the scenarios {names}: {reason}")
    # Two labs at a time: most of a test is waiting for packets that come, or must not.
    two = ("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")
    run(session, "pytest", "-v", "-rs", "--durations=15", *two, *tests, **environment)
