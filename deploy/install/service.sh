# shellcheck shell=bash
# What systemd says of the service; sourced by deploy/install.sh.

# A safety net: systemd's own limits, which the daemon may extend while it builds an engine, come first.
READY_WITHIN_S=1800
# A version that ends right after its first audio has not worked.
PROVED_AFTER_S=3
# So long a microphone may take to be opened; after it, none is there.
AUDIO_WITHIN_S=5
# A microphone that worked with the last version has to be open again by then.
AUDIO_BACK_WITHIN_S=30

ACTIVE=
SUB=
STATUS=
INVOCATION=
# The invocation that is to be proved.
STARTED=

# Sets ACTIVE, SUB, STATUS and INVOCATION.
read_state() {
    local line
    while IFS= read -r line; do
        case $line in
            ActiveState=*) ACTIVE=${line#*=} ;;
            SubState=*) SUB=${line#*=} ;;
            StatusText=*) STATUS=${line#*=} ;;
            InvocationID=*) INVOCATION=${line#*=} ;;
        esac
    done < <(systemctl show -p ActiveState,SubState,StatusText,InvocationID "$SERVICE")
}

is_listening() { [[ $ACTIVE == active && $STATUS != 'no audio'* ]]; }

# Starts it afresh and waits until it listens, or waits for a microphone where none was before. The
# stop ends what is under way, also a start that a run before has asked for.
start_and_prove() {
    local must_listen=$1 before
    logged systemctl stop "$SERVICE" || true
    logged systemctl reset-failed "$SERVICE" || true
    read_state
    before=$INVOCATION
    logged systemctl start --no-block "$SERVICE" && wait_for_start "$before" && wait_for_proof "$must_listen"
}

wait_for_start() {
    local until=$((SECONDS + 60))
    while ((SECONDS < until)); do
        read_state
        if [[ -n $INVOCATION && $INVOCATION != "$1" ]]; then
            STARTED=$INVOCATION
            return 0
        fi
        sleep 0.2
    done
    note "systemd did not start it"
    return 1
}

wait_for_proof() {
    local must_listen=$1 began=$SECONDS audio_since='' ready_since=''
    while ((SECONDS - began < READY_WITHIN_S)); do
        read_state
        note "$ACTIVE $SUB: $STATUS"
        if [[ $INVOCATION != "$STARTED" ]]; then return 1; fi
        case $ACTIVE/$SUB:$STATUS in
            activating/start:'no audio'* | active/running:'no audio'*)
                : "${audio_since:=$SECONDS}"
                if may_stay_deaf "$must_listen" "$audio_since"; then return 0; fi
                if is_deaf_for_good "$audio_since"; then return 1; fi
                ;;
            active/running:*)
                : "${ready_since:=$SECONDS}"
                if ((SECONDS - ready_since >= PROVED_AFTER_S)); then return 0; fi
                ;;
            activating/start*) ;;
            *) return 1 ;;
        esac
        sleep 0.5
    done
    return 1
}

may_stay_deaf() { [[ -z $1 ]] && ((SECONDS - $2 >= AUDIO_WITHIN_S)); }

is_deaf_for_good() { ((SECONDS - $1 >= AUDIO_BACK_WITHIN_S)); }

# How the start ended, and the last thing that the service said.
last_words() {
    local entries ended said
    entries=$(journalctl -q --no-pager -o cat "_SYSTEMD_INVOCATION_ID=$STARTED" \
        + "INVOCATION_ID=$STARTED" 2>/dev/null)
    note "the journal: $entries"
    ended=$(sed -n -e 's/^[^ ]*: Main process exited, /ended with /p' \
        -e 's/.*start operation timed out.*/not ready in time/p' <<<"$entries" | head -n 1)
    said=$(grep -v -e '^ *$' -e "$SERVICE" <<<"$entries" | tail -n 1)
    if [[ $STATUS == 'no audio'* ]]; then said=$STATUS; fi
    echo "${ended:+$ended; }${said:-$ACTIVE, $SUB}"
}

# Which microphone it opened, in its own words.
microphone() {
    journalctl -q --no-pager -o cat "_SYSTEMD_INVOCATION_ID=$INVOCATION" 2>/dev/null |
        sed -n 's/^listening to //p' | tail -n 1
}
