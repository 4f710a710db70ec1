"""The real daemon at a real broker: words go out, commands come in, its end is told."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from tests.integration.broker import Broker, Observer, needs_mosquitto
from tests.integration.command_line import DEMO, ROOT, Pipe, edge_daemon, silence
from tests.integration.mqtt_device import BASE, DISCOVERY
from tests.integration.service import Service
from tests.ports import free_port
from tests.tone_words import TONE_SPEC, tone_word, write_tone_model

pytestmark = needs_mosquitto
EXAMPLES = ROOT / "config" / "examples"
LOW = np.concatenate([silence(1.0), tone_word("low"), silence(1.5)])


class Home:
    """A folder with a daemon that hears ``low`` and ``high``, and a broker."""

    def __init__(self, folder: Path, broker: Broker) -> None:
        self.folder = folder
        self.config = folder / "config.yaml"
        self.pipe = Pipe(folder / "audio.fifo")
        self._port = broker.port
        write_tone_model(folder / "tones.onnx")
        self.write()

    def write(self, **sections: object) -> None:
        """Write the configuration."""
        usual: dict[str, object] = {
            "audio": {"source": f"pcm:{self.folder}/audio.fifo"},
            "model": {"path": str(self.folder / "tones.onnx")},
            "control": {"path": str(self.folder / "control.sock")},
            "telemetry": {"interval_s": 0.5, "sensors_s": 0},
            "mqtt": {"host": "127.0.0.1", "port": self._port, "name": "kitchen"},
        }
        self.config.write_text(yaml.safe_dump({**usual, **sections}))

    def run(self) -> Service:
        """Start the daemon."""
        return Service(
            self.config, self.folder, env={"STATE_DIRECTORY": str(self.folder / "state")}
        )


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """A broker for everybody."""
    with Broker(tmp_path) as started:
        yield started


@pytest.fixture
def home(tmp_path: Path, broker: Broker) -> Iterator[Home]:
    """A daemon and a broker that belong together."""
    (tmp_path / "state").mkdir()
    made = Home(tmp_path, broker)
    yield made
    made.pipe.close()


def _is_state(**values: object) -> Any:
    return lambda got: values.items() <= got.json.items()


def test_word_commands_and_goodbye(home: Home, broker: Broker) -> None:
    """A word that is said arrives, commands do the same as at the socket, the end is told."""
    with Observer(broker.port) as observer, home.run() as daemon:
        observer.wait_for(f"{BASE}/availability", lambda x: x.payload == b"online")
        home.pipe.wait_for_reader()
        home.pipe.write(LOW)
        heard = observer.wait_for(f"{BASE}/detections/low")
        assert heard.json["event_type"] == "heard"
        assert heard.json["score"] > 0.7
        for command, payload, expected in (
            ("threshold/high", "0.9", {"thresholds": {"low": 0.7, "high": 0.9}}),
            ("mute", "ON", {"muted": True, "condition": "muted"}),
            ("mute", "OFF", {"muted": False, "condition": "listening"}),
        ):
            observer.publish(f"{BASE}/command/{command}", payload)
            home.pipe.write(silence(0.2))
            observer.wait_for(f"{BASE}/state", _is_state(**expected))
        observer.publish(f"{BASE}/command/trigger", "high")
        triggered = observer.wait_for(f"{BASE}/detections/high").json
        assert triggered["event_type"] == "triggered"
        observer.publish(f"{BASE}/command/false_alarm", "PRESS")
        counted = observer.wait_for(f"{BASE}/telemetry", _is_state(n_false_alarms=1)).json
        assert (counted["n_heard"], counted["n_triggered"]) == (1, 1)
        assert daemon.stop() == 0
        observer.wait_for(f"{BASE}/availability", lambda x: x.payload == b"offline")
        assert_as_documented(observer)


@pytest.mark.heavy
def test_last_will(home: Home, broker: Broker) -> None:
    """A daemon that is killed is told to be offline by the broker."""
    with Observer(broker.port) as observer, home.run() as daemon:
        observer.wait_for(f"{BASE}/availability", lambda x: x.payload == b"online")
        daemon.stop(signal.SIGKILL)
        observer.wait_for(f"{BASE}/availability", lambda x: x.payload == b"offline")
        with Observer(broker.port) as late:
            assert late.wait_for(f"{BASE}/availability").payload == b"offline"


@pytest.mark.heavy
def test_reload(home: Home, broker: Broker) -> None:
    """A reload to a model with another word: the one that went is removed, the new one appears."""
    labels = ("low", "left", "unknown", "silence")
    spec = replace(TONE_SPEC, labels=labels, thresholds={"low": 0.7, "left": 0.7})
    with Observer(broker.port) as observer, home.run() as daemon:
        observer.wait_for(DISCOVERY)
        home.pipe.wait_for_reader()
        write_tone_model(home.folder / "other.onnx", spec)
        home.write(model={"path": str(home.folder / "other.onnx")})
        since = observer.mark()
        observer.publish(f"{BASE}/command/reload", "")
        home.pipe.write(silence(0.5))
        daemon.wait_for("the configuration was read again")
        components = observer.wait_for(DISCOVERY, since=since).json["components"]
        assert components["heard_high"] == {"platform": "event"}
        assert components["heard_left"]["state_topic"] == f"{BASE}/detections/left"
        observer.wait_for(f"{BASE}/answer", lambda x: x.json["command"] == "reload")
        assert daemon.stop() == 0


@pytest.mark.heavy
def test_reload_to_another_broker(home: Home, broker: Broker, tmp_path: Path) -> None:
    """A reload may name another broker: the first is told goodbye, the second all there is."""
    with (
        Broker(tmp_path) as second,
        Observer(broker.port) as at_first,
        Observer(second.port) as at_second,
        home.run() as daemon,
    ):
        at_first.wait_for(f"{BASE}/availability", lambda x: x.payload == b"online")
        home.pipe.wait_for_reader()
        mqtt = {"host": "127.0.0.1", "port": second.port, "name": "kitchen"}
        home.write(mqtt=mqtt, actions=[{"say": "low", "mqtt": {"topic": "lamp"}}])
        daemon.process.send_signal(signal.SIGHUP)
        home.pipe.write(silence(0.5))
        at_first.wait_for(f"{BASE}/availability", lambda x: x.payload == b"offline")
        at_second.wait_for(f"{BASE}/state")
        at_second.publish(f"{BASE}/command/trigger", "low")
        home.pipe.write(silence(0.5))
        assert at_second.wait_for("lamp").json["label"] == "low"
        assert daemon.stop() == 0


@pytest.mark.heavy
def test_unreachable_broker_costs_no_word(home: Home) -> None:
    """Without its broker the daemon listens, and ends in time."""
    home.write(mqtt={"host": "127.0.0.1", "port": free_port()})
    with home.run() as daemon:
        home.pipe.wait_for_reader()
        home.pipe.write(LOW)
        daemon.wait_for("heard 'low'")
        assert "_ssl" in Path(f"/proc/{daemon.pid}/maps").read_text()  # else the next test is void
        assert len([x for x in daemon.lines() if "mqtt: " in x.text and "refused" in x.text]) <= 1
        assert daemon.stop() == 0


@pytest.mark.heavy
def test_nothing_is_loaded_without_it(home: Home) -> None:
    """Without mqtt.host neither paho-mqtt nor our own part of it is loaded."""
    home.write(mqtt={})
    with home.run() as daemon:
        home.pipe.wait_for_reader()
        daemon.wait_for("listening to")
        maps = Path(f"/proc/{daemon.pid}/maps").read_text()
        assert daemon.stop() == 0
    assert "_ssl" not in maps


@pytest.mark.heavy
def test_example(tmp_path: Path, broker: Broker) -> None:
    """The ready configuration switches its lamps as the words of the demo clip say."""
    text = (EXAMPLES / "lights-by-mqtt.yaml").read_text()
    config = tmp_path / "lights.yaml"
    config.write_text(text.replace("host: 127.0.0.1 ", f"host: 127.0.0.1\n  port: {broker.port} #"))
    source = ("--source", f"wav:{DEMO}", "--pace", "fast")
    with Observer(broker.port) as observer:
        done = edge_daemon(
            "run", "--config", config, *source, env={"XDG_STATE_HOME": str(tmp_path)}
        )
        assert done.returncode == 0, done.stderr
        observer.wait_for(f"{BASE}/availability", lambda x: x.payload == b"offline")
        told = [x.payload for x in observer.got if x.topic == "zigbee2mqtt/kitchen/set"]
    assert b'{"state": "ON"}' in told
    assert b'{"brightness_step": -50}' in told


def _documented() -> dict[str, dict[str, Any]]:
    """Return the examples of docs/mqtt.md by the topic that the heading above each names."""
    text = (ROOT / "docs" / "mqtt.md").read_text()
    found = re.findall(r"^### `([^`]+)`.*?^```json\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return {topic: json.loads(example) for topic, example in found}


def _kind(value: object) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return "number" if is_number else type(value).__name__


def assert_as_documented(observer: Observer) -> None:
    """Hold what was sent last at each topic to the example in the documentation."""
    examples = _documented()
    assert len(examples) == 4
    for topic, example in examples.items():
        sent = [x.json for x in observer.got if x.topic.startswith(topic.removesuffix("/on"))]
        assert sent, f"nothing at {topic}"
        told = sent[-1]
        if topic.endswith("telemetry"):  # which leaves out what is not known
            example = {key: x for key, x in example.items() if key in told}  # noqa: PLW2901
        assert list(told) == list(example), topic
        kinds = {(_kind(told[key]), _kind(x)) for key, x in example.items()}
        assert all(a == b or "NoneType" in (a, b) for a, b in kinds), topic
