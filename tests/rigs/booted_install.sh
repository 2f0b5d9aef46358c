#!/usr/bin/env bash
# The service under a real systemd, without a Pi: a Debian of this machine's own kind in a folder,
# booted as a container, with this checkout installed into it by `make install`. Then what a unit
# file and played scripts cannot show: its start, its rights, a hang, updates that are good, bad
# and cut, failing starts, a newer state. Needs root and: apt-get install debootstrap
# systemd-container (for systemd-nspawn)
#   SUITE=bookworm|trixie   TREE=DIR (its Debian is kept and used again)
# Not proven here: arm64 (see emulated_install.sh), MemoryMax, any device.
set -euo pipefail
SUITE=${SUITE:-bookworm}
TREE=${TREE:-${TMPDIR:-/tmp}/storeguard-booted-$SUITE}
MIRROR=${MIRROR:-http://deb.debian.org/debian}
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=tests/rigs/tree.sh
. "$here/tree.sh"
# shellcheck source=tests/rigs/booted_stories.sh
. "$here/booted_stories.sh"
DATA=/var/lib/storeguard
container=

make_tree() {
    [[ ! -e $TREE/.made ]] || return 0
    debootstrap --variant=minbase \
        --include=ca-certificates,make,systemd,systemd-sysv,dbus,procps,python3-venv,libgl1 \
        "$SUITE" "$TREE" "$MIRROR" >"$TREE.log"
    touch "$TREE/.made"
}

# What an earlier run has left.
clear_tree() {
    rm -rf "$TREE/opt/storeguard" "${TREE:?}$DATA" "$TREE/etc/systemd/system/storeguard.service"
}

inside() {
    nsenter --target "$leader" --all env -u PIP_FIND_LINKS -u PIP_EXTRA_INDEX_URL HOME=/root \
        LC_ALL=C.UTF-8 PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

boot() {
    systemd-nspawn --quiet --register=no --keep-unit --directory="$TREE" --machine=shop --boot \
        --console=pipe </dev/null >"$TREE.boot" 2>&1 &
    container=$!
    within 60 "systemd is up" is_up
}

is_up() {
    leader=$(pgrep --parent "$container" | head -1) && [[ -n $leader ]] || return 1
    [[ $(inside systemctl is-system-running 2>/dev/null) =~ running|degraded ]]
}

# The power goes away: nothing in there hears of it. What is on the disk stays.
cut_power() {
    kill -KILL "$leader"
    wait "$container" || true
    container=
}

finish() {
    [[ -z $container ]] || cut_power
}

# Waits for a command to succeed: $1 seconds at most, $2 what for.
within() {
    local deadline=$((SECONDS + $1)) what=$2
    shift 2
    until "$@"; do
        ((SECONDS < deadline)) || fail "not in time: $what"
        sleep 0.5
    done
}

fail() {
    echo "booted-install: $*" >&2
    inside journalctl -u storeguard --no-pager -n 60 >&2 || true
    exit 1
}

property() { inside systemctl show storeguard.service --property="$1" --value; }

says() { [[ $(property StatusText) == *"$1"* ]]; }

current() { readlink "$TREE/opt/storeguard/current"; }

need booted-install "debootstrap systemd-container procps" debootstrap systemd-nspawn nsenter pgrep
need_networks booted-install
trap finish EXIT
step "a tree of $SUITE in $TREE"
make_tree
clear_tree
lend_network
lend_checkout
lend_networks
boot
for story in installed sold guarded_by_systemd hung updated crashing_update migrating_update \
    mute_update cut_update failing_starts newer_state uninstalled; do
    step "$story"
    "$story"
done
step "proven: $(inside sed -n 's/^PRETTY_NAME=//p' /etc/os-release), $(inside systemctl --version | head -1)"
