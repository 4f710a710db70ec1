"""What Home Assistant is told, so that the device appears there by itself.

One retained message describes the device and its entities: device discovery, which Home Assistant
knows since its version 2024.11. An entity that has gone is named once more, with its platform and
nothing else, which removes it there.

Source: https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from edge_daemon import __version__
from edge_daemon.mqtt.entities import entities
from edge_daemon.mqtt.topics import Topics


def announcement(
    topics: Topics, model: str, words: Sequence[str], qos: int, commands: bool
) -> dict[str, Any]:
    """Return what describes the device and its entities, ready for JSON."""
    return {
        "device": {
            "identifiers": [topics.device_id],
            "name": topics.name,
            "manufacturer": "edge-daemon",
            "model": model,
            "sw_version": __version__,
        },
        "origin": {"name": "edge-daemon", "sw_version": __version__},
        "availability_topic": topics.availability,
        "components": {  # with its own qos each: not every version takes over that of the device
            key: {**entity, "unique_id": f"{topics.device_id}_{key}", "qos": qos}
            for key, entity in entities(topics, words, commands).items()
        },
    }


def with_removed(announced: Mapping[str, Any], gone: Mapping[str, str]) -> dict[str, Any]:
    """Return an announcement that removes entities: key and platform of each."""
    removals = {key: {"platform": platform} for key, platform in gone.items()}
    return {**announced, "components": {**announced["components"], **removals}}


def platforms(announced: Mapping[str, Any]) -> dict[str, str]:
    """Return the platform of each entity of an announcement by its key, without removed ones."""
    components = announced["components"]
    return {str(k): str(x["platform"]) for k, x in components.items() if len(x) > 1}


def platforms_in(payload: bytes) -> dict[str, str]:
    """Return the same of an announcement that anybody may have sent; of no such thing, none."""
    try:
        return platforms(json.loads(payload))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return {}
