# shellcheck shell=bash
# From one version to the next, and back if that does not work; sourced by deploy/install.sh.

# A reason to go back that says nothing of the version.
INTERRUPTED="interrupted before the new version was proved"
# Set while a version is in force that is not proved; OLD is the one before it.
SWITCHING=
OLD=
VERSION=
CHANGED=

bring_into_force() {
    local old must_listen='' runs=1
    old=$(current_version)
    read_state
    if [[ $old == "$VERSION" && -z $NEW_WALLS ]] && is_in_force "$VERSION"; then
        CHANGED=
        if [[ $ACTIVE == failed ]]; then start_again; fi
        return 0
    fi
    CHANGED=1
    if is_listening; then must_listen=1; fi
    # One that was stopped by hand stays so.
    if [[ -n $old && $ACTIVE == inactive ]]; then runs=; fi
    begin_switch "$old"
    put_in_force "$VERSION"
    if [[ -z $old ]]; then
        logged systemctl enable "$SERVICE" || give_up "$SERVICE cannot be enabled: $(why_it_failed)"
    fi
    if [[ -n $runs ]]; then
        start_and_prove "$must_listen" || give_up "edge-daemon $VERSION does not work: $(last_words)"
    fi
    end_switch
}

start_again() { start_and_prove '' || die "edge-daemon $VERSION does not start: $(last_words)"; }

give_up() {
    roll_back "$1"
    exit 1
}

begin_switch() {
    printf '%s\n' "$1" >"$OPT/switching.new"
    mv -f "$OPT/switching.new" "$OPT/switching"
    sync -f "$OPT"
    OLD=$1
    SWITCHING=1
}

end_switch() {
    rm -f "$OPT/switching"
    sync -f /opt
    SWITCHING=
}

# Which file of deploy/ lies where in the system.
in_the_system() {
    printf '%s\n' "edge-daemon.service /etc/systemd/system/$SERVICE" \
        "60-edge-daemon.rules /etc/udev/rules.d/60-edge-daemon.rules"
}

is_in_force() {
    local name place
    while read -r name place; do
        cmp -s "$VERSIONS/$1/deploy/$name" "$place" || return 1
    done < <(in_the_system)
    [[ ! -e $OPT/switching && -x $OPT/bin/edge-daemon ]]
}

put_in_force() {
    local name place
    while read -r name place; do
        put_file "$VERSIONS/$1/deploy/$name" "$place"
    done < <(in_the_system)
    point_to "$1"
    logged systemctl daemon-reload
    apply_rules
}

# In a container no udev runs; then there are no devices of its own either.
apply_rules() {
    logged udevadm control --reload || return 0
    logged udevadm trigger --action=change --subsystem-match=powercap --subsystem-match=bcm2708_vcio || true
}

# Never fails, and is not interrupted: it is what is done when something was. Then it runs in a trap,
# where a bare `return` would hand on the status of before the trap; hence `return 0` everywhere.
roll_back() {
    trap '' HUP INT TERM
    set +e
    say "$1"
    if [[ -z $OLD ]]; then
        remove_service
        SWITCHING=
        say "it was removed again, but for $ETC"
        return 0
    fi
    put_in_force "$OLD"
    if start_and_prove ''; then
        if [[ $OLD != "$VERSION" && $1 != "$INTERRUPTED" ]]; then rm -rf "${VERSIONS:?}/$VERSION"; fi
        say "back to $OLD, which works: $STATUS"
    else
        say "back to $OLD, but it does not start either: $(last_words)"
    fi
    end_switch
}

# A run that lost its power between two versions has proved nothing of the second.
undo_what_was_interrupted() {
    local old
    remove_unfinished
    if [[ ! -e $OPT/switching ]]; then return 0; fi
    old=$(<"$OPT/switching")
    if [[ -n $old ]] && is_complete "$old"; then
        say "the last run was interrupted; going back to $old first"
        put_in_force "$old"
        logged systemctl try-restart --no-block "$SERVICE" || true
    else
        say "the last run was interrupted; beginning anew"
        remove_service
    fi
    end_switch
}

show_result() {
    read_state
    say "$VERSION is ${CHANGED:+now }installed"
    if [[ $ACTIVE == inactive ]]; then
        say "status: stopped, as it was before; to start it: systemctl start edge-daemon"
    else
        say "status: $STATUS"
    fi
    show_microphone
    describe words | while IFS= read -r line; do say "$line"; done
    say "settings: $ETC/config.yaml, then systemctl reload edge-daemon; log: journalctl -u edge-daemon"
}

show_microphone() {
    local name
    if [[ $STATUS == 'no audio'* ]]; then
        say "it waits for a microphone; one may be plugged in at any time"
    else
        name=$(microphone)
        if [[ -n $name ]]; then say "it listens to $name"; fi
    fi
}
