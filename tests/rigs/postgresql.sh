#!/usr/bin/env bash
# A PostgreSQL of its own in a temporary folder, for one command: postgresql.sh COMMAND…
# STOREGUARD_TEST_JOURNAL_URL names it. Needs Debian's postgresql; its server refuses to be root's,
# so root runs it as the user postgres.
set -euo pipefail

bin=$(find /usr/lib/postgresql -path '*/bin/initdb' -printf '%h\n' 2>/dev/null | sort -V | tail -1)
[[ -n $bin ]] || {
  echo "postgresql.sh: no initdb; run: sudo apt-get install --no-install-recommends postgresql" >&2
  exit 1
}
folder=$(mktemp -d)
as_user=()
if [[ $(id -u) == 0 ]]; then
  as_user=(setpriv --reuid=postgres --regid=postgres --clear-groups)
  chown postgres:postgres "$folder"
fi
chmod 755 "$folder"
end() {
  (cd / && "${as_user[@]}" "$bin/pg_ctl" --pgdata="$folder/data" --mode=immediate stop) \
    >/dev/null 2>&1 || true
  rm -rf "$folder"
}
trap end EXIT

(
  cd /
  "${as_user[@]}" "$bin/initdb" --pgdata="$folder/data" --username=storeguard --auth=trust \
    --encoding=UTF8 --locale=C --no-sync >"$folder/install.log" 2>&1 ||
    { cat "$folder/install.log" >&2; exit 1; }
  "${as_user[@]}" "$bin/pg_ctl" --pgdata="$folder/data" --wait --log="$folder/data/server.log" \
    --options="-c listen_addresses='' -c unix_socket_directories='$folder'" start >/dev/null ||
    { cat "$folder/data/server.log" >&2; exit 1; }
)
export STOREGUARD_TEST_JOURNAL_URL="postgresql+psycopg://storeguard@/postgres?host=$folder"
"$@"
