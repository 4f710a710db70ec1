# shellcheck shell=bash
# Debian packages; sourced by deploy/install.sh.

# What the daemon needs to run. Nothing of sound but PortAudio: it listens to ALSA itself.
PACKAGES=(libportaudio2 python3-venv python3-systemd)
# The packages that were not there before us, for --purge; what --uninstall leaves tells it as well.
INSTALLED_BY_US=$ETC/debian-packages
# Set where --purge could not remove them.
LEFT_BEHIND=
# So long another program may install packages.
LOCK_TIMEOUT_S=120

install_debian_packages() {
    local missing
    keep_packages
    mapfile -t missing < <(missing_packages "${PACKAGES[@]}")
    if ((${#missing[@]} == 0)); then return 0; fi
    may_call_apt || die "these Debian packages are missing: ${missing[*]}; $(distribution) has to have" \
        "them, then: apt-get install -y ${missing[*]}"
    say "installing Debian packages: ${missing[*]}"
    get_packages "${missing[@]}" || true
    remember_packages
    mapfile -t missing < <(missing_packages "${PACKAGES[@]}")
    ((${#missing[@]} == 0)) || lack_of_packages "${missing[@]}"
}

may_call_apt() { [[ -z ${EDGE_DAEMON_NO_APT:-} ]] && command -v apt-get >/dev/null; }

installed_packages() {
    # shellcheck disable=SC2016 # the braces are dpkg-query's
    dpkg-query -W -f '${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p' | sort -u
}

get_packages() {
    if has_debs; then
        get_packages_from_wheelhouse && return
    else
        update_lists
        apt_install "$@" && return
    fi
    # An installation that lost its power leaves dpkg so.
    tail -n 20 "$LOG" | grep -q 'dpkg --configure -a' || return
    logged dpkg --configure -a
    apt_install "$@"
}

# apt-get waits for dpkg's lock but not for that of the lists, which a machine that has just booted for
# the first time often holds while it fetches them.
update_lists() {
    local until=$((SECONDS + LOCK_TIMEOUT_S))
    while ! logged apt-get -q update; do
        if ! was_locked || ((SECONDS >= until)); then
            note "going on with the package lists that are here"
            return 0
        fi
        sleep 2
    done
}

was_locked() { tail -n 20 "$LOG" | grep -q 'Could not get lock'; }

# --no-remove: nothing of the machine's own goes away for us.
apt_install() {
    logged env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-remove \
        --no-install-recommends -o DPkg::Lock::Timeout=$LOCK_TIMEOUT_S -o Acquire::Retries=3 "$@"
}

# Of the .debs that lie in the wheelhouse only those that the machine lacks: none is updated.
get_packages_from_wheelhouse() {
    local file name files=()
    for file in "$WHEELHOUSE"/debs/*.deb; do
        name=$(dpkg-deb --field "$file" Package)
        if [[ -n $(missing_packages "$name") ]]; then files+=("$(realpath "$file")"); fi
    done
    ((${#files[@]} == 0)) || apt_install "${files[@]}"
}

has_debs() { compgen -G "$WHEELHOUSE/debs/*.deb" >/dev/null; }

# --uninstall has left them to apt-get autoremove.
keep_packages() {
    if [[ -f $INSTALLED_BY_US ]] && may_call_apt; then logged apt-mark manual "${PACKAGES[@]}" || true; fi
}

# By what dpkg has said to us: while we wait for the lock another program may install its own.
remember_packages() {
    local new
    new=$(sed -n 's/^Selecting previously [a-z]* package \([^ :]*\).*/\1/p' "$LOG" | sed 's/[.[:cntrl:]]*$//' |
        sort -u | comm -12 - <(installed_packages))
    if [[ -z $new ]]; then return 0; fi
    mkdir -p "$ETC"
    { [[ ! -f $INSTALLED_BY_US ]] || cat "$INSTALLED_BY_US"; echo "$new"; } | sort -u >"$INSTALLED_BY_US.new"
    mv "$INSTALLED_BY_US.new" "$INSTALLED_BY_US"
}

lack_of_packages() {
    say "these Debian packages could not be installed: $* ($(why_it_failed))"
    if [[ -n $WHEELHOUSE ]] && ! has_debs; then
        die "where there is no network, scripts/make-wheelhouse --debs puts them into the wheelhouse"
    fi
    die "to see more: apt-get install -y $*; without a network: --offline (docs/installing.md)"
}

# Removes what was installed for us, if it is to go and nothing else needs it by now; else marks it, so
# that apt-get autoremove takes away what nothing needs.
give_back_debian_packages() {
    local names
    mapfile -t names < <(installed_by_us)
    if ((${#names[@]} == 0)) || ! may_call_apt; then return 0; fi
    if [[ $1 == purge ]] && ! takes_others_along "${names[@]}"; then
        say "removing the Debian packages that were installed for it: ${names[*]}"
        logged env DEBIAN_FRONTEND=noninteractive apt-get -q purge -y -o DPkg::Lock::Timeout=$LOCK_TIMEOUT_S \
            "${names[@]}" || LEFT_BEHIND="Debian packages that could not be removed: $(why_it_failed)"
    else
        logged apt-mark auto "${names[@]}" || true
        say "Debian packages were installed for it; apt-get autoremove removes those that nothing needs"
    fi
}

installed_by_us() {
    if [[ -f $INSTALLED_BY_US ]]; then comm -12 "$INSTALLED_BY_US" <(installed_packages); fi
}

takes_others_along() {
    local gone
    gone=$(apt-get -s -q purge "$@" 2>>"$LOG" |
        sed -n 's/^\(Remv\|Purg\) \([^ :]*\).*/\2/p' | sort -u) || return 0
    [[ -n $(comm -23 <(echo "$gone") <(printf '%s\n' "$@")) ]]
}
