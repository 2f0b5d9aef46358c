# shellcheck shell=bash
# Releases lie beside each other in $PREFIX/releases; the symbolic link $PREFIX/current says which
# one runs. Sourced by install, update, uninstall and settle; does nothing by itself.
#
# A release on trial leaves the folder $PREFIX/trial with the name of the one to go back to and
# the schema of the state before it. It is gone as soon as one of the two is decided for.

ROOT=${ROOT:-}
PREFIX=$ROOT${PREFIX:-/opt/storeguard}
DATA=$ROOT${DATA:-/var/lib/storeguard}
UNIT=$ROOT/etc/systemd/system/storeguard.service
BACKUP=$DATA/before-update.backup

say() { printf 'storeguard: %s\n' "$*"; }

die() {
    say "$*" >&2
    exit 1
}

# Root changes the system; ROOT=/some/tree changes only that tree, as whoever calls.
needs_root() { ((EUID == 0)) || [[ -n $ROOT ]] || die "관리자 권한이 필요합니다: sudo make $1"; }

# One at a time; the lock ends with the process, whatever ends it.
take_lock() {
    mkdir -p "$PREFIX/releases"
    exec 9>"$PREFIX/lock"
    flock --nonblock 9
}

# Where systemd runs the machine, and not only lies on its disk (a chroot, an image being built).
has_systemd() { [[ -d $ROOT/run/systemd/system ]]; }

# As the service's user, in its folder and with its environment, without the lock.
as_service() {
    local become=(env)
    [[ -n $ROOT ]] || become=(runuser -u storeguard -- env "HOME=$DATA" \
        XDG_CACHE_HOME=/var/cache/storeguard YOLO_CONFIG_DIR=/var/cache/storeguard)
    (cd "$DATA" && "${become[@]}" "STOREGUARD_MODELS=$DATA/models" "$@" 9>&-)
}

# The name of the release that runs; nothing where there is none.
current_release() { [[ ! -L $PREFIX/current ]] || basename "$(readlink "$PREFIX/current")"; }

# The new link is renamed over the old one: at every moment, power cut or not, it is one of them.
switch_to() {
    rm -f "$PREFIX/current.new"
    ln -s "releases/$1" "$PREFIX/current.new"
    sync --file-system "$PREFIX/releases"
    mv --no-target-directory "$PREFIX/current.new" "$PREFIX/current"
    sync "$PREFIX"
}

# Says whether the unit file has changed.
place_unit() {
    local wanted=$PREFIX/releases/$1/source/systemd/storeguard.service
    ! cmp --silent "$wanted" "$UNIT" || return 1
    install -D -m 0644 "$wanted" "$UNIT.new"
    mv "$UNIT.new" "$UNIT"
}

# What the state's journal says of its own version; a release that migrates it changes this.
schema_of_state() {
    "$PREFIX/releases/$1/bin/python" - "$DATA/state/storeguard.db" 2>/dev/null <<'PYTHON' || true
import sqlite3, sys
journal = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
print(*journal.execute("SELECT version_num FROM alembic_version").fetchone())
PYTHON
}

# Written beside and renamed: half a trial is none. From here on, a cut goes back to $1.
begin_trial() {
    rm -rf "$PREFIX/trial.new"
    mkdir "$PREFIX/trial.new"
    printf '%s\n' "$1" >"$PREFIX/trial.new/old"
    schema_of_state "$1" >"$PREFIX/trial.new/schema"
    sync --file-system "$PREFIX"
    mv --no-target-directory "$PREFIX/trial.new" "$PREFIX/trial"
    sync "$PREFIX"
}

end_trial() {
    rm -rf "$PREFIX/trial.over"
    mv --no-target-directory "$PREFIX/trial" "$PREFIX/trial.over"
    sync "$PREFIX"
    rm -rf "$PREFIX/trial.over"
}

# Back to the release before the trial, with a state that it can read. The service must not run.
# Cut anywhere, it is done again from its start, because the trial goes last.
roll_back() {
    local old
    old=$(<"$PREFIX/trial/old")
    [[ $(current_release) == "$old" ]] || switch_to "$old"
    place_unit "$old" || true
    restore_state "$old"
    end_trial
}

# Only a state that the new release migrated is restored: sales made meanwhile are worth more.
restore_state() {
    local before
    before=$(<"$PREFIX/trial/schema")
    [[ -s $BACKUP && -n $before && $(schema_of_state "$1") != "$before" ]] || return 0
    as_service "$PREFIX/releases/$1/bin/storeguard" restore "$BACKUP" ||
        say "상태를 되돌리지 못했습니다. 다시 하려면: sudo storeguard restore $BACKUP" >&2
}
