"""A combination, loaded, and what is timed of it in this process."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from edge_daemon.audio.decode import read_clip
from edge_daemon.benchmark.combination import Combination
from edge_daemon.config import ActivityConfig, Config
from edge_daemon.errors import ModelError
from edge_daemon.frontend import MfccFrontend
from edge_daemon.model import LoadedModel, hop_frames, open_model
from edge_daemon.pipeline import Pipeline
from edge_daemon.telemetry import Histogram, StageTimer
from edge_daemon.types import Features, ModelSpec, Samples


class Candidate:
    """A model alone, and whole pipelines, each with the same audio before it.

    Raises
    ------
    EdgeDaemonError
        When it cannot be loaded, or the provider cannot be had.
    """

    def __init__(self, combination: Combination, audio: Path) -> None:
        config = combination.config()
        self.model: LoadedModel = open_model(config.model, config.runtime)
        self._timer = StageTimer(time.process_time_ns)
        ungated = replace(config, activity=ActivityConfig(gate=False))
        self._working = _pipeline(ungated, self._timer)
        self._listening = _pipeline(config)
        spec = self.model.spec
        hop_length = hop_frames(config.model, spec) * spec.frontend.hop_length
        self.hop_ms = 1000.0 * hop_length / spec.frontend.sample_rate_hz
        self._hops = _hops(read_clip(audio, spec.frontend.sample_rate_hz), hop_length)
        self._features = _features(self._hops, spec)
        self._next = 0

    @property
    def n_inputs(self) -> int:
        """Hops of the audio."""
        return len(self._hops)

    @property
    def stages(self) -> dict[str, Histogram]:
        """CPU time of each stage of the hops that were heard."""
        return self._timer.stages

    @property
    def file_bytes(self) -> int:
        """Size of the file that serves."""
        return self.model.obtained.path.stat().st_size

    def infer(self, number: int) -> None:
        """Run the model alone, on the features of one hop."""
        self.model.scores(self._features[number % len(self._features)])

    def hear(self, _number: int) -> None:
        """Run the whole pipeline on the hop that follows the one before, whatever is asked for.

        It has no gate: each hop is worked on, in silence too.
        """
        self._working.process(self._following())

    def listen(self, seconds: float) -> None:
        """Hear so much audio at the pace of a microphone, as the daemon does."""
        began_s, hop_s = time.monotonic(), self.hop_ms / 1000.0
        for n in range(1, 1 + max(1, round(seconds / hop_s))):
            time.sleep(max(0.0, began_s + n * hop_s - time.monotonic()))
            self._listening.process(self._following())

    def infer_for(self, seconds: float) -> int:
        """Run the model alone without a pause for so long; return how often."""
        until_s, n = time.monotonic() + seconds, 0
        while time.monotonic() < until_s:
            self.infer(n)
            n += 1
        return n

    def _following(self) -> Samples:
        self._next = (self._next + 1) % len(self._hops)
        return self._hops[self._next]


def _pipeline(config: Config, timer: StageTimer | None = None) -> Pipeline:
    return Pipeline(config, open_model(config.model, config.runtime), timer)


def _hops(samples: Samples, length: int) -> list[Samples]:
    """Cut the audio; what is left over at its end is left out."""
    whole = len(samples) - len(samples) % length
    if not whole:
        raise ModelError(f"{len(samples)} samples of audio; a hop has {length}")
    return [samples[i : i + length] for i in range(0, whole, length)]


def _features(hops: list[Samples], spec: ModelSpec) -> list[Features]:
    """Return the features of each hop, as many frames for the first as for the others."""
    frontend = MfccFrontend(spec.frontend)
    frontend.push(np.zeros(spec.frontend.win_length - spec.frontend.hop_length, np.int16))
    return [frontend.push(hop) for hop in hops]
