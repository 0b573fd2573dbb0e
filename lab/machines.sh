# shellcheck shell=bash
# The virtual machines' disk image. Sourced after bootstrap.sh and images.sh; sets CAUSEWAY_VM_IMAGE_12 as asked for.

# Fails, and says why, where no machine with a kernel of its own can run.
need_machines() {
  [ "$(id -u)" -eq 0 ] || { echo "virtual machines need root, for their network (sudo ./test)" && return 1; }
  [ -n "${CAUSEWAY_UML_KERNEL:-}" ] || {
    echo "CAUSEWAY_UML_KERNEL names no User-Mode-Linux kernel, and QEMU, which needs none, is not supported yet"
    return 1
  }
  [ -x "$CAUSEWAY_UML_KERNEL" ] || { echo "CAUSEWAY_UML_KERNEL: $CAUSEWAY_UML_KERNEL is not a program" && return 1; }
  [ -r "${CAUSEWAY_UML_MODULES:-}" ] || {
    echo "CAUSEWAY_UML_MODULES must name a tarball of lib/modules for that kernel"
    return 1
  }
}

# machine_image RELEASE: makes the image unless it is there, and exports its name.
machine_image() {
  local release=$1 directory=$BUILD/vm image stamp
  mkdir -p "$directory"
  need_packages mmdebstrap debian-archive-keyring e2fsprogs iproute2 openssh-client tcpdump xz-utils
  [ -e "$directory/key" ] || ssh-keygen -q -t ed25519 -N '' -C causeway-vm -f "$directory/key"
  stamp=$(cd "$ROOT/tests/vm" && find make-image.sh rootfs "$directory/key.pub" "$CAUSEWAY_UML_MODULES" -type f -print0 |
    sort -z | xargs -0 sha256sum | cut -d ' ' -f 1 | sha256sum | cut -c 1-8)
  image=$directory/debian-$release-$stamp.img
  if [ ! -e "$image" ]; then
    say "Making the virtual machines' disk image of Debian $release (40 s)"
    rm -f "$directory/debian-$release"-*.img
    "$ROOT/tests/vm/make-image.sh" "$(codename "$release")" "$CAUSEWAY_UML_MODULES" "$directory/key.pub" "$image" \
      >"$BUILD/vm-image-$release.log" 2>&1 ||
      die "the image of Debian $release could not be made:" "$(tail -n 8 "$BUILD/vm-image-$release.log")"
  fi
  export "CAUSEWAY_VM_IMAGE_$release=$image"
}
