"""A running daemon that takes another configuration: nothing of the audio is lost."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_daemon.control.client import ask
from edge_daemon.control.messages import Reload, Status
from tests.integration.command_line import (
    RATE_HZ,
    Pipe,
    RunningDaemon,
    assert_one_complaint,
    demo_samples,
    edge_daemon,
    json_lines,
    silence,
)
from tests.integration.notices import Notices
from tests.integration.piped_service import ALONE, N_WORDS, PipedService

HALF_WORD = 800
"""Samples of a piece; a word spans several."""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[PipedService]:
    """A service in a folder of its own."""
    made = PipedService(tmp_path)
    yield made
    made.pipe.close()


def accounts(daemon: RunningDaemon) -> tuple[int, int, int]:
    """Return samples in, worked on and dropped, out of the last summary."""
    summary = json_lines("\n".join("{" + x.partition("{")[2] for x in daemon.lines if "{" in x))[-1]
    return summary["captured_samples"], summary["processed_samples"], summary["dropped_samples"]


def test_reloads_in_the_middle_of_words(service: PipedService) -> None:
    """Nine reloads by two ways while words are said: the words, times and scores are the same."""
    expected = service.expected()
    audio = demo_samples(N_WORDS)
    with service.run() as daemon:
        piece = len(audio) // 10
        for i in range(10):
            service.pipe.write(audio[i * piece : (i + 1) * piece if i < 9 else None])
            if i % 2 and i < 9:
                assert ask([service.socket], Reload()).ok
            elif i < 9:
                daemon.process.send_signal(signal.SIGHUP)
                daemon.wait_for("the configuration was read again")
        service.pipe.close()
        daemon.process.wait()
        assert daemon.stop(0) == 0
    assert [f"heard {x.label!r} at {x.time_s:.1f} s ({x.score:.2f})" for x in expected] == [
        line.partition("INFO    ")[2] for line in daemon.lines if "INFO    heard '" in line
    ]
    assert accounts(daemon) == (len(audio), len(audio), 0)


def test_new_actions_thresholds_and_model(service: PipedService) -> None:
    """What was written since is in force from then on; the model may be another one."""
    heard = service.folder / "heard.jsonl"
    with service.run() as daemon:
        service.pipe.write(demo_samples(N_WORDS))
        daemon.wait_for("heard 'yes'")
        assert not heard.exists()
        service.write(
            model={"path": "builtin:commands-large"},
            actions=[{"say": "*", "log": {"path": str(heard)}}],
            decision={**ALONE["decision"], "words": {"left": {"threshold": 1.0}}},
        )
        assert ask([service.socket], Reload()).ok
        service.pipe.write(demo_samples(N_WORDS))
        service.pipe.write(silence(2))
        daemon.wait_for("heard 'yes'")
        assert daemon.stop(signal.SIGTERM) == 0
    words = [line["label"] for line in json_lines(heard.read_text())]
    assert words[:2] == ["computer", "stop"]
    assert "left" not in words
    assert any("read again: model commands-large" in line for line in daemon.lines)


def test_a_bad_file_changes_nothing(service: PipedService) -> None:
    """Every problem is told to who asked and to the log, and the words are heard as before."""
    with service.run() as daemon:
        good = service.config.read_text()
        service.config.write_text(good + "\nacitons: []\nmodel: {hop_ms: 1}\n")
        answer = ask([service.socket], Reload())
        assert not answer.ok
        assert len(answer.problems) == 2
        assert all(str(service.config) in problem for problem in answer.problems)
        for content in ("{", "", "decision: {wake_words: [nonsense]}", "model: {path: none.onnx}"):
            service.config.write_text(content)
            if content:
                assert not ask([service.socket], Reload()).ok
        service.config.unlink()
        assert not ask([service.socket], Reload()).ok
        service.pipe.write(demo_samples(N_WORDS))
        daemon.wait_for("heard 'yes'")
        service.config.write_text(good)
        assert ask([service.socket], Reload()).ok
        assert daemon.stop(signal.SIGTERM) == 0
    said = "\n".join(daemon.lines)
    assert "acitons: unknown key, did you mean 'actions'?" in said
    assert "is refused (2 problems), the one before stays in force" in said


def test_the_commands(service: PipedService) -> None:
    """`status` and `reload` say what there is, with exit codes for scripts."""
    with service.run() as daemon:
        service.pipe.write(demo_samples(N_WORDS))
        daemon.wait_for("heard 'yes'")
        status = edge_daemon("status", "--config", service.config)
        assert status.returncode == 0
        assert "last heard 'yes'" in status.stdout
        (found,) = json_lines(edge_daemon("status", "--json", "--config", service.config).stdout)
        assert found["heard"][-1]["label"] == "yes"
        waiting = found["captured_samples"] - found["processed_samples"]
        assert 0 <= waiting < RATE_HZ // 10, "less than a hop"
        assert edge_daemon("reload", "--config", service.config).returncode == 0
        service.write(decision={"threshold": 7})
        refused = edge_daemon("reload", "--config", service.config)
        assert refused.returncode == 78
        assert "decision.threshold" in refused.stderr
        assert "edge-daemon: refused: 1 problem; the daemon goes on as before" in refused.stderr
        assert daemon.stop(signal.SIGTERM) == 0
    came_in, worked_on, dropped = accounts(daemon)
    assert (came_in, dropped) == (len(demo_samples(N_WORDS)), waiting)
    assert came_in == worked_on + dropped
    assert not service.socket.exists()
    assert_one_complaint(
        edge_daemon("status", "--config", service.config), 1, service.socket, "nobody listens there"
    )


def test_another_source_is_opened(service: PipedService) -> None:
    """Audio of the one before is worked on to its last whole hop; the rest is counted."""
    with service.run() as daemon:
        service.pipe.write(demo_samples(N_WORDS)[:16050])
        while (status := ask([service.socket], Status()).data) and status["samples"] < 16050:
            pass
        other = Pipe(service.folder / "other.fifo")
        service.write(audio={"source": f"pcm:{service.folder}/other.fifo"})
        assert ask([service.socket], Reload()).ok
        daemon.wait_for(
            "listening to raw 16-bit samples from " + str(service.folder / "other.fifo")
        )
        other.write(demo_samples(N_WORDS))
        daemon.wait_for("heard 'yes'")
        other.close()
        daemon.process.wait()
        daemon.stop(0)
    came_in, worked_on, dropped = accounts(daemon)
    assert came_in == 16050 + len(demo_samples(N_WORDS))
    assert dropped == 50
    assert came_in == worked_on + dropped


def test_systemd_is_told(service: PipedService, notices: Notices) -> None:
    """RELOADING with the time, then READY with the status, whether it is taken or refused."""
    with service.run(NOTIFY_SOCKET=str(notices.path)) as daemon:
        service.pipe.write(silence(1))
        notices.until("READY=1")
        for content, status in ((None, "listening"), ("threshold: 7", "refused (1 problem)")):
            if content:
                service.config.write_text(content)
            daemon.process.send_signal(signal.SIGHUP)
            told = notices.until("READY=1")
            begun = told.index("RELOADING=1")
            assert told[begun + 1].startswith("MONOTONIC_USEC=")
            assert told.index("READY=1") > begun
            assert status in told[-1]
        assert daemon.stop(signal.SIGTERM) == 0


def test_another_control_socket(service: PipedService) -> None:
    """Who asked for it through the one before has its answer; the next ones ask at the new one."""
    other = service.folder / "other.sock"
    with service.run() as daemon:
        service.write(control={"path": str(other)})
        assert ask([service.socket], Reload()).ok
        assert ask([other], Status()).ok
        assert not service.socket.exists()
        assert daemon.stop(signal.SIGTERM) == 0
    assert not other.exists()


def test_what_another_configuration_does_not_have_is_not_told(service: PipedService) -> None:
    """A gate or a log of records that is no more leaves no figures behind."""
    service.write(telemetry={"format": "json", "log": {"path": str(service.folder / "log.jsonl")}})
    with service.run() as daemon:
        service.pipe.write(silence(1))
        service.write(activity={"gate": False})
        assert ask([service.socket], Reload()).ok
        assert ask([service.socket], Status()).ok
        assert daemon.stop(signal.SIGTERM) == 0
    (summary,) = json_lines("\n".join("{" + x.partition("{")[2] for x in daemon.lines if "{" in x))
    assert not {"activity", "records", "sensors"} & summary.keys()


def test_a_path_that_is_no_text(service: PipedService, notices: Notices) -> None:
    """Its bytes are told as far as they are text, to systemd and to clients, and end nothing."""
    odd = service.folder / "\udcff.fifo"
    pipe = Pipe(odd)
    arguments = ("--config", service.config, "--source", f"pcm:{odd}")
    with RunningDaemon(*arguments, env={"NOTIFY_SOCKET": str(notices.path)}) as daemon:
        daemon.wait_for("listening to")
        status = ask([service.socket], Status()).data
        assert status
        assert "?.fifo" in status["source"]
        pipe.write(silence(1))
        notices.until("READY=1")
        pipe.close()
        assert "?.fifo" in notices.until("no audio")[-1]
        assert daemon.stop(signal.SIGTERM) == 0


def test_a_stop_during_a_reload(service: PipedService) -> None:
    """What is being built is left behind without a trace."""
    for _ in range(3):
        with service.run() as daemon:
            daemon.process.send_signal(signal.SIGHUP)
            assert daemon.stop(signal.SIGTERM) == 0


def test_a_storm_of_reloads(service: PipedService) -> None:
    """However many are wished, the audio is worked on, and descriptors and threads stay."""
    audio = demo_samples(N_WORDS)
    with service.run() as daemon:
        process = Path(f"/proc/{daemon.process.pid}")
        assert ask([service.socket], Reload()).ok
        before = len(list((process / "fd").iterdir()))
        for i in range(0, len(audio), 4000):
            service.pipe.write(audio[i : i + 4000])
            for _ in range(5):
                daemon.process.send_signal(signal.SIGHUP)
        assert ask([service.socket], Reload()).ok
        assert len(list((process / "fd").iterdir())) == before
        assert len(list((process / "task").iterdir())) <= 3
        service.pipe.close()
        daemon.process.wait()
        daemon.stop(0)
    assert accounts(daemon) == (len(audio), len(audio), 0)


def test_hang_up_of_a_terminal_is_a_stop(service: PipedService) -> None:
    """Who closes the terminal does not leave a microphone open behind."""
    leader, terminal = os.openpty()
    daemon = RunningDaemon("--config", service.config, stdin=terminal, stdout=terminal)
    os.close(terminal)
    with daemon:
        daemon.wait_for("listening to")
        os.close(leader)  # nothing can be written to stdout any more
        assert daemon.stop(signal.SIGHUP) == 0
    assert any("SIGHUP: stopping" in line for line in daemon.lines)
