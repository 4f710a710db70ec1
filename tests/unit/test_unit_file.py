"""The unit, its drop-ins, its user and its udev rules, judged by systemd's own programs."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[2] / "deploy"
UNIT = DEPLOY / "edge-daemon.service"
DROP_INS = sorted((DEPLOY / "drop-ins").glob("*.conf"))
MOST_EXPOSED = 1.0
MOST_EXPOSED_WITH = {"network": 1.6, "loopback": 1.5}
"""What a drop-in may add to it; the network has to be open for webhooks, the page and Prometheus."""


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """Put the unit into a folder of its own, with a program that is there."""
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace("/opt/edge-daemon/bin/edge-daemon", "/bin/true"))
    return copy


def add(unit: Path, drop_in: Path) -> None:
    """Put a drop-in where systemd finds it."""
    folder = unit.with_suffix(".service.d")
    folder.mkdir()
    (folder / drop_in.name).write_text(drop_in.read_text())


def analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run systemd-analyze."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed (apt install systemd)")
    command = ["systemd-analyze", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def hold_exposure(unit: Path, most: float) -> None:
    """Fail where the unit is more exposed than that."""
    version = re.search(r"\d+", analyze("--version").stdout)
    if version is None or int(version[0]) < 250:
        pytest.skip(f"systemd {version and version[0]} cannot judge a file (--offline, from 250)")
    threshold = f"--threshold={round(most * 10)}"
    judged = analyze("security", "--offline=true", "--no-pager", threshold, unit)
    found = [x for x in judged.stdout.splitlines() if x.startswith("✗") or "Overall" in x]
    assert judged.returncode == 0, "\n".join(found) + judged.stderr


def settings(path: Path) -> list[str]:
    """Return the lines that are no comments."""
    return [x for x in path.read_text().splitlines() if x and x[0] not in "#["]


def complaints(unit: Path) -> Sequence[str]:
    """Return what the verifier says of the unit or its drop-ins."""
    verified = analyze("verify", "--man=no", unit)
    said = [x for x in verified.stderr.splitlines() if unit.name in x]
    return said or ([] if verified.returncode == 0 else verified.stderr.splitlines())


def test_unit_is_valid(unit: Path) -> None:
    """The verifier of systemd finds nothing to complain about in the unit file."""
    assert not complaints(unit)


def test_unit_is_hardly_exposed(unit: Path) -> None:
    """Systemd's judgement of the unit is an exposure of 1.0 at most."""
    hold_exposure(unit, MOST_EXPOSED)


@pytest.mark.parametrize("drop_in", DROP_INS, ids=lambda path: path.stem)
def test_drop_in_is_valid_and_opens_little(unit: Path, drop_in: Path) -> None:
    """Each drop-in is valid with the unit, and opens no more than what it is for."""
    add(unit, drop_in)
    assert not complaints(unit)
    hold_exposure(unit, MOST_EXPOSED_WITH.get(drop_in.stem, MOST_EXPOSED))


@pytest.mark.parametrize("drop_in", DROP_INS, ids=lambda path: path.stem)
def test_drop_in_says_how_it_is_put_to_use(drop_in: Path) -> None:
    """Each drop-in begins with the command that installs it."""
    heading = drop_in.read_text().partition("\n[")[0]
    assert f"deploy/drop-ins/{drop_in.name} -t /etc/systemd/system/{UNIT.name}.d/" in heading
    assert "systemctl daemon-reload" in heading


def test_unit_says_what_the_daemon_relies_on() -> None:
    """The settings without which the service would not heal itself or hear are in the unit."""
    assert {
        "Type=notify",
        "WatchdogSec=30",
        "Restart=on-failure",
        "RestartPreventExitStatus=2 78",
        "StartLimitIntervalSec=0",
        "ExecReload=/opt/edge-daemon/bin/edge-daemon reload",
        "RuntimeDirectory=edge-daemon",
        "StateDirectory=edge-daemon",
        "DeviceAllow=char-alsa rw",
        "SystemCallErrorNumber=EPERM",
        "LimitCORE=0",
    } <= set(settings(UNIT))
    harmful = ("MemoryDeny", "ProcSubset", "PrivateDevices", "PrivateIPC", "PrivateUsers")
    assert not [x for x in settings(UNIT) if x.startswith(harmful)]


def test_every_setting_has_its_reason() -> None:
    """In the unit no more than a handful of settings follow each other without a comment."""
    blocks = re.split(r"(?m)^(?:#.*|\[.*\]|)\n", UNIT.read_text().partition("[Service]")[2])
    assert max(len(block.splitlines()) for block in blocks) <= 6


def test_user_and_groups_are_made(tmp_path: Path) -> None:
    """Systemd makes the user of the unit, in the groups that own the devices and sensors."""
    if shutil.which("systemd-sysusers") is None:
        pytest.skip("systemd-sysusers is not installed (apt install systemd)")
    (tmp_path / "etc").mkdir()
    made = subprocess.run(
        ["systemd-sysusers", f"--root={tmp_path}", str(DEPLOY / "edge-daemon.sysusers.conf")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    user = (tmp_path / "etc/passwd").read_text().split(":")
    assert user[0] == "edge-daemon"
    assert user[-2:] == ["/var/lib/edge-daemon", "/usr/sbin/nologin\n"]
    assert "User=edge-daemon" in settings(UNIT)
    groups = [x.split(":") for x in (tmp_path / "etc/group").read_text().splitlines()]
    members = {name: listed for name, _password, _number, listed in groups}
    wanted = {"audio", "video", "edge-sensors"}
    assert {name for name in members if members[name] == "edge-daemon"} == wanted


def test_no_path_of_the_unit_is_a_machines_own() -> None:
    """The unit knows the places that the installer fills and no others."""
    paths = re.findall(r"(?<![\w.])/(?:etc|opt|home|root|usr|var|srv)/[\w./-]+", UNIT.read_text())
    known = ("/opt/edge-daemon/", "/etc/edge-daemon/")
    assert not [path for path in paths if not path.startswith(known)]
