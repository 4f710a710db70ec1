"""The order of the stages: samples in, detections out.

One pipeline serves the daemon, the tests, the benchmark and the accuracy gate. It has no clock
and no thread: time is the number of samples it was given.
"""

from __future__ import annotations

import logging
import math
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Protocol

import numpy as np
from msgspec.structs import replace

from edge_daemon.activity import ActivityFigures, Gate
from edge_daemon.config import ActivityConfig, Config, Sequence, problems_with_model, sequences
from edge_daemon.confirm import Confirmer, load_confirmer
from edge_daemon.decision import LATEST_HIT_MS, Decision
from edge_daemon.errors import ConfigError, ModelError
from edge_daemon.frontend import MfccFrontend, level_projection
from edge_daemon.model import KeywordModel, LoadedModel, differences, hop_frames, load_model
from edge_daemon.types import Detection, Features, ModelSpec, Samples, Scores

_LOG = logging.getLogger(__name__)

LEAD_S = 1
"""Silence before a stream, in seconds; more where the model looks back further."""


class StageTimer(Protocol):
    """Is told when the work on a hop starts and when each stage of it is done."""

    def start(self) -> None:
        """Begin the stages of one hop."""

    def lap(self, stage: str) -> None:
        """End the stage named."""

    def inset(self, stage: str) -> AbstractContextManager[None]:
        """Measure a stage that runs inside another, whose own time is without it."""


class _NoTimer:
    def start(self) -> None:
        """Take no time."""

    def lap(self, stage: str) -> None:
        """Take no time."""

    def inset(self, stage: str) -> AbstractContextManager[None]:
        """Take no time."""
        return nullcontext()


