#!/usr/bin/env bash
# make-image.sh MODULES KEY.pub IMAGE RELEASE MIRROR [OPTION ...]: the disk of the lab's virtual machines, a bare Debian or
# Ubuntu that nobody has configured, made by mmdebstrap with these options. MODULES is a tarball of lib/modules of the
# kernel that will run it; or the word "stock", which puts Debian's own kernel in, and beside IMAGE what QEMU boots of it.
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
MODULES=$1 KEY=$2 IMAGE=$3 RELEASE=$4 MIRROR=$5
shift 5
PACKAGES=apt,ca-certificates,dbus,ifupdown,iproute2,iputils-ping,kmod,nftables,openssh-server,procps,python3,python3-apt
PACKAGES+=,systemd,systemd-sysv,tcpdump,udev
HOOKS=()
if [ "$MODULES" = stock ]; then
  # shellcheck source=tests/vm/stock.sh
  . "$HERE/stock.sh"
  PACKAGES+=,$STOCK_PACKAGES
  HOOKS+=("--setup-hook=$STOCK_HOOK")
fi

WORK=$(mktemp -d "$IMAGE.XXXXXX")
trap 'rm -rf --one-file-system "$WORK"' EXIT
ROOT=$WORK/root
# Through a tarball, since a directory would be left with mounts in it if this fails.
mmdebstrap -q --variant=minbase --skip=cleanup/apt/lists --include="$PACKAGES" "${HOOKS[@]}" "$@" \
  "$RELEASE" "$WORK/root.tar" "$MIRROR"
mkdir "$ROOT" "$WORK/modules"
tar -xf "$WORK/root.tar" -C "$ROOT"
if [ "$MODULES" = stock ]; then
  extract_kernel "$ROOT" "$IMAGE"
else
  tar -xf "$MODULES" -C "$WORK/modules"
  mkdir -p "$ROOT/usr/lib/modules"
  cp -a "$WORK"/modules/lib/modules/. "$ROOT/usr/lib/modules/"
fi
cp -a --no-preserve=ownership "$HERE/rootfs/." "$ROOT/"
install -D -m 600 "$KEY" "$ROOT/root/.ssh/authorized_keys"
: >"$ROOT/etc/machine-id"
rm -f "$ROOT/etc/resolv.conf" # in Ubuntu a link to what the machine will not have
: >"$ROOT/etc/resolv.conf"     # nobody answers there, and to ask this machine's servers would be to wait

# A machine is up for seconds and has no console, no real clock and no disk worth a look: what waits for those only delays.
MASKED=(apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer
  systemd-tmpfiles-clean.timer getty.target console-getty.service systemd-timesyncd.service systemd-pstore.service
  systemd-binfmt.service proc-sys-fs-binfmt_misc.automount dev-hugepages.mount sys-kernel-debug.mount
  sys-kernel-tracing.mount systemd-networkd-wait-online.service ifupdown-wait-online.service)
[ "$MODULES" != stock ] || MASKED+=("${STOCK_MASKED[@]}")
for unit in "${MASKED[@]}"; do ln -sf /dev/null "$ROOT/etc/systemd/system/$unit"; done
chroot "$ROOT" systemctl -q enable causeway-vm.service ssh.service
truncate -s 3G "$WORK/image"
mkfs.ext4 -q -F -O ^has_journal -m 0 -d "$ROOT" "$WORK/image"
mv "$WORK/image" "$IMAGE"
