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
    made = (ROOT / "deploy/edge-daemon.sysusers.conf").read_text().splitlines()
    assert f"g {SENSORS_GROUP} -" in made
    assert {f"m edge-daemon {group}" for group in (SENSORS_GROUP, VIDEO_GROUP)} <= set(made)


def test_fix_is_complete() -> None:
    """The reason names the file, where it goes, and how a user or the service joins the group."""
    fix = fix_for(SENSORS_GROUP)
    for part in (RULES, "/etc/udev/rules.d", "usermod -aG", "edge-daemon"):
        assert part in fix
