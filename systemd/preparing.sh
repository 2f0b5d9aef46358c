# shellcheck shell=bash
# What the machine must be and have before a release can run on it. Sourced by install.

PACKAGES=(python3 python3-venv libgl1)
GROUPS_OF_DEVICES=(gpio video)

# All that is missing is said at once.
check_machine() {
    local problems=() need_mb=1000 free_mb
    [[ $(codename) =~ ^(bookworm|trixie)$ ]] ||
        problems+=("운영체제가 Bookworm 또는 Trixie 가 아닙니다: $(codename)")
    # A 64-bit kernel below a 32-bit system is usual on a Pi: the packages' architecture counts.
    [[ $(dpkg --print-architecture) == arm64 ]] ||
        problems+=("64비트가 아닙니다: $(dpkg --print-architecture); Raspberry Pi OS (64-bit)로 다시 까세요")
    [[ $YOLO != yes ]] || need_mb=4000
    free_mb=$(df --output=avail -BM "$ROOT/" | tail -1 | tr -dc 0-9)
    ((free_mb >= need_mb)) || problems+=("빈 공간 ${free_mb} MB; ${need_mb} MB 가 필요합니다")
    ((${#problems[@]})) || return 0
    printf 'storeguard: %s\n' "${problems[@]}" >&2
    [[ ${ANYWAY:-no} == yes ]] || die "설치하지 않았습니다. 그래도 하려면: make install ANYWAY=yes"
}

is_installed() { [[ $(dpkg-query -W -f='${Status}' "$1" 2>/dev/null) == "install ok installed" ]]; }

in_apt() { apt-cache show "$1" >/dev/null 2>&1; }

# The library's name on Trixie says that its time has 64 bits.
add_glib() {
    [[ $(codename) == bookworm ]] && PACKAGES+=(libglib2.0-0) || PACKAGES+=(libglib2.0-0t64)
}

# The Pi's own archive has these, Debian's has not: without them other cameras and scales work.
add_pi_packages() {
    if in_apt python3-picamera2; then
        PACKAGES+=(python3-picamera2)
    else
        say "apt 에 python3-picamera2 가 없습니다: 파이 카메라는 못 쓰고 USB, RTSP 카메라는 씁니다."
    fi
    # On Bookworm it would push out python3-rpi.gpio; there the environment has its own.
    [[ $(codename) != bookworm ]] || return 0
    if in_apt python3-rpi-lgpio; then
        PACKAGES+=(python3-rpi-lgpio)
    else
        say "apt 에 python3-rpi-lgpio 가 없습니다: 저울은 backend: gpiod 를 쓰세요."
    fi
}

# bookworm has Python 3.11, trixie 3.13.
codename() { sed -n 's/^VERSION_CODENAME=//p' "$ROOT/etc/os-release" 2>/dev/null; }

install_packages() {
    local package missing=()
    if ! is_installed python3-venv; then apt-get update -qq; fi
    add_glib
    add_pi_packages
    [[ ${SHARE:-no} != yes ]] || PACKAGES+=(samba)
    for package in "${PACKAGES[@]}"; do
        is_installed "$package" || missing+=("$package")
    done
    ((${#missing[@]})) || return 0
    say "apt: ${missing[*]}"
    # A fresh Pi updates itself in the background: wait for it instead of failing.
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq -o DPkg::Lock::Timeout=300 \
        --no-install-recommends "${missing[@]}" >/dev/null ||
        die "apt 로 설치하지 못했습니다: ${missing[*]}; 인터넷을 확인하고 다시 하세요"
}

# gpio is Raspberry Pi OS's; where it is missing the unit would not start.
make_user() {
    local group
    for group in "${GROUPS_OF_DEVICES[@]}"; do
        getent group "$group" >/dev/null || groupadd --system "$group"
    done
    getent passwd storeguard >/dev/null ||
        useradd --system --user-group --home-dir /var/lib/storeguard --no-create-home \
            --shell /usr/sbin/nologin storeguard
    usermod --append --groups "$(IFS=,; echo "${GROUPS_OF_DEVICES[*]}")" storeguard
}

# Never over what is there: configuration and inventory are the owner's.
make_data() {
    mkdir -p "$DATA/models"
    [[ -e $DATA/config.yaml ]] || place_file "$SOURCE/systemd/first/config.yaml" "$DATA/config.yaml"
    if [[ ! -e $DATA/inventory ]]; then
        rm -rf "$DATA/inventory.new"
        mkdir "$DATA/inventory.new"
        cp "$SOURCE/systemd/first/inventory_store.csv" "$DATA/inventory.new/"
        mv "$DATA/inventory.new" "$DATA/inventory"
    fi
    [[ -z $ROOT ]] || return 0
    # After an uninstall that kept the data, its owner is a number that nobody has any more.
    chown -R storeguard:storeguard "$DATA"
    chmod 0700 "$DATA"
    install -d -o storeguard -g storeguard -m 0700 /var/cache/storeguard
    install -d -m 0755 /etc/storeguard
    [[ ! -e /etc/storeguard/aws.env ]] || chmod 0400 /etc/storeguard/aws.env
}

# Whole or not there.
place_file() {
    cp "$1" "$2.new"
    mv "$2.new" "$2"
}
