# shellcheck shell=bash
# Debian packages for a machine that has no network; sourced by scripts/make-wheelhouse.
#
# apt-get looks at a machine where nothing is installed, of the release and from the servers of this
# one, but of the architecture that is wanted; what every Debian has is left out.

EVERY_DEBIAN_HAS=('?priority(required)' apt systemd-sysv)

download_debs() {
    local folder=$1 names
    command -v apt-get >/dev/null || die "--debs needs apt-get: run it on a Debian of the release that is wanted"
    prepare_apt
    mapfile -t names < <(comm -23 <(needed_for "${PACKAGES[@]}") <(needed_for "${EVERY_DEBIAN_HAS[@]}"))
    [[ " ${names[*]} " == *" python$MADE_FOR "* ]] ||
        die "the Debian that runs here has no Python $MADE_FOR as its own; leave out --debs, or run this on" \
            "one of the release that is wanted"
    mkdir -p "$folder"
    (cd "$folder" && logged apt_get download "${names[@]}")
}

prepare_apt() {
    mkdir -p "$BUILD"/apt/{state/lists/partial,cache/archives/partial}
    : >"$BUILD/apt/status"
    logged apt_get update || note "going on with the lists that came"
}

apt_get() {
    local architecture=amd64
    if [[ $MACHINE == aarch64 ]]; then architecture=arm64; fi
    apt-get -q -o APT::Architecture="$architecture" -o APT::Architectures="$architecture" \
        -o Dir::State="$BUILD/apt/state" -o Dir::State::status="$BUILD/apt/status" \
        -o Dir::Cache="$BUILD/apt/cache" -o APT::Sandbox::User=root "$@"
}

needed_for() {
    apt_get -s install --no-install-recommends "$@" 2>>"$LOG" | sed -n 's/^Inst \([^ ]*\).*/\1/p' |
        sort -u
}
