# shellcheck shell=bash
# What deploy/install.sh and scripts/_setup.sh ask of a machine; sourced by both, which have `die`.

refuse_32_bit() {
    case "$(uname -m) $(getconf LONG_BIT 2>/dev/null)" in
        arm* | i?86* | *' 32')
            die "this is a 32-bit system ($(uname -m)), and onnxruntime has no build for those;" \
                "on a Raspberry Pi 3 or newer install the 64-bit Raspberry Pi OS"
            ;;
    esac
}

version_of() { "$1" -I -S -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null; }

missing_packages() {
    local name
    for name in "$@"; do
        # shellcheck disable=SC2016 # the braces are dpkg-query's
        if [[ $(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null) != installed ]]; then
            echo "$name"
        fi
    done
}
