# shellcheck shell=bash
# A Debian in a folder, for a rig to install into: sourced with TREE set.

CHECKOUT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

step() { printf '== %s (%s s)\n' "$*" "$SECONDS"; }

# $1: the make target; $2: what apt has it from; then the tools that it needs.
need() {
    local target=$1 packages=$2 tool
    ((EUID == 0)) || { echo "$target: needs root, for a system of its own" >&2; exit 1; }
    for tool in "${@:3}"; do
        command -v "$tool" >/dev/null && continue
        echo "$target: $tool is missing; apt-get install $packages" >&2
        exit 1
    done
}

# Found out before an hour of emulation, and not after it.
need_networks() {
    [[ -n ${STOREGUARD_MODELS:-} ]] || curl -sfI --max-time 20 https://github.com >/dev/null || {
        echo "$1: github.com cannot be reached; set STOREGUARD_MODELS to a folder with yolox_nano.onnx" >&2
        exit 1
    }
}

# How this machine reaches its registries is true in there too.
lend_network() {
    cp /etc/resolv.conf /etc/hosts "$TREE/etc/"
    local bundle=${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}
    [[ ! -e $bundle ]] || cat "$bundle" >"$TREE/etc/ssl/certs/ca-certificates.crt"
}

lend_checkout() {
    rm -rf "$TREE/srv/checkout"
    mkdir -p "$TREE/srv/checkout"
    git -C "$CHECKOUT" archive "${COMMIT:-HEAD}" | tar -xf - -C "$TREE/srv/checkout"
}

# The networks' hosts may be out of reach of a workshop's machine: then its own files are lent.
lend_networks() {
    [[ -n ${STOREGUARD_MODELS:-} ]] || return 0
    mkdir -p "$TREE/var/lib/storeguard/models"
    cp "$STOREGUARD_MODELS"/yolox_nano.onnx "$TREE/var/lib/storeguard/models/"
}
