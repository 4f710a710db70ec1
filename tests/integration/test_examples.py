"""The ready configurations do what they show, with the demo clip in place of the microphone."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from edge_daemon.config import load_config, problems_with_model
from edge_daemon.pipeline import Pipeline
from tests.integration.command_line import DEMO, RUN, RunningDaemon, edge_daemon

EXAMPLES = DEMO.parent / "examples"
WITH_PINS = (sys.executable, "-m", "tests.integration.daemon_with_pins", "run")
MEDIA = [
    "playerctl pause",
    "playerctl previous",
    "amixer -q sset Master 10%+",
    "amixer -q sset Master 10%-",
    "playerctl play",
]
"""What the commands of the demo clip do: stop, left, up, down, go."""


def run_example(path: Path, folder: Path, program: tuple[str, ...] = RUN, **env: str) -> str:
    """Run a configuration on the demo clip to its end; return what came on stdout."""
    arguments = ("--config", path, "--source", f"wav:{DEMO}", "--pace", "fast")
    own = {"XDG_STATE_HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}
    with RunningDaemon(
        *arguments, program=program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=own | env
    ) as daemon:
        assert daemon.process.stdin
        assert daemon.process.stdout
        told = daemon.process.stdout.read()
        daemon.lines += daemon._said.read().splitlines()
        assert daemon.process.wait() == 0, "\n".join(daemon.lines)
    assert not [line for line in daemon.lines if "failed" in line and "0 failed" not in line]
    return told


def note_taker(folder: Path, name: str, notes: Path) -> None:
    """Write a program that notes how it was called."""
    program = folder / name
    program.write_text(f'#!/bin/sh\necho "{name} $*" >>{notes}\n')
    program.chmod(0o755)


@contextmanager
def server() -> Iterator[tuple[int, list[tuple[str, dict[str, object]]]]]:
    """Yield a port of this machine, and what was posted there, path and body."""
    posted: list[tuple[str, dict[str, object]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            posted.append((self.path, json.loads(self.rfile.read(length))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    serving = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=serving.serve_forever)
    thread.start()
    try:
        yield serving.server_port, posted
    finally:
        serving.shutdown()
        thread.join()
        serving.server_close()


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.name)
def test_each_is_valid(path: Path) -> None:
    """It loads, and names words that the shipped model has."""
    config = load_config(path)
    assert problems_with_model(config, Pipeline.load().spec) == []


@pytest.mark.heavy
@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.name)
def test_check_finds_nothing_wrong_with_the_configuration(tmp_path: Path, path: Path) -> None:
    """What is left to find is the machine's: a microphone, a program, a pin, a server."""
    copy = tmp_path / path.name
    copy.write_text(f"audio: {{source: 'wav:{DEMO}'}}\n" + path.read_text())
    assert edge_daemon("check", "--config", copy).returncode in (0, 1)


@pytest.mark.heavy
def test_media_keys(tmp_path: Path) -> None:
    """Each word calls its program, in order; programs that the Pi has are stood in for."""
    notes = tmp_path / "notes"
    for name in ("playerctl", "amixer"):
        note_taker(tmp_path, name, notes)
    run_example(EXAMPLES / "media-keys.yaml", tmp_path, PATH=f"{tmp_path}:/usr/bin:/bin")
    assert sorted(notes.read_text().splitlines()) == sorted(MEDIA)


@pytest.mark.heavy
def test_gpio_lamp(tmp_path: Path) -> None:
    """The lamp goes on and off, the door opens, and all pins are closed in the end."""
    told = run_example(EXAMPLES / "gpio-lamp.yaml", tmp_path, WITH_PINS).splitlines()
    lamp = [line for line in told if line.startswith("17")]
    door = [line for line in told if line.startswith("22")]
    assert lamp == ["17 1", "17 0", "17 closed"]
    assert door == ["22 1", "22 0", "22 closed"]
    assert "27 closed" in told


@pytest.mark.heavy
def test_webhook(tmp_path: Path) -> None:
    """Every word of the clip is posted to the path of the automation."""
    with server() as (port, posted):
        text = (EXAMPLES / "webhook.yaml").read_text()
        assert "127.0.0.1:8123" in text
        (tmp_path / "webhook.yaml").write_text(text.replace("127.0.0.1:8123", f"127.0.0.1:{port}"))
        run_example(tmp_path / "webhook.yaml", tmp_path)
    assert {path for path, _ in posted} == {"/api/webhook/edge-daemon"}
    said = [(body["after"], body["label"]) for _, body in posted]
    assert ("computer", "stop") in said
    assert ("jarvis", "on") in said
    assert len(said) == 16
