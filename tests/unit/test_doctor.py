"""What the doctor says of boards, from their files, and of what is broken on this machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_daemon.board import read_board
from edge_daemon.doctor.diagnosis import Diagnosis, Part, Problem
from edge_daemon.doctor.machine import board_part, python_part
from edge_daemon.doctor.runtime import runtime_part
from edge_daemon.doctor.sensing import sensors_part
from edge_daemon.doctor.service import state_part, systemd_part
from edge_daemon.doctor.sound import audio_part
from edge_daemon.doctor.trial import config_part
from tests.boards import jetson_orin, pi_4, pi_5, x86


@pytest.fixture
def locked(tmp_path: Path) -> Path:
    """Return a file that may not be read; skips where this user may read all."""
    path = tmp_path / "locked"
    path.touch(0o000)
    if os.access(path, os.R_OK):
        pytest.skip("this user, root as a rule, may read everything")
    return path


@pytest.mark.parametrize(
    ("write", "facts"),
    [
        (pi_4, ["Raspberry Pi 4 Model B Rev 1.5", "4 cores of Cortex-A72, 3.7 GiB"]),
        (pi_5, ["Raspberry Pi 5 Model B Rev 1.0", "asimd, asimddp, asimdhp"]),
        (jetson_orin, ["6 cores of Cortex-A78AE, 7.4 GiB", "Jetson Linux R36.4.3 (JetPack 6.2)"]),
        (x86, ["Intel(R) N100", "Linux 6.12.9-amd64, x86_64", "avx2, f16c, avx_vnni"]),
    ],
)
def test_each_board_is_told(
    tmp_path: Path, write: Callable[[Path], Path], facts: list[str]
) -> None:
    """Nothing is wrong with any of them."""
    part = board_part(read_board(write(tmp_path)))
    told = "; ".join(part.facts)
    assert [fact for fact in facts if fact not in told] == []
    assert part.problems == []


def test_a_32_bit_system_is_in_the_way(tmp_path: Path) -> None:
    """The board would do; the system has no onnxruntime."""
    root = pi_4(tmp_path)
    (root / "proc/sys/kernel/arch").write_text("armv7l\n")
    (problem,) = board_part(read_board(root)).problems
    assert problem.is_in_the_way
    assert "64-bit" in problem.fix


def test_the_interpreter_is_told() -> None:
    """Several may be on a machine."""
    assert sys.executable in python_part().facts[0]


def test_a_32_bit_python_on_a_64_bit_kernel_is_in_the_way() -> None:
    """As Raspberry Pi OS of 32 bits has it on newer boards."""
    assert python_part().problems == []
    (problem,) = python_part(largest_size=2**31 - 1).problems
    assert problem.is_in_the_way
    assert "of 32 bits" in problem.what


def test_this_onnxruntime(tmp_path: Path) -> None:
    """The one of the tests has a CPU, and lacks what it lacks."""
    part = runtime_part(read_board(pi_5(tmp_path)))
    assert "cpu" in part.facts[0]
    assert not part.is_in_the_way


def stand_in(folder: Path, script: str) -> str:
    """Return a Python whose import of onnxruntime ends as this shell script does."""
    python = folder / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    return str(python)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("kill -ILL $$", "dies with SIGILL: this build is not for this processor"),
        ("echo Traceback >&2; echo ImportError: libgomp.so.1 >&2; exit 1", "ImportError: libgomp"),
        ("exit 3", "it says nothing"),
        ("echo no list", "answers what nobody asked: 'no list'"),
    ],
)
def test_an_onnxruntime_that_cannot_be_loaded_is_in_the_way(
    tmp_path: Path, script: str, said: str
) -> None:
    """It dies in a process of its own, and how another one is had is told."""
    part = runtime_part(read_board(pi_4(tmp_path)), stand_in(tmp_path, script))
    problem = part.problems[-1]
    assert said in problem.what
    assert problem.fix == "run: pip install onnxruntime"
    assert part.is_in_the_way


def test_what_a_build_prints_at_its_import_is_passed_over(tmp_path: Path) -> None:
    """Some greet."""
    script = """echo hello; echo '["1.2", "", ["CPUExecutionProvider"]]'"""
    part = runtime_part(read_board(pi_4(tmp_path)), stand_in(tmp_path, script))
    assert part.facts[0] == "1.2: cpu"


def test_without_onnxruntime_the_configuration_is_not_tried() -> None:
    """The doctor would die of what it is to tell."""
    part = config_part(None, has_runtime=False)
    assert part.problems == []
    assert "not tried" in part.facts[0]


def test_a_configuration_is_tried(tmp_path: Path) -> None:
    """What is in the way is told apart from what another provider makes good."""
    path = tmp_path / "config.yaml"
    path.write_text(
        "audio: {source: 'wav:none.wav'}\nruntime: {provider: cuda, thread: 1}\n"
        "model: {path: 'builtin:commands'}\n"
    )
    problems = {p.what.partition(":")[0]: p for p in config_part(path, True).problems}
    assert set(problems) == {"runtime.thread", "runtime", "audio.source"}
    assert problems["runtime.thread"].is_in_the_way
    assert problems["audio.source"].is_in_the_way
    assert not problems["runtime"].is_in_the_way
    assert str(path) in problems["runtime.thread"].fix


def test_a_board_without_systemd(tmp_path: Path) -> None:
    """In a container the daemon is started by hand."""
    part = systemd_part(tmp_path)
    assert part.problems == []
    assert "does not run here" in part.facts[0]


def test_systemd_without_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal then lacks our fields, which keeps nothing from running."""
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    (problem,) = systemd_part(tmp_path).problems
    assert "systemd-python is missing" in problem.what
    assert "apt install python3-systemd" in problem.fix
    assert not problem.is_in_the_way


