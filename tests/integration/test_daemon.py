"""The daemon as a process: what it tells systemd, how it ends, and what its actions do."""

from __future__ import annotations

import json
import os
import queue
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from edge_daemon import Detection, Pipeline
from edge_daemon.config import load_config
from edge_daemon.telemetry.sensors import find_sensors
from tests.integration.command_line import (
    GIVE_UP_S,
    RATE_HZ,
    SINGLE_WORDS,
    Pipe,
    RunningDaemon,
    demo_samples,
    edge_daemon,
    json_lines,
    silence,
    spoken_words,
)
from tests.integration.notices import Notices
from tests.sounds import said
from tests.tiny_models import LARGER_SPEC, PITCH_SPEC, pitch, write_model

WATCHDOG_S = 0.4
"""The service's limit; the daemon promises a sign of life in half of it."""
QUIET_S = 2 * WATCHDOG_S
"""Without a message for so long, none is on its way."""
N_WORDS = 6
ALONE = SINGLE_WORDS.read_text()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for this module's FIFOs and sockets."""
    return tmp_path_factory.mktemp("daemon")


@dataclass
class Life:
    """What was seen of one daemon, from its start to its end; lines are those of notices."""

    expected: list[Detection]
    home: Path
    without_audio: list[str] = field(default_factory=list)
    at_first_audio: list[str] = field(default_factory=list)
    at_words: list[str] = field(default_factory=list)
    signs_of_life: int = 0
    while_stalled: list[str] = field(default_factory=list)
    after_the_stall: list[str] = field(default_factory=list)
    threads: list[str] = field(default_factory=list)
    open_files: list[str] = field(default_factory=list)
    at_stop: list[str] = field(default_factory=list)
    code: int | None = None
    log: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def life(folder: Path) -> Life:
    """One daemon that starts, waits for audio, hears words, stalls, goes on and is ended."""
    config = folder / "life.yaml"
    config.write_text(f"audio: {{source: 'pcm:{folder}/life.fifo'}}\n{ALONE}")
    home = folder / "home"
    home.mkdir()
    seen = Life(_detections(config, N_WORDS), home)
    pipe, notices = Pipe(folder / "life.fifo"), Notices(folder / "notify")
    environment = {
        "NOTIFY_SOCKET": str(notices.path),
        "WATCHDOG_USEC": str(round(WATCHDOG_S * 1e6)),
        "HOME": str(home),
        "TMPDIR": str(home),
        **{f"XDG_{kind}_HOME": str(home / kind) for kind in ("CACHE", "CONFIG", "DATA", "STATE")},
    }
    with RunningDaemon("--config", config, env=environment) as daemon:
        _live(daemon, notices, pipe, seen)
    pipe.close()
    notices.close()
    return seen


def _detections(config: Path, n_words: int) -> list[Detection]:
    """Return what the pipeline hears in the beginning of the demo with this configuration."""
    return Pipeline.load(config=load_config(config)).process(demo_samples(n_words))


def _live(daemon: RunningDaemon, notices: Notices, pipe: Pipe, seen: Life) -> None:
    daemon.wait_for("listening to")
    pipe.open()
    seen.without_audio = notices.until("EXTEND_TIMEOUT_USEC=") + notices.until_quiet(QUIET_S)
    pipe.write(demo_samples(N_WORDS)[:1600])
    seen.at_first_audio = notices.until("READY=1")
    pipe.write(demo_samples(N_WORDS)[1600:])
    seen.at_words = notices.until(_status(seen.expected[-1]))
    while seen.signs_of_life < 3:
        pipe.write(silence(0.1))
        seen.signs_of_life += notices.next(0.05).count("WATCHDOG=1")
    notices.until_quiet(WATCHDOG_S)
    seen.while_stalled = notices.until_quiet(QUIET_S)
    proc = Path("/proc", str(daemon.process.pid))
    seen.threads = [task.joinpath("comm").read_text() for task in (proc / "task").iterdir()]
    seen.open_files = [os.readlink(fd) for fd in (proc / "fd").iterdir()]
    pipe.write(silence(0.1))
    seen.after_the_stall = notices.until("WATCHDOG=1")
    seen.code = daemon.stop(signal.SIGTERM)
    seen.at_stop = notices.until_quiet(0.01)  # all was sent, for the process is gone
    seen.log = daemon.lines


