"""What the unit lets through and what not, tried from inside, in a really booted systemd."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration import booted_systemd, hand_installed
from tests.integration.booted_systemd import BootedSystemd
from tests.integration.hand_installed import CONFIG, DROP_INS, PROGRAM, UNIT, probe, shipped_drop_in

pytestmark = pytest.mark.heavy

PYTHON = "/opt/edge-daemon/bin/python"
LISTENER = """
import http.server
http.server.HTTPServer(("127.0.0.1", 8123), http.server.SimpleHTTPRequestHandler).serve_forever()
"""
FETCH = f"""{PYTHON} -c '
import urllib.request
try:
    print(urllib.request.urlopen("http://127.0.0.1:8123/etc/hostname", timeout=20).status)
except OSError as error:
    print(error)
'"""
CALLS = f"""{PYTHON} -c '
import ctypes, os, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
def refused(name, *arguments):
    failed = getattr(libc, name)(*arguments) == -1
    return failed and os.strerror(ctypes.get_errno()) == "Operation not permitted"
calls = dict(
    unshare=refused("unshare", 0x10000000),
    mount=refused("mount", b"none", b"/tmp", b"tmpfs", 0, None),
    ptrace=refused("ptrace", 0, 0, 0, 0),
    mlock=refused("mlock", ctypes.create_string_buffer(9), 9),
    process_vm_readv=refused("process_vm_readv", 1, None, 0, None, 0, 0),
    personality=refused("personality", 8),
)
print("let through:", *[name for name in calls if not calls[name]])
'"""

FIGURES = """\
audio: {source: 'wav:/opt/source/config/demo.flac'}
prometheus: 127.0.0.1:9740
"""
FETCH_FIGURES = """
import urllib.request
print(urllib.request.urlopen("http://127.0.0.1:9740/metrics", timeout=20).read().decode())
"""
THREADS = f"""{PYTHON} -c '
import threading
end = threading.Event()
try:
    for i in range(1000):
        threading.Thread(target=end.wait, daemon=True).start()
except RuntimeError as error:
    print(i < 128, error)
end.set()
'"""
LIMITS = "cat /sys/fs/cgroup/pids/system.slice/probe.service/pids.max"
LIMITS_V2 = "cat /sys/fs/cgroup/system.slice/probe.service/pids.max"


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BootedSystemd]:
    """Boot, and install the service without starting it."""
    if (missing := booted_systemd.missing_parts()) is not None:
        pytest.skip(f"no systemd can be booted: {missing}")
    with BootedSystemd(tmp_path_factory.mktemp("booted"), hand_installed.binds()) as booted:
        hand_installed.install(booted, "")
        booted.put("/opt/listener", LISTENER)
        listen = (PYTHON, "/opt/listener")
        booted.run("systemd-run", "--unit=listener", "--working-directory=/", *listen)
        yield booted


@pytest.fixture(scope="module")
def limited(system: BootedSystemd) -> BootedSystemd:
    """Give the machine, if its systemd may limit units."""
    if not probe(system, f"({LIMITS} || {LIMITS_V2}) 2>/dev/null || true"):
        pytest.skip(
            "the kernel's limits cannot be set in here: no control groups that may be written"
        )
    return system


def test_devices_are_sound_and_nothing_else(limited: BootedSystemd) -> None:
    """A sound card may be opened, a camera and a keyboard may not, whatever the mode of the node.

    There is none of them here: what is allowed is not there, and what is not is refused before.
    """
    nodes = {"camera": ("81", "0"), "keyboard": ("13", "64"), "sound": ("116", "33")}
    for name, numbers in nodes.items():
        limited.run("mknod", "-m", "0666", f"/srv/{name}", "c", *numbers)
    said = probe(limited, f"for x in {' '.join(nodes)}; do head -c1 /srv/$x 2>&1; done; true")
    reasons = [line.rpartition(": ")[2] for line in said.splitlines()]
    assert reasons == ["Operation not permitted"] * 2 + ["No such device or address"]


