"""The unit of the service, judged by systemd's own programs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.test_unit_file import DEPLOY, complaints, hold_exposure, settings
from tests.unit.test_unit_file import UNIT as DAEMON

UNIT = DEPLOY / "edge-daemon-wyoming.service"
MOST_EXPOSED = 1.3
"""More than the daemon's: this one listens at the network."""


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """Put the unit into a folder of its own, with a program that is there."""
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace("/opt/edge-daemon/bin/edge-daemon", "/bin/true"))
    return copy


def test_unit_is_valid_and_hardly_exposed(unit: Path) -> None:
    """The verifier of systemd has no complaint, and its judge finds little that is open."""
    assert not complaints(unit)
    hold_exposure(unit, MOST_EXPOSED)


def test_unit_is_closed_to_other_machines() -> None:
    """As it ships it listens at this machine's own address, and lets no other machine through."""
    assert {"IPAddressDeny=any", "IPAddressAllow=localhost"} <= set(settings(UNIT))
    (program,) = (line for line in settings(UNIT) if line.startswith("ExecStart="))
    assert "--wyoming tcp://127.0.0.1:10400 " in program


def test_unit_holds_what_the_daemons_holds() -> None:
    """What the daemon's unit closes is closed here too, but for the network."""
    kinds = ("Protect", "Restrict", "Private", "NoNew", "System", "Lock", "Capability", "Remove")
    closed = {line for line in settings(DAEMON) if line.startswith(kinds)}
    lacking = closed - set(settings(UNIT))
    assert lacking == {
        "PrivateNetwork=yes",
        "RestrictAddressFamilies=AF_UNIX",
        "SystemCallFilter=setpriority sched_setscheduler sched_setaffinity",
    }
