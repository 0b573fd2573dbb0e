#!/usr/bin/env bash
# make-image.sh RELEASE MODULES-TARBALL KEY.pub IMAGE: the disk of the lab's virtual machines, a bare Debian that nobody
# has configured. MODULES-TARBALL holds lib/modules of the kernel that will run it.
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
RELEASE=$1 MODULES=$2 KEY=$3 IMAGE=$4
MIRROR=${CAUSEWAY_MIRROR:-http://deb.debian.org/debian}
PACKAGES=ca-certificates,dbus,ifupdown,iproute2,iputils-ping,kmod,nftables,openssh-server,procps,python3,python3-apt
PACKAGES+=,systemd,systemd-sysv,tcpdump,udev

WORK=$(mktemp -d "$IMAGE.XXXXXX")
trap 'rm -rf --one-file-system "$WORK"' EXIT
ROOT=$WORK/root
# Through a tarball, since a directory would be left with mounts in it if this fails.
mmdebstrap -q --variant=minbase --skip=cleanup/apt/lists --include="$PACKAGES" "$RELEASE" "$WORK/root.tar" "$MIRROR"
mkdir "$ROOT" "$WORK/modules"
tar -xf "$WORK/root.tar" -C "$ROOT"
tar -xf "$MODULES" -C "$WORK/modules"
mkdir -p "$ROOT/usr/lib/modules"
cp -a "$WORK"/modules/lib/modules/. "$ROOT/usr/lib/modules/"
cp -a --no-preserve=ownership "$HERE/rootfs/." "$ROOT/"
install -D -m 600 "$KEY" "$ROOT/root/.ssh/authorized_keys"
: >"$ROOT/etc/machine-id"

# A machine is up for seconds and has no console, no real clock and no disk worth a look: what waits for those only delays.
MASKED=(apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer
  systemd-tmpfiles-clean.timer getty.target console-getty.service systemd-timesyncd.service systemd-pstore.service
  systemd-binfmt.service proc-sys-fs-binfmt_misc.automount dev-hugepages.mount sys-kernel-debug.mount
  sys-kernel-tracing.mount systemd-networkd-wait-online.service ifupdown-wait-online.service)
for unit in "${MASKED[@]}"; do ln -sf /dev/null "$ROOT/etc/systemd/system/$unit"; done
chroot "$ROOT" systemctl -q enable causeway-vm.service ssh.service
truncate -s 3G "$WORK/image"
mkfs.ext4 -q -F -O ^has_journal -m 0 -d "$ROOT" "$WORK/image"
mv "$WORK/image" "$IMAGE"
