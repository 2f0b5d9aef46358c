#!/usr/bin/env bash
# Proves `make install` without a Pi: a Debian for arm64 in a scratch folder, run by qemu's
# user-mode emulation in a chroot, with this checkout installed into it. Needs root, a kernel
# with binfmt_misc, and: apt-get install debootstrap qemu-user-static
#   SUITE=bookworm|trixie   TREE=DIR (kept and used again)   YOLO=no|yes (an hour of emulation)
# Not proven here: Raspberry Pi OS's own archive, a running systemd, any device.
set -euo pipefail
SUITE=${SUITE:-trixie}
TREE=${TREE:-${TMPDIR:-/tmp}/storeguard-arm64-$SUITE}
MIRROR=${MIRROR:-http://deb.debian.org/debian}
YOLO=${YOLO:-no}
# shellcheck source=tests/rigs/tree.sh
. "$(dirname "$(readlink -f "$0")")/tree.sh"

# The kernel runs arm64's programs by qemu.
register_qemu() {
    local formats=/proc/sys/fs/binfmt_misc
    [[ -e $formats/register ]] || mount -t binfmt_misc none "$formats"
    [[ -e $formats/qemu-aarch64 ]] ||
        sed -n 's/^\(:qemu-aarch64:.*\)/\1/p' /usr/lib/binfmt.d/qemu-aarch64.conf >"$formats/register"
}

make_tree() {
    [[ ! -e $TREE/.made ]] || return 0
    debootstrap --arch=arm64 --variant=minbase --include=ca-certificates,make "$SUITE" "$TREE" "$MIRROR" >"$TREE.log"
    touch "$TREE/.made"
}

# Mounts of its own, which end with the command. Compiling to bytecode, which a Pi needs at
# install, takes emulation longer than all the rest.
inside() {
    # shellcheck disable=SC2016  # expanded by the inner bash
    unshare --mount bash -c '
        tree=$1; shift
        mount --rbind /dev "$tree/dev"
        mount -t proc proc "$tree/proc"
        mount -t sysfs -o ro sysfs "$tree/sys"
        mount --bind "$tree/root/cpuinfo" "$tree/proc/cpuinfo"
        exec chroot "$tree" env -u PIP_FIND_LINKS -u PIP_EXTRA_INDEX_URL HOME=/root \
            PIP_NO_COMPILE=1 LC_ALL=C.UTF-8 PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
    ' inside "$TREE" "$@"
}

# A Pi 4's: ONNX Runtime for ARM reads it, and crashes on that of an x86 host.
lend_cpuinfo() {
    local core
    for core in 0 1 2 3; do
        printf 'processor\t: %s\nBogoMIPS\t: 108.00\n' "$core"
        printf 'Features\t: fp asimd evtstrm crc32 cpuid\nCPU implementer\t: 0x41\n'
        printf 'CPU architecture: 8\nCPU variant\t: 0x0\nCPU part\t: 0xd08\nCPU revision\t: 3\n\n'
    done >"$TREE/root/cpuinfo"
}

need emulated-install "debootstrap qemu-user-static" debootstrap qemu-aarch64-static
need_networks emulated-install
register_qemu
step "a tree of $SUITE for arm64 in $TREE"
make_tree
lend_network
lend_cpuinfo
lend_checkout
lend_networks
step "make install"
inside make -C /srv/checkout install YOLO="$YOLO"
step "make install again: nothing is built, nothing of the owner's changes"
before=$(inside sha256sum /var/lib/storeguard/config.yaml /usr/local/bin/storeguard; readlink "$TREE/opt/storeguard/current")
inside make -C /srv/checkout install YOLO="$YOLO"
after=$(inside sha256sum /var/lib/storeguard/config.yaml /usr/local/bin/storeguard; readlink "$TREE/opt/storeguard/current")
[[ $before == "$after" ]]
step "the program"
inside storeguard --version
inside storeguard check-config
inside storeguard models verify
inside storeguard detect /srv/checkout/docs/console.png --model yolox-nano
step "the unit, judged by the tree's own systemd"
inside systemd-analyze security --offline=true --threshold=20 /etc/systemd/system/storeguard.service | tail -1 ||
    echo "no systemd-analyze in the tree"
step "make uninstall keeps the data"
inside make -C /srv/checkout uninstall
[[ ! -e $TREE/opt/storeguard && -e $TREE/var/lib/storeguard/config.yaml ]]
step "proven: $(inside uname -m), $(inside sed -n 's/^PRETTY_NAME=//p' /etc/os-release), $(inside python3 --version), YOLO=$YOLO"
