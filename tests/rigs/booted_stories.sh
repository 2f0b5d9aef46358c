# shellcheck shell=bash
# What happens to the service of booted_install.sh, one story after the other. Sourced by it.

SOURCE=$TREE/srv/checkout/src/storeguard
CRASH='        raise RuntimeError("a release that crashes")'
HANG='        await asyncio.sleep(600)'
SHOP="
store: {id: store-1, name: 강남 1호점}
scales: [{id: A, products: [바나나우유], backend: sim}, {id: B, products: [초코바], backend: sim}]
cameras: [{id: door, backend: sim}]
detector: {backend: sim}
web: {port: 18080}
"
NEXT='import sqlalchemy as sa
from alembic import op
revision, down_revision = "9000", "HEAD"


def upgrade():
    with op.batch_alter_table("sales", recreate="always") as batch:
        batch.add_column(sa.Column("till", sa.String(8), server_default="1"))
'

install_it() { inside make -C /srv/checkout "$1" ANYWAY=yes YOLO=no; }

# The revision of the checkout's own tables.
# shellcheck disable=SC2154  # `here` is booted_install.sh's
HEAD=$(sed -n 's/^REVISIONS = .*"\([0-9]*\)")$/\1/p' "$here/../../src/storeguard/books/tables.py")

installed() {
    install_it install
    [[ $(property ActiveState) == active ]] || fail "not active after make install"
    says "guards '우리 매장'" || fail "the first start does not guard: $(property StatusText)"
}

# A shop with devices, its configuration changed as an owner does it by hand.
sold() {
    printf '%s' "$SHOP" >"$TREE$DATA/config.yaml"
    printf '상품명, 개수, 가격, 무게\n바나나우유,6,1500,265\n초코바,50,1200,52\n' \
        >"$TREE$DATA/inventory/inventory_store.csv"
    inside systemctl restart storeguard
    within 60 "the shop is guarded" says "guards '강남 1호점'"
    inside storeguard sell 초코바 2
    grep -q '^초코바,48,' "$TREE$DATA/inventory/inventory_store.csv" || fail "the sale is not booked"
}

still_sold() { grep -q '^초코바,48,' "$TREE$DATA/inventory/inventory_store.csv" || fail "the sale is lost"; }

# The kernel's word for what the unit promises, and systemd's own score of what runs.
guarded_by_systemd() {
    local pid started ready
    pid=$(property MainPID)
    [[ $(inside ps -o user= -p "$pid") == storeg* ]] || fail "not its own user"
    inside grep -E '^(NoNewPrivs|CapEff|Seccomp):' "/proc/$pid/status"
    [[ $(inside sed -n 's/^CapEff:\t//p' "/proc/$pid/status") =~ ^0+$ ]] || fail "it has capabilities"
    [[ $(inside sed -n 's/^Seccomp:\t//p' "/proc/$pid/status") == 2 ]] || fail "no filter of system calls"
    started=$(property ExecMainStartTimestampMonotonic) ready=$(property ActiveEnterTimestampMonotonic)
    echo "from exec to READY: $(((ready - started) / 1000)) ms"
    ((ready - started < 60000000)) || fail "a start of more than 60 s"
    inside systemd-analyze security --threshold=20 storeguard.service | tail -1 || fail "above 2.0"
}

# SIGSTOP: no thread of it can notice. systemd misses WATCHDOG=1 and starts it anew.
hung() {
    local before began=$SECONDS
    before=$(property NRestarts)
    inside kill -STOP "$(property MainPID)"
    within 90 "systemd ends what hangs" is_restarted "$before"
    echo "from the hang to the restart: $((SECONDS - began)) s"
    within 60 "it guards again" says "guards '강남 1호점'"
    still_sold
}

is_restarted() { (($(property NRestarts) > $1)); }

changed() { printf '# %s\n' "$1" >>"$SOURCE/lock.py"; }

# $1 before the line that opens the vigil, so that the state is open and READY has not been said.
spoil() {
    sed -i "s|^        vigil.watch(store.health)|$1\n&|" "$SOURCE/daemon.py"
    grep -qF "$1" "$SOURCE/daemon.py" || fail "the release is not spoiled: daemon.py has changed"
}

updated() {
    local before
    before=$(current)
    changed "release 2"
    install_it update
    [[ $(current) != "$before" ]] || fail "the release has not changed"
    [[ $(readlink "$TREE/opt/storeguard/previous") == "$before" ]] || fail "the release before is not kept"
    says "guards '강남 1호점'" || fail "the new release does not guard"
    still_sold
}