def test_memory_is_limited(limited: BootedSystemd) -> None:
    """Who takes more memory than there is for the service is killed, alone."""
    take = f"{PYTHON} -c 'bytearray(200 << 20)'; echo $?"
    assert probe(limited, take) == "0\n"
    assert probe(limited, take, "[Service]\nMemoryMax=60M\n").splitlines()[-1] == "137"


def test_processes_are_limited(limited: BootedSystemd) -> None:
    """Threads and processes end at the limit of tasks, and the service lives on."""
    assert probe(limited, THREADS) == "True can't start new thread\n"


def test_network_is_closed(system: BootedSystemd) -> None:
    """A program that an action starts cannot even make an internet socket."""
    assert "Address family not supported" in probe(system, FETCH)


@pytest.mark.parametrize("drop_in", ["network", "loopback"])
def test_network_is_opened_by_its_drop_in(system: BootedSystemd, drop_in: str) -> None:
    """With a drop-in the same program reaches a server, of this machine also with the smaller one."""
    assert probe(system, FETCH, shipped_drop_in(drop_in)) == "200\n"


def test_figures_are_reached_with_the_loopback_drop_in(system: BootedSystemd) -> None:
    """Without a network the service says what it needs and listens; with loopback.conf it serves."""
    system.put(CONFIG, FIGURES)
    system.run("systemctl", "start", UNIT)
    assert "deploy/drop-ins/loopback.conf" in system.log(UNIT)
    system.run("systemctl", "stop", UNIT)
    system.put(f"{DROP_INS}/loopback.conf", shipped_drop_in("loopback"))
    system.run("systemctl", "daemon-reload")
    system.run("systemctl", "start", UNIT)
    text = system.run(PYTHON, "-c", FETCH_FIGURES).stdout
    system.run("systemctl", "stop", UNIT)
    assert "edge_daemon_responsive 1.0" in text
    assert "process_resident_memory_bytes" in text


def test_dangerous_system_calls_are_refused(system: BootedSystemd) -> None:
    """Calls that nothing here needs fail, and do not kill who makes them."""
    assert probe(system, CALLS) == "let through:\n"


def test_what_quantizes_can_make_itself_unimportant(system: BootedSystemd) -> None:
    """The program that puts the quantizing child behind all others works in here."""
    lowly = "/opt/source/edge_daemon/replacement/lowly.py"
    say = "import os; print(os.getpriority(os.PRIO_PROCESS, 0), os.sched_getscheduler(0))"
    script = f"{PYTHON} {lowly} $$ {PYTHON} -c '{say}'; true"
    assert probe(system, script) == "19 5\n"


def test_sensors_and_processor_are_seen(system: BootedSystemd) -> None:
    """/sys and /proc/cpuinfo can be read, as sensors and onnxruntime on Arm need it."""
    assert int(probe(system, "ls /sys/class | wc -l")) > 5
    assert int(probe(system, "grep -c ^processor /proc/cpuinfo")) >= 1
    assert probe(system, "echo 1 2>/dev/null >/sys/kernel/profiling || echo closed") == "closed\n"


def test_others_processes_are_hidden(system: BootedSystemd) -> None:
    """Of all processes the service sees those of its own user."""
    assert probe(system, "cat /proc/1/cmdline 2>/dev/null || echo hidden") == "hidden\n"


def test_homes_are_hidden(system: BootedSystemd) -> None:
    """Home folders are empty, and with their drop-in read-only."""
    system.put("/home/pi/script", "here\n", mode=0o755)
    system.path("/home/pi").chmod(0o755)
    script = "cat /home/pi/script 2>/dev/null; touch /home/pi/new 2>/dev/null; ls /home/pi"
    assert probe(system, f"{script} 2>/dev/null; true") == ""
    assert probe(system, script, shipped_drop_in("home")) == "here\nscript\n"


