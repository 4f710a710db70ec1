#!/usr/bin/env bash
# Installs the daemon as a systemd service, updates what is installed, or removes it.
#
#   deploy/install.sh                        install, or update what is installed
#   deploy/install.sh --offline WHEELHOUSE   from a folder that scripts/make-wheelhouse made, without
#                                            a network; an installer in one takes that
#   deploy/install.sh --with-network         actions may use the network, as webhooks have to
#   deploy/install.sh --uninstall            remove everything but the configuration
#   deploy/install.sh --purge                remove everything
#
#   EDGE_DAEMON_NO_APT   set: never call apt-get, only say what is missing
#
# Asks nothing. Exit codes: 0 done; 1 not done, and what worked before still does; 2 wrong usage.
# Whenever it is interrupted, the next run repairs what it left. Details: docs/installing.md.
set -euo pipefail
umask 022
export LC_ALL=C.UTF-8

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
SOURCE=$(dirname "$HERE")
OPT=/opt/edge-daemon
ETC=/etc/edge-daemon
STATE=/var/lib/edge-daemon
COMMAND=/usr/local/bin/edge-daemon
SERVICE=edge-daemon.service
DROP_INS=/etc/systemd/system/$SERVICE.d
# What the caller's shell may have set for other Pythons.
unset PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE PIP_USER PIP_TARGET PIP_PREFIX PIP_NO_COMPILE \
    PIP_REQUIRE_VIRTUALENV

# shellcheck source=deploy/install/saying.sh
source "$HERE/install/saying.sh"
# shellcheck source=deploy/install/questions.sh
source "$HERE/install/questions.sh"
# shellcheck source=deploy/install/machine.sh
source "$HERE/install/machine.sh"
# shellcheck source=deploy/install/debian.sh
source "$HERE/install/debian.sh"
# shellcheck source=deploy/install/wheels.sh
source "$HERE/install/wheels.sh"
# shellcheck source=deploy/install/versions.sh
source "$HERE/install/versions.sh"
# shellcheck source=deploy/install/settings.sh
source "$HERE/install/settings.sh"
# shellcheck source=deploy/install/service.sh
source "$HERE/install/service.sh"
# shellcheck source=deploy/install/switch.sh
source "$HERE/install/switch.sh"
# shellcheck source=deploy/install/removal.sh
source "$HERE/install/removal.sh"

DO=install
WHEELHOUSE=
WITH_NETWORK=

usage() { sed -n '2,/^set /s/^# \{0,1\}//p' "$HERE/install.sh"; }

wrong_usage() {
    say "$1"
    usage >&2
    exit 2
}

parse() {
    while (($#)); do
        case $1 in
            --offline)
                (($# > 1)) || wrong_usage "--offline needs a folder"
                WHEELHOUSE=$2
                shift
                ;;
            --with-network) WITH_NETWORK=1 ;;
            --uninstall | --purge) DO=${1#--} ;;
            -h | --help)
                usage
                exit
                ;;
            *) wrong_usage "there is no option $1" ;;
        esac
        shift
    done
}

main() {
    parse "$@"
    need_64_bit
    need_root
    need_systemd
    # That of `su` lacks the folders that dpkg and userdel need, and may begin with a user's own.
    export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    begin_log "$@"
    take_lock
    trap clean_up EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    case $DO in
        install) set_up ;;
        uninstall) uninstall ;;
        purge) purge ;;
    esac
}

set_up() {
    refuse_other_installation
    find_python_packages
    undo_what_was_interrupted
    install_debian_packages
    find_python
    prepare_version
    make_user
    put_settings
    check_settings
    bring_into_force
    put_command
    forget_other_versions
    show_result
}

clean_up() {
    local status=$?
    trap '' HUP INT TERM
    set +e
    if ((status)); then
        if [[ -n $SWITCHING ]]; then roll_back "$INTERRUPTED"; fi
        remove_unfinished
        say "details: $LOG"
    fi
    exit "$status"
}

main "$@"