# Updates to what lies in the checkout, and expects S107 and the old release, guarding. What the
# script has said is in `said`.
taken_back() {
    local before began=$SECONDS
    before=$(current)
    if said=$(install_it update 2>&1); then fail "a bad release was kept: $said"; fi
    printf '%s\n' "$said" | grep S107 || fail "no S107: $said"
    [[ $(current) == "$before" && ! -e $TREE/opt/storeguard/trial ]] || fail "not taken back"
    within 60 "the old release guards" says "guards '강남 1호점'"
    still_sold
    echo "taken back after $((SECONDS - began)) s"
    lend_checkout
    changed "release 2"
}

crashing_update() {
    spoil "$CRASH"
    taken_back
}

mute_update() {
    spoil "$HANG"
    taken_back
}

revision() { sqlite "SELECT version_num FROM alembic_version"; }

sqlite() {
    inside python3 -c 'import sqlite3, sys
with sqlite3.connect("/var/lib/storeguard/state/storeguard.db") as journal:
    print(*next(journal.execute(sys.argv[1]), ()))' "$1"
}

# The new release has changed the state before it failed: the old one gets its own back.
migrating_update() {
    printf '%s' "${NEXT/HEAD/$HEAD}" >"$SOURCE/books/migrations/versions/9000_next.py"
    sed -i 's/^\(REVISIONS = .*\))$/\1, "9000")/' "$SOURCE/books/tables.py"
    spoil "$CRASH"
    taken_back
    printf '%s\n' "$said" | grep "restored store" || fail "nothing was restored: $said"
    [[ $(revision) == "$HEAD" ]] || fail "the state is of $(revision)"
    [[ $(sqlite "SELECT sum(count) FROM sales") == 2 ]] || fail "the sale is lost"
}

# The power goes while the new release is on trial.
cut_update() {
    local before
    before=$(current)
    spoil "$HANG"
    install_it update >"$TREE.cut" 2>&1 &
    within 300 "the trial has begun" test -e "$TREE/opt/storeguard/trial"
    within 30 "it is switched" is_not_current "$before"
    cut_power
    wait || true
    boot
    within 60 "the old release guards" says "guards '강남 1호점'"
    [[ $(current) == "$before" ]] || fail "the new release was kept"
    inside journalctl -u storeguard -b --no-pager | grep -o "S106.*" || fail "no S106"
    still_sold
    lend_checkout
    changed "release 2"
}

is_not_current() { [[ $(current) != "$1" ]]; }

# A product that is in no CSV: each start fails, until safe mode; mended, it leaves by itself.
failing_starts() {
    local began=$SECONDS
    inside sed -i 's/\[초코바\]/[없는과자]/' "$DATA/config.yaml"
    inside systemctl restart --no-block storeguard
    within 120 "safe mode" says "safe mode"
    echo "safe mode after $((SECONDS - began)) s and $(property NRestarts) restarts: $(property StatusText)"
    inside storeguard sell 초코바 1
    grep -q '^초코바,47,' "$TREE$DATA/inventory/inventory_store.csv" || fail "safe mode does not sell"
    inside sed -i 's/없는과자/초코바/' "$DATA/config.yaml"
    began=$SECONDS
    within 60 "it leaves safe mode by itself" says "guards '강남 1호점'"
    echo "guards again $((SECONDS - began)) s after it was mended"
}

# A journal of a newer version: not a byte of it changes, and the page says why.
newer_state() {
    local before
    inside systemctl stop storeguard
    sqlite "UPDATE alembic_version SET version_num = '9999'"
    before=$(sha256sum "$TREE$DATA/state/storeguard.db")
    inside systemctl start --no-block storeguard
    within 120 "safe mode without books" says "no books"
    inside journalctl -u storeguard -b --no-pager | grep -o "S105.*" | tail -1 || fail "no S105"
    inside systemctl stop storeguard
    [[ $(sha256sum "$TREE$DATA/state/storeguard.db") == "$before" ]] || fail "the journal was written to"
    sqlite "UPDATE alembic_version SET version_num = '$HEAD'"
    inside systemctl start storeguard
    within 120 "it guards again" says "guards '강남 1호점'"
}

uninstalled() {
    install_it uninstall
    [[ ! -e $TREE/opt/storeguard && -e $TREE$DATA/config.yaml ]] || fail "left, or lost"
    [[ $(property LoadState) == not-found ]] || fail "the unit is left"
}
