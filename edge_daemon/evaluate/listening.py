"""Streams of passages through the real pipeline, with the scores kept for sweeps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from edge_daemon.config import Config
from edge_daemon.evaluate.passages import Passage, Said
from edge_daemon.frontend import level_projection
from edge_daemon.model import KeywordModel, hop_frames
from edge_daemon.pipeline import Pipeline
from edge_daemon.types import SILENCE, Detection, Features, ModelSpec, Scores


@dataclass(frozen=True, slots=True)
class SaidAt:
    """A word that was said in a stream, in seconds from the stream's beginning."""

    label: str
    start_s: float
    end_s: float
    word_end_s: float
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Listened:
    """What came of a stream.

    detections : those of the pipeline, with the configuration in force
    scores : the model's, a hop a row [shape=(n_hops, n_labels), dtype=float32]
    levels : of the frames of each hop [shape=(n_hops, n_frames), dtype=float32], in nepers
    hours : length of what counts, in hours
    """

    said: tuple[SaidAt, ...]
    detections: tuple[Detection, ...]
    scores: Scores
    levels: Scores
    hours: float


class Listener:
    """Runs the package's own pipeline over streams; front end and model run once for each.

    Parameters
    ----------
    model : KeywordModel
    config : Config

    Raises
    ------
    ConfigError, ModelError
        When the configuration does not fit the model.
    """

    def __init__(self, model: KeywordModel, config: Config) -> None:
        self.spec = model.spec
        self.config = config
        self._tape = _Tape(model, hop_frames(config.model, model.spec))
        self.pipeline = Pipeline(config, self._tape)
        self._tape.count_skipped = self._n_skipped
        self._rate_hz = model.spec.frontend.sample_rate_hz

    @property
    def hop_ms(self) -> float:
        """Time between two scores."""
        frontend = self.spec.frontend
        n_frames = hop_frames(self.config.model, self.spec)
        return 1000.0 * n_frames * frontend.hop_length / frontend.sample_rate_hz

    def _n_skipped(self) -> int:
        activity = self.pipeline.activity
        return activity.skipped if activity else 0

    def listen(self, passages: Iterable[Passage]) -> Listened:
        """Hear a stream from its beginning to its end."""
        self.pipeline.reset()
        self._tape.clear()
        said: list[SaidAt] = []
        found: list[Detection] = []
        position = counted = 0
        for passage in passages:
            found += self.pipeline.process(passage.samples)
            said += self._at(passage.said, position)
            position += len(passage.samples)
            counted += passage.counted
        found += self.pipeline.flush()
        scores, levels = self._tape.played()
        hours = counted / self._rate_hz / 3600.0
        return Listened(tuple(said), tuple(found), scores, levels, hours)

    def _at(self, said: Iterable[Said], position: int) -> Iterator[SaidAt]:
        for word in said:
            at_s = [(position + x) / self._rate_hz for x in (word.start, word.end, word.word_end)]
            yield SaidAt(word.label, at_s[0], at_s[1], at_s[2], word.after)


class _Tape:
    """A model that writes down its scores, and the levels of the frames that they came from.

    A hop that the gate left out gets the scores of silence, and levels where they are known.
    """

    def __init__(self, model: KeywordModel, n_frames: int) -> None:
        self.count_skipped: Callable[[], int] = lambda: 0
        """Tells how many hops were left out so far."""
        self._model = model
        self._weights, self._bias = level_projection(model.spec.frontend)
        self._n_frames = n_frames
        labels = model.spec.labels
        self._of_silence = np.array([x == SILENCE for x in labels], np.float32)
        self.clear()

    @property
    def spec(self) -> ModelSpec:
        """The model's description of itself."""
        return self._model.spec

    def scores(self, features: Features) -> Scores:
        """Return the model's scores, and keep them."""
        scores = self._model.scores(features).copy()
        self._leave_out()
        self._scores.append(scores)
        levels = (features @ self._weights + self._bias).reshape(-1, self._n_frames)
        self._levels[len(self._levels) - len(levels) + 1 :] = list(levels)
        return scores

    def reset(self) -> None:
        """Start the model anew."""
        self._model.reset()

    def clear(self) -> None:
        """Forget what was kept."""
        self._scores: list[Scores] = []
        self._levels: list[Scores] = []
        self._n_left_out = self.count_skipped()

    def played(self) -> tuple[Scores, Scores]:
        """Return what was kept: scores and levels, a hop a row."""
        self._leave_out()
        if not self._scores:
            return (
                np.zeros((0, len(self.spec.labels)), np.float32),
                np.zeros((0, self._n_frames), np.float32),
            )
        return np.stack(self._scores), np.stack(self._levels)

    def _leave_out(self) -> None:
        """Put rows for the hops that were left out since the last one."""
        n = self.count_skipped() - self._n_left_out
        self._n_left_out += n
        self._scores += n * [self._of_silence]
        self._levels += (
            n * [np.full(self._n_frames, self._levels[-1].min(), np.float32)] if n else []
        )
