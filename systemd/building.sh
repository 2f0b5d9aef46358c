# shellcheck shell=bash
# A release: an environment of its own with storeguard and everything it needs at the locked
# versions, whose hashes are checked. Sourced by install and update.

SOURCE=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
PYTHON=${PYTHON:-/usr/bin/python3}
YOLO=${YOLO:-yes}
PARTS=(pyproject.toml README.md LICENSE config.yaml inventory requirements src systemd)

lock_file() { [[ $YOLO == yes ]] && echo pi-yolo.txt || echo pi.txt; }

# Version and content: the same source makes the same name, so a second install builds nothing.
release_name() {
    local version digest
    version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$SOURCE/pyproject.toml")
    digest=$(cd "$SOURCE" && {
        find "${PARTS[@]}" -type f -not -path '*/__pycache__/*' -not -path '*.egg-info/*' \
            -not -path 'inventory/*' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
        lock_file
        "$PYTHON" --version
    } | sha256sum)
    printf '%s-%.12s\n' "$version" "$digest"
}

# Complete or not there: what a cut left behind has no mark, is not used and is built anew.
build_release() {
    local release=$PREFIX/releases/$1
    [[ ! -e $release/complete ]] || return 0
    say "새 버전을 설치합니다 (몇 분 걸립니다): $1"
    rm -rf "$release"
    mkdir -p "$release/source"
    (cd "$SOURCE" && tar --exclude=__pycache__ --exclude='*.egg-info' -cf - "${PARTS[@]}") |
        tar --no-same-owner -xf - -C "$release/source"
    # picamera2 comes from apt, because libcamera has no wheel: hence the system's packages too.
    "$PYTHON" -m venv --system-site-packages "$release"
    fill "$release"
    sync --file-system "$release"
    touch "$release/complete"
    sync "$release"
}

fill() {
    local pip=("$1/bin/python" -m pip --disable-pip-version-check install --quiet --no-cache-dir)
    # --ignore-installed: an older one of apt's must not stand in for what is locked.
    local locked=("${pip[@]}" --no-deps --ignore-installed --require-hashes)
    # What builds hx711 and storeguard is locked too, instead of fetched by pip as it likes.
    "${locked[@]}" -r "$1/source/requirements/build.txt"
    "${locked[@]}" --no-build-isolation -r "$1/source/requirements/$(lock_file)"
    # lgpio has wheels for Bookworm's Python only; Trixie's comes from apt.
    [[ $("$PYTHON" --version) != "Python 3.11."* ]] ||
        "${locked[@]}" -r "$1/source/requirements/pi-bookworm.txt"
    "${pip[@]}" --no-deps --no-build-isolation --no-index "$1/source"
}

# In the new environment, before anything is switched, with the store's own configuration.
self_test() {
    local bin=$PREFIX/releases/$1/bin
    as_service "$bin/python" -c 'import av, cv2, onnxruntime, pandas, storeguard.daemon' || return
    as_service "$bin/storeguard" check-config --config "$DATA/config.yaml"
}
