"""Which ways in and out are there, begun and ended as the configuration changes."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge_daemon import connections
from edge_daemon.cli import main
from edge_daemon.config import Config, parse_config
from edge_daemon.connection import Inside
from edge_daemon.connections import Connections
from edge_daemon.control import Desk
from edge_daemon.errors import ActionError, EdgeDaemonError
from edge_daemon.events import Events
from edge_daemon.telemetry import Telemetry

WEB = {"web": "127.0.0.1:8080"}
MQTT = {"mqtt": {"host": "broker"}}
TAKEN = EdgeDaemonError("the address is taken")


class Noted:
    """Notes what is done with it."""

    def __init__(self, notes: list[str], name: str, fails: Exception | None) -> None:
        self._notes, self._name, self._fails = notes, name, fails

    def start(self) -> None:
        """Begin, or not."""
        self._notes.append(f"start {self._name}")
        if self._fails:
            raise self._fails

    def stop(self, timeout_s: float) -> None:
        """End."""
        assert timeout_s > 0
        self._notes.append(f"stop {self._name}")

    def publish(self, topic: str, _payload: bytes, _qos: int | None, _retain: bool) -> None:
        """Note the topic."""
        self._notes.append(f"publish {topic}")


@pytest.fixture
def notes() -> list[str]:
    """What was done, in order."""
    return []


@pytest.fixture
def switch(notes: list[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Connections]:
    """Return what brings connections to a configuration; those of ``failing`` cannot begin."""
    failing: dict[str, Exception | None] = {}

    def opener(name: str) -> Callable[[Config, Inside], Noted]:
        return lambda _config, _inside: Noted(notes, name, failing.get(name))

    for name in connections._OPENERS:
        monkeypatch.setitem(connections._OPENERS, name, opener(name))
    all_of_them = Connections(Inside(Desk(), Events(), Telemetry()))

    def to(raw: dict[str, Any], fails: str = "", error: Exception | None = TAKEN) -> Connections:
        failing.clear()
        failing[fails] = error
        config = parse_config(raw)
        all_of_them.switch(all_of_them.prepare(config), config)
        return all_of_them

    return to


def test_nothing_is_there_unless_it_is_wished(
    switch: Callable[..., Connections], notes: list[str]
) -> None:
    """The defaults open nothing."""
    switch({}).stop(time.monotonic() + 1)
    assert not notes


def test_only_what_changes_is_touched(switch: Callable[..., Connections], notes: list[str]) -> None:
    """A reload of other sections cuts nobody off."""
    switch({**WEB, **MQTT})
    assert sorted(notes) == ["start mqtt", "start web"]
    notes.clear()
    switch({**WEB, **MQTT, "logging": {"level": "debug"}})
    assert not notes
    switch({"web": "127.0.0.1:8081", **MQTT})
    assert notes == ["stop web", "start web"]
    notes.clear()
    switch(MQTT).stop(time.monotonic() + 1)
    assert notes == ["stop web", "stop mqtt"]


def test_what_cannot_begin_is_said_and_the_rest_goes_on(
    switch: Callable[..., Connections], notes: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    """A port that is taken makes no daemon deaf, and is tried again at the next reload."""
    switch({**WEB, **MQTT}, fails="web")
    assert "web: the address is taken; the daemon goes on without it" in caplog.text
    assert "start mqtt" in notes
    assert notes.count("stop web") == 1
    notes.clear()
    switch({**WEB, **MQTT})
    assert notes == ["start web"]


def test_an_error_that_is_not_foreseen_is_said_too(
    switch: Callable[..., Connections], notes: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever a way out raises when it begins or ends, the daemon goes on, and so does its end."""
    switch({**WEB, **MQTT}, fails="web", error=RuntimeError("can't start new thread"))
    assert "web: can't start new thread; the daemon goes on without it" in caplog.text
    running = switch({**WEB, **MQTT})
    for connection in running._running.values():
        connection.stop = lambda _timeout_s: 1 / 0  # type: ignore[assignment,method-assign]
    running.stop(time.monotonic() + 1)
    assert caplog.text.count("an error at its end") == 2
    assert not running._running


def test_messages_go_to_the_broker_of_now(
    switch: Callable[..., Connections], notes: list[str]
) -> None:
    """Without one an action fails with what to do."""
    switch(MQTT).publish("lamp", b"on", None, False)
    assert "publish lamp" in notes
    with pytest.raises(ActionError, match=r"lamp: there is no broker; set mqtt\.host"):
        switch({}).publish("lamp", b"on", None, False)


def test_check_tells_what_cannot_be_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A missing extra and a missing file are told before the daemon is started, with what to do."""
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    config = tmp_path / "config.yaml"
    config.write_text(
        "audio: {source: 'pcm:-'}\n"
        "prometheus: 127.0.0.1:9740\n"
        f"mqtt: {{host: broker, username: u, password_from: {tmp_path}/none}}\n"
    )
    assert main(["check", "--config", str(config)]) == 1
    said = capsys.readouterr().out
    assert "pip install 'edge-daemon[prometheus]'" in said
    assert f"{tmp_path}/none: cannot be read" in said
    assert len(said.splitlines()) == 2
