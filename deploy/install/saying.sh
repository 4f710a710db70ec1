# shellcheck shell=bash
# Few lines for the user, all details for the log; sourced by deploy/install.sh.

# Until begin_log there is none.
LOG=/dev/null
# Where the output of the last program begins in it.
LOGGED_FROM=0

# A reader that has gone, such as a lost ssh connection, must not stop a roll-back.
trap '' PIPE

say() {
    printf 'edge-daemon: %s\n' "$*" >&2 || true
    note "$*"
}

note() { printf '%(%FT%T)T %s\n' -1 "$*" 2>/dev/null >>"$LOG" || true; }

die() {
    say "$@"
    exit 1
}

# Each run has a log of its own; what is in it may hold the address of a private index.
begin_log() {
    local file=/var/log/edge-daemon-install.log
    rm -f "$file"
    (umask 077 && set -C && : >"$file") || die "$file cannot be written; is the disk full?"
    LOG=$file
    note "$0 $*"
}

# Runs a program with its output in the log, in the foreground: a signal to us waits for its end, as
# half of what apt-get does would be worse. Without the lock, which a program that stays behind
# would keep.
logged() {
    note "+ $*"
    LOGGED_FROM=$(stat -L -c %s "$LOG")
    "$@" >>"$LOG" 2>&1 </dev/null 9<&-
}

# Says why the last program failed, as far as its output tells.
why_it_failed() {
    local output
    output=$(tail -c "+$((LOGGED_FROM + 1))" "$LOG" | tail -n 200)
    case $output in
        *'No space left on device'*) echo "the disk is full" ;;
        *'DO NOT MATCH THE HASHES'*) echo "what came is not what was locked: the hashes differ" ;;
        *'Could not get lock'* | *'is held by process'*) echo "another program is installing packages" ;;
        *'Failed to establish a new connection'* | *'Failed to resolve'* | *'Temporary failure in name'* | \
            *'Network is unreachable'* | *'Read timed out'* | *'ProxyError'* | *'SSLError'*)
            echo "the index of Python packages cannot be reached; is there a network?"
            ;;
        *'Temporary failure resolving'* | *'Failed to fetch'* | *'Unable to locate package'* | \
            *'has no installation candidate'*)
            echo "the Debian packages cannot be reached; is there a network?"
            ;;
        *'No matching distribution found'*) echo "a Python package is not there for this machine" ;;
        *) grep -v '^$' <<<"$output" | tail -n 1 ;;
    esac
}
