"""The real unit in a really booted systemd, with words from the virtual microphone.

One machine is booted for all of these. Each begins with the service listening, and leaves the
configuration, the microphone and the service as they were.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.booted_microphone import machine_that_hears
from tests.integration.booted_systemd import BootedSystemd
from tests.integration.command_line import demo_samples
from tests.integration.hand_installed import CONFIG, DROP_INS, PROGRAM
from tests.integration.journal import Entry, IsIt
from tests.integration.virtual_microphone import VirtualMicrophone

pytestmark = pytest.mark.heavy

NAME = "edge-daemon"
STATE = f"/var/lib/{NAME}"
SPOKEN = ("computer", "stop")
"""The first words of the demo clip."""

SETTINGS = f"""
audio: {{lost_after_s: 1, give_up_after_s: 2}}
decision: {{wake_words: []}}
telemetry: {{log: {{path: {STATE}/records.jsonl}}}}
actions:
  - {{say: computer, command: [/opt/computer]}}
  - {{say: stop, command: [/opt/stop]}}
"""

# In place of 30, 3, and 5 seconds, to wait less; a stop that takes longer than 2 s fails.
QUICK = """
[Service]
WatchdogSec=10
RestartSec=100ms
TimeoutStopSec=2
TimeoutAbortSec=500ms
"""

COMPUTER = f"""#!/bin/sh
{{ id -un; env -u PWD -u _; }} >{STATE}/environment
for file in /etc/new /opt/edge-daemon/new /srv/open/new {STATE}/new /run/{NAME}/new; do
    if true 2>/dev/null >$file; then echo $file; fi
done >{STATE}/written
"""
"""An action that tells who it is, what it is told, and where it may write."""


@dataclass
class Machine:
    """The booted machine, the service in it, and its microphone."""

    system: BootedSystemd
    microphone: VirtualMicrophone

    def say(self) -> list[Entry]:
        """Speak the first words of the demo, and return what the service says it has heard."""
        after = self.system.cursor()
        self.microphone.play(demo_samples(len(SPOKEN)))
        heard = []
        for word in SPOKEN:
            heard.append(self.system.wait_for_entry(NAME, heard_it(word), after))
            after = heard[-1]["__CURSOR"]
        return heard

    def act(self) -> None:
        """Speak, and wait until the actions are over."""
        after = self.system.cursor()
        self.say()
        self.system.wait_for_entry(NAME, lambda entry: "done stop" in entry["MESSAGE"], after)

    def pid(self) -> int:
        """Return the service's main process."""
        return int(self.system.property(NAME, "MainPID"))

    def status(self) -> str:
        """Return the line that the service shows."""
        return self.system.property(NAME, "StatusText")

    def wait_until_it_listens_again(self, pid: int) -> None:
        """Wait until another process than this one listens."""
        self.system.wait_until(NAME, "MainPID", lambda value: int(value) not in (0, pid))
        self.wait_until_it_listens()

    def wait_until_it_listens(self) -> None:
        """Wait until there is audio."""
        self.system.wait_until(NAME, "StatusText", lambda text: text.startswith("listening"))

    def configure(self, text: str) -> None:
        """Put another configuration in place of the one there."""
        self.system.put(CONFIG, text)

    def reload(self) -> int:
        """Return the exit code of ``systemctl reload``."""
        return self.system.run("systemctl", "reload", NAME, check=False).returncode


def heard_it(word: str) -> IsIt:
    """Return what tells the entry in which this word was heard."""
    return lambda entry: entry.get("EDGE_LABEL") == word


@pytest.fixture(scope="module")
def machine(
    sound_server: VirtualMicrophone, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Machine]:
    """Boot, install, and start the service."""
    with machine_that_hears(sound_server, tmp_path_factory.mktemp("booted"), SETTINGS) as system:
        system.run("install", "-d", "-m", "0777", "/srv/open")
        system.put("/opt/computer", COMPUTER, mode=0o755)
        system.put("/opt/stop", "#!/bin/sh\necho done stop\n", mode=0o755)
        system.put(f"{DROP_INS}/quick.conf", QUICK)
        system.run("systemctl", "daemon-reload")
        system.run("systemctl", "start", NAME)
        yield Machine(system, sound_server)


