# shellcheck shell=bash
# Where the Python packages come from: a wheelhouse, or the index and this checkout; sourced by
# deploy/install.sh.

find_python_packages() {
    if [[ -n $WHEELHOUSE ]]; then
        is_wheelhouse "$WHEELHOUSE" || die "$WHEELHOUSE is no folder that scripts/make-wheelhouse made"
    elif is_wheelhouse "$SOURCE"; then
        WHEELHOUSE=$SOURCE
    fi
    if [[ -n $WHEELHOUSE ]]; then
        check_wheelhouse
    elif [[ ! -f $SOURCE/pyproject.toml ]]; then
        die "there is nothing to install from in $SOURCE: run it in a checkout, or with --offline"
    fi
}

is_wheelhouse() { compgen -G "$1/edge_daemon-*.whl" >/dev/null && [[ -f $1/requirements.txt ]]; }

# A stick that was pulled too early shows here, and not halfway.
check_wheelhouse() {
    local damaged
    WHEELHOUSE=$(cd "$WHEELHOUSE" && pwd -P)
    damaged=$(cd "$WHEELHOUSE" && sha256sum --check --quiet SHA256SUMS 2>/dev/null) ||
        die "the wheelhouse $WHEELHOUSE is damaged or not complete; copy it again ($damaged)"
    say "taking edge-daemon $(release) from the wheelhouse $WHEELHOUSE, and nothing from the network"
}

# `made-for` says for what make-wheelhouse was asked, such as "3.11 aarch64".
need_fitting_wheelhouse() {
    local made_for here
    [[ -n $WHEELHOUSE ]] || return 0
    made_for=$(<"$WHEELHOUSE/made-for")
    here="$(python_version) $(uname -m)"
    [[ $made_for == "$here" ]] ||
        die "the wheelhouse was made for Python $made_for, and here is $here; make it with:" \
            "scripts/make-wheelhouse --python ${here% *} --platform ${here#* }"
}

release() {
    local wheel
    if [[ -n $WHEELHOUSE ]]; then
        wheel=$(cd "$WHEELHOUSE" && compgen -G 'edge_daemon-*.whl')
        cut -d- -f2 <<<"$wheel"
    else
        sed -n 's/^version = "\(.*\)"$/\1/p' "$SOURCE/pyproject.toml" | head -n 1
    fi
}

# Changes with everything that gets installed; tells without a network whether anything would.
fingerprint() {
    { python_version && uname -m && list_debian_modules && list_package && list_deploy; } |
        sha256sum | cut -c-8
}

list_package() (
    if [[ -n $WHEELHOUSE ]]; then
        cat "$WHEELHOUSE/requirements.txt"
    else
        cd "$SOURCE" && list_files edge_daemon pyproject.toml
    fi
)

list_deploy() (cd "$HERE" && list_files .)

list_files() { find "$@" -type f ! -name '*.pyc' -print0 | sort -z | xargs -0 sha256sum; }

list_debian_modules() { dpkg-query -W python3-systemd python3-lgpio 2>/dev/null || true; }

# Installs the locked packages, each by its hash, and the daemon's own wheel with them.
install_python_packages() {
    local list=$BUILD/requirements.txt
    if [[ -n $WHEELHOUSE ]]; then
        pip install --no-index --find-links "$WHEELHOUSE" --require-hashes -r "$WHEELHOUSE/requirements.txt"
        return
    fi
    build_wheel || return
    { cat "$HERE/requirements.txt" && own_requirement "$BUILD"/wheels/*.whl; } >"$list"
    pip install --only-binary :all: --find-links "$BUILD/wheels" --require-hashes -r "$list"
}

build_wheel() {
    local tools=$BUILD/tools
    pip install --only-binary :all: --target "$tools" --require-hashes -r "$HERE/build-requirements.txt" &&
        PYTHONPATH=$tools pip wheel --no-deps --no-build-isolation -w "$BUILD/wheels" "$SOURCE"
}

own_requirement() {
    local hash
    hash=$(sha256sum <"$1")
    printf 'edge-daemon==%s --hash=sha256:%s\n' "$(release)" "${hash%% *}"
}

# pip's own settings stay in force, as a company's mirror has to be found. It compiles what it
# installs; without byte code, which the service may not write, each start would take twice the CPU.
pip() {
    logged env TMPDIR="$BUILD" "$FOLDER/bin/python" -m pip --no-input --no-cache-dir \
        --disable-pip-version-check "$@"
}