def _status(detection: Detection) -> str:
    heard = f"{detection.label!r} at {detection.time_s:.1f} s ({detection.score:.2f})"
    return f"STATUS=listening; last heard {heard}"


def test_ready_only_when_audio_was_processed(life: Life) -> None:
    """Before any sample came, a start that takes longer; with the first audio, readiness."""
    assert life.without_audio == ["STATUS=starting", "EXTEND_TIMEOUT_USEC=60000000"]
    assert life.at_first_audio[:2] == ["READY=1", "STATUS=listening; nothing heard yet"]


def test_status_names_the_word_heard(life: Life) -> None:
    """Each word becomes the status, exactly as the pipeline hears it in the same audio."""
    statuses = [line for line in life.at_words if line.startswith("STATUS=")]
    assert len(life.expected) >= 2
    assert statuses == [_status(detection) for detection in life.expected]


def test_watchdog_is_fed_by_audio_alone(life: Life) -> None:
    """Signs of life come while audio flows, none while it stalls, and again after that."""
    assert life.signs_of_life >= 3
    assert life.while_stalled == []
    assert life.after_the_stall == ["WATCHDOG=1"]


def test_sigterm_ends_it(life: Life) -> None:
    """SIGTERM is answered with STOPPING=1, a summary as text and exit code 0."""
    assert life.at_stop == ["STOPPING=1", "STATUS=stopping"]
    assert life.code == 0
    assert "SIGTERM: stopping" in "\n".join(life.log)
    [summary] = [line for line in life.log if " blocks, " in line]
    for detection in life.expected:
        assert f"{detection.label} " in summary.partition("heard ")[2]
    for part in ("0 samples dropped", "actions 0 done", "capture to decision", "RSS", "CPU"):
        assert part in summary


def test_nothing_else_runs_in_it(life: Life) -> None:
    """Two threads, no socket but systemd's, no file left at home: onnxruntime's telemetry is off.

    One thread more reads the sensors, where this machine has any.
    """
    sensors = find_sensors(Path("/"))
    found = (sensors.power, sensors.thermometer, sensors.throttling, sensors.clock)
    n_threads = 2 + any(sensor is not None for sensor in found)
    assert len(life.threads) == n_threads, life.threads
    assert len([link for link in life.open_files if link.startswith("socket:")]) == 1
    assert list(life.home.rglob("*")) == []


def test_a_word_in_the_first_block(notices: Notices, tmp_path: Path) -> None:
    """Readiness comes before the status of a word that is heard in the very first block."""
    config = tmp_path / "config.yaml"
    config.write_text("audio: {source: 'pcm:word.raw', block_ms: 1000}\n" + ALONE)
    start = round(spoken_words()[0].time_s * RATE_HZ)
    word = demo_samples()[start : start + RATE_HZ]
    (tmp_path / "word.raw").write_bytes(word.astype("<i2").tobytes())
    found = Pipeline.load(config=load_config(config)).process(word)
    assert found
    done = edge_daemon("run", "--config", config, env={"NOTIFY_SOCKET": str(notices.path)})
    assert done.returncode == 0
    told = notices.until("STOPPING=1")
    ready = told.index("READY=1")
    assert told[ready + 1] == "STATUS=listening; nothing heard yet"
    assert told.index(_status(found[0])) > ready


def test_a_service_without_a_microphone_tells_and_waits(notices: Notices) -> None:
    """Under a service manager a missing microphone is reported, tried again, and never ready."""
    environment = {"NOTIFY_SOCKET": str(notices.path)}
    with RunningDaemon("--source", "mic:no such microphone", env=environment) as daemon:
        told = notices.until("STATUS=no audio: ")
        assert daemon.stop(signal.SIGTERM) == 0
        told += notices.until("STOPPING=1")
    assert "READY=1" not in told
    assert "WATCHDOG=1" not in told
    assert "next try in" in "\n".join(daemon.lines)


def test_the_end_of_the_audio_ends_it(tmp_path: Path) -> None:
    """A file that ends is the end of the daemon, with the list of what it heard and code 0."""
    config = tmp_path / "config.yaml"
    config.write_text(f"audio: {{source: 'pcm:part.raw'}}\ntelemetry: {{format: json}}\n{ALONE}")
    (tmp_path / "part.raw").write_bytes(demo_samples(2).astype("<i2").tobytes())
    done = edge_daemon("run", "--config", config)
    assert done.returncode == 0
    said = [line.split("'")[1] for line in done.stderr.splitlines() if "heard '" in line]
    assert said == [detection.label for detection in _detections(config, 2)]
    assert f"heard 2 words, the last: {said[0]!r} at " in done.stderr.splitlines()[-1]


