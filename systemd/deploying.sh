# shellcheck shell=bash
# A release is built beside the old one, tested, switched to, watched and kept or taken back.
# Sourced by install and update.

GOOD_WITHIN_S=${GOOD_WITHIN_S:-60}
HOLD_TICKS=${HOLD_TICKS:-10}
TICK_S=${TICK_S:-1}

# $1: the release. It must be complete and may be the one that runs already.
deploy() {
    local release=$1 old
    old=$(current_release)
    build_release "$release"
    self_test "$release" || die "새 버전이 자체 점검에 실패했습니다. 바뀐 것은 없습니다: $release"
    place_programs
    if [[ -z $old || $old == "$release" ]]; then
        switch_first "$release"
    else
        switch_on_trial "$old" "$release"
    fi
    prune
}

# What an update that was cut has left, before anything new begins.
settle_trial() {
    [[ -d $PREFIX/trial ]] || return 0
    say "S106 지난 업데이트가 중단되었습니다. 먼저 이전 버전으로 되돌립니다."
    stop_service
    roll_back
    start_service "$(current_release)" || say "이전 버전도 시작하지 못했습니다: journalctl -u storeguard" >&2
}

# What outlives a release: it must work when a release does not.
place_programs() {
    local name
    for name in settle.sh releases.sh storeguard.sh; do
        install -D -m 0755 "$SOURCE/systemd/$name" "$PREFIX/bin/$name.new"
        mv "$PREFIX/bin/$name.new" "$PREFIX/bin/$name"
    done
    mkdir -p "$ROOT/usr/local/bin"
    ln -sfn "$PREFIX/bin/storeguard.sh" "$ROOT/usr/local/bin/storeguard"
}

# Nothing to go back to: the first release, or the same one again.
switch_first() {
    [[ $(current_release) == "$1" ]] || switch_to "$1"
    if place_unit "$1" && has_systemd; then systemctl daemon-reload; fi
}

switch_on_trial() {
    back_up_state "$1"
    begin_trial "$1"
    stop_service
    switch_to "$2"
    if start_service "$2"; then
        end_trial
        ln -sfn "releases/$1" "$PREFIX/previous"
        return
    fi
    stop_service
    roll_back
    start_service "$1" || say "이전 버전도 시작하지 못했습니다: journalctl -u storeguard" >&2
    rm -rf "${PREFIX:?}/releases/$2"
    die "S107 새 버전이 ${GOOD_WITHIN_S}초 안에 시작하지 못해 되돌렸습니다. 지금 버전: $1"
}

back_up_state() {
    local storeguard=$PREFIX/releases/$1/bin/storeguard
    rm -f "$BACKUP"
    "$storeguard" backup --help >/dev/null 2>&1 || return 0
    as_service "$storeguard" backup "$BACKUP" ||
        die "상태를 백업하지 못했습니다. 바뀐 것은 없습니다."
}

stop_service() { ! has_systemd || systemctl stop storeguard.service; }

# Without a running systemd the self-test is all that can be asked.
start_service() {
    place_unit "$1" || true
    has_systemd || return 0
    systemctl daemon-reload
    systemctl start --no-block storeguard.service
    is_good
}

# Good: it has said READY in time (Type=notify: then only it is running) and has run on for a while.
# One restart within the trial is not good: that is how a crash loop and safe mode begin.
is_good() {
    local held=0 deadline=$((SECONDS + GOOD_WITHIN_S))
    while ((held > 0 || SECONDS < deadline)); do
        case $(systemctl show storeguard.service --property=SubState --value) in
            running) ((++held < HOLD_TICKS)) || return 0 ;;
            auto-restart | failed) return 1 ;;
            *) held=0 ;;
        esac
        sleep "$TICK_S"
    done
    return 1
}

# The last two are kept: the one that runs and the one before it.
prune() {
    local path
    for path in "$PREFIX"/releases/*; do
        [[ $path -ef $PREFIX/current || $path -ef $PREFIX/previous ]] || rm -rf "$path"
    done
}
