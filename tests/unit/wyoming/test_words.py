"""Which words are offered, and which a client means."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge_daemon.config import Config, parse_config
from edge_daemon.errors import ConfigError
from edge_daemon.pipeline import Pipeline
from edge_daemon.wyoming.words import meant, offered_words, said_alone
from tests.tone_words import TONE_SPEC, WAKING_SPEC, tone_model, tone_word


def test_wake_words_are_offered() -> None:
    """Unless others are asked for, the wake words in force are offered; without any, all words."""
    assert offered_words(Config(), WAKING_SPEC, ()) == ("low",)
    assert offered_words(Config(), TONE_SPEC, ()) == ("low", "high")
    every = parse_config({"decision": {"wake_words": []}})
    configured = parse_config({"decision": {"wake_words": ["high"]}})
    assert offered_words(configured, WAKING_SPEC, ()) == ("high",)
    assert offered_words(every, WAKING_SPEC, ()) == (
        "low",
        "high",
    )


def test_words_asked_for_are_offered() -> None:
    """Words that are asked for are offered in their order, each once."""
    assert offered_words(Config(), WAKING_SPEC, ["high", "low", "high"]) == ("high", "low")


def test_word_that_the_model_lacks() -> None:
    """A word that the model has not is refused with what it has."""
    with pytest.raises(ConfigError, match="no word 'hihg', did you mean 'high'") as raised:
        offered_words(Config(), WAKING_SPEC, ["low", "hihg"])
    assert "it has low, high" in str(raised.value)


def test_offered_word_needs_no_wake_word(tmp_path: Path) -> None:
    """A word that fires only after a wake word fires alone where it is offered, settings kept."""
    audio = np.concatenate(
        [np.zeros(16000, np.int16), tone_word("high"), np.zeros(16000, np.int16)]
    )
    model = tone_model(tmp_path / "tones.onnx", WAKING_SPEC)
    config = parse_config({"decision": {"words": {"high": {"refractory_ms": 5}}}})
    assert Pipeline(config, model).process(audio) == []
    alone = said_alone(config, ["high"])
    assert [d.label for d in Pipeline(alone, model).process(audio)] == ["high"]
    assert alone.decision.words["high"].refractory_ms == 5


def test_names_are_compared_as_the_other_service_does() -> None:
    """Case, underscores and blanks around a name do not count; others are told apart as unknown."""
    words, unknown = meant(["Smart_Mirror ", "alexa", "ok nabu"], ["smart mirror", "jarvis"])
    assert words == {"smart mirror"}
    assert unknown == ["alexa", "ok nabu"]
