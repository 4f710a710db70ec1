# shellcheck shell=bash
# Off the machine again; sourced by deploy/install.sh. What is gone already does no harm, so that a
# removal that was interrupted can be run again.

WYOMING=/etc/systemd/system/edge-daemon-wyoming.service

uninstall() {
    take_away
    give_to_root
    say "removed; left are $(what_is_left)"
    forget_log
}

purge() {
    take_away purge
    rm -rf "$ETC" "$DROP_INS"
    logged systemctl daemon-reload || true
    [[ -z $LEFT_BEHIND ]] || die "removed, with its configuration; left are $LEFT_BEHIND"
    say "removed, with its configuration; nothing is left"
    forget_log
}

take_away() {
    refuse_other_installation
    find_users
    remove_service
    rm -rf "$STATE" /var/lib/private/edge-daemon /var/cache/edge-daemon /var/log/edge-daemon \
        /run/edge-daemon
    remove_users
    give_back_debian_packages "${1:-}"
    rm -rf "$OPT"
}

# What belonged to those that are gone: their numbers may be given to others.
give_to_root() {
    if [[ -d $ETC ]]; then
        find -H "$ETC" -nouser -exec chown -h root {} +
        find -H "$ETC" -nogroup -exec chgrp -h root {} +
    fi
}

# The service and its program; the Debian packages that came for it stay remembered.
remove_service() {
    local name place
    logged systemctl disable --now "$SERVICE" || true
    remove_wyoming
    while read -r name place; do rm -f "$place" "$place.new"; done < <(in_the_system)
    logged systemctl daemon-reload || true
    logged systemctl reset-failed "$SERVICE" || true
    logged udevadm control --reload || true
    close_energy_counters
    if is_our_command; then logged rm "$COMMAND" || say "$COMMAND could not be removed"; fi
    rm -rf "$OPT"/{current,bin,switching,versions,build}
    rmdir "$OPT" 2>/dev/null || true
}

# Whoever has installed that unit by hand: it is of the same user, and of the program that goes.
remove_wyoming() {
    if [[ -e $WYOMING ]]; then
        logged systemctl disable --now "${WYOMING##*/}" || true
        rm -f "$WYOMING"
    fi
}

# The rule has opened them to a group that is about to go; its number may be given to another one.
close_energy_counters() {
    local counter
    for counter in /sys/class/powercap/intel-rapl:*/energy_uj; do
        if [[ -e $counter ]]; then chown root:root "$counter" && chmod 0400 "$counter"; fi
    done
} 2>>"$LOG"

# Read first, as the script may lie in what it removes.
find_users() {
    mapfile -t USERS < <(awk '$1 ~ /^[ug]$/ && $2 ~ /^edge-/ { print $2 }' "$HERE/edge-daemon.sysusers.conf")
}

remove_users() {
    local name
    for name in "${USERS[@]}"; do
        remove_account passwd userdel "$name"
        remove_account group groupdel "$name"
    done
}

remove_account() {
    if getent "$1" "$3" >/dev/null; then
        logged "$2" "$3" || say "$2 $3 failed: $(why_it_failed)"
    fi
}

what_is_left() {
    local left=() place
    for place in "$ETC" "$DROP_INS"; do
        if [[ -e $place ]]; then left+=("$place"); fi
    done
    echo "${left[*]:-no files}"
}

forget_log() {
    rm -f "$LOG"
    LOG=/dev/null
}
