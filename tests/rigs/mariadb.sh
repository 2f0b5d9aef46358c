#!/usr/bin/env bash
# A MariaDB of its own in a temporary folder, for one command: mariadb.sh COMMAND…
# STOREGUARD_TEST_JOURNAL_URL names it. Needs Debian's mariadb-server, no running service, no root.
set -euo pipefail

command -v mariadbd >/dev/null || {
  echo "mariadb.sh: no mariadbd; run: sudo apt-get install --no-install-recommends mariadb-server" >&2
  exit 1
}
folder=$(mktemp -d)
user=$(id -un)
server=
end() {
  if [[ -n $server ]]; then
    kill "$server" 2>/dev/null || true
    wait "$server" || true
  fi
  rm -rf "$folder"
}
trap end EXIT

mariadb-install-db --no-defaults --user="$user" --datadir="$folder/data" --skip-test-db \
  --auth-root-authentication-method=normal >"$folder/install.log" 2>&1 ||
  { cat "$folder/install.log" >&2; exit 1; }
mariadbd --no-defaults --user="$user" --datadir="$folder/data" --socket="$folder/socket" \
  --skip-networking --pid-file="$folder/pid" >"$folder/server.log" 2>&1 &
server=$!
for _ in $(seq 300); do
  if mariadb-admin --no-defaults --socket="$folder/socket" --user=root ping >/dev/null 2>&1; then
    break
  fi
  kill -0 "$server" || { cat "$folder/server.log" >&2; exit 1; }
  sleep 0.2
done
mariadb --no-defaults --socket="$folder/socket" --user=root \
  --execute='CREATE DATABASE storeguard CHARACTER SET utf8mb4 COLLATE utf8mb4_bin'
export STOREGUARD_TEST_JOURNAL_URL="mysql+pymysql://root@localhost/storeguard?unix_socket=$folder/socket&charset=utf8mb4"
"$@"
