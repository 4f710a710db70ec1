# shellcheck shell=bash
# The set-up that scripts/run, scripts/benchmark, scripts/test, scripts/check and scripts/docs share;
# sourced, not run.
#
#   prepare base    what the daemon needs
#   prepare plots   and what draws the pictures of reports
#   prepare docs    and what makes a site of the documentation
#   prepare test    and what the tests need
#   prepare train   and what training, models of elsewhere, and the tests of both need: PyTorch and
#                   TensorFlow, which are large
#   prepare heavy   and what the heavy tests need: to boot machines, to emulate one, to read packages,
#                   a browser, Ansible
#   prepare check   and what scripts/check needs
#
# A stamp for each inside .venv makes the next run skip everything. Nothing but the venv and Debian
# packages is written. Settings, all optional:
#
#   EDGE_DAEMON_PYTHON   the Python to use instead of the first one that fits
#   EDGE_DAEMON_NO_APT   set: never call apt-get or sudo, only print the line to run

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
VENV=$ROOT/.venv
STAMPS=$VENV/.set-up
DEBIAN_SYSTEMD=/usr/lib/python3/dist-packages
NO_SERVICES=/usr/sbin/policy-rc.d

say() { printf 'set-up: %s\n' "$*" >&2; }

die() {
    say "$@"
    exit 1
}

# shellcheck source=deploy/install/questions.sh
source "$ROOT/deploy/install/questions.sh"

prepare() {
    if is_ready "$1"; then return; fi
    (
        trap 'exit 130' INT
        trap 'exit 143' TERM
        flock -n 9 || {
            say "waiting for another set-up of this checkout"
            flock 9
        }
        # Closed for what set_up starts: a program that stays behind would keep the lock.
        is_ready "$1" || set_up "$1" 9<&-
    ) 9<"${BASH_SOURCE[0]}"
}

is_ready() {
    local now
    [[ -f $STAMPS/$1 && ! -e $STAMPS/unfinished ]] || return 1
    now=$(fingerprint) && [[ $(<"$STAMPS/$1") == "$now" ]] && is_wanted_version
}

fingerprint() {
    local version
    version=$(version_of "$VENV/bin/python") || return 1
    {
        echo "$ROOT $version"
        cat "$ROOT"/{pyproject.toml,scripts/_setup.sh,deploy/install/questions.sh}
    } | sha256sum
}

is_wanted_version() {
    [[ -z ${EDGE_DAEMON_PYTHON:-} ]] ||
        [[ $(version_of "$EDGE_DAEMON_PYTHON") == "$(version_of "$VENV/bin/python")" ]]
}

set_up() {
    local part=$1 began=$SECONDS
    refuse_32_bit
    make_venv
    install_debian_packages "$part"
    install_python_packages "$part"
    fingerprint >"$STAMPS/base"
    cp "$STAMPS/base" "$STAMPS/$part.new"
    mv "$STAMPS/$part.new" "$STAMPS/$part"
    say "done in $((SECONDS - began)) s"
}

# ---- the virtual environment -------------------------------------------------------------------

make_venv() {
    local python
    if venv_is_usable; then return; fi
    python=$(find_python) || {
        install_packages python3 python3-venv
        python=$(find_python) || no_python
    }
    say "making .venv with Python $(version_of "$python") ($python)"
    rm -rf "$VENV"
    # Without --system-site-packages: half of the packages would come from the machine, in versions
    # that nobody tested together. The one that is worth taking, Debian's python3-systemd, is copied.
    if have_uv; then
        uv venv --quiet --python "$python" "$VENV"
    else
        "$python" -m venv "$VENV"
    fi || die "no virtual environment could be made with $python"
    mkdir "$STAMPS"
    echo "$ROOT" >"$STAMPS/root"
}

venv_is_usable() {
    local version
    version=$(version_of "$VENV/bin/python") || return 1
    [[ -d $VENV/lib/python$version && ! -e $STAMPS/unfinished ]] || return 1
    [[ ! -e $STAMPS/root || $(<"$STAMPS/root") == "$ROOT" ]] || return 1
    "$VENV/bin/python" -c 'import sys; sys.exit(sys.prefix == sys.base_prefix)' || return 1
    is_wanted_version && fits "$VENV/bin/python" &&
        { have_uv || "$VENV/bin/python" -m pip --version >/dev/null 2>&1; }
}

