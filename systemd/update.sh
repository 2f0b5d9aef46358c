#!/usr/bin/env bash
# make update: the release of this checkout beside the old one; kept if it is good within 60 s.
set -euo pipefail
umask 022
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=systemd/releases.sh
. "$here/releases.sh"
# shellcheck source=systemd/building.sh
. "$here/building.sh"
# shellcheck source=systemd/deploying.sh
. "$here/deploying.sh"

needs_root update
[[ -n $(current_release) ]] || die "설치되어 있지 않습니다. 먼저: sudo make install"
take_lock || die "다른 설치나 업데이트가 진행 중입니다. 끝난 뒤 다시 하세요."
settle_trial
release=$(release_name)
if [[ $release == "$(current_release)" ]]; then
    say "이미 이 버전입니다: $release"
    exit 0
fi
deploy "$release"
say "업데이트했습니다: $release"
