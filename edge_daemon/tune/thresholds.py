"""The thresholds of all words of a model, in the modes in which each can be said."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from edge_daemon.config import Config, ConfirmConfig, WordConfig
from edge_daemon.errors import EdgeDaemonError
from edge_daemon.evaluate.det import Curve, curve_of
from edge_daemon.evaluate.evidence import Evidence, Sweeps
from edge_daemon.evaluate.listening import Listened, Listener
from edge_daemon.evaluate.matching import LATE_S
from edge_daemon.evaluate.material import Material, Stream
from edge_daemon.evaluate.modes import Modes
from edge_daemon.evaluate.passages import Passage
from edge_daemon.evaluate.tally import snr_name
from edge_daemon.model import KeywordModel
from edge_daemon.tune.operating_point import Choice, choose
from edge_daemon.tune.targets import ISOLATE_MS, Mode, Settings, Targets
from edge_daemon.types import ModelSpec

Watch = Callable[[Stream], Iterable[Passage]]


@dataclass
class Tuned:
    """What was found.

    choices : by word, then by mode
    hours : of each stream of negatives
    clips : of each word
    curves : for a plot, with the thresholds found
    """

    spec: ModelSpec
    targets: Targets
    noises: tuple[str, ...]
    """Ratios of speech to noise at which the words were said."""
    isolate_ms: dict[str, int]
    """Pause around each word that is said alone."""
    clips: dict[str, int]
    hours: dict[str, float]
    choices: dict[str, dict[Mode, Choice]] = field(default_factory=dict)
    curves: list[Curve] = field(default_factory=list)

    @property
    def thresholds(self) -> dict[str, float]:
        """For the model's metadata: of words that are said alone, and of wake words."""
        return self._found(("alone", "wake"))

    @property
    def thresholds_after(self) -> dict[str, float]:
        """For the model's metadata: of words that follow a wake word."""
        return self._found(("after",))

    def _found(self, modes: Sequence[Mode]) -> dict[str, float]:
        return {
            word: choice.threshold
            for word, by_mode in self.choices.items()
            for mode, choice in by_mode.items()
            if mode in modes and choice.threshold is not None
        }


def find_thresholds(
    model: KeywordModel,
    config: Config,
    material: Material,
    settings: Settings | None = None,
    watch: Watch = lambda stream: stream.passages,
) -> Tuned:
    """Find the thresholds of every word of the model that the material has clips of.

    Each word gets two, a wake word one: for being said alone, with a pause around it, and for
    being said right after a wake word, when no pause is needed; the false accepts of the latter
    are counted as if a wake word had just been said all the time.

    Parameters
    ----------
    model : KeywordModel
    config : Config
        Its decision section is in force, but for thresholds and confirmation; it says which
        words are wake words, where the model does not.
    material : Material
    settings : Settings, optional
        False accepts allowed, noise, pauses.
    watch : callable
        Shows progress.

    Raises
    ------
    ConfigError
        When the configuration does not fit the model.
    EdgeDaemonError
        When there is no audio in the negatives.
    """
    decision = replace(config.decision, confirm=ConfirmConfig())
    listener = Listener(model, replace(config, decision=decision))
    return _Tuner(listener, material, settings or Settings()).tune(watch)


