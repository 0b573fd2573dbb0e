# shellcheck shell=bash
# The lab's podman and its images. Sourced after bootstrap.sh; sets CAUSEWAY_IMAGE_12 and its like as asked for.

# Sets CONTAINERS_CONF only where podman's own defaults don't run a container (hybrid cgroups, low limits).
probe_podman() {
  local image=$1 error
  [ -z "${CONTAINERS_CONF:-}" ] || return 0
  if error=$(podman run --rm --network none "$image" true 2>&1); then return; fi
  need_packages runc
  local limit
  limit=$(ulimit -Hn)
  [ "$limit" != unlimited ] && [ "$limit" -lt 20000 ] || limit=20000
  printf '[containers]\ndefault_ulimits = ["nofile=%s:%s","nproc=%s:%s"]\n[engine]\nruntime = "runc"\n' \
    "$limit" "$limit" "$limit" "$limit" >"$BUILD/containers.conf"
  export CONTAINERS_CONF=$BUILD/containers.conf
  podman run --rm --network none "$image" true >"$BUILD/podman.log" 2>&1 ||
    die "podman cannot run a container here, neither with its defaults nor with runc:" "$error" "$(tail -n 3 "$BUILD/podman.log")"
}

need_podman() {
  [ "$(id -u)" -eq 0 ] ||
    die "the lab's containers need root (systemd, TUN devices, bridges). Type:" "sudo $0${LAB_ARGUMENTS:+ $LAB_ARGUMENTS}"
  need_packages podman netavark iptables uidmap
  local users
  users=$(cat /proc/sys/fs/inotify/max_user_instances 2>/dev/null || echo 128)
  # Each systemd takes several of them; 128 end at some sixteen containers.
  [ "$users" -ge 1024 ] || sysctl -q -w fs.inotify.max_user_instances=1024 2>/dev/null || true
}

registry_answers() {
  "$VENV/bin/python" - <<'PY'
import sys
import urllib.error
import urllib.request

try:
    urllib.request.urlopen("https://registry-1.docker.io/v2/", timeout=5)
except urllib.error.HTTPError as error:
    sys.exit(error.code not in (401, 403))
except OSError:
    sys.exit(1)
PY
}

# Debian by its number, Ubuntu by its year.
codename() {
  case $1 in
    12) echo bookworm ;;
    13) echo trixie ;;
    14) echo forky ;;
    22) echo jammy ;;
    24) echo noble ;;
    *) die "the lab knows Debian 12, 13 and 14 (testing), and 22 and 24, which are Ubuntu 22.04 and 24.04, not '$1'." ;;
  esac
}

distribution() { if [ "$1" -lt 20 ]; then echo debian; else echo ubuntu; fi; }

# Debian has no package of Ubuntu's keys, so they come from there, and are those whose sum is known.
ubuntu_keyring() {
  local package=$BUILD/ubuntu-keyring.deb name=ubuntu-keyring_2023.11.28.1_all.deb
  local sum=36de43b15853ccae0028e9a767613770c704833f82586f28eb262f0311adb8a8
  "$VENV/bin/python" - "$1/pool/main/u/ubuntu-keyring/$name" "$package" <<'PY' || die "$1 does not give $name."
import sys
import urllib.request

urllib.request.urlretrieve(*sys.argv[1:])
PY
  echo "$sum  $package" | sha256sum --check --quiet || die "$name from $1 is not what it was."
  dpkg-deb --fsys-tarfile "$package" | tar -xO ./usr/share/keyrings/ubuntu-archive-keyring.gpg >"$BUILD/ubuntu-keyring.gpg"
}

# mirror_of RELEASE: sets MIRROR, and MIRROR_OPTIONS to what mmdebstrap must be told of it.
mirror_of() {
  need_packages mmdebstrap debian-archive-keyring
  MIRROR_OPTIONS=()
  if [ "$(distribution "$1")" = ubuntu ]; then
    MIRROR=${CAUSEWAY_UBUNTU_MIRROR:-http://archive.ubuntu.com/ubuntu}
    MIRROR_OPTIONS=("--components=main,universe" "--keyring=$BUILD/ubuntu-keyring.gpg") # charon-systemd is in universe
    ubuntu_keyring "$MIRROR"
  else
    MIRROR=${CAUSEWAY_MIRROR:-http://deb.debian.org/debian}
    # Testing's lists expire after a week, those of a release never: a mirror that keeps its own pace is to serve both.
    # Signed they must be all the same.
    [ "$1" -lt 14 ] || MIRROR_OPTIONS=(--aptopt='Acquire::Check-Valid-Until "false"')
  fi
}

# Prints the name of an image of the bare release.
base_image() {
  local release=$1 distribution image name
  name=$(codename "$release")
  distribution=$(distribution "$release")
  image=docker.io/library/$distribution:$name # what is in testing has no number there yet
  if podman image exists "$image"; then echo "$image" && return; fi
  if ! podman image exists "localhost/causeway-base:$release"; then
    if registry_answers && timeout 180 podman pull -q "$image" >/dev/null 2>"$BUILD/pull.log"; then echo "$image" && return; fi
    mirror_of "$release"
    say "No registry answers: bootstrapping $distribution $name from $MIRROR (20 s)"
    mmdebstrap -q --variant=minbase --include=apt,ca-certificates "${MIRROR_OPTIONS[@]}" "$name" - "$MIRROR" \
      2>"$BUILD/mmdebstrap-$release.log" | podman import -q - "localhost/causeway-base:$release" >/dev/null ||
      die "mmdebstrap could not make $distribution $name:" "$(tail -n 4 "$BUILD/mmdebstrap-$release.log")"
  fi
  echo "localhost/causeway-base:$release"
}

# lab_image RELEASE: builds the image unless it is there, and exports its name.
lab_image() {
  local release=$1 image base
  image=localhost/causeway-lab:$release-$(sha256sum "$ROOT/lab/Containerfile" | cut -c 1-8)
  if ! podman image exists "$image"; then
    base=$(base_image "$release")
    probe_podman "$base"
    say "Building the lab's image of $(distribution "$release") $(codename "$release") (40 s)"
    podman build -q --build-arg "BASE_IMAGE=$base" -t "$image" -f "$ROOT/lab/Containerfile" "$ROOT/lab" \
      >"$BUILD/image-$release.log" 2>&1 || die "podman build failed:" "$(tail -n 8 "$BUILD/image-$release.log")"
  fi
  probe_podman "$image"
  export "CAUSEWAY_IMAGE_$release=$image"
}
