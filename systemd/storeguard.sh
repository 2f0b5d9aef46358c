#!/usr/bin/env bash
# /usr/local/bin/storeguard: the program of the release that runs, as the service's user and in
# the store's folder, so that `sudo storeguard scale tare A` reads and writes the store's files.
set -euo pipefail
program=/opt/storeguard/current/bin/storeguard
store=/var/lib/storeguard
((EUID == 0)) || {
    echo "storeguard: 관리자 권한이 필요합니다: sudo storeguard $*" >&2
    exit 1
}
if [[ -r /etc/storeguard/aws.env ]]; then
    set -a
    # shellcheck source=/dev/null
    . /etc/storeguard/aws.env
    set +a
fi
cd "$store"
exec setpriv --reuid=storeguard --regid=storeguard --init-groups env HOME="$store" \
    XDG_CACHE_HOME=/var/cache/storeguard YOLO_CONFIG_DIR=/var/cache/storeguard \
    STOREGUARD_MODELS="$store/models" "$program" "$@"