def test_ready_when_it_listens(machine: Machine) -> None:
    """``systemctl start`` returns once there is audio, and the status line says so."""
    assert machine.system.property(NAME, "ActiveState") == "active"
    assert machine.status() == "listening; nothing heard yet"


def test_words_are_heard(machine: Machine) -> None:
    """Words are entries of the journal with fields of their own."""
    for entry, word in zip(machine.say(), SPOKEN, strict=True):
        assert entry["MESSAGE"].startswith(f"heard '{word}'")
        assert float(entry["EDGE_SCORE"]) > 0.5
        assert entry["SYSLOG_IDENTIFIER"] == NAME
        assert entry["PRIORITY"] == "6"
        assert entry["_CAP_EFFECTIVE"] == "0"
    assert f"last heard '{SPOKEN[-1]}'" in machine.status()


def test_action_is_the_services_user_in_a_clean_environment(machine: Machine) -> None:
    """A program runs as the service's user and is told of the word, and of nothing else."""
    machine.act()
    user, *lines = machine.system.path(f"{STATE}/environment").read_text().splitlines()
    assert user == NAME
    told = dict(line.split("=", 1) for line in lines)
    assert told.pop("HOME") == STATE
    assert told.pop("EDGE_DAEMON_LABEL") == "computer"
    assert set(told) - {"LANG"} == {
        "PATH",
        "EDGE_DAEMON_SCORE",
        "EDGE_DAEMON_TIME_S",
        "EDGE_DAEMON_AFTER",
    }


def test_action_writes_its_own_folders_only(machine: Machine) -> None:
    """A program may write the service's folders, and no other, even if that is open to all."""
    machine.act()
    written = machine.system.path(f"{STATE}/written").read_text().split()
    assert written == [f"{STATE}/new", f"/run/{NAME}/new"]


def test_state_is_closed_to_others(machine: Machine) -> None:
    """What was heard is recorded in the state folder, which nobody else may look into."""
    machine.say()
    records = machine.system.path(f"{STATE}/records.jsonl")
    found = [json.loads(line) for line in records.read_text().splitlines()]
    assert {record["label"] for record in found if record["kind"] == "heard"} >= set(SPOKEN)
    assert records.stat().st_mode & 0o077 == 0
    assert records.parent.stat().st_mode & 0o007 == 0


def test_group_may_ask_and_others_may_not(machine: Machine) -> None:
    """``edge-daemon status`` answers root and the service's group, and nobody else."""
    ask = (PROGRAM, "status", "--json")
    assert json.loads(machine.system.run(*ask).stdout)["state"].startswith("listening")
    as_nobody = ("setpriv", "--reuid=nobody", "--clear-groups", "--regid")
    machine.system.run(*as_nobody, NAME, *ask)
    assert machine.system.run(*as_nobody, "nogroup", *ask, check=False).returncode == 1


def test_limits_hold(machine: Machine) -> None:
    """Memory, swap and the number of processes are limited."""
    memory = Path("/proc/meminfo").read_text().split()
    limit = int(machine.system.property(NAME, "MemoryMax"))
    assert limit <= 0.61 * int(memory[memory.index("MemTotal:") + 1]) * 1024
    assert machine.system.property(NAME, "MemorySwapMax") == "0"
    assert machine.system.property(NAME, "TasksMax") == "128"


def test_process_has_no_rights(machine: Machine) -> None:
    """The daemon has no capability, can get none, and its system calls are filtered."""
    lines = machine.system.path(f"/proc/{machine.pid()}/status").read_text().splitlines()
    status = dict(line.split(":", 1) for line in lines)
    assert {int(status[name], 16) for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}
    assert (status["NoNewPrivs"].strip(), status["Seccomp"].strip()) == ("1", "2")
    groups = machine.system.path("/etc/group").read_text().splitlines()
    numbers = {name: number for name, _password, number, _members in (g.split(":") for g in groups)}
    assert {numbers[name] for name in ("audio", "video", "edge-sensors")} <= set(
        status["Groups"].split()
    )


