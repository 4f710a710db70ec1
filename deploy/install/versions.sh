# shellcheck shell=bash
# The versions beside each other, each a virtual environment; sourced by deploy/install.sh.
#
#   /opt/edge-daemon/versions/0.1.0-3f2a91c7/   a version, with .complete once it is whole
#   /opt/edge-daemon/current                    a link to the one in force, switched in one step
#   /opt/edge-daemon/bin                        a link to current/bin, for the unit
#   /opt/edge-daemon/switching                  while a version is not proved: the name of the last
#                                               one that was, empty if there was none

VERSIONS=$OPT/versions
BUILD=$OPT/build
DEBIAN_PYTHON=/usr/lib/python3/dist-packages

# Makes the version that is to be, if it is not there; sets VERSION and FOLDER.
prepare_version() {
    need_fitting_wheelhouse
    VERSION=$(release)-$(fingerprint)
    FOLDER=$VERSIONS/$VERSION
    if is_complete "$VERSION" && runs "$VERSION"; then return 0; fi
    need_space
    say "making $FOLDER with Python $(python_version)"
    rm -rf "$FOLDER" "$BUILD"
    mkdir -p "$VERSIONS" "$BUILD"
    make_version || die "edge-daemon $(release) was not installed: $(why_it_failed)"
    rm -rf "$BUILD"
    sync -f "$FOLDER"
    : >"$FOLDER/.complete"
    sync -f "$FOLDER"
}

# Without --system-site-packages: only what was locked and tested together is seen in there.
make_version() {
    logged "$PYTHON" -m venv "$FOLDER" &&
        install_python_packages &&
        remove_setuptools &&
        add_systemd_module &&
        add_gpio_module &&
        logged cp -r "$HERE" "$FOLDER/deploy" &&
        logged chown -R root:root "$FOLDER" &&
        logged chmod -R u=rwX,go=rX "$FOLDER" &&
        runs "$VERSION"
}

# systemd-python has no wheel, and building it would take a compiler: Debian's module is copied. Of
# another Python than Debian's default there is none; then the daemon runs without fields in the journal.
add_systemd_module() {
    local site=$FOLDER/lib/python$(python_version)/site-packages
    if [[ $(python_version) == "$(version_of /usr/bin/python3)" ]]; then
        logged cp -r "$DEBIAN_PYTHON"/systemd "$DEBIAN_PYTHON"/systemd_python-* "$site" &&
            logged "$FOLDER/bin/python" -m compileall -q "$site/systemd" &&
            logged "$FOLDER/bin/python" -c 'import systemd.daemon, systemd.journal'
    fi
}

# lgpio has no wheel for Python 3.13, and Raspberry Pi OS brings Debian's module with it. Where it is
# not, only what has to do with pins is missing.
add_gpio_module() {
    local site=$FOLDER/lib/python$(python_version)/site-packages
    if [[ $(python_version) == "$(version_of /usr/bin/python3)" &&
        -e $DEBIAN_PYTHON/lgpio.py && ! -e $site/lgpio.py ]]; then
        logged cp "$DEBIAN_PYTHON"/lgpio.py "$DEBIAN_PYTHON"/_lgpio.*.so "$site"
    fi
}

# Named by colorzero, which does not use it; it would load a piece of itself at every start of Python.
remove_setuptools() { pip uninstall --quiet --yes setuptools; }

runs() { logged "$VERSIONS/$1/bin/edge-daemon" --version; }

is_complete() { [[ -e $VERSIONS/$1/.complete ]]; }

current_version() {
    local name
    name=$(basename "$(readlink "$OPT/current" 2>/dev/null)")
    if [[ -n $name ]] && is_complete "$name"; then echo "$name"; fi
}

point_to() {
    place_link current/bin "$OPT/bin"
    place_link "versions/$1" "$OPT/current"
    sync -f "$OPT"
}

# rename(2) puts the new link in the place of the old: at no moment is there none.
place_link() {
    if [[ $(readlink "$2" 2>/dev/null) == "$1" ]]; then return 0; fi
    ln -sfn "$1" "$2.new" && mv -fT "$2.new" "$2"
}

# So that `edge-daemon status` is found. What somebody else has put there stays, and a system that cannot
# be written to there, such as one with a read-only /usr, does without.
put_command() {
    if is_our_command || logged ln -s "$OPT/bin/edge-daemon" "$COMMAND"; then return 0; fi
    say "$COMMAND is not ours to write; the program is $OPT/bin/edge-daemon"
}

is_our_command() { [[ $(readlink "$COMMAND") == "$OPT/bin/edge-daemon" ]]; }

# Removes what a run that was interrupted has left, and the folder if nothing else is in it.
remove_unfinished() {
    local folder
    rm -rf "$BUILD"
    rm -f "$OPT"/{current,bin,switching}.new
    for folder in "$VERSIONS"/*/; do
        if [[ -d $folder && ! -e $folder/.complete ]]; then rm -rf "$folder"; fi
    done
    rmdir "$VERSIONS" "$OPT" 2>/dev/null || true
}

forget_other_versions() {
    local folder
    # it runs from the version before, where somebody has installed it by hand
    logged systemctl --no-block try-restart edge-daemon-wyoming.service || true
    for folder in "$VERSIONS"/*/; do
        [[ $folder == "$FOLDER/" ]] || rm -rf "$folder"
    done
}
