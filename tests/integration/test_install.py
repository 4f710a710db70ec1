"""The installer on a clean Debian with a real systemd, from a wheelhouse and without a network.

One machine for all: the tests stand in the order of its life, and each finds what the one before
it has left.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration import wheelhouses
from tests.integration.booted_microphone import connect_microphone, microphone_binds
from tests.integration.booted_systemd import BootedSystemd, missing_parts
from tests.integration.command_line import ROOT, demo_samples
from tests.integration.debian_root import made_root
from tests.integration.virtual_microphone import VirtualMicrophone

pytestmark = pytest.mark.heavy

UNIT = "edge-daemon"
CONFIG = "/etc/edge-daemon/config.yaml"
OPT = "/opt/edge-daemon"
COMMAND = "/usr/local/bin/edge-daemon"
WHEELS = "/mnt/wheels"
CHECKOUT = "/mnt/checkout"
ANOTHER_DEFAULT = "# what the next version comes with\naudio: {source: mic}\n"
NOT_FILES = ("/proc", "/sys", "/dev", "/run", "/mnt", "/tmp")
CHANGED_BY_OTHERS = (
    "/var/log/",
    "/var/cache/",
    "/var/lib/apt/",
    "/var/lib/dpkg/",
    "/var/lib/systemd/",
)
"""Folders in which apt-get, dpkg and systemd keep what they have done."""


@dataclass(frozen=True)
class Machine:
    """The booted machine, its microphone, and what can be installed on it."""

    system: BootedSystemd
    microphone: VirtualMicrophone
    wheelhouse: Path
    files_before: frozenset[str]

    def install(
        self, wheelhouse: str = "wheelhouse", *options: str, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run the installer that lies in a wheelhouse."""
        program = f"{WHEELS}/{wheelhouse}/deploy/install.sh"
        return self.system.run(program, *options, check=check, timeout_s=180)

    def hears(self) -> None:
        """Speak to the service, and wait until the action of the word has run."""
        since = self.system.cursor()
        self.microphone.play(demo_samples(n_words=2))
        self.system.wait_for_entry(
            UNIT, lambda e: (e.get("MESSAGE"), e.get("_COMM")) == ("stop", "logger"), after=since
        )

    def current(self) -> str:
        """Return the name of the version in force."""
        return Path(self.system.run("readlink", f"{OPT}/current").stdout.strip()).name

    def is_as_before(self, version: str) -> None:
        """Assert that this version is in force, nothing else lies about, and it listens."""
        assert self.current() == version
        assert self.system.run("ls", "-A", OPT).stdout.split() == ["bin", "current", "versions"]
        status = self.system.property(UNIT, "StatusText")
        log = self.system.path("/var/log/edge-daemon-install.log").read_text()[-4000:]
        assert status.startswith("listening"), f"{self.system.log(UNIT)}\n{log}"
        self.hears()


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the wheelhouse, once; its installer lies there as after a clone with umask 077."""
    wheelhouse = wheelhouses.make(tmp_path_factory.mktemp("wheels"))
    for path in (wheelhouse / "deploy").rglob("*"):
        path.chmod(path.stat().st_mode & 0o700)
    return wheelhouse


@pytest.fixture(scope="module")
def machine(
    pytestconfig: pytest.Config,
    tmp_path_factory: pytest.TempPathFactory,
    sound_server: VirtualMicrophone,
    wheels: Path,
) -> Iterator[Machine]:
    """Boot a clean Debian without a network; it has a microphone, which is not the installer's."""
    if (missing := missing_parts()) is not None:
        pytest.skip(f"no booted systemd: {missing}")
    root = made_root(pytestconfig.cache, packages=("libasound2-plugins",))
    microphone = Path(sound_server.environment["XDG_RUNTIME_DIR"])
    binds = {wheels.parent: WHEELS, ROOT: CHECKOUT, **microphone_binds(microphone)}
    with BootedSystemd(tmp_path_factory.mktemp("machine"), binds, root) as system:
        before = files_of(system)
        connect_microphone(system)
        yield Machine(system, sound_server, wheels, before)


