# shellcheck shell=bash
# Looks at the machine before anything is written; sourced by deploy/install.sh.

# What a version and its making take on disk, with room to spare.
NEEDED_MB=400

need_root() {
    ((EUID == 0)) || die "this needs root: sudo $HERE/install.sh"
}

need_systemd() {
    [[ -d /run/systemd/system ]] ||
        die "systemd does not run here (a container, or another init system); the daemon runs without" \
            "it as well: scripts/run --mic"
}

need_64_bit() {
    refuse_32_bit
    case $(uname -m) in
        x86_64 | aarch64) ;;
        *) die "onnxruntime has no build for this machine ($(uname -m)), only for x86_64 and aarch64" ;;
    esac
}

# What somebody has made by hand is not for us to take away.
refuse_other_installation() {
    [[ -n $(missing_packages edge-daemon) ]] ||
        die "the Debian package edge-daemon is installed; to change over: apt-get remove edge-daemon"
    [[ ! -d $OPT/bin || -L $OPT/bin ]] ||
        die "$OPT/bin is a folder, of an installation by hand; to change over: mv $OPT $OPT.old"
}

# The lock is on a folder that every system has, so that none is left behind.
take_lock() {
    mkdir -p /opt
    exec 9</opt
    flock -n 9 || die "another installation is running"
}

need_space() {
    local free_mb
    mkdir -p "$OPT"
    free_mb=$(df --output=avail -BM "$OPT" | tail -n 1 | tr -dc 0-9)
    ((free_mb >= NEEDED_MB)) ||
        die "$OPT has $free_mb MB left on its disk, and an installation needs $NEEDED_MB MB"
}

# Debian's own Python, whatever else is installed: the service cannot see one in a home folder.
find_python() {
    local name
    for name in python3 python3.13 python3.12 python3.11 python3.10; do
        # By its number: a new release of Debian has another one as python3.
        PYTHON=$(readlink -f "/usr/bin/$name")
        if fits "$PYTHON"; then return 0; fi
    done
    die "found no Python 3.10 to 3.13 with venv in /usr/bin ($(/usr/bin/python3 --version 2>&1));" \
        "$(distribution) has to have one, as Debian 12 and 13, Raspberry Pi OS of these, and Ubuntu" \
        "22.04 and 24.04 have"
}

fits() {
    "$1" -I -c "import ensurepip, venv, struct, sys
sys.exit(not ((3, 10) <= sys.version_info[:2] <= (3, 13) and struct.calcsize('P') == 8))" \
        >/dev/null 2>&1
}

python_version() { version_of "$PYTHON"; }

distribution() { (
    PRETTY_NAME='this system'
    # shellcheck source=/dev/null
    source /etc/os-release 2>/dev/null
    echo "$PRETTY_NAME"
); }
