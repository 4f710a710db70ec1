"""Who may read which sensor, and what to do about it."""

from __future__ import annotations

RULES = "deploy/60-edge-daemon.rules"
SENSORS_GROUP = "edge-sensors"
"""Has the processor's energy counters; not `edge-daemon`, a name that DynamicUser= takes."""
VIDEO_GROUP = "video"
"""Has the mailbox of the Raspberry Pi's firmware."""


def fix_for(group: str, device: str = "") -> str:
    """Say how this user gets what the udev rule gives to a group; a service needs devices named."""
    allow = f" and DeviceAllow={device} rw" if device else ""
    return (
        f"put {RULES} into /etc/udev/rules.d and join the group {group} "
        f"(sudo usermod -aG {group} USER; for the service SupplementaryGroups={group}{allow})"
    )
