"""Wake words and sequences, and what else of a configuration shows only beside a model."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from edge_daemon.config.guess import did_you_mean
from edge_daemon.config.schema import ANY_WORD, Config, WordConfig
from edge_daemon.types import ModelSpec


class Sequence(Struct, frozen=True, kw_only=True):
    """The word ``say`` counts as said after the wake word ``after`` within ``within_ms``."""

    after: str
    say: str
    within_ms: int
    is_needed: bool = False
    """``say`` fires in its sequences only, and not alone; the same in all sequences of a word."""


def sequences(config: Config, spec: ModelSpec) -> tuple[Sequence, ...]:
    """Return each pair of wake word and word that follows it, once.

    A word follows those that its own ``after`` names, else the wake words. An action adds its
    pair; its own ``within_ms`` goes before the default, whoever else names the pair.
    """
    needs_one = {word for word in spec.words if _needs_wake_word(config, spec, word)}
    pairs = [(wake, word) for word in spec.words for wake in _followed(config, spec, word)]
    pairs += [(a.after, a.say) for a in config.actions if a.after is not None]
    explicit = {pair: within_ms for _, pair, within_ms in config.explicit_within_ms()}
    default = config.decision.within_ms
    return tuple(
        Sequence(
            after=after,
            say=say,
            within_ms=explicit.get((after, say), default),
            is_needed=say in needs_one,
        )
        for after, say in dict.fromkeys(pairs)
    )


def _wake_words(config: Config, spec: ModelSpec) -> tuple[str, ...]:
    chosen = config.decision.wake_words
    return spec.wake_words if chosen is None else tuple(chosen)


def _own_after(config: Config, word: str) -> list[str] | None:
    return config.decision.words.get(word, WordConfig()).wake_words


def _followed(config: Config, spec: ModelSpec, word: str) -> tuple[str, ...]:
    """Return the words that this one may follow; one that may be said alone follows them too."""
    wake_words = _wake_words(config, spec)
    default = () if word in wake_words else wake_words
    return tuple(_own_after(config, word) or default)


def _needs_wake_word(config: Config, spec: ModelSpec, word: str) -> bool:
    own = _own_after(config, word)
    if own is not None:
        return bool(own)
    # Who names a word in an `after` wants it to be heard first. If that word needed a wake word
    # itself, "go … left" would be deaf as soon as a model brings wake words of its own.
    first = {*_wake_words(config, spec), *(wake for _, wake in _after_named(config))}
    return bool(_wake_words(config, spec)) and word not in first


def problems_with_model(config: Config, spec: ModelSpec) -> list[str]:
    """Return a line for each place that cannot be what was meant with this model.

    These are words that the model lacks, words that could never fire, and settings of a word
    alone that does not fire alone.
    """
    return [
        *_missing_words(config, spec),
        *_words_that_never_fire(config, spec),
        *_settings_without_effect(config, spec),
    ]


def _missing_words(config: Config, spec: ModelSpec) -> list[str]:
    return [
        f"{where}: the model has no word {word!r}{did_you_mean(word, spec.words)}; "
        f"it has {', '.join(spec.words)}"
        for where, word in _words_named(config)
        if word not in spec.words
    ]


def _words_named(config: Config) -> Iterator[tuple[str, str]]:
    """Yield (place, word) for every word in the configuration."""
    yield from (("decision.wake_words", word) for word in config.decision.wake_words or ())
    yield from ((f"decision.words.{word}", word) for word in config.decision.words)
    for i, action in enumerate(config.actions):
        if action.say != ANY_WORD:
            yield f"actions[{i}].say", action.say
    yield from _after_named(config)


def _after_named(config: Config) -> Iterator[tuple[str, str]]:
    """Yield (place, word) for every word that an ``after`` names."""
    for word, settings in config.decision.words.items():
        yield from ((f"decision.words.{word}.after", wake) for wake in settings.wake_words or ())
    for i, action in enumerate(config.actions):
        if action.after is not None:
            yield f"actions[{i}].after", action.after


def _words_that_never_fire(config: Config, spec: ModelSpec) -> list[str]:
    """Find the words that wait for each other, or for themselves."""
    needed: dict[str, set[str]] = {}
    for sequence in sequences(config, spec):
        if sequence.is_needed:
            needed.setdefault(sequence.say, set()).add(sequence.after)
    deaf = set(needed)
    while fire := {word for word in deaf if needed[word] - deaf}:
        deaf -= fire
    return [
        f"decision.words.{word}.after: {word!r} can never fire: it waits for "
        f"{' or '.join(sorted(needed[word]))}, which cannot fire before it"
        for word in config.decision.words
        if word in deaf and _own_after(config, word)
    ]


def _settings_without_effect(config: Config, spec: ModelSpec) -> list[str]:
    """Find what is set for a word alone where the wake words keep it from firing alone."""
    problems = []
    for word, settings in config.decision.words.items():
        if not _needs_wake_word(config, spec, word):
            continue
        only = f"{word!r} fires only after {', '.join(_followed(config, spec, word))}"
        if settings.isolate_ms:
            problems.append(
                f"decision.words.{word}.isolate_ms: is for a word that is said alone, and {only}; "
                "with `after: []` it fires alone too"
            )
        if settings.threshold is not None and _is_overruled(config, spec, word):
            problems.append(
                f"decision.words.{word}.threshold: is for a word that is said alone, and {only}; "
                "set threshold_after, or `after: []`"
            )
    return problems


def _is_overruled(config: Config, spec: ModelSpec, word: str) -> bool:
    """Tell whether a threshold nobody set for this word goes before the word's own for alone."""
    # both set is what a configuration for either mode looks like, and is fine
    has_own = config.decision.words[word].threshold_after is not None
    return not has_own and (
        config.decision.threshold_after is not None or word in spec.thresholds_after
    )
