"""Which words are offered, how a configuration lets them fire alone, and which a client means."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from edge_daemon.config import Config, WordConfig
from edge_daemon.config.guess import did_you_mean
from edge_daemon.errors import ConfigError
from edge_daemon.types import ModelSpec


def offered_words(config: Config, spec: ModelSpec, asked: Sequence[str]) -> tuple[str, ...]:
    """Return the words asked for, else the wake words, else all words of the model.

    Raises
    ------
    ConfigError
        The model has no such word.
    """
    problems = [
        f"--words: the model has no word {word!r}{did_you_mean(word, spec.words)}; "
        f"it has {', '.join(spec.words)}"
        for word in asked
        if word not in spec.words
    ]
    if problems:
        raise ConfigError(problems)
    configured = config.decision.wake_words
    wake_words = spec.wake_words if configured is None else tuple(configured)
    return tuple(dict.fromkeys(asked)) or wake_words or spec.words


def said_alone(config: Config, words: Iterable[str]) -> Config:
    """Return the configuration in which each of these words needs no wake word before it."""
    of_words = config.decision.words
    alone = {word: replace(of_words.get(word, WordConfig()), after=[]) for word in words}
    return replace(config, decision=replace(config.decision, words={**of_words, **alone}))


def meant(names: Iterable[str], offered: Iterable[str]) -> tuple[frozenset[str], list[str]]:
    """Return which of the words offered are named, and the names that are none of them.

    Names are compared as wyoming-openwakeword does: ``Smart_Mirror`` is ``smart mirror``.
    """
    known = {_plain(word): word for word in offered}
    named = {name: known.get(_plain(name)) for name in names}
    words = frozenset(word for word in named.values() if word is not None)
    return words, [name for name, word in named.items() if word is None]


def _plain(name: str) -> str:
    return name.lower().replace("_", " ").strip()