find_python() {
    local name
    local names=(python3 python3.13 python3.12 python3.11 python3.10)
    if [[ -n ${EDGE_DAEMON_PYTHON:-} ]]; then names=("$EDGE_DAEMON_PYTHON"); fi
    for name in "${names[@]}"; do
        if fits "$name"; then
            command -v "$name"
            return
        fi
    done
    return 1
}

fits() {
    local needs
    if have_uv; then needs=struct; else needs=ensurepip,venv,struct; fi
    "$1" -c "import $needs, struct, sys
sys.exit(not ((3, 10) <= sys.version_info[:2] <= (3, 13) and struct.calcsize('P') == 8))" \
        >/dev/null 2>&1
}

no_python() {
    if [[ -n ${EDGE_DAEMON_PYTHON:-} ]]; then
        die "EDGE_DAEMON_PYTHON=$EDGE_DAEMON_PYTHON is no 64-bit Python 3.10 to 3.13 with venv"
    fi
    die "found no 64-bit Python 3.10 to 3.13 with venv ($(python3 --version 2>&1));" \
        "install one, or name it: EDGE_DAEMON_PYTHON=/path/to/python3.11"
}

# A pyenv shim may be called uv and run nothing.
have_uv() { uv --version >/dev/null 2>&1; }

# ---- Debian packages ---------------------------------------------------------------------------

install_debian_packages() {
    local packages=(libportaudio2 libsystemd0)
    if ! has_systemd; then mapfile -t -O 2 packages < <(packages_for_systemd); fi
    case $1 in
        test | train | heavy)
            packages+=(pulseaudio pulseaudio-utils libasound2-plugins espeak-ng openssl strace systemd)
            packages+=(mosquitto-clients)
            install_without_services mosquitto prometheus
            ;;&
        heavy)
            packages+=(systemd-container debootstrap debian-archive-keyring)
            packages+=(qemu-user lintian binutils python3-venv chromium ansible-core)
            ;;
        check) packages+=(shellcheck) ;;
    esac
    install_packages "${packages[@]}"
}

# The tests start these programs themselves: their services are not to run, neither now nor when the
# machine starts again. What was there already is left as it is.
install_without_services() {
    local missing
    mapfile -t missing < <(missing_packages "$@")
    if ((${#missing[@]} == 0)); then return; fi
    if may_install && [[ ! -e $NO_SERVICES ]]; then
        trap 'as_root rm -f "$NO_SERVICES"' EXIT
        printf '#!/bin/sh\nexit 101\n' | as_root install -m755 /dev/stdin "$NO_SERVICES"
        install_packages "${missing[@]}"
        as_root rm -f "$NO_SERVICES"
        trap - EXIT
    else
        install_packages "${missing[@]}"
    fi
    if may_install && [[ -d /run/systemd/system ]]; then
        quietly as_root systemctl disable "${missing[@]}" || true
    fi
}

# Debian's own Python takes Debian's module; any other has to compile it.
packages_for_systemd() {
    local prefix version
    prefix=$("$VENV/bin/python" -c 'import sys; print(sys.base_prefix)')
    version=$(version_of "$VENV/bin/python")
    if [[ $prefix != /usr ]]; then
        printf '%s\n' libsystemd-dev pkg-config gcc
    elif [[ $version == "$(version_of /usr/bin/python3)" ]]; then
        echo python3-systemd
    else
        printf '%s\n' libsystemd-dev pkg-config gcc "python$version-dev"
    fi
}

# Installs what it may of the packages and prints the line for the rest; never fails.
install_packages() {
    local missing
    mapfile -t missing < <(missing_packages "$@")
    if ((${#missing[@]} == 0)); then return; fi
    if may_install; then
        say "installing Debian packages: ${missing[*]}"
        apt_install "${missing[@]}"
        mapfile -t missing < <(missing_packages "$@")
        if ((${#missing[@]} == 0)); then return; fi
    fi
    say "these Debian packages are missing; to install them:"
    say "    sudo apt-get install -y ${missing[*]}"
}

may_install() {
    [[ -z ${EDGE_DAEMON_NO_APT:-} ]] && command -v apt-get >/dev/null &&
        { ((EUID == 0)) || sudo -n true 2>/dev/null; }
}

apt_install() {
    local name
    retry quietly as_root apt-get -q update || say "going on with the package lists that are here"
    if quietly apt_get_install "$@"; then return; fi
    say "one at a time, then"
    for name in "$@"; do
        quietly apt_get_install "$name" || true
    done
}

# --no-remove: pulseaudio would take a PipeWire desktop away.
apt_get_install() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-remove \
        --no-install-recommends -o DPkg::Lock::Timeout=120 -o Acquire::Retries=3 "$@" </dev/null
}

as_root() { if ((EUID == 0)); then "$@"; else sudo -n "$@"; fi; }

# ---- Python packages ---------------------------------------------------------------------------

install_python_packages() {
    local extras status=0
    case $1 in
        base) extras= ;;
        plots) extras='[plots]' ;;
        test) extras='[test]' ;;
        heavy) extras='[test,docs]' ;; # the site is built
        docs) extras='[docs]' ;;
        train) extras='[test,train,keras]' ;;
        check) extras='[test,check]' ;; # mypy reads the tests too
        *) die "there is no set-up $1" ;;
    esac
    mkdir -p "$STAMPS"
    echo "$ROOT" >"$STAMPS/root"
    say "installing Python packages: edge-daemon$extras"
    # Left behind by a kill only; then the next run starts with a new venv.
    touch "$STAMPS/unfinished"
    [[ $1 != train ]] || retry quietly install_torch || status=$?
    ((status)) || retry quietly pip_install -e ".$extras" || status=$?
    ((status)) || add_systemd
    ((status)) || compile_package
    rm "$STAMPS/unfinished"
    ((status == 0)) || die "the Python packages could not be installed (see above)"
}

