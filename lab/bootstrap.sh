# shellcheck shell=bash
# What ./demo and ./test share: a Python that runs, a virtual environment, the collections, the machine's packages.
# Sourced. Everything that it makes is in .build; it says what it does, and does it once.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BUILD=$ROOT/.build
VENV=$BUILD/venv

say() { printf '\033[1m==> %s\033[0m\n' "$*" >&2; }
die() {
  printf '\n%s: %s\n' "$(basename "$0")" "$1" >&2
  shift
  [ $# -eq 0 ] || printf '    %s\n' "$@" >&2
  exit 3
}

# Installs packages of the distribution, or says exactly what to type.
need_packages() {
  local missing=() package
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  command -v apt-get >/dev/null ||
    die "this machine has no apt-get; install what these Debian packages hold, then run this again:" "${missing[*]}"
  [ "$(id -u)" -eq 0 ] ||
    die "these packages are missing; type:" "sudo apt-get update" "sudo apt-get install --no-install-recommends ${missing[*]}"
  say "Installing ${missing[*]} (apt)"
  [ -n "${APT_FRESH:-}" ] || apt-get update -q -o=Dpkg::Use-Pty=0 >"$BUILD/apt.log" 2>&1 || true
  APT_FRESH=yes
  DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}" >>"$BUILD/apt.log" 2>&1 ||
    die "apt-get could not install ${missing[*]}; its last words ($BUILD/apt.log):" "$(tail -n 5 "$BUILD/apt.log")"
}

# Prints the real interpreters of 3.11 or newer, best first. Version managers put shims on the path that need not run
# and that ansible-test refuses, so each candidate is asked for its own executable.
list_pythons() {
  local name candidate
  local shapes=("${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[1-9]*/bin/python3)
  {
    for name in python3.13 python3.12 python3.14 python3.11 python3; do type -aP "$name" 2>/dev/null || true; done
    ls -d "${shapes[@]}" 2>/dev/null || true
  } | while read -r candidate; do
    timeout 10 "$candidate" -c 'import ctypes, os, ssl, sys, venv, zlib
rank = [(3, 13), (3, 12), (3, 14), (3, 11)]
version = sys.version_info[:2]
if version in rank:
    print(rank.index(version), os.path.realpath(sys.executable))' </dev/null 2>/dev/null || true
  done | sort -s -n -k 1,1 | cut -d ' ' -f 2- | awk '!seen[$0]++'
}

can_make_venvs() { "$1" -c 'import ensurepip' 2>/dev/null; }

pick_python() {
  local python pythons
  pythons=$(list_pythons)
  for python in $pythons; do
    if can_make_venvs "$python"; then echo "$python" && return; fi
  done
  [ -n "$pythons" ] ||
    die "no Python of 3.11 or newer runs here (found: $(python3 --version 2>&1)). Debian 12 and Ubuntu 24.04 have one:" \
      "apt-get install python3 python3-venv"
  python=${pythons%%$'\n'*}
  need_packages "$(basename "$python")-venv"
  echo "$python"
}

# make_venv REQUIREMENTS-FILE: fast when nothing changed since it last ran.
make_venv() {
  local file=$1 stamp python
  stamp=$VENV/.stamp-$(basename "$file")-$(cat "$ROOT"/requirements*.txt | sha256sum | cut -c 1-16)
  if [ ! -x "$VENV/bin/python" ] || ! "$VENV/bin/python" -c 'import pip' 2>/dev/null; then
    python=$(pick_python)
    say "Making a virtual environment with $python"
    rm -rf "$VENV"
    "$python" -m venv "$VENV"
  fi
  if [ ! -e "$stamp" ]; then
    say "Installing $(basename "$file") into .build/venv (pip)"
    "$VENV/bin/python" -m pip install -qq --disable-pip-version-check -r "$ROOT/$file" ||
      die "pip could not install $file. If this machine needs a proxy or a mirror, set it for pip (pip config)."
    touch "$stamp"
  fi
}

# The collection must be seen under ansible_collections/causeway/ipsec; the lab's connection plugin is another collection,
# taken from PyPI's package of all collections, which needs no Galaxy.
make_collections() {
  local collections=$BUILD/collections/ansible_collections wheel
  mkdir -p "$collections/causeway"
  [ "$(readlink -f "$collections/causeway/ipsec")" = "$ROOT" ] || ln -sfn "$ROOT" "$collections/causeway/ipsec"
  [ -e "$collections/containers/podman/MANIFEST.json" ] && return
  say "Fetching the collection containers.podman (pip, 55 MB)"
  rm -rf "$BUILD/wheel" && mkdir -p "$BUILD/wheel"
  "$VENV/bin/python" -m pip download -qq --disable-pip-version-check --no-deps --only-binary :all: -d "$BUILD/wheel" ansible ||
    die "pip could not download the package 'ansible', which holds the collection containers.podman."
  wheel=$(ls "$BUILD"/wheel/ansible-*.whl)
  "$VENV/bin/python" - "$wheel" "$BUILD/collections" <<'PY'
import sys
import zipfile

with zipfile.ZipFile(sys.argv[1]) as wheel:
    wanted = [name for name in wheel.namelist() if name.startswith("ansible_collections/containers/podman/")]
    wheel.extractall(sys.argv[2], wanted)
PY
  rm -rf "$BUILD/wheel"
}

# bootstrap REQUIREMENTS-FILE: afterwards Ansible runs from the checkout, and nothing in the caller's home is touched.
bootstrap() {
  mkdir -p "$BUILD"
  grep -q '^ID.*=.*\(debian\|ubuntu\)' /etc/os-release 2>/dev/null || say "Neither Debian nor Ubuntu: this may need help"
  make_venv "$1"
  make_collections
  export PATH="$VENV/bin:$PATH" VIRTUAL_ENV=$VENV
  export ANSIBLE_HOME=$BUILD/ansible ANSIBLE_COLLECTIONS_PATH=$BUILD/collections ANSIBLE_CONFIG=$ROOT/lab/ansible.cfg
  export PYTHONPATH=$BUILD/collections PYTHONDONTWRITEBYTECODE=1
  export CAUSEWAY_BUILD=$BUILD LC_ALL=C.UTF-8
  unset ANSIBLE_INVENTORY ANSIBLE_ROLES_PATH ANSIBLE_VAULT_PASSWORD_FILE
}