class Pipeline:
    """Hears words in a stream of audio.

    Whatever the length of the blocks, the audio is worked on in hops of fixed length, so that
    the same audio gives exactly the same detections. The stream counts as preceded by silence.

    Parameters
    ----------
    config : Config
    model : KeywordModel
    timer : StageTimer, optional
        Told about the stages ``gate``, ``frontend``, ``model`` and ``decision``, and about
        ``confirm`` where it runs. Of a hop that is skipped there is ``gate`` only.

    Raises
    ------
    ConfigError
        When the configuration does not fit the model, such as by words that it does not have.
    ModelError
        When the larger model of ``decision.confirm`` cannot be served.

    Examples
    --------
    >>> pipeline = Pipeline.load("builtin:commands")
    >>> pipeline.process(np.zeros(16000, np.int16))
    []
    """

    def __init__(
        self, config: Config, model: KeywordModel, timer: StageTimer | None = None
    ) -> None:
        problems = problems_with_model(config, model.spec)
        if problems:
            raise ConfigError(problems)
        frontend = model.spec.frontend
        n_frames = hop_frames(config.model, model.spec)
        self._model: KeywordModel = model
        self._timer = timer or _NoTimer()
        self._rate_hz = frontend.sample_rate_hz
        self._hop = n_frames * frontend.hop_length
        self._overlap = frontend.win_length - frontend.hop_length
        self._n_overlap_hops = max(1, -(-self._overlap // self._hop))
        self._frontend = MfccFrontend(frontend)
        self._level_weights, self._level_bias = level_projection(frontend)
        hop_ms = 1000.0 * self._hop / self._rate_hz
        self.sequences: tuple[Sequence, ...] = sequences(config, model.spec)
        """The pairs of wake word and word that are in force."""
        self.confirmer: Confirmer | None = load_confirmer(config, model.spec)
        """The larger model that is asked about each word, where one is configured."""
        self._decision = Decision(
            config.decision,
            model.spec,
            self.sequences,
            hop_ms,
            partial(self._confirms, self.confirmer) if self.confirmer else None,
        )
        lead = max(self._rate_hz * LEAD_S, model.spec.n_frames * frontend.hop_length)
        self._lead_hops = -(-lead // self._hop)
        self._gate = self._build_gate(config.activity, hop_ms)
        self.n_processed = 0
        """Samples worked on so far, over all streams; silence that was added is not counted."""
        self.n_cut = 0
        """Samples that were not, as their stream ended within a hop."""
        self._waiting = np.zeros(0, np.int16)
        self.reset()

    @classmethod
    def load(cls, model: str | None = None, config: Config | None = None) -> Pipeline:
        """Build a pipeline from a model, ``builtin:NAME`` or a file, and a configuration.

        Raises
        ------
        ModelError, ConfigError
        """
        config = config or Config()
        if model is not None:
            config = replace(config, model=replace(config.model, path=model))
        return cls(config, load_model(config.model, config.runtime))

    @property
    def spec(self) -> ModelSpec:
        """The model's description of itself."""
        return self._model.spec

    @property
    def sample_rate_hz(self) -> int:
        """Sample rate of the audio that it takes."""
        return self._rate_hz

    @property
    def scores(self) -> dict[str, float]:
        """The newest smoothed score of each word; 0 while nothing is worked on."""
        smoothed = self._decision.smoothed
        is_open = self._gate is None or self._gate.figures.is_open
        return smoothed if is_open else dict.fromkeys(smoothed, 0.0)

    @property
    def thresholds(self) -> dict[str, float]:
        """The score from which each word fires: alone, or, where it never does, after a wake word."""
        return self._decision.thresholds

    def set_threshold(self, word: str, value: float | None) -> None:
        """Let a word fire from this smoothed score on; None: from the configured one.

        Raises
        ------
        KeyError
            The model has no such word.
        """
        self._decision.set_threshold(word, value)

    @property
    def position_s(self) -> float:
        """Audio worked on so far, in seconds."""
        return self._position / self._rate_hz

    @property
    def waiting_s(self) -> float:
        """Audio that waits for the rest of its hop, in seconds."""
        return len(self._waiting) / self._rate_hz

    @property
    def activity(self) -> ActivityFigures | None:
        """What the gate before front end and model did so far; None where there is none."""
        return self._gate.figures if self._gate else None

    def reset(self) -> None:
        """Start a new stream, preceded by silence."""
        self._unscored: list[Features] = []
        self.cut()
        self._position = 0
        self._frontend.reset()
        self._model.reset()
        self._decision.reset()
        if self.confirmer:
            self.confirmer.reset()
        if self._gate:
            self._gate.reset()
        self._frontend.push(np.zeros(self._overlap, np.int16))
        for _ in range(self._lead_hops):
            self._model.scores(self._frontend.push(np.zeros(self._hop, np.int16)))

    def process(self, block: Samples) -> list[Detection]:
        """Take a block of any length and return what was heard by its end.

        Parameters
        ----------
        block : Samples [shape=(n,), dtype=int16]
            Mono, at the model's sample rate. The last samples, less than a hop, wait for the
            next block.

        Returns
        -------
        list of Detection
            In order of time.

        Raises
        ------
        TypeError
            When the block is not a one-dimensional int16 array.
        """
        if not isinstance(block, np.ndarray) or block.dtype != np.int16 or block.ndim != 1:
            found = getattr(block, "dtype", type(block).__name__), np.shape(block)
            raise TypeError(f"a block is int16 samples of shape (n,), found {found[0]} {found[1]}")
        audio = np.concatenate([self._waiting, block]) if len(self._waiting) else block
        whole = len(audio) - len(audio) % self._hop
        self._waiting = audio[whole:].copy()
        self.n_processed += whole
        return [
            detection
            for start in range(0, whole, self._hop)
            for detection in self._hear(audio[start : start + self._hop])
        ]

    def switch_model(self, model: LoadedModel) -> None:
        """Let another model with the same labels and front end score from the next hop on.

        Nothing is forgotten: it takes over what the one before remembers of the audio, and the
        decision goes on with the scores and wake words so far.

        Raises
        ------
        ModelError
            When it differs from the one before in what decides about words.
        """
        differs = differences(self.spec, model.spec)
        if differs:
            raise ModelError(
                f"{model.spec.name} cannot take the place of {self.spec.name} in a running "
                f"stream: it differs in {', '.join(differs)}"
            )
        model.go_on_from(self._model)
        self._model = model

    def go_on_from(self, before: Pipeline, newest: Samples) -> list[Detection]:
        """Take the place of another pipeline in a running stream.

        The newest audio is heard once more, so that words and pauses around this moment are decided
        as if this one had listened all that time. What the other has detected is not detected
        again; a word that it was about to decide is returned. Time and counts go on.

        Parameters
        ----------
        before : Pipeline
            The one that listened so far, at the same sample rate.
        newest : Samples [shape=(n,), dtype=int16]
            The end of the audio that it was given; seconds of it, to span a word and its pauses.

        Returns
        -------
        list of Detection
            Mostly empty.
        """
        end = before._position + len(before._waiting)
        start = max(0, end - len(newest))
        start += -start % self._hop  # on the same grid of hops from the stream's beginning
        timer, self._timer = self._timer, _NoTimer()
        self.reset()
        self._position = start
        found = self.process(newest[len(newest) - (end - start) :])
        self._timer = timer
        self.count_on_from(before)
        self.n_cut -= len(before._waiting)
        self.n_processed += len(before._waiting) - len(self._waiting)
        self._decision.go_on_from(before._decision)
        newest_ms = self._ms_at(end) - LATEST_HIT_MS
        return [d for d in found if 1000.0 * d.time_s > newest_ms and not before._has_told(d)]

    def count_on_from(self, before: Pipeline) -> None:
        """Take over the counts of a pipeline in whose place this one comes, with a new stream."""
        self.n_processed = before.n_processed
        self.n_cut = before.n_cut + len(before._waiting)
        if self._gate and before._gate:
            self._gate.count_on_from(before._gate)
        if self.confirmer and before.confirmer:
            self.confirmer.count_on_from(before.confirmer)

    def cut(self) -> None:
        """End the stream where it is; what waits for the rest of its hop is not worked on."""
        self.n_cut += len(self._waiting)
        self._waiting = self._waiting[:0]

    def flush(self) -> list[Detection]:
        """End the stream with silence, until the last word is decided."""
        settle = round(self._rate_hz * self._decision.settle_ms / 1000)
        real = self.n_processed + len(self._waiting)
        found = self.process(np.zeros(self._lead_hops * self._hop + settle, np.int16))
        self.n_processed, self._waiting = real, self._waiting[:0]
        return found

    def _build_gate(self, config: ActivityConfig, hop_ms: float) -> Gate | None:
        """Build a gate that opens before anything that the scores depend on is forgotten."""
        if not config.gate:
            return None
        if self.spec.kind == "stream":
            _LOG.info("activity.gate: off, as %s carries its state from hop to hop", self.spec.name)
            return None
        frontend = self.spec.frontend
        seen = max(
            self.spec.n_frames * frontend.hop_length,
            self.confirmer.n_samples if self.confirmer else 0,
        )
        n_hold = -(-seen // self._hop) + self._decision.n_smooth
        n_back = max(n_hold, math.ceil(self._decision.memory_ms / hop_ms) + self._decision.n_smooth)
        return Gate(config, frontend, hop_ms, n_hold, n_back + self._n_overlap_hops)

    def _hear(self, hop: Samples) -> list[Detection]:
        self._position += len(hop)
        self._timer.start()
        if self._gate is None:
            return self._listen(hop, self._position)
        if not self._gate.hears(hop, self._decision.awaits(self._ms_at(self._position))):
            self._gate.skip(hop)
            self._timer.lap("gate")
            return []
        newest = [*self._look_back(self._gate), hop] if self._gate.is_behind else [hop]
        self._timer.lap("gate")
        first = self._position - (len(newest) - 1) * self._hop
        return [
            detection
            for i, hop in enumerate(newest)
            for detection in self._listen(hop, first + i * self._hop)
        ]

    def _look_back(self, gate: Gate) -> list[Samples]:
        """Make up for the skipped hops that the window and the pauses span.

        Returns those that are still to be scored, as the smoothing spans them.
        """
        n_scored = self._decision.n_smooth
        hops, are_cut = gate.look_back(n_scored)
        if are_cut:
            before = np.concatenate(hops[: self._n_overlap_hops])
            hops = hops[self._n_overlap_hops :]
            self._frontend.reset()
            self._frontend.push(before[len(before) - self._overlap :])
        for hop in hops[:-n_scored]:
            self._recall(hop)
        return hops[-n_scored:]

    def _recall(self, hop: Samples) -> None:
        """Take in a hop of the past that is not scored any more."""
        features = self._frontend.push(hop)
        self._unscored.append(features)
        self._decision.recall(self._levels(features))
        if self.confirmer:
            self.confirmer.push(hop)

    def _listen(self, hop: Samples, end: int) -> list[Detection]:
        """Work on a hop that ends at the sample ``end`` of the stream."""
        features = self._frontend.push(hop)
        self._timer.lap("frontend")
        scores = self._model.scores(np.concatenate([*self._unscored, features]))
        self._unscored.clear()
        self._timer.lap("model")
        if self.confirmer:
            self.confirmer.push(hop)
        found = self._decision.update(scores, self._levels(features), self._ms_at(end))
        self._timer.lap("decision")
        return found

    def _has_told(self, found: Detection) -> bool:
        return self._decision.has_told(found.label, 1000.0 * found.time_s)

    def _levels(self, features: Features) -> Scores:
        levels: Scores = features @ self._level_weights + self._level_bias
        return levels

    def _ms_at(self, position: int) -> float:
        return 1000.0 * position / self._rate_hz

    def _confirms(self, confirmer: Confirmer, label: str) -> bool:
        if not confirmer.knows(label):
            return True
        with self._timer.inset("confirm"):
            return confirmer.confirms(label)
