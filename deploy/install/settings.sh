# shellcheck shell=bash
# The user of the service and its configuration; sourced by deploy/install.sh.

GROUP=edge-daemon
# Set where the service has to be started again for what it may do.
NEW_WALLS=
NETWORK_DROP_IN=$HERE/drop-ins/network.conf

make_user() {
    logged systemd-sysusers "$HERE/edge-daemon.sysusers.conf" ||
        die "the system user could not be made: $(why_it_failed)"
}

put_settings() {
    install -d -m 0755 "$ETC"
    put_default "$HERE/config.yaml" "$ETC/config.yaml"
    put_default "$HERE/asound.conf" "$ETC/asound.conf"
    # One that is there may say which addresses are open.
    if [[ -n $WITH_NETWORK && ! -e $DROP_INS/network.conf ]]; then
        put_file "$NETWORK_DROP_IN" "$DROP_INS/network.conf"
        NEW_WALLS=1
    fi
}

# The user's file is never touched; what is new lands beside it, as Debian's packages do it.
put_default() {
    local new=$1 theirs=$2
    if [[ ! -e $theirs && ! -L $theirs ]]; then
        put_file "$new" "$theirs" 0640
        chgrp "$GROUP" "$theirs"
    elif cmp -s "$new" "$theirs"; then
        rm -f "$theirs.dist"
    elif ! cmp -s "$new" "$theirs.dist"; then
        put_file "$new" "$theirs.dist"
        say "$theirs is kept; the new default lies beside it: diff $theirs $theirs.dist"
    fi
    give_back_to_group "$theirs"
}

# --uninstall takes the configuration from the group, which is gone then.
give_back_to_group() {
    [[ $(stat -L -c %U:%G:%a "$1") != root:root:640 ]] || chgrp "$GROUP" "$1"
}

# Writes a file whole or not at all, and not if it is the same.
put_file() {
    local from=$1 to=$2 mode=${3:-0644}
    if cmp -s "$from" "$to"; then return 0; fi
    mkdir -p "$(dirname "$to")"
    install -m "$mode" "$from" "$to.new" && mv -f "$to.new" "$to" ||
        die "$to could not be written; is the disk full?"
}

# Asks the new version before it is in force. What is wrong with the machine, such as a microphone
# that is not there yet, stops nothing.
check_settings() {
    local answer status=0
    answer=$(as_service "$FOLDER/bin/edge-daemon" check --config "$ETC/config.yaml" 2>&1) || status=$?
    note "edge-daemon check: $status: $answer"
    if ((status == 78)); then
        printf '%s\n' "$answer" >&2
        die "edge-daemon $(release) refuses $ETC/config.yaml (above); nothing was changed"
    fi
    warn_of_network
}

warn_of_network() {
    if [[ $(describe network) == yes && ! -e $DROP_INS/network.conf ]]; then
        say "the configuration has actions that need the network, which the service has not; to open it:" \
            "sudo $HERE/install.sh --with-network"
    fi
}

# Runs a program as the user of the service, though outside of its walls.
as_service() {
    (cd / && timeout 120 setpriv --reuid "$GROUP" --regid "$GROUP" --init-groups --no-new-privs \
        env -i PATH=/usr/bin:/bin ALSA_CONFIG_PATH="$ETC/asound.conf" "$@" </dev/null 9<&-)
}

# Tells something of the configuration: `network` or `words`.
describe() {
    as_service "$FOLDER/bin/python" -I "$FOLDER/deploy/install/describe.py" "$1" "$ETC/config.yaml" \
        2>>"$LOG" || true
}
