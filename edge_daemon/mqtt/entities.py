"""The entities of the device in Home Assistant.

Source: https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery and the pages of the
platforms beside it.
"""

from __future__ import annotations

import json
import re
import typing
import zlib
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

from edge_daemon.events import Condition
from edge_daemon.mqtt.commands import OFF, ON
from edge_daemon.mqtt.payloads import HEARD, TRIGGERED
from edge_daemon.mqtt.topics import Topics

Entity: TypeAlias = dict[str, Any]

_TEMPLATE_SIGNS = {ord(sign): f"\\u{ord(sign):04x}" for sign in "{}%#"}


class _Sensor(NamedTuple):
    """An entity that shows a figure of the telemetry."""

    name: str
    figure: str
    unit: str | None = None
    device_class: str | None = None
    is_count: bool = False
    scale: str = ""
    digits: int | None = None


_SENSORS = {
    "latency": _Sensor("Latency p95", "latency_p95_ms", "ms", "duration", digits=1),
    "power": _Sensor("Power", "watts", "W", "power", digits=2),
    "cpu": _Sensor("CPU", "cpu_share", "%", scale=" * 100", digits=1),
    "temperature": _Sensor("Temperature", "temperature_c", "°C", "temperature", digits=1),
    "memory": _Sensor("Memory", "rss_bytes", "B", "data_size"),
    "false_alarms": _Sensor("False alarms", "n_false_alarms", is_count=True),
    "unanswered": _Sensor("Unanswered wake words", "n_unanswered", is_count=True),
    "dropped": _Sensor("Dropped samples", "dropped_samples", is_count=True),
}


def entities(topics: Topics, words: Sequence[str], commands: bool) -> dict[str, Entity]:
    """Return each entity by its key, which does not depend on the others."""
    found = {"condition": _condition(topics)}
    found |= {key: _sensor(topics, sensor) for key, sensor in _SENSORS.items()}
    found |= {f"heard_{_key(word)}": _event(topics, word) for word in words}
    if commands:
        found["mute"] = _mute_switch(topics)
        found["reload"] = _button(topics, "Reload configuration", "reload", "mdi:reload")
        found["false_alarm"] = _button(topics, "False alarm", "false_alarm", "mdi:bell-cancel")
        found |= {f"threshold_{_key(word)}": _threshold(topics, word) for word in words}
    return found


def _event(topics: Topics, word: str) -> Entity:
    return {
        "platform": "event",
        "name": word,
        "state_topic": topics.detections(word),
        "event_types": [HEARD, TRIGGERED],
        "icon": "mdi:account-voice",
    }


def _condition(topics: Topics) -> Entity:
    return {
        "platform": "sensor",
        "name": "Condition",
        "state_topic": topics.state,
        "value_template": "{{ value_json.condition }}",
        "device_class": "enum",
        "options": list(typing.get_args(Condition)),
        "entity_category": "diagnostic",
    }


def _sensor(topics: Topics, sensor: _Sensor) -> Entity:
    figure = f"value_json.{sensor.figure}"
    known = f"{{{{ {figure}{sensor.scale} if {figure} is defined else None }}}}"
    return {
        "platform": "sensor",
        "name": sensor.name,
        "state_topic": topics.telemetry,
        "value_template": known,
        "state_class": "total_increasing" if sensor.is_count else "measurement",
        "entity_category": "diagnostic",
        **_given(
            unit_of_measurement=sensor.unit,
            device_class=sensor.device_class,
            suggested_display_precision=sensor.digits,
        ),
    }


def _mute_switch(topics: Topics) -> Entity:
    return {
        "platform": "switch",
        "name": "Mute",
        "state_topic": topics.state,
        "value_template": f"{{{{ '{ON}' if value_json.muted else '{OFF}' }}}}",
        "command_topic": topics.command("mute"),
        "payload_on": ON,
        "payload_off": OFF,
        "icon": "mdi:microphone-off",
    }


def _threshold(topics: Topics, word: str) -> Entity:
    return {
        "platform": "number",
        "name": f"Threshold {word}",
        "state_topic": topics.state,
        "value_template": f"{{{{ value_json.thresholds[{_quoted(word)}] }}}}",
        "command_topic": topics.command("threshold", word),
        "min": 0.01,
        "max": 1,
        "step": 0.01,
        "mode": "slider",
        "entity_category": "config",
        "icon": "mdi:tune-vertical",
    }


def _button(topics: Topics, name: str, command: str, icon: str) -> Entity:
    return {
        "platform": "button",
        "name": name,
        "command_topic": topics.command(command),
        "entity_category": "config",
        "icon": icon,
    }


def _given(**values: object) -> Entity:
    return {key: value for key, value in values.items() if value is not None}


def _key(word: str) -> str:
    """Return a word as an id: letters, digits and _; what has others, told apart by a sum."""
    plain = re.sub(r"[^A-Za-z0-9]+", "_", word)
    return plain if plain == word else f"{plain}_{zlib.crc32(word.encode()):08x}"


def _quoted(word: str) -> str:
    """Return a word as text in a template, without anything that templates go by."""
    return json.dumps(word).translate(_TEMPLATE_SIGNS)
