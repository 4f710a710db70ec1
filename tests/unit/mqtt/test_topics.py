"""The names of the topics."""

from __future__ import annotations

import re
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_daemon.config import MqttConfig
from edge_daemon.mqtt.topics import Topics

WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(WORDS)
def test_word_in_a_topic(word: str) -> None:
    """Any word is one level that may be published to, and is read as the same word."""
    topics = Topics(MqttConfig(host="broker", name="kitchen"))
    command = topics.command("threshold", word)
    assert command.count("/") == 4
    assert not set("+#\0") & set(command)
    assert topics.command_of(command) == ("threshold", word)
    assert topics.detections(word).startswith("edge-daemon/kitchen/detections/")


def test_words_look_as_they_are() -> None:
    """Words of letters and spaces stand in a topic as they are said."""
    topics = Topics(MqttConfig(host="broker", name="kitchen"))
    assert topics.detections("smart mirror") == "edge-daemon/kitchen/detections/smart mirror"
    assert topics.detections("grün") == "edge-daemon/kitchen/detections/grün"


@pytest.mark.parametrize(
    ("host", "name"),
    [("pi-2", "pi-2"), ("pi.local", "pi_local"), ("", "unnamed"), ("büro", "b_ro")],
)
def test_host_gives_the_name(monkeypatch: pytest.MonkeyPatch, host: str, name: str) -> None:
    """Without mqtt.name it is the host's, with nothing that topics and ids may not have."""
    monkeypatch.setattr(socket, "gethostname", lambda: host)
    topics = Topics(MqttConfig(host="broker", topic="home/voice"))
    assert topics.state == f"home/voice/{name}/state"
    assert re.fullmatch(r"homeassistant/device/[A-Za-z0-9_-]+/config", str(topics.discovery))


def test_no_discovery() -> None:
    """With discovery: null there are no topics of Home Assistant's."""
    topics = Topics(MqttConfig(host="broker", discovery=None))
    assert (topics.discovery, topics.birth) == (None, None)