@pytest.fixture(scope="module")
def installed(machine: Machine) -> str:
    """Install it where that has not been done, and return the version's name."""
    if not machine.system.path(f"{OPT}/bin").exists():
        machine.microphone.plug()
        machine.install()
    return machine.current()


def files_of(system: BootedSystemd) -> frozenset[str]:
    """Return all files that somebody has put there."""
    pruned = [part for path in NOT_FILES for part in ("-path", path, "-prune", "-o")]
    found = system.run("find", "/", *pruned, "-print").stdout.splitlines()
    return frozenset(path for path in found if not path.startswith(CHANGED_BY_OTHERS))


def test_without_a_network_nothing_is_left_half_done(machine: Machine) -> None:
    """From a checkout it says that packages cannot be reached, and the machine is as before."""
    before = files_of(machine.system)
    once = machine.system.path("/etc/apt/apt.conf.d/once")
    once.write_text('Acquire::Retries "0";\n')
    done = machine.system.run(f"{CHECKOUT}/scripts/install", check=False, timeout_s=120)
    once.unlink()
    assert done.returncode == 1
    assert "python3-venv" in done.stderr
    assert "is there a network?" in done.stderr
    assert files_of(machine.system) == before


def test_a_damaged_wheelhouse_is_refused(machine: Machine) -> None:
    """A wheel that was cut short is named, and nothing is installed."""
    damaged = machine.wheelhouse.with_name("damaged")
    shutil.copytree(machine.wheelhouse, damaged)
    numpy = next(damaged.glob("numpy-*.whl"))
    numpy.write_bytes(numpy.read_bytes()[:1000])
    done = machine.install("damaged", check=False)
    assert done.returncode == 1
    assert numpy.name in done.stderr
    assert not machine.system.path(OPT).exists()


def test_a_disk_that_is_too_small_is_told(machine: Machine) -> None:
    """Before anything is made on it; the service is not there."""
    machine.system.run("mount", "-t", "tmpfs", "-o", "size=50m", "tmpfs", "/opt")
    done = machine.install(check=False)
    left = machine.system.run("ls", "-A", "/opt").stdout
    machine.system.run("umount", "/opt")
    assert done.returncode == 1
    assert f"{OPT} has 50 MB left on its disk, and an installation needs " in done.stderr
    assert left == ""
    assert machine.system.property(UNIT, "LoadState") == "not-found"


def test_it_installs_and_waits_for_a_microphone(machine: Machine) -> None:
    """On a machine without a microphone it is installed, enabled, started, and says what it lacks.

    The first try is killed on the way; the second begins anew.
    """
    end_when(machine, "wheelhouse", is_there(machine, f"{OPT}/versions"), "KILL")
    done = machine.install()
    assert "status: no audio: " in done.stderr
    assert "waits for a microphone" in done.stderr
    assert "say computer or jarvis, and then one of: " in done.stderr
    assert machine.system.property(UNIT, "UnitFileState") == "enabled"
    assert machine.system.property(UNIT, "ActiveState") == "activating"
    assert "edge-daemon" not in machine.system.property("multi-user.target", "After")
    assert machine.system.run("edge-daemon", "status").stdout.startswith("state      no audio: ")


def test_it_hears_a_word_once_a_microphone_is_there(machine: Machine, installed: str) -> None:
    """The microphone is plugged in later; a word is heard, and its action runs."""
    machine.microphone.plug()
    status = machine.system.wait_until(UNIT, "StatusText", lambda text: "listening" in text)
    assert status.startswith("listening")
    machine.hears()


def test_the_service_could_not_change_its_own_program(machine: Machine, installed: str) -> None:
    """Program and byte code are there for all to read, and for root alone to write."""
    system = machine.system
    writable = system.run(
        "find", OPT, "!", "-type", "l", "(", "!", "-user", "root", "-o", "-perm", "/022", ")"
    )
    assert writable.stdout == ""
    unreadable = system.run("find", OPT, "!", "-type", "l", "!", "-perm", "-444")
    assert unreadable.stdout == ""
    folder = f"{OPT}/current/lib"
    sources = system.run("find", "-L", folder, "-path", "*/edge_daemon/*", "-name", "*.py").stdout
    compiled = system.run("find", "-L", folder, "-path", "*/edge_daemon/*", "-name", "*.pyc").stdout
    assert len(compiled.split()) == len(sources.split()) > 50
    assert "root edge-daemon 640" in system.run("stat", "-c", "%U %G %a", CONFIG).stdout


