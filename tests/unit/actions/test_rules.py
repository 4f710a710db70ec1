"""Which action answers which detection."""

from __future__ import annotations

import pytest

from edge_daemon.actions import Rule, build_actions
from edge_daemon.actions.recording import RecordingAction
from edge_daemon.config import parse_config
from edge_daemon.errors import ConfigError
from edge_daemon.types import Detection


@pytest.mark.parametrize(
    ("say", "after", "answers"),
    [
        ("on", None, True),
        ("*", None, True),
        ("on", "light", True),
        ("off", None, False),
        ("on", "radio", False),
        ("light", None, False),
    ],
)
def test_matching(say: str, after: str | None, answers: bool) -> None:
    """A rule answers its word, or every word, and if it has a wake word only after that."""
    rule = Rule("rule", say, after, RecordingAction())
    assert rule.matches(Detection("on", 0.9, 1.0, after="light")) is answers


def test_rule_with_wake_word_needs_it() -> None:
    """A rule with a wake word does not answer the word alone."""
    rule = Rule("rule", "on", "light", RecordingAction())
    assert not rule.matches(Detection("on", 0.9, 1.0))


def test_build_names_every_action() -> None:
    """Each entry becomes a rule named after its place and kind."""
    config = parse_config(
        {
            "actions": [
                {"say": "yes", "command": ["true"]},
                {"say": "on", "after": "light", "webhook": "http://127.0.0.1/"},
                {"say": "*", "log": {}},
            ]
        }
    )
    rules = build_actions(config.actions)
    names = [rule.name for rule in rules]
    assert names == ["actions[0] command", "actions[1] webhook", "actions[2] log"]
    assert (rules[1].say, rules[1].after) == ("on", "light")


def test_every_problem_at_once() -> None:
    """Addresses and headers that HTTP cannot carry are all reported, each with its place."""
    actions = [
        {"say": "yes", "webhook": webhook}
        for webhook in (
            "http://host:99999/",
            "http://host/",
            {"url": "http://host/", "headers": {"X-Token": "a\r\nEvil: yes"}},
            "http://:80/",
            f"http://{'a' * 64}.example/",
        )
    ]
    with pytest.raises(ConfigError) as caught:
        build_actions(parse_config({"actions": actions}).actions)
    assert [p.split(":")[0] for p in caught.value.problems] == [
        "actions[0].webhook",
        "actions[2].webhook",
        "actions[3].webhook",
        "actions[4].webhook",
    ]
    assert "Evil" not in str(caught.value)