def test_the_state_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It need not be there yet; the disk that it will be on is looked at."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "not" / "yet"))
    part = state_part()
    assert part.facts[0] == f"{tmp_path / 'not' / 'yet'} (not made yet)"
    assert part.facts[1].endswith("GiB free")


def test_a_state_directory_that_is_out_of_reach(
    tmp_path: Path, locked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of another user's home not even that it is there can be asked."""
    (tmp_path / "home").mkdir(0o000)
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "home" / "state"))
    (problem,) = state_part().problems
    assert problem.what.startswith(f"{tmp_path / 'home'} may not be written")


def test_a_disk_that_is_nearly_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told before an engine is built in vain."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    monkeypatch.setattr("edge_daemon.doctor.service.LEAST_FREE_BYTES", 1 << 62)
    (problem,) = state_part().problems
    assert "MiB are free" in problem.what


def test_a_state_directory_that_may_not_be_written(
    tmp_path: Path, locked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What may be written instead is told; the service has one of its own."""
    (tmp_path / "state").mkdir(0o500)
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    (problem,) = state_part().problems
    assert "may not be written by this user" in problem.what
    assert "STATE_DIRECTORY" in problem.fix


def test_a_sound_card_that_may_not_be_opened(tmp_path: Path, locked: Path) -> None:
    """The group that has it is named."""
    (tmp_path / "dev/snd").mkdir(parents=True)
    locked.rename(tmp_path / "dev/snd/pcmC0D0c")
    problems = audio_part(tmp_path).problems
    assert "usermod -aG audio" in problems[0].fix


def test_no_sound_card_is_no_problem_yet(tmp_path: Path) -> None:
    """The configuration may listen to a file."""
    assert [p for p in audio_part(tmp_path).problems if "PortAudio" not in p.what] == []


def test_sensors_that_are_not_there_have_their_reasons(tmp_path: Path) -> None:
    """None is a problem: the daemon runs without."""
    part = sensors_part(tmp_path)
    assert len(part.facts) == 4
    assert part.facts[0].startswith("power: ")
    assert part.problems == []


def test_a_sensor_that_may_not_be_read_names_the_udev_rule(tmp_path: Path, locked: Path) -> None:
    """As the energy counters of x86, which are root's."""
    rapl = tmp_path / "sys/class/powercap/intel-rapl:0"
    rapl.mkdir(parents=True)
    for name, text in {"name": "package-0", "max_energy_range_uj": "262143328850"}.items():
        (rapl / name).write_text(f"{text}\n")
    locked.rename(rapl / "energy_uj")
    (problem,) = sensors_part(tmp_path).problems
    assert "energy_uj may not be read by this user" in problem.what
    assert "60-edge-daemon.rules" in problem.fix


@pytest.mark.parametrize(("in_the_way", "fit"), [(True, False), (False, True)])
def test_only_what_is_in_the_way_makes_it_unfit(
    tmp_path: Path, in_the_way: bool, fit: bool
) -> None:
    """Other problems are told all the same."""
    problem = Problem(what="x", fix="y", is_in_the_way=in_the_way)
    part = Part(name="board", facts=[], problems=[problem])
    assert Diagnosis(board=read_board(tmp_path), parts=[part]).is_fit is fit
