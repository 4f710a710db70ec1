"""What Home Assistant demands of a device's announcement, written down from its documentation.

Sources: https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload and the pages of
the platforms beside it (event.mqtt, sensor.mqtt, switch.mqtt, number.mqtt, button.mqtt).
"""

from __future__ import annotations

import re
from typing import Any

ROOT_KEYS = {
    "device", "origin", "components", "availability", "availability_mode", "availability_template",
    "availability_topic", "payload_available", "payload_not_available", "state_topic",
    "command_topic", "qos", "encoding",
}  # fmt: skip
DEVICE_KEYS = {
    "identifiers", "connections", "manufacturer", "model", "model_id", "name", "hw_version",
    "serial_number", "sw_version", "via_device", "suggested_area", "configuration_url",
}  # fmt: skip
_COMMON = {"platform", "unique_id", "name", "icon", "entity_category", "enabled_by_default"}
REQUIRED = {
    "event": {"state_topic", "event_types"},
    "sensor": {"state_topic"},
    "switch": {"command_topic"},
    "number": {"command_topic"},
    "button": {"command_topic"},
}
OPTIONAL = {
    "event": {"value_template", "device_class", "qos"},
    "sensor": {
        "value_template", "device_class", "unit_of_measurement", "state_class", "options",
        "expire_after", "force_update", "suggested_display_precision", "qos",
    },
    "switch": {"state_topic", "value_template", "payload_on", "payload_off", "device_class", "qos"},
    "number": {
        "state_topic", "value_template", "command_template", "min", "max", "step", "mode",
        "unit_of_measurement", "device_class", "qos",
    },
    "button": {"payload_press", "device_class", "qos"},
}  # fmt: skip
CATEGORIES = {"event": set(), "sensor": {"diagnostic"}}
"""An entity that cannot be changed is no ``config``."""
UNITS = {
    "duration": {"d", "h", "min", "s", "ms", "µs"},
    "power": {"mW", "W", "kW", "MW", "GW", "TW"},
    "temperature": {"°C", "°F", "K"},
    "data_size": {"bit", "B", "kB", "MB", "GB", "KiB", "MiB", "GiB"},
}
_ID = re.compile(r"[a-zA-Z0-9_-]+")


def problems_of(topic: str, announced: dict[str, Any]) -> list[str]:
    """Return what Home Assistant would not take; empty when all is well."""
    _prefix, kind, object_id, last = topic.split("/")
    found = []
    if (kind, last) != ("device", "config") or not _ID.fullmatch(object_id):
        found.append(f"topic {topic}")
    found += [f"unknown key {key}" for key in announced.keys() - ROOT_KEYS]
    device, origin = announced["device"], announced["origin"]
    found += [f"unknown key device.{key}" for key in device.keys() - DEVICE_KEYS]
    if not device.get("identifiers") and not device.get("connections"):
        found.append("the device has nothing to know it by")
    if not origin.get("name") or origin.keys() - {"name", "sw_version", "support_url"}:
        found.append(f"origin {origin}")
    ids = [x["unique_id"] for x in announced["components"].values() if len(x) > 1]
    if len(ids) != len(set(ids)):
        found.append("one unique_id for two entities")
    for key, component in announced["components"].items():
        found += [f"{key}: {problem}" for problem in _problems_of_component(component)]
    return found


def _problems_of_component(component: dict[str, Any]) -> list[str]:
    platform = component.get("platform", "")
    if platform not in REQUIRED:
        return [f"platform {platform!r}"]
    if len(component) == 1:
        return []  # it is removed
    required = REQUIRED[platform] | {"unique_id"}
    found = [f"no {key}" for key in required - component.keys()]
    known = required | OPTIONAL[platform] | _COMMON
    found += [f"unknown key {key}" for key in component.keys() - known]
    allowed = CATEGORIES.get(platform, {"config", "diagnostic"})
    if component.get("entity_category") not in {None, *allowed}:
        found.append(f"entity_category {component['entity_category']}")
    found += [
        f"{key} {component[key]!r} is no topic"
        for key in ("state_topic", "command_topic")
        if not _is_topic(component.get(key, "topic"))
    ]
    return found + (_problems_of_sensor(component) if platform == "sensor" else [])


def _is_topic(text: str) -> bool:
    return 0 < len(text.encode()) <= 65535 and not set("+#\0") & set(text)


def _problems_of_sensor(sensor: dict[str, Any]) -> list[str]:
    kind, unit = sensor.get("device_class"), sensor.get("unit_of_measurement")
    if kind == "enum":
        forbidden = {"state_class", "unit_of_measurement"} & sensor.keys()
        return [f"an enum with {key}" for key in forbidden] + (
            [] if sensor["options"] else ["none"]
        )
    if "options" in sensor:
        return ["options without enum"]
    if kind is not None and unit not in UNITS[kind]:
        return [f"unit {unit} of a {kind}"]
    if sensor.get("state_class") not in {None, "measurement", "total", "total_increasing"}:
        return [f"state_class {sensor['state_class']}"]
    return []
