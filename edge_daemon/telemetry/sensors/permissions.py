"""Who may read which sensor, and what to do about it."""

from __future__ import annotations

RULES = "deploy/60-edge-daemon.rules"
SENSORS_GROUP = "edge-sensors"
"""Has the processor's energy counters; not `edge-daemon`, whose members may command the daemon."""
VIDEO_GROUP = "video"
"""Has the mailbox of the Raspberry Pi's firmware."""


def fix_for(group: str) -> str:
    """Say how this user, or the one of the service, gets what the udev rule gives to a group."""
    return (
        f"put {RULES} into /etc/udev/rules.d and join the group {group} "
        f"(sudo usermod -aG {group} USER; the service's USER is edge-daemon)"
    )
