"""What every action holds to, whatever it does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from edge_daemon.actions import Action, Job
from edge_daemon.actions.command import CommandAction
from edge_daemon.actions.log import LogAction
from edge_daemon.actions.recording import RecordingAction
from edge_daemon.actions.webhook import WebhookAction
from edge_daemon.config import CommandConfig, LogConfig, WebhookConfig
from edge_daemon.errors import ActionError
from edge_daemon.types import Detection

YES = Detection("yes", 0.9, 1.0)
GIVE_UP_S = 15.0

Pair = tuple[Action, Action]
"""One that works and one that fails."""


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204 if self.path == "/good" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    """Serve /good and nothing else; give the address."""
    with HTTPServer(("127.0.0.1", 0), _Handler) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()
        thread.join()


def _commands(server: str, folder: Path) -> Pair:
    return (
        CommandAction(CommandConfig(argv=["true"])),
        CommandAction(CommandConfig(argv=["false"])),
    )


def _webhooks(server: str, folder: Path) -> Pair:
    return (
        WebhookAction(WebhookConfig(url=f"{server}/good")),
        WebhookAction(WebhookConfig(url=f"{server}/bad")),
    )


def _logs(server: str, folder: Path) -> Pair:
    return (
        LogAction(LogConfig(path=str(folder / "log"))),
        LogAction(LogConfig(path=str(folder / "missing" / "log"))),
    )


def _recordings(server: str, folder: Path) -> Pair:
    return RecordingAction(), RecordingAction(ActionError("no"))


@pytest.fixture(params=[_commands, _webhooks, _logs, _recordings], ids=lambda make: make.__name__)
def pair(request: pytest.FixtureRequest, server: str, tmp_path: Path) -> Pair:
    """Give the two actions of one kind."""
    make: Callable[[str, Path], Pair] = request.param
    return make(server, tmp_path)


def finish(job: Job | None) -> None:
    """Poll until the job has ended well; its failure is raised."""
    tick = threading.Event()
    for _ in range(int(GIVE_UP_S / 0.01)):
        if job is None or job.poll():
            return
        tick.wait(0.01)
    raise AssertionError("the job does not end")


def test_good_action_ends_without_an_error(pair: Pair) -> None:
    """An action that works is done at once or gives a job that ends with True."""
    finish(pair[0].run(YES))


def test_failure_is_an_action_error(pair: Pair) -> None:
    """An action that fails raises ActionError, from run or from poll, with a message."""
    with pytest.raises(ActionError, match=r".+"):
        finish(pair[1].run(YES))


def test_action_works_again(pair: Pair) -> None:
    """An action can be run any number of times, also after it has failed."""
    for _ in range(3):
        finish(pair[0].run(YES))
    for _ in range(3):
        with pytest.raises(ActionError):
            finish(pair[1].run(YES))


def test_poll_after_the_end_stays_true(pair: Pair) -> None:
    """A job that has ended says so at every further poll, and ignores a cancel."""
    job = pair[0].run(YES)
    if job is None:
        return
    finish(job)
    job.cancel()
    assert job.poll()


def test_cancelled_job_ends(pair: Pair) -> None:
    """A job that is cancelled ends with ActionError, or well if it was faster."""
    job = pair[0].run(YES)
    if job is None:
        return
    job.cancel()
    job.cancel()
    try:
        finish(job)
    except ActionError as error:
        assert "cancelled" in str(error)


def test_odd_detections_are_taken(pair: Pair) -> None:
    """Labels in any script and figures at the edge are handled like any other."""
    finish(pair[0].run(Detection("включи свет\n", 0.0, 1e9, after="ハロー")))