def test_the_journal_has_fields(machine: Machine, installed: str) -> None:
    """Debian's module for systemd came along."""
    assert any("EDGE_LABEL" in entry for entry in machine.system.journal(UNIT))


def test_run_again_it_changes_nothing(machine: Machine, installed: str) -> None:
    """Where nothing is new the service is not restarted; a user's own command and drop-in stay."""
    before = machine.system.property(UNIT, "MainPID")
    machine.system.path(COMMAND).unlink()
    drop_in = f"/etc/systemd/system/{UNIT}.service.d/network.conf"
    for path in (COMMAND, drop_in):
        machine.system.put(path, "# a user's own\n")
    done = machine.install("wheelhouse", "--with-network")
    assert f"{installed} is installed" in done.stderr
    assert machine.system.property(UNIT, "MainPID") == before
    assert f"{COMMAND} is not ours to write" in done.stderr
    for path in (COMMAND, drop_in):
        assert machine.system.path(path).read_text() == "# a user's own\n"
        machine.system.path(path).unlink()


def test_without_the_index_of_packages_the_last_version_stays(
    machine: Machine, installed: str
) -> None:
    """From a checkout pip is told to fetch what is locked, and cannot."""
    done = machine.system.run(
        f"{CHECKOUT}/scripts/install", check=False, env={"PIP_RETRIES": "1"}, timeout_s=120
    )
    assert done.returncode == 1
    assert "the index of Python packages cannot be reached; is there a network?" in done.stderr
    machine.is_as_before(installed)


def test_an_update_keeps_the_configuration(machine: Machine, installed: str) -> None:
    """The new version is in force, the old one gone, and the new default beside the user's file."""
    mine = machine.system.path(CONFIG).read_text() + "# mine\n"
    machine.system.put(CONFIG, mine, mode=0o640)
    machine.system.run("chgrp", "edge-daemon", CONFIG)
    wheelhouses.with_other_version(machine.wheelhouse, "next", "0.2.0", {}, ANOTHER_DEFAULT)
    done = machine.install("next")
    assert machine.current().startswith("0.2.0-")
    assert machine.system.run("ls", f"{OPT}/versions").stdout.split() == [machine.current()]
    assert f"diff {CONFIG} {CONFIG}.dist" in done.stderr
    assert machine.system.path(CONFIG).read_text() == mine
    assert machine.system.path(f"{CONFIG}.dist").read_text() == ANOTHER_DEFAULT
    machine.is_as_before(machine.current())


def test_an_update_that_crashes_is_taken_back(machine: Machine, installed: str) -> None:
    """Killed while it is made, run again, crashing at its start: the last version listens on."""
    before = machine.current()
    wheelhouses.with_other_version(
        machine.wheelhouse, "crashes", "0.3.0", wheelhouses.CRASHES, ANOTHER_DEFAULT
    )
    end_when(machine, "crashes", is_there(machine, f"{OPT}/build"), "KILL")
    assert machine.system.path(f"{OPT}/build").exists()
    done = machine.install("crashes", check=False)
    assert done.returncode == 1
    assert "broken on purpose" in done.stderr
    assert f"back to {before}, which works: listening" in done.stderr
    machine.is_as_before(before)


