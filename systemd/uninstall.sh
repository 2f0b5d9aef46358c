#!/usr/bin/env bash
# make uninstall: everything that install made, but the store's data; PURGE=yes that too.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=systemd/releases.sh
. "$here/releases.sh"
# shellcheck source=systemd/sharing.sh
. "$here/sharing.sh"

stop_for_good() {
    rm -f "$ROOT/etc/systemd/system/multi-user.target.wants/storeguard.service"
    if has_systemd && [[ -e $UNIT ]]; then systemctl disable --quiet --now storeguard.service; fi
    rm -rf "$UNIT" "$UNIT.new" "$UNIT.d"
    ! has_systemd || systemctl daemon-reload
}

remove_user() {
    ! command -v smbpasswd >/dev/null || smbpasswd -x storeguard >/dev/null 2>&1 || true
    ! getent passwd storeguard >/dev/null || userdel storeguard
}

needs_root uninstall
take_lock || die "다른 설치나 업데이트가 진행 중입니다. 끝난 뒤 다시 하세요."
stop_for_good
unshare_inventory
rm -rf "${PREFIX:?}" "$ROOT/usr/local/bin/storeguard"
[[ -n $ROOT ]] || { remove_user && rm -rf /var/cache/storeguard; }
if [[ ${PURGE:-no} == yes ]]; then
    rm -rf "${DATA:?}" "$ROOT/etc/storeguard"
    say "지웠습니다. 매장 자료도 지웠습니다."
else
    say "지웠습니다. 매장 자료는 남아 있습니다: $DATA (지우려면: sudo make uninstall PURGE=yes)"
fi
