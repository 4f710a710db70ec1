"""The booted machine itself: it keeps nothing, and nothing of it is left."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration import booted_systemd, own_cgroup
from tests.integration.booted_systemd import BootedSystemd
from tests.integration.command_line import ROOT

pytestmark = pytest.mark.heavy

OWNER = """
import sys
from pathlib import Path
from tests.integration.booted_systemd import BootedSystemd
with BootedSystemd(Path(sys.argv[1])) as system:
    print(system.leader, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def boots() -> None:
    """Skip where no systemd can be booted."""
    if (missing := booted_systemd.missing_parts()) is not None:
        pytest.skip(f"no systemd can be booted: {missing}")


def test_nothing_is_kept(tmp_path: Path) -> None:
    """What is written in the machine is not written outside, and is gone with it."""
    with BootedSystemd(tmp_path) as system:
        system.run("touch", "/etc/edge-daemon-was-here")
        assert system.path("/etc/edge-daemon-was-here").exists()
        assert not Path("/etc/edge-daemon-was-here").exists()
    assert not list((tmp_path / "machine").iterdir())


def test_killed_tests_leave_nothing(tmp_path: Path) -> None:
    """When the tests are killed the machine ends with them, and the next one sweeps up."""
    command = [sys.executable, "-c", OWNER, str(tmp_path)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as owner:
        assert owner.stdout is not None
        leader = os.pidfd_open(int(owner.stdout.readline()))
        owner.kill()
    try:
        assert select.select([leader], [], [], booted_systemd.GIVE_UP_S)[0]
    finally:
        os.close(leader)
    assert str(tmp_path) not in Path("/proc/mounts").read_text()
    for _attempt in range(1000):  # the last of its processes may be on their way out still
        own_cgroup.OwnCgroup().remove()
        if not left_of(owner.pid):
            break
    assert not left_of(owner.pid)


def left_of(pid: int) -> list[Path]:
    """Return the control groups that a process has left behind."""
    return list(own_cgroup.ROOT.glob(f"**/{own_cgroup.PREFIX}-{pid}-*"))