def test_reload_takes_another_configuration(machine: Machine) -> None:
    """``systemctl reload`` changes what is heard and done, in the same process."""
    pid = machine.pid()
    machine.configure(SETTINGS.replace("[/opt/stop]", "[/bin/echo, another stop]"))
    try:
        assert machine.reload() == 0
        after = machine.system.cursor()
        machine.say()
        machine.system.wait_for_entry(NAME, lambda entry: "another stop" in entry["MESSAGE"], after)
        assert machine.pid() == pid
    finally:
        machine.configure(SETTINGS)
        assert machine.reload() == 0


def test_bad_configuration_changes_nothing(machine: Machine) -> None:
    """``systemctl reload`` of a bad file fails, the status line says so, and all goes on."""
    pid = machine.pid()
    machine.configure(SETTINGS + "nonsense: 1\n")
    try:
        assert machine.reload() != 0
        machine.system.wait_until(NAME, "StatusText", lambda text: "refused" in text)
        assert machine.system.property(NAME, "ActiveState") == "active"
        machine.act()
        assert machine.pid() == pid
    finally:
        machine.configure(SETTINGS)
        assert machine.reload() == 0
    assert "refused" not in machine.status()


def test_bad_configuration_at_the_start_is_final(machine: Machine) -> None:
    """Exit code 78 is not tried again, and the next start with a good file is fine."""
    machine.configure(SETTINGS + "nonsense: 1\n")
    try:
        machine.system.run("systemctl", "restart", NAME, check=False)
        assert machine.system.property(NAME, "ActiveState") == "failed"
        assert machine.system.property(NAME, "ExecMainStatus") == "78"
    finally:
        machine.configure(SETTINGS)
        machine.system.run("systemctl", "start", NAME)
    machine.wait_until_it_listens()


def test_killed_it_comes_back(machine: Machine) -> None:
    """After SIGKILL another process listens, which takes over records and socket."""
    pid = machine.pid()
    machine.system.run("kill", "-KILL", str(pid))
    machine.wait_until_it_listens_again(pid)
    machine.act()
    machine.system.run(PROGRAM, "status")


def test_watchdog_ends_a_stalled_daemon(machine: Machine) -> None:
    """A daemon that stands still is killed by systemd's watchdog, and another one listens."""
    pid = machine.pid()
    after = machine.system.cursor()
    machine.system.run("kill", "-STOP", str(pid))
    machine.system.wait_for_entry(NAME, lambda entry: "Watchdog timeout" in entry["MESSAGE"], after)
    machine.wait_until_it_listens_again(pid)
    machine.say()


def test_microphone_away_for_long(machine: Machine) -> None:
    """A microphone that stays away ends the process with 75; the next one waits and hears again."""
    pid = machine.pid()
    after = machine.system.cursor()
    machine.microphone.unplug()
    machine.system.wait_for_entry(NAME, lambda entry: "status=75" in entry["MESSAGE"], after)
    machine.system.wait_until(NAME, "MainPID", lambda value: int(value) not in (0, pid))
    machine.system.wait_until(NAME, "StatusText", lambda text: text.startswith("no audio"))
    machine.microphone.plug()
    machine.wait_until_it_listens()
    machine.say()


def test_stop_is_quick(machine: Machine) -> None:
    """A stop ends cleanly within 2 s, with an action that hangs too."""
    machine.configure(SETTINGS.replace("[/opt/stop]", "[/bin/sleep, 600]"))
    machine.reload()
    machine.say()
    machine.system.run("systemctl", "stop", NAME)
    try:
        assert machine.system.property(NAME, "Result") == "success"
        assert machine.system.property(NAME, "ExecMainStatus") == "0"
        assert not machine.system.path(f"/run/{NAME}").exists()
    finally:
        machine.configure(SETTINGS)
        machine.system.run("systemctl", "start", NAME)


def test_exposure_with_everything(machine: Machine) -> None:
    """The running service, as systemd has loaded it, is exposed at 1.0 at most."""
    machine.system.run("systemd-analyze", "security", "--threshold=10", "--no-pager", NAME)
