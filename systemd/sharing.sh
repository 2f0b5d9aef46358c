# shellcheck shell=bash
# The optional Samba share of the two CSVs. Sourced by install and uninstall.

SMB=$ROOT/etc/samba
INCLUDE="include = /etc/samba/storeguard.conf"

share_inventory() {
    install -m 0644 "$SOURCE/systemd/smb.conf" "$SMB/storeguard.conf"
    grep -qxF "$INCLUDE" "$SMB/smb.conf" || with_smb_conf "\$a $INCLUDE"
    testparm -s "$SMB/smb.conf" >/dev/null 2>&1 || {
        unshare_inventory
        die "Samba 설정이 맞지 않아 공유하지 않았습니다: testparm -s 로 확인하세요"
    }
    reload_samba
}

unshare_inventory() {
    [[ -e $SMB/storeguard.conf ]] || return 0
    with_smb_conf "\\|^$INCLUDE\$|d"
    rm -f "$SMB/storeguard.conf"
    reload_samba
}

# The administrator's file: changed by one line, and replaced whole.
with_smb_conf() {
    sed "$1" "$SMB/smb.conf" >"$SMB/smb.conf.new"
    chmod --reference="$SMB/smb.conf" "$SMB/smb.conf.new"
    mv "$SMB/smb.conf.new" "$SMB/smb.conf"
}

reload_samba() { ! has_systemd || systemctl reload-or-restart smbd.service; }