# Without byte code every start costs two to three times the CPU. pip compiles what it installs, uv
# has to be asked, and neither does it for the package itself, which is installed as a link.
pip_install() (
    cd "$ROOT" || exit
    unset PYTHONDONTWRITEBYTECODE
    if have_uv; then
        uv pip install --quiet --compile-bytecode --python "$VENV/bin/python" "$@"
    else
        "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check "$@"
    fi
)

# By pip, which may be set up to find a build of it for the CPU, a tenth of the size.
install_torch() {
    local python=$VENV/bin/python wanted
    wanted=$(grep -o '"torch==[^"]*"' "$ROOT/pyproject.toml" | tr -d '"')
    if "$python" -m pip --version >/dev/null 2>&1; then
        "$python" -m pip install --quiet --disable-pip-version-check "$wanted"
    else
        "$(find_python)" -m pip --python "$python" install --quiet "$wanted"
    fi
}

compile_package() {
    env -u PYTHONDONTWRITEBYTECODE "$VENV/bin/python" -m compileall -q "$ROOT/edge_daemon" ||
        say "edge_daemon could not be compiled; each start takes longer for it"
}

has_systemd() { "$VENV/bin/python" -c 'import systemd.daemon, systemd.journal' 2>/dev/null; }

add_systemd() {
    if has_systemd || copy_debian_systemd; then return; fi
    if ! pip_install -e '.[systemd]' >/dev/null 2>&1 || ! has_systemd; then
        say "systemd-python could not be built: the daemon runs, but as a systemd service it has no" \
            "watchdog, no status and no fields in the journal"
        say "    to add it, run: sudo apt-get install -y $(packages_for_systemd | paste -sd ' ')"
        say "    then remove .venv and start again"
    fi
}

copy_debian_systemd() {
    local site
    [[ -d $DEBIAN_SYSTEMD/systemd ]] || return 1
    site=$("$VENV/bin/python" -c 'import sysconfig; print(sysconfig.get_path("platlib"))')
    # With the times, which tell that Debian's byte code is up to date.
    cp -r --preserve=timestamps "$DEBIAN_SYSTEMD"/systemd "$DEBIAN_SYSTEMD"/systemd_python-* "$site"
    has_systemd || {
        rm -rf "$site"/systemd "$site"/systemd_python-*
        return 1
    }
}

# ---- running things ----------------------------------------------------------------------------

retry() {
    local pause
    for pause in 5 15; do
        "$@" && return
        say "that failed; once more in $pause s"
        sleep "$pause"
    done
    "$@"
}

# Shows what a command printed only when it fails.
quietly() {
    local log status=0
    log=$(mktemp)
    "$@" >"$log" 2>&1 || status=$?
    ((status == 0)) || tail -n 12 "$log" >&2
    rm "$log"
    return "$status"
}