def test_wake_words_and_a_larger_model(tmp_path: Path) -> None:
    """It says what it waits for and what confirms it, and counts what was confirmed."""
    spec = replace(PITCH_SPEC, wake_words=("low",))
    write_model(tmp_path / "small.onnx", spec, weights=pitch(spec))
    larger = replace(LARGER_SPEC, labels=("high", "unknown"), thresholds={})
    write_model(tmp_path / "larger.onnx", larger, weights=pitch(larger))
    config = tmp_path / "config.yaml"
    config.write_text(
        "audio: {source: 'pcm:said.raw'}\nmodel: {path: small.onnx}\n"
        "decision: {confirm: larger.onnx}\ntelemetry: {format: json}\n"
    )
    audio = said((1.0, "high"), (2.5, "low"), (3.2, "high"), total_s=5.0)
    (tmp_path / "said.raw").write_bytes(audio.astype("<i2").tobytes())
    with RunningDaemon("--config", config) as daemon:
        daemon.wait_for("model pitch: low, high")
        daemon.wait_for("wake words: low; needed before high")
        daemon.wait_for("confirmed by larger; without, as it does not know them: low")
        summary = daemon.summary()
        daemon.wait_for("heard 2 words, the last: 'low' at ")
    assert daemon.lines[-1].count("'low high' at ") == 1
    assert summary["detections"] == {"low": 1, "high": 1}
    assert summary["confirm"]["confirmed"] == 1
    assert summary["stages"]["confirm"]["count"] == sum(summary["confirm"].values())


def test_a_service_outlives_the_writer_of_its_fifo(notices: Notices, tmp_path: Path) -> None:
    """When the program that writes a FIFO ends, a service waits for the next one and hears it."""
    config = tmp_path / "config.yaml"
    config.write_text("audio: {source: 'pcm:again.fifo'}\n" + ALONE)
    [word] = _detections(config, 1)
    pipe = Pipe(tmp_path / "again.fifo")
    with RunningDaemon("--config", config, env={"NOTIFY_SOCKET": str(notices.path)}) as daemon:
        for _ in range(2):
            daemon.wait_for("listening to")
            pipe.write(demo_samples(1))
            daemon.wait_for(f"heard {word.label!r}")
            pipe.close()
            notices.until("again.fifo: its writer has closed it")
        daemon.wait_for("listening to")
        assert daemon.stop(signal.SIGTERM) == 0


def test_by_hand_the_writer_of_a_fifo_ends_it(tmp_path: Path) -> None:
    """Without a service manager the end of the writer is the end of the daemon, with code 0."""
    config = tmp_path / "config.yaml"
    config.write_text("audio: {source: 'pcm:once.fifo'}\n" + ALONE)
    pipe = Pipe(tmp_path / "once.fifo")
    with RunningDaemon("--config", config) as daemon:
        daemon.wait_for("listening to")
        pipe.write(demo_samples(1))
        pipe.close()
        daemon.wait_for("heard 1 words")
        assert daemon.process.wait() == 0


@dataclass
class Work:
    """What the actions of one daemon did."""

    expected: list[Detection]
    logged: list[dict[str, Any]] = field(default_factory=list)
    in_sequence: list[dict[str, Any]] = field(default_factory=list)
    from_commands: list[str] = field(default_factory=list)
    posted: list[dict[str, Any]] = field(default_factory=list)
    while_one_is_slow: dict[str, Any] = field(default_factory=dict)
    at_the_end: dict[str, Any] = field(default_factory=dict)
    code: int | None = None


