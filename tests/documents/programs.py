"""Programs of others that documents name, and the Debian packages that they come with."""

from __future__ import annotations

_BY_PACKAGE = {
    "alsa-utils": ("alsamixer", "amixer", "aplay", "arecord"),
    "ansible-core": ("ansible-playbook",),
    "apt": ("apt", "apt-cache", "apt-get"),
    "bash": ("bash", "cd", "echo", "export", "printf", "source", "test", "umask"),
    "chromium": ("chromium",),
    "coreutils": (
        "cat", "chmod", "chown", "cp", "cut", "date", "head", "id", "install", "ln", "ls", "mkdir",
        "mktemp", "mv", "pwd", "rm", "sha256sum", "sleep", "sort", "tail", "tee", "touch", "true",
        "uname", "wc",
    ),
    "curl": ("curl",),
    "docker.io": ("docker",),
    "ffmpeg": ("ffmpeg",),
    "findutils": ("find", "xargs"),
    "git": ("git",),
    "gpiod": ("gpioset",),
    "grep": ("grep",),
    "jq": ("jq",),
    "less": ("less",),
    "libc-bin": ("getent",),
    "man-db": ("man", "mandb"),
    "mosquitto": ("mosquitto", "mosquitto_passwd"),
    "mosquitto-clients": ("mosquitto_pub", "mosquitto_sub"),
    "mpc": ("mpc",),
    "nano": ("nano",),
    "openssh-client": ("scp", "ssh"),
    "openssl": ("openssl",),
    "passwd": ("gpasswd", "usermod"),
    "pipewire-bin": ("pw-play",),
    "playerctl": ("playerctl",),
    "podman": ("podman",),
    "procps": ("kill", "ps"),
    "prometheus": ("prometheus", "promtool"),
    "rsync": ("rsync",),
    "sed": ("sed",),
    "systemd": ("journalctl", "loginctl", "systemctl", "systemd-analyze", "systemd-creds", "systemd-run"),
    "tar": ("tar",),
    "udev": ("udevadm",),
    "usbutils": ("lsusb",),
    "wireplumber": ("wpctl",),
    "wget": ("wget",),
}  # fmt: skip

KNOWN = frozenset(program for programs in _BY_PACKAGE.values() for program in programs)
