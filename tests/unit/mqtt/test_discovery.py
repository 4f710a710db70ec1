"""What Home Assistant is told of the device."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_daemon.config import MqttConfig
from edge_daemon.events import Summary, as_json
from edge_daemon.mqtt import payloads
from edge_daemon.mqtt.discovery import announcement, platforms, platforms_in, with_removed
from edge_daemon.mqtt.topics import Topics
from edge_daemon.telemetry import Telemetry
from tests.integration.mqtt_device import state_of
from tests.unit.mqtt.home_assistant import problems_of

TOPICS = Topics(MqttConfig(host="broker", name="kitchen"))
WORDS = st.lists(st.text(min_size=1, max_size=10), unique=True, max_size=4)
ODD = [
    "on!",
    "on?",
    "On",
    "on",
    "go on",
    "{{ word }}",
    "{% if %}",
    'a"b',
    "a'b",
    "a\\b",
    "grün",
    "#",
]


def announced(*words: str, commands: bool = True) -> dict[str, Any]:
    """Return what is announced for these words, as it comes out of JSON."""
    told = announcement(TOPICS, "demo", words, 1, commands)
    return dict(json.loads(as_json(told)))


@pytest.mark.parametrize("commands", [True, False])
def test_home_assistant_takes_it(commands: bool) -> None:
    """It holds to what Home Assistant's documentation demands."""
    told = announced("stop", "smart mirror", *ODD, commands=commands)
    assert problems_of(str(TOPICS.discovery), told) == []


@settings(max_examples=30)
@given(WORDS)
def test_any_words(words: list[str]) -> None:
    """Whatever the words are, each has an entity of its own."""
    told = announced(*words)
    assert problems_of(str(TOPICS.discovery), told) == []
    assert sum(x["platform"] == "event" for x in told["components"].values()) == len(words)


def test_all_that_was_promised() -> None:
    """An event and a threshold a word, a switch, buttons, and the figures."""
    components = announced("stop")["components"]
    assert {key: x["platform"] for key, x in components.items()} == {
        "condition": "sensor", "latency": "sensor", "power": "sensor", "cpu": "sensor",
        "temperature": "sensor", "memory": "sensor", "false_alarms": "sensor",
        "unanswered": "sensor", "dropped": "sensor", "heard_stop": "event", "mute": "switch",
        "reload": "button", "false_alarm": "button", "threshold_stop": "number",
    }  # fmt: skip


def test_each_entity_has_the_qos() -> None:
    """Older versions of Home Assistant do not take over the device's."""
    components = announced("stop")["components"]
    assert {key: x.get("qos") for key, x in components.items()} == dict.fromkeys(components, 1)


def test_keys_stay() -> None:
    """What a word is known by there does not depend on the other words."""
    alone, among = (
        announced("go on")["components"],
        announced("stop", "go on", "left")["components"],
    )
    assert alone.items() <= among.items()


def rendered(template: str, payload: bytes) -> str:
    """Render a template as Home Assistant does with a message."""
    jinja2 = pytest.importorskip("jinja2", reason="renders templates as Home Assistant does")
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)
    return str(environment.from_string(template).render(value_json=json.loads(payload)))


@pytest.mark.parametrize("word", ODD)
def test_threshold_template(word: str) -> None:
    """The threshold of a word is found in the state, whatever signs the word has."""
    state = payloads.state(state_of([word], thresholds={word: 0.625}))
    (number,) = (x for x in announced(word)["components"].values() if x["platform"] == "number")
    assert rendered(number["value_template"], state) == "0.625"


@pytest.mark.parametrize(("muted", "shown"), [(True, "ON"), (False, "OFF")])
def test_mute_template(muted: bool, shown: str) -> None:
    """The switch shows what the state says."""
    switch = announced()["components"]["mute"]
    assert rendered(switch["value_template"], payloads.state(state_of(muted=muted))) == shown


def test_sensor_templates() -> None:
    """Each sensor shows its figure, and that it is unknown where there is none."""
    telemetry = Telemetry()
    telemetry.latency.add(0.002)
    figures = payloads.telemetry(Summary(figures=dict(telemetry.snapshot())), 0)
    components = announced()["components"]
    shown = {
        key: rendered(x["value_template"], figures)
        for key, x in components.items()
        if x["state_topic" if "state_topic" in x else "name"] == TOPICS.telemetry
    }
    assert {key for key, text in shown.items() if text == "None"} == {"power", "temperature"}
    assert float(shown["latency"]) == pytest.approx(2.0, rel=0.1)
    assert shown["false_alarms"] == shown["unanswered"] == shown["dropped"] == "0"


def test_removed() -> None:
    """What is gone is named by its platform alone, and is no entity any more."""
    told = with_removed(announced("stop"), {"heard_left": "event"})
    assert told["components"]["heard_left"] == {"platform": "event"}
    assert problems_of(str(TOPICS.discovery), told) == []
    assert platforms(told) == platforms(announced("stop"))


@pytest.mark.parametrize(
    "value", [None, [], {}, {"components": 3}, {"components": {"a": {"b": 1}}}]
)
def test_what_others_announce(value: object) -> None:
    """What anybody else has left in its place is no trouble."""
    assert platforms_in(json.dumps(value).encode()) == {}


@settings(max_examples=30)
@given(st.binary(max_size=50))
def test_bytes_of_others(payload: bytes) -> None:
    """Nor are bytes that mean nothing."""
    assert platforms_in(payload) == {}
