#!/usr/bin/env bash
# schemathesis against a running store's own description of its interface: no 5xx, and no answer
# that the description has not. In an environment of its own, for it brings 30 packages.
#   CASES=100 (of each operation)
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
PYTHON=${PYTHON:-python3.11}
PROGRAM=${PROGRAM:-.venv/bin/storeguard}
ENVIRONMENT=.venv-api
room=$(mktemp -d)
store=

finish() {
    [[ -z $store ]] || { kill "$store" && wait "$store"; } || true
    rm -rf "$room"
}
trap finish EXIT

[[ -x $ENVIRONMENT/bin/schemathesis ]] || {
    "$PYTHON" -m venv "$ENVIRONMENT"
    "$ENVIRONMENT/bin/python" -m pip --disable-pip-version-check install --quiet 'schemathesis>=4.32,<5'
}

mkdir "$room/inventory"
cat >"$room/config.yaml" <<'SHOP'
store: {id: store-1, name: 강남 1호점}
scales: [{id: A, products: [바나나우유], backend: sim}, {id: B, products: [초코바], backend: sim}]
cameras: [{id: door, backend: sim}]
detector: {backend: sim}
web: {port: 0}
SHOP
printf '상품명, 개수, 가격, 무게, 바코드\n바나나우유,60,1500,265,8801115114154\n초코바,500,1200,52,\n' \
    >"$room/inventory/inventory_store.csv"
export STOREGUARD_POS_TOKEN=a-token-of-the-rig-only
"$PROGRAM" run --config "$room/config.yaml" >"$room/log" 2>&1 &
store=$!
for _ in $(seq 60); do
    url=$(sed -n 's/.*pages: \(http[^ ]*\) and.*/\1/p' "$room/log")
    [[ -z $url ]] || break
    sleep 1
done
[[ -n $url ]] || { cat "$room/log"; exit 1; }

cd "$room"  # its report and its database go there
"$OLDPWD/$ENVIRONMENT/bin/schemathesis" run "$url/api/v1/openapi.json" --no-color \
    --header "Authorization: Bearer $STOREGUARD_POS_TOKEN" --max-examples "${CASES:-100}" \
    --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance
