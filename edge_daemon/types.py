"""The values that pass between the stages.

Time is counted in samples of the audio stream and never read from a clock, so that the same
audio gives the same values on every run.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Samples: TypeAlias = npt.NDArray[np.int16]
"""Mono audio [shape=(n,), dtype=int16]; 32768 is full scale."""

Features: TypeAlias = npt.NDArray[np.float32]
"""Front-end output, one row a frame [shape=(n_frames, n_features), dtype=float32]."""

Scores: TypeAlias = npt.NDArray[np.float32]
"""One probability a label [shape=(n_labels,), dtype=float32, range=[0, 1]]."""

UNKNOWN = "unknown"
"""The label of speech that is none of the model's words; it never fires."""

SILENCE = "silence"
"""The label of audio without speech; it never fires."""


@dataclass(frozen=True, slots=True)
class Block:
    """What a source yields: some audio, and what became of the audio before it."""

    samples: Samples
    """Mono samples at the rate that was asked for; may be empty when nothing new has come."""
    captured_s: float
    """Monotonic clock at which the newest of these samples was captured, in seconds."""
    dropped: int = 0
    """Samples lost just before this block because they were not fetched in time."""
    overflows: int = 0
    """Overflows reported by the audio system since the block before."""


@dataclass(frozen=True, slots=True)
class FrontendSpec:
    """The parameters of the MFCC front end, owned by the model.

    The names and meanings are librosa's. A frame is ``win_length`` samples, zero-padded to
    ``n_fft``; frames start at the first sample (``center=False``).
    """

    sample_rate_hz: int = 16000
    win_length: int = 480
    hop_length: int = 160
    n_fft: int = 512
    n_mels: int = 40
    f_min_hz: float = 0.0
    f_max_hz: float = 4000.0
    n_mfcc: int = 40
    """Cepstral coefficients kept; 0 leaves the log-mel bands as they are."""
    mel_scale: Literal["htk", "slaney"] = "htk"
    mel_norm: Literal["none", "slaney"] = "none"
    log: Literal["natural", "db"] = "natural"
    """``natural``: ln(power); ``db``: 10 log10(power), without librosa's top_db."""
    log_floor: float = 1e-6
    """Smallest mel power before the logarithm (librosa's ``amin``)."""
    mean: tuple[float, ...] = ()
    """Subtracted from each feature; empty for none."""
    std: tuple[float, ...] = ()
    """Each feature is divided by it; empty for none."""

    @property
    def n_features(self) -> int:
        """Columns of the features."""
        return self.n_mfcc or self.n_mels


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """All that a model file says of itself, read once from its metadata."""

    name: str
    kind: Literal["window", "stream"]
    """``window``: scores a whole clip of ``n_frames``; ``stream``: carries state between hops."""
    labels: tuple[str, ...]
    frontend: FrontendSpec
    n_frames: int
    """Frames of one model input: the window, or the chunk of a streaming model."""
    hop_ms: int
    """Time between two scores that the thresholds were found with."""
    thresholds: dict[str, float]
    """Smoothed score from which a word that is said alone fires, by label."""
    smooth_ms: int
    """Span of the mean over scores that the thresholds were found with."""
    training_data: str
    licence: str
    version: str = "1"
    wake_words: tuple[str, ...] = ()
    """Words after one of which, unless configured otherwise, each of the others fires."""
    thresholds_after: dict[str, float] = field(default_factory=dict)
    """Smoothed score from which a word fires that follows its wake word in time, by label."""

    @property
    def words(self) -> tuple[str, ...]:
        """The labels that can fire."""
        return tuple(x for x in self.labels if x not in (UNKNOWN, SILENCE))


@dataclass(frozen=True, slots=True)
class Detection:
    """A word was heard."""

    label: str
    score: float
    """Smoothed score at the decision, 0 to 1."""
    time_s: float
    """Position in the stream at which the decision fell, in seconds of audio."""
    after: str | None = None
    """The wake word that this word followed, where the configuration has such a sequence."""

    def as_json(self) -> dict[str, str | float | None]:
        """Return what actions and the daemon's status tell of it."""
        return {
            "label": self.label,
            "score": round(float(self.score), 4),
            "time_s": round(float(self.time_s), 3),
            "after": self.after,
        }
