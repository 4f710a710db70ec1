"""The udev rules that deploy/ has, and the reasons that send people to them."""

from __future__ import annotations

from pathlib import Path

from edge_daemon.telemetry.sensors.permissions import (
    RULES,
    SENSORS_GROUP,
    VIDEO_GROUP,
    fix_for,
)

ROOT = Path(__file__).parents[4]


def test_rules_give_what_the_reasons_promise() -> None:
    """The file that the reasons name is there, and gives its files to the groups they name."""
    rules = [
        line for line in (ROOT / RULES).read_text().splitlines() if line and line[0] not in "# "
    ]
    text = (ROOT / RULES).read_text()
    assert any('KERNEL=="vcio|vcio_gencmd"' in rule and VIDEO_GROUP in rule for rule in rules)
    assert f"/bin/chgrp {SENSORS_GROUP} /sys%p/energy_uj" in text
    assert f"groupadd --system --force {SENSORS_GROUP}" in text


def test_fix_is_complete() -> None:
    """The reason names the file, where it goes, and how a user or the service joins the group."""
    fix = fix_for(SENSORS_GROUP)
    for part in (RULES, "/etc/udev/rules.d", "usermod -aG", "SupplementaryGroups="):
        assert part in fix


def test_group_is_not_named_like_the_service() -> None:
    """The group has a name of its own: DynamicUser= cannot make a user whose name a group has."""
    unit = (ROOT / "deploy/edge-daemon.service").read_text()
    assert "DynamicUser=yes" in unit
    assert SENSORS_GROUP != "edge-daemon"