class _Hook(BaseHTTPRequestHandler):
    bodies: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()

    def do_POST(self) -> None:
        self.bodies.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def webhook() -> Iterator[str]:
    """A server on the loopback interface that takes every detection."""
    server = HTTPServer(("127.0.0.1", 0), _Hook)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def work(folder: Path, webhook: str) -> Work:
    """One daemon that hears words, with an action of every kind; the first one is slow."""
    config = folder / "work.yaml"
    plain = folder / "plain.yaml"
    plain.write_text(ALONE)
    first, second, third = _detections(plain, N_WORDS)[:3]
    program = f'echo "$EDGE_DAEMON_LABEL $EDGE_DAEMON_SCORE" >> {folder}/commands.txt'
    rules = [
        {"say": first.label, "command": ["sleep", "30"]},
        {"say": "*", "log": {"path": "heard.jsonl"}},
        {"say": "*", "command": {"argv": ["sh", "-c", program], "concurrency": 16}},
        {"say": third.label, "webhook": webhook},
        {"after": first.label, "say": second.label, "log": {"path": "sequence.jsonl"}},
        {"after": first.label, "say": third.label, "within_ms": 200, "log": {"path": "none.jsonl"}},
    ]
    settings = {
        "audio": {"source": "pcm:work.fifo"},
        "decision": {"wake_words": []},
        "actions": rules,
        "action_worker": {"queue": 256},
        "telemetry": {"format": "json", "interval_s": 0.3},
    }
    config.write_text(json.dumps(settings))
    seen = Work(_detections(config, N_WORDS))
    n_posted = sum(detection.label == third.label for detection in seen.expected)
    pipe = Pipe(folder / "work.fifo")
    with RunningDaemon("--config", config) as daemon:
        daemon.wait_for("listening to")
        pipe.write(demo_samples(N_WORDS))
        n_quick = 2 * len(seen.expected) + n_posted + 1
        while seen.while_one_is_slow.get("actions", {}).get("done") != n_quick:
            seen.while_one_is_slow = daemon.summary()
        seen.posted = [_Hook.bodies.get(timeout=GIVE_UP_S) for _ in range(n_posted)]
        seen.code = daemon.stop(signal.SIGINT)
    pipe.close()
    last = [line for line in daemon.lines if "uptime_s" in line][-1]
    seen.at_the_end = json.loads("{" + last.partition("{")[2])
    seen.logged = json_lines((folder / "heard.jsonl").read_text())
    seen.in_sequence = json_lines((folder / "sequence.jsonl").read_text())
    seen.from_commands = (folder / "commands.txt").read_text().splitlines()
    return seen


def test_every_word_is_acted_on(work: Work) -> None:
    """The log has each detection exactly as the pipeline made it, the commands have each label."""
    assert [(r["label"], r["score"], r["time_s"], r["after"]) for r in work.logged] == [
        (d.label, round(d.score, 4), round(d.time_s, 3), d.after) for d in work.expected
    ]
    said = [f"{d.label} {d.score:.4f}" for d in work.expected]
    assert sorted(work.from_commands) == sorted(said)  # they run side by side


def test_the_webhook_gets_its_word(work: Work) -> None:
    """The server gets the words that it is for, and no others."""
    third = work.expected[2].label
    assert [body["label"] for body in work.posted] == [
        d.label for d in work.expected if d.label == third
    ]


def test_a_sequence_acts_once(work: Work, folder: Path) -> None:
    """``after`` and ``say`` act when the one follows the other, not when it comes too late."""
    first, second = work.expected[:2]
    assert [(r["after"], r["label"]) for r in work.in_sequence] == [(first.label, second.label)]
    assert not (folder / "none.jsonl").exists()


def test_a_slow_action_holds_nothing_up(work: Work) -> None:
    """While the action of the first word still runs, all that came later is heard and done.

    Only the slow action itself, which is one at a time, is dropped when its word comes again.
    """
    figures = work.while_one_is_slow
    said_again = [d.label for d in work.expected].count(work.expected[0].label) - 1
    assert said_again > 0
    assert figures["actions"] == {
        "done": figures["actions"]["done"],
        "failed": 0,
        "dropped": said_again,
    }
    assert sum(figures["detections"].values()) == len(work.expected)
    assert figures["dropped_samples"] == 0


def test_sigint_ends_it_and_its_actions(work: Work) -> None:
    """SIGINT is exit code 0, the slow action is ended, and the last summary says so."""
    assert work.code == 0
    assert work.at_the_end["actions"]["failed"] == 1
    assert list(work.at_the_end["stages"]) == ["gate", "frontend", "model", "decision"]
    assert 0 < work.at_the_end["latency"]["count"] <= work.at_the_end["blocks"]
    assert work.at_the_end["process"]["rss_bytes"] > 0
