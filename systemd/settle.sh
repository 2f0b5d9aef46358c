#!/usr/bin/env bash
# Runs as root before every start of the service: an update that was cut before it was found
# good is taken back. While an update is at work it decides by itself.
set -euo pipefail
# shellcheck source=systemd/releases.sh
. "$(dirname "$(readlink -f "$0")")/releases.sh"

take_lock || exit 0
[[ -d $PREFIX/trial ]] || exit 0
say "S106 업데이트가 중단되어 이전 버전으로 실행합니다: $(<"$PREFIX/trial/old")"
roll_back
