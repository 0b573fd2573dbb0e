# shellcheck shell=bash
# What make-image.sh does otherwise for machines that run the distribution's own kernel under QEMU. Sourced.

# With AppArmor, which comes with a kernel where nobody says no to what is recommended.
# shellcheck disable=SC2034
STOCK_PACKAGES=linux-image-cloud-amd64,apparmor
# Of the initrd that comes with the kernel only the tools are used: it need not hold every driver.
# shellcheck disable=SC2016,SC2034  # mmdebstrap says what $1 is
STOCK_HOOK='mkdir -p "$1/etc/initramfs-tools/conf.d" && echo MODULES=list >"$1/etc/initramfs-tools/conf.d/lab"'
# Where the processor is emulated, each of these takes seconds.
# shellcheck disable=SC2034
STOCK_MASKED=(systemd-logind.service systemd-update-utmp.service systemd-update-utmp-runlevel.service
  systemd-journal-flush.service ifupdown-pre.service modprobe@configfs.service modprobe@drm.service modprobe@fuse.service
  modprobe@dm_mod.service modprobe@loop.service sys-kernel-config.mount sys-fs-fuse-connections.mount dev-mqueue.mount)

# extract_kernel ROOT PREFIX: makes PREFIX.vmlinuz and PREFIX.initrd, which QEMU boots. The distribution's own initrd would do;
# this one does not start udev first, which saves seconds.
extract_kernel() (
  root=$1 prefix=$2
  version=$(basename "$root"/usr/lib/modules/*)
  initrd=$root/tmp/initrd
  mkdir -p "$initrd"/{bin,lib,dev,proc,root,modules}
  # klibc's tools come with the distribution's own initrd-tools, and need nothing but this library.
  cp "$root"/usr/lib/klibc/bin/{sh,insmod,mount,run-init,reboot,sleep} "$initrd/bin"
  cp "$root"/lib/klibc-*.so "$initrd/lib"

  i=10
  for module in virtio_pci virtio_net virtio_blk; do
    # Compressed or not, as the release has it; klibc takes them plain.
    chroot "$root" modprobe -S "$version" --show-depends "$module"
  done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r file; do
    i=$((i + 1))
    if [[ $file == *.xz ]]; then xz -dc "$root$file"; else cat "$root$file"; fi >"$initrd/modules/$i.ko"
  done

  cat >"$initrd/init" <<'INIT'
#!/bin/sh
mount -n -t devtmpfs devtmpfs /dev
mount -n -t proc proc /proc
for module in /modules/*.ko; do insmod "$module"; done
until [ -b /dev/vda ]; do sleep 1; done
mount -n -t ext4 /dev/vda /root
read -r words </proc/cmdline
case " $words " in
  # Whether a machine can run here at all (qemu.py): it has come as far as to its disk.
  *" causeway.probe "*) [ -d /root/etc ] && echo "causeway: it runs" && exec reboot -f ;;
esac
mount -n -o move /dev /root/dev
mount -n -o move /proc /root/proc
exec run-init /root /sbin/init
INIT
  chmod 755 "$initrd/init"
  chroot "$root" sh -c 'cd /tmp/initrd && find . | cpio --quiet -o -H newc' >"$prefix.initrd"
  rm -rf "$initrd"
  cp "$root/boot/vmlinuz-$version" "$prefix.vmlinuz"
  # A kernel in modules fetches them itself; the lab's other one has none (05-lab.conf).
  echo kernel.modprobe=/sbin/modprobe >"$root/etc/sysctl.d/06-stock.conf"
)