def test_a_configuration_that_the_update_refuses_stops_it(machine: Machine, installed: str) -> None:
    """Its problems are told, and the daemon that runs is not touched."""
    before, pid = machine.current(), machine.system.property(UNIT, "MainPID")
    mine = machine.system.path(CONFIG).read_text()
    wheelhouses.with_other_version(
        machine.wheelhouse, "hangs", "0.4.0", wheelhouses.HANGS, ANOTHER_DEFAULT
    )
    machine.system.path(CONFIG).write_text("decision: {refractory: 3}\n")
    done = machine.install("hangs", check=False)
    machine.system.path(CONFIG).write_text(mine)
    assert done.returncode == 1
    assert "decision.refractory" in done.stderr
    assert (machine.current(), machine.system.property(UNIT, "MainPID")) == (before, pid)


def test_an_update_that_is_told_to_stop_goes_back(machine: Machine, installed: str) -> None:
    """With SIGTERM while a version waits for its proof, it leaves the last version listening."""
    before = machine.current()
    end_when(machine, "hangs", lambda: machine.current().startswith("0.4.0-"), "TERM")
    machine.is_as_before(before)


def test_an_update_that_lost_its_power_is_taken_back(machine: Machine, installed: str) -> None:
    """Killed while a version waits for its proof, then run again: that never gets ready, and goes."""
    before = machine.current()
    limit = "/etc/systemd/system/edge-daemon.service.d/limit.conf"
    machine.system.put(limit, "[Service]\nTimeoutStartSec=8\n")
    machine.system.run("systemctl", "daemon-reload")
    end_when(machine, "hangs", lambda: machine.current().startswith("0.4.0-"), "KILL")
    done = machine.install("hangs", check=False)
    machine.system.path(limit).unlink()
    machine.system.run("systemctl", "daemon-reload")
    assert done.returncode == 1
    assert f"interrupted; going back to {before} first" in done.stderr
    assert "not ready in time" in done.stderr
    assert f"back to {before}, which works: listening" in done.stderr
    machine.is_as_before(before)


def is_there(machine: Machine, path: str) -> Callable[[], bool]:
    """Ask whether the machine has this file."""
    return lambda: machine.system.path(path).exists()


def end_when(machine: Machine, wheelhouse: str, is_so: Callable[[], bool], signal: str) -> None:
    """Start the installer, and end it and all that it runs once something is so."""
    program = f"{WHEELS}/{wheelhouse}/deploy/install.sh"
    machine.system.run("systemd-run", "--quiet", "--unit=installing", "--collect", program)
    deadline_s = time.monotonic() + 60
    while not is_so():
        state = machine.system.property("installing", "ActiveState")
        assert state == "active", f"it ended before: {machine.system.log('installing')}"
        assert time.monotonic() < deadline_s, machine.system.log("installing")
    machine.system.run("systemctl", "kill", f"--signal={signal}", "installing")
    machine.system.wait_until("installing", "ActiveState", lambda state: state != "active")


def test_removed_it_leaves_the_configuration(machine: Machine, installed: str) -> None:
    """Without the checkout; the user of the service is gone as well, and its program."""
    done = machine.system.run(f"{OPT}/current/deploy/install.sh", "--uninstall")
    assert "left are /etc/edge-daemon" in done.stderr
    left = {path for path in files_of(machine.system) if "edge-daemon" in path}
    drop_ins = "/etc/systemd/system/edge-daemon.service.d"
    kept = {
        CONFIG,
        f"{CONFIG}.dist",
        "/etc/edge-daemon/asound.conf",
        "/etc/edge-daemon/debian-packages",
    }
    assert left == {"/etc/edge-daemon", *kept, drop_ins, f"{drop_ins}/00-microphone.conf"}
    assert machine.system.run("getent", "passwd", UNIT, check=False).stdout == ""
    assert machine.system.run("stat", "-c", "%U %G", CONFIG).stdout.split() == ["root", "root"]


def test_purged_it_leaves_nothing(machine: Machine, installed: str) -> None:
    """The files of the machine are those of before, the Debian packages gone that came for it."""
    machine.install("wheelhouse", "--purge")
    machine.system.path("/etc/asound.conf").unlink()  # the microphone's
    left = files_of(machine.system) ^ machine.files_before
    assert {path for path in left if "__pycache__" not in path} == set()
    for what in ("passwd", "group"):
        assert "edge-" not in machine.system.run("getent", what).stdout