def test_credential_reaches_the_service(system: BootedSystemd) -> None:
    """A token that root alone may read is handed over by its drop-in, and read by the daemon."""
    system.put("/etc/edge-daemon/token", "secret\n", mode=0o600)
    read = "from edge_daemon.config.secret import read_secret as read; print(read('{}'))"
    of_the_file, handed_over = (
        f'{PYTHON} -c "{read.format(source)}" 2>&1 | tail -n 1'
        for source in ("/etc/edge-daemon/token", "credential:token")
    )
    assert "cannot be read" in probe(system, of_the_file)
    assert probe(system, handed_over, shipped_drop_in("credential")) == "secret\n"


def test_doctor_works_inside(system: BootedSystemd) -> None:
    """``edge-daemon doctor`` looks at the machine from inside, and crashes at nothing."""
    found = json.loads(probe(system, f"{PROGRAM} doctor --json; true"))
    assert {"board", "audio", "sensors", "systemd", "state"} <= {p["name"] for p in found["parts"]}


def test_sound_server_of_a_user_is_reached(system: BootedSystemd) -> None:
    """The service is the user who is logged in, sees his runtime folder, and reads its own settings."""
    system.run("useradd", "--uid", "31000", "--create-home", "pi")
    system.run("install", "-d", "-o", "pi", "-m", "0700", "/run/user/31000")
    system.put("/run/user/31000/pulse/native", "")
    system.run("chown", "-R", "pi:", "/run/user/31000")
    system.put("/opt/settings", "settings\n", mode=0o640)
    system.run("chgrp", "edge-daemon", "/opt/settings")
    script = 'id -un; cat /opt/settings; ls $XDG_RUNTIME_DIR/pulse; echo "${ALSA_CONFIG_PATH-system}"; ls /home'
    drop_in = shipped_drop_in("sound-server").replace("1000", "31000")
    assert probe(system, script, drop_in) == "pi\nsettings\nnative\nsystem\n"


def test_pins_are_reached_by_their_group(system: BootedSystemd) -> None:
    """With its drop-in the service has the group of the pins, where the machine has it."""
    system.run("groupadd", "--force", "gpio")
    system.put("/opt/pin", "17\n", mode=0o640)
    system.run("chgrp", "gpio", "/opt/pin")
    assert probe(system, "cat /opt/pin 2>&1 || true", shipped_drop_in("gpio")) == "17\n"
    assert "denied" in probe(system, "cat /opt/pin 2>&1 || true")


def test_gpu_drop_in_starts(system: BootedSystemd) -> None:
    """The drop-in for NVIDIA does no harm on a machine without one."""
    assert probe(system, "echo started", shipped_drop_in("nvidia")) == "started\n"


def test_energy_counters_are_read_by_their_group(system: BootedSystemd) -> None:
    """Counters that the udev rule gives to the group edge-sensors are open to the service."""
    zone = "/sys/class/powercap/intel-rapl:0"
    system.run("mount", "-t", "tmpfs", "tmpfs", "/sys/class")
    try:
        for name, text in {"name": "package-0", "max_energy_range_uj": "262143328850"}.items():
            system.put(f"{zone}/{name}", f"{text}\n")
        system.put(f"{zone}/energy_uj", "1000000\n", mode=0o440)
        closed = json.loads(probe(system, f"{PROGRAM} doctor --json; true"))
        assert "edge-sensors" in _facts(closed, "sensors")
        system.run("chgrp", "edge-sensors", f"{zone}/energy_uj")
        opened = json.loads(probe(system, f"{PROGRAM} doctor --json; true"))
        assert "RAPL" in _facts(opened, "sensors")
        assert "edge-sensors" not in _facts(opened, "sensors")
    finally:
        system.run("umount", "/sys/class")


def _facts(diagnosis: dict[str, Any], name: str) -> str:
    parts = {part["name"]: part for part in diagnosis["parts"]}
    return " ".join(parts[name]["facts"])