class _Tuner:
    def __init__(self, listener: Listener, material: Material, settings: Settings) -> None:
        self._listener = listener
        self._material = material
        self._settings = settings
        wake_words = Modes.in_force(listener.config, listener.spec).wake_words
        said = [w for w in listener.spec.words if w in material.utterances.by_word]
        self._wake_words = [w for w in said if w in wake_words]
        self._words = [w for w in said if w not in wake_words]
        self._isolate_ms = {w: self._pause_ms(w) for w in self._words}

    def _pause_ms(self, word: str) -> int:
        if self._settings.isolate_ms is not None:
            return self._settings.isolate_ms
        decision = self._listener.config.decision
        own_ms = decision.words.get(word, WordConfig()).isolate_ms
        return (decision.isolate_ms or ISOLATE_MS) if own_ms is None else own_ms

    def tune(self, watch: Watch) -> Tuned:
        """Hear everything once, then choose."""

        def listen(stream: Stream) -> Listened:
            return self._listener.listen(watch(stream))

        targets, snrs_db = self._settings.targets, self._settings.snrs_db
        said = [self._said(snr_db, listen) for snr_db in snrs_db]
        negatives = {s.name: listen(s) for s in self._material.negatives()}
        if not any(heard.hours for heard in negatives.values()):
            raise EdgeDaemonError(
                f"no audio in the negatives: {'; '.join(self._material.unusable) or 'all empty'}"
            )
        by_word = self._material.utterances.by_word
        result = Tuned(
            self._listener.spec,
            targets,
            tuple(snr_name(snr_db) for snr_db in snrs_db),
            self._isolate_ms,
            {w: len(by_word[w]) for w in (*self._words, *self._wake_words)},
            {name: heard.hours for name, heard in negatives.items()},
        )
        finder = _Finder(self._listener, said, list(negatives.values()), self._isolate_ms)
        for word in self._words:
            result.choices[word] = finder.both(word, targets)
        for word in self._wake_words:
            result.choices[word] = {"wake": finder.one(word, "wake", targets)}
        result.curves = finder.curves(result.choices, ", ".join(result.noises))
        return result

    def _said(
        self, snr_db: float | None, listen: Callable[[Stream], Listened]
    ) -> dict[Mode, Listened]:  # fmt: skip
        """Return the streams in which words are said, by mode."""
        words = listen(self._material.words(self._words, snr_db))
        if not self._wake_words:
            return {"alone": words, "after": words}
        turns = dict.fromkeys(self._words, tuple(self._wake_words))
        return {
            "alone": words,
            "after": listen(self._material.sequences(turns, snr_db)),
            "wake": listen(self._material.words(self._wake_words, snr_db)),
        }


class _Finder:
    """Chooses thresholds out of streams that were heard."""

    def __init__(
        self,
        listener: Listener,
        said: Sequence[Mapping[Mode, Listened]],
        negatives: Sequence[Listened],
        isolate_ms: Mapping[str, int],
    ) -> None:
        self._listener = listener
        plain = [Evidence.of(listener, n, {}) for n in negatives]
        isolated = [Evidence.of(listener, n, isolate_ms) for n in negatives]
        against = {"alone": isolated, "after": plain, "wake": plain}
        pause_s = max(isolate_ms.values(), default=0) / 1000.0
        self._sweeps: dict[Mode, Sweeps] = {}
        for mode in said[0]:
            pauses_ms = isolate_ms if mode == "alone" else {}
            heard = [Evidence.of(listener, x[mode], pauses_ms) for x in said]
            late_s = LATE_S + (pause_s if mode == "alone" else 0.0)
            self._sweeps[mode] = Sweeps(listener, heard, against[mode], late_s)

    def both(self, word: str, targets: Targets) -> dict[Mode, Choice]:
        """Choose a word's thresholds after a wake word and alone.

        They meet in the level at which the word is armed again, which the lesser one decides.
        """
        after = self.one(word, "after", targets)
        alone = self.one(word, "alone", targets, after.threshold or 1.0)
        return {"alone": alone, "after": after}

    def one(self, word: str, mode: Mode, targets: Targets, rearm_cap: float = 1.0) -> Choice:
        """Choose a word's threshold in one mode."""
        spec = self._listener.spec
        own = spec.thresholds_after if mode == "after" else spec.thresholds
        sweep = self._sweeps[mode].of(word, rearm_cap)
        return choose(sweep, word, mode, targets, own.get(word))

    def curves(self, choices: Mapping[str, Mapping[Mode, Choice]], noise: str) -> list[Curve]:
        """Return the curve of each word in each mode, with its threshold marked."""
        return [
            curve_of(word, mode, noise, self._sweeps[mode].of(word), choice.threshold)
            for word, by_mode in choices.items()
            for mode, choice in by_mode.items()
        ]
