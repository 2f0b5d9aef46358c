#!/usr/bin/env bash
# make install: storeguard as a service on Raspberry Pi OS (Bookworm or Trixie, 64 bit). May be
# run again at any time: what is there stays, what is missing comes.
#   YOLO=no      without ultralytics and torch (2 GB less); people are found by yolox-nano
#   SHARE=yes    the two inventory CSVs by Samba
#   ANYWAY=yes   on another system, at your own risk
#   ROOT=DIR     into a tree: no packages, no user, no service
set -euo pipefail
umask 022
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=systemd/releases.sh
. "$here/releases.sh"
# shellcheck source=systemd/building.sh
. "$here/building.sh"
# shellcheck source=systemd/deploying.sh
. "$here/deploying.sh"
# shellcheck source=systemd/preparing.sh
. "$here/preparing.sh"
# shellcheck source=systemd/sharing.sh
. "$here/sharing.sh"

# One is enough to find people; without any the shop is watched by differences only.
pull_networks() {
    local name found=no names=(yolox-nano)
    [[ $YOLO != yes ]] || names=(yolo11n yolox-nano)
    for name in "${names[@]}"; do
        if as_service "$PREFIX/current/bin/storeguard" models pull "$name"; then found=yes; fi
    done
    [[ $found == yes ]] || die "사람을 찾는 신경망을 하나도 받지 못했습니다 (${names[*]});" \
        "인터넷을 확인하고 다시 하세요: sudo make install"
}

start() {
    has_systemd || {
        say "systemd 가 돌고 있지 않아 서비스는 시작하지 않았습니다."
        systemctl --root="${ROOT:-/}" enable --quiet storeguard.service 2>/dev/null || enable_by_hand
        return 0
    }
    systemctl enable --quiet storeguard.service
    systemctl is-active --quiet storeguard.service || start_service "$(current_release)" ||
        die "서비스가 시작하지 못했습니다. 이유: journalctl -u storeguard -n 30"
}

enable_by_hand() {
    local wants=$ROOT/etc/systemd/system/multi-user.target.wants
    mkdir -p "$wants"
    ln -sfn /etc/systemd/system/storeguard.service "$wants/storeguard.service"
}

# What the sensors say is for the installer to read; it does not undo the installation.
examine() {
    local storeguard=$PREFIX/current/bin/storeguard
    "$storeguard" doctor --help >/dev/null 2>&1 || return 0
    as_service "$storeguard" doctor --config "$DATA/config.yaml" || true
}

# Raspberry Pi OS leaves the memory controller out unless its command line asks for it.
explain_memory_limit() {
    local controllers=/sys/fs/cgroup/cgroup.controllers
    [[ -n $ROOT || ! -e $controllers ]] || grep -qw memory "$controllers" ||
        say "메모리 한도(MemoryMax)가 아직 동작하지 않습니다: /boot/firmware/cmdline.txt 줄 끝에" \
            "cgroup_enable=memory 를 더하고 다시 켜세요"
}

needs_root install
check_machine
if [[ -z $ROOT ]]; then
    install_packages
    make_user
fi
take_lock || die "다른 설치나 업데이트가 진행 중입니다. 끝난 뒤 다시 하세요."
settle_trial
make_data
deploy "$(release_name)"
pull_networks
[[ ${SHARE:-no} != yes ]] || share_inventory
start
examine
explain_memory_limit
say "설치했습니다: $(current_release)"
[[ ${SHARE:-no} != yes ]] || say "공유 폴더의 비밀번호를 정하세요: sudo smbpasswd -a storeguard"
say "다음: 휴대전화로 http://$(hostname).local:8080 을 열고, 코드는 여기서: sudo storeguard people code"
