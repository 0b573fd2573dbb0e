# shellcheck shell=bash
# The virtual machines' disk images. Sourced after bootstrap.sh and images.sh; sets CAUSEWAY_VM_IMAGE_12 and its like for
# User-Mode Linux, CAUSEWAY_STOCK_IMAGE_12 for QEMU, or why there are none: CAUSEWAY_NO_UML_MACHINES and
# CAUSEWAY_NO_STOCK_MACHINES.

# Fails, and says why, where no machine with a kernel of its own can run.
need_machines() {
  [ "$(id -u)" -eq 0 ] || { echo "virtual machines need root, for their network (sudo ./test)" && return 1; }
}

need_user_mode() {
  [ -n "${CAUSEWAY_UML_KERNEL:-}" ] || { echo "CAUSEWAY_UML_KERNEL names no User-Mode-Linux kernel" && return 1; }
  [ -x "$CAUSEWAY_UML_KERNEL" ] || { echo "CAUSEWAY_UML_KERNEL: $CAUSEWAY_UML_KERNEL is not a program" && return 1; }
  [ -r "${CAUSEWAY_UML_MODULES:-}" ] || {
    echo "CAUSEWAY_UML_MODULES must name a tarball of lib/modules for that kernel"
    return 1
  }
}

need_stock() {
  [ "$(uname -m)" = x86_64 ] || { echo "QEMU runs the stock kernel of amd64; this machine is $(uname -m)" && return 1; }
}

# machine_image KIND RELEASE MODULES VARIABLE: makes the image unless it is there, and exports its name.
machine_image() {
  local kind=$1 release=$2 modules=$3 variable=$4 directory=$BUILD/vm name image stamp from
  name=$(codename "$release")
  mkdir -p "$directory"
  need_packages e2fsprogs iproute2 nftables openssh-client tcpdump xz-utils
  [ -e "$directory/key" ] || ssh-keygen -q -t ed25519 -N '' -C causeway-vm -f "$directory/key"
  if [ "$modules" = stock ]; then from=stock.sh; else from=$modules; fi
  stamp=$(cd "$ROOT/tests/vm" && find make-image.sh rootfs "$directory/key.pub" "$from" -type f -print0 |
    sort -z | xargs -0 sha256sum | cut -d ' ' -f 1 | sha256sum | cut -c 1-8)
  image=$directory/$name-$kind-$stamp.img
  if [ ! -e "$image" ]; then
    mirror_of "$release"
    say "Making the virtual machines' disk image of $(distribution "$release") $name, $kind (40 s)"
    find "$directory" -maxdepth 1 -type f -name "$name-$kind-*" -delete
    "$ROOT/tests/vm/make-image.sh" "$modules" "$directory/key.pub" "$image" "$name" "$MIRROR" \
      "${MIRROR_OPTIONS[@]}" >"$BUILD/vm-image-$kind-$release.log" 2>&1 ||
      die "the image of $name could not be made:" "$(tail -n 8 "$BUILD/vm-image-$kind-$release.log")"
  fi
  export "$variable=$image"
}

# user_mode_images RELEASE...: those of User-Mode Linux where there is a kernel for them.
user_mode_images() {
  local reason release
  if ! reason=$(need_user_mode); then
    export CAUSEWAY_NO_UML_MACHINES="$reason"
  else
    for release in "$@"; do machine_image uml "$release" "$CAUSEWAY_UML_MODULES" "CAUSEWAY_VM_IMAGE_$release" || return; done
  fi
}

# What the scenarios' machines need: Debian for User-Mode Linux, and one under QEMU.
machine_images() {
  local reason
  user_mode_images 12 13 || return
  if ! reason=$(need_stock); then
    export CAUSEWAY_NO_STOCK_MACHINES="$reason"
  else
    need_packages qemu-system-x86 qemu-utils
    machine_image stock 12 stock CAUSEWAY_STOCK_IMAGE_12
  fi
}
