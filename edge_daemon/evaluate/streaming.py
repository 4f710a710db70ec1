"""What users feel, measured in running audio: recall, false accepts an hour, delay.

Words are laid into long audio, alone or each after a wake word as the configuration in force
demands, at several ratios of speech to noise; audio in which nothing shall be heard is laid out
as well. All of it goes through the package's own pipeline.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from edge_daemon.config import DecisionConfig
from edge_daemon.errors import EdgeDaemonError
from edge_daemon.evaluate.bounds import CONFIDENCE
from edge_daemon.evaluate.det import Curve, curves
from edge_daemon.evaluate.listening import Listened, Listener, SaidAt
from edge_daemon.evaluate.matching import match
from edge_daemon.evaluate.material import Material, Stream
from edge_daemon.evaluate.modes import Modes
from edge_daemon.evaluate.passages import Passage
from edge_daemon.evaluate.tally import Condition, FalseAccepts, Tally

Watch = Callable[[Stream], Iterable[Passage]]
"""Yields the passages of a stream, and shows how far it is."""


@dataclass(frozen=True)
class StreamEvaluation:
    """All that was measured in running audio."""

    model: str
    seed: int
    config: DecisionConfig
    modes: Modes
    conditions: list[Condition]
    negatives: list[FalseAccepts]
    det: list[Curve]

    def as_json(self) -> dict[str, Any]:
        """Return the documented JSON object."""
        return {
            "model": self.model,
            "seed": self.seed,
            "confidence": CONFIDENCE,
            "decision": plain(self.config),
            "modes": self.modes.as_json(),
            "late_s": self.modes.late_s,
            "conditions": [c.as_json() for c in self.conditions],
            "negatives": [n.as_json() for n in self.negatives],
            "det": [curve.as_json() for curve in self.det],
        }


def plain(config: object) -> Any:
    """Return the sections of a configuration as dicts."""
    if isinstance(config, Struct):
        return plain(asdict(config))
    return {k: plain(v) for k, v in config.items()} if isinstance(config, dict) else config


class StreamMeasure:
    """Hears the streams of the material and counts.

    Parameters
    ----------
    listener : Listener
        With the model and the configuration that are measured.
    material : Material
    watch : callable
        Shows progress.

    Raises
    ------
    EdgeDaemonError
        When there are no clips of a word, or of a wake word that is needed.
    """

    def __init__(self, listener: Listener, material: Material, watch: Watch) -> None:
        self._listener = listener
        self._material = material
        self._watch = watch
        self._modes = Modes.in_force(listener.config, listener.spec)
        said = material.utterances.by_word
        self._alone = [w for w in self._modes.alone if w in said]
        self._after = {w: wakes for w, wakes in self._modes.after.items() if w in said}
        self._wake_words = [w for w in self._modes.wake_words if w in said]
        self._check()

    def _check(self) -> None:
        if not (self._alone or self._after or self._wake_words):
            raise EdgeDaemonError(
                f"no clips of a word that the model has: {', '.join(self._listener.spec.words)}"
            )
        for word, wakes in self._after.items():
            if not set(wakes) & set(self._wake_words):
                raise EdgeDaemonError(
                    f"{word!r} needs {' or '.join(map(repr, wakes))} before it, of which there "
                    "are no clips: add --data with some, or measure words that are said alone, "
                    "with a --config that has `decision: {wake_words: []}`"
                )

    def run(self, snrs_db: Sequence[float | None], seed: int) -> StreamEvaluation:
        """Measure at each ratio of speech to noise, and in the negatives."""
        spec = self._listener.spec
        positives = {snr_db: self._heard(snr_db) for snr_db in snrs_db}
        negatives = {s.name: self._listen(s) for s in self._material.negatives()}
        return StreamEvaluation(
            f"{spec.name} {spec.version}",
            seed,
            self._listener.config.decision,
            self._modes,
            [self._condition(snr_db, heard) for snr_db, heard in positives.items()],
            [self._false_accepts(name, heard) for name, heard in negatives.items()],
            curves(self._listener, self._modes, positives, list(negatives.values())),
        )

    def _heard(self, snr_db: float | None) -> dict[str, Listened]:
        """Return the streams of words, by their mode; only those that have words."""
        laid_out = {
            "alone": self._material.words(self._alone, snr_db),
            "after": self._material.sequences(self._after, snr_db),
            "wake": self._material.words(self._wake_words, snr_db),
        }
        return {mode: self._listen(s) for mode, s in laid_out.items() if s.n_passages}

    def _listen(self, stream: Stream) -> Listened:
        return self._listener.listen(self._watch(stream))

    def _condition(self, snr_db: float | None, heard: Mapping[str, Listened]) -> Condition:
        result = Condition(snr_db)
        for mode, listened in heard.items():
            matched = match(listened.said, listened.detections, self._modes.late_s)
            for word in listened.said:
                _tally(result, mode, word).said += 1
            for word, detection in matched.heard:
                tally = _tally(result, mode, word)
                tally.hits += 1
                tally.delays_ms.append(1000.0 * (detection.time_s - word.word_end_s))
            result.wrong.update(d.label for d in matched.wrong)
        return result

    def _false_accepts(self, name: str, heard: Listened) -> FalseAccepts:
        labels = [d.label for d in heard.detections]
        return FalseAccepts.of(name, heard.hours, labels, self._modes.wake_words)


def _tally(condition: Condition, mode: str, word: SaidAt) -> Tally:
    """Return where a word is counted."""
    groups = {"alone": condition.words, "after": condition.words, "wake": condition.wake_words}
    is_before = mode == "after" and word.after is None
    return (condition.wake_words_before if is_before else groups[mode]).of(word.label)
