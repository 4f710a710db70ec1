"""The JSON of the topics."""

from __future__ import annotations

import json

from edge_daemon.control import Answer
from edge_daemon.events import Heard, Summary
from edge_daemon.mqtt import payloads
from edge_daemon.telemetry import Telemetry
from tests.integration.mqtt_device import state_of


def test_triggered_word() -> None:
    """A word that nobody said is told apart from one that was heard."""
    told = json.loads(payloads.detection(Heard(label="on", score=1.0, time_s=2.0, triggered=True)))
    assert (told["event_type"], "triggered" in told, "event" in told) == ("triggered", False, False)


def test_mute_has_an_end() -> None:
    """A time that is left becomes a time of the clock: what is retained is read later."""
    told = json.loads(payloads.state(state_of(at=1000.0, muted=True, muted_left_s=60.0)))
    assert (told["muted_until"], "muted_left_s" in told) == (1060.0, False)


def test_bytes_that_are_no_text() -> None:
    """The name of a file need not be text; the message is."""
    told = json.loads(payloads.state(state_of(source="wav:/tmp/\udcff")))
    assert told["source"] == "wav:/tmp/?"


def test_telemetry() -> None:
    """The figures have the names of the log of records, in a size for every minute."""
    payload = payloads.telemetry(Summary(figures=dict(Telemetry().snapshot())), 3)
    told = json.loads(payload)
    assert told["messages_dropped"] == 3
    assert {"at", "uptime_s", "cpu_share", "rss_bytes", "n_heard", "dropped_samples"} <= told.keys()
    assert "kind" not in told
    assert len(payload) < 1000


def test_answer() -> None:
    """What became of a command is told with its name."""
    told = payloads.answer("mute", Answer(ok=False, problems=["no"], data={"secret": 1}))
    assert json.loads(told) == {"command": "mute", "ok": False, "problems": ["no"]}
