"""What the newest audio looks like, for whoever looks on; nothing of it decides about words."""

from __future__ import annotations

import base64
import math
from dataclasses import replace

import numpy as np

from edge_daemon.activity.floor import NoiseFloor
from edge_daemon.events import Live
from edge_daemon.frontend import MfccFrontend
from edge_daemon.pipeline import Pipeline
from edge_daemon.types import FrontendSpec, Samples

QUIETEST_DBFS = -100.0
_QUIETEST_DB = -60.0
_FLOOR_SPAN = 100
"""Blocks that the noise floor looks back on."""


class LiveView:
    """Makes a `Live` event of each block.

    Parameters
    ----------
    spec : FrontendSpec
        The model's; the picture has its mel bands.
    """

    def __init__(self, spec: FrontendSpec) -> None:
        self.spec = spec
        bands = replace(
            spec, n_mfcc=0, log="db", log_floor=10 ** (_QUIETEST_DB / 10), mean=(), std=()
        )
        self._full_scale_db = 20.0 * math.log10(spec.win_length / 4.0)
        self._frontend = MfccFrontend(bands)
        self._floor = NoiseFloor(_FLOOR_SPAN)

    def look(
        self, samples: Samples, pipeline: Pipeline, latency_s: float, picture: bool = False
    ) -> Live:
        """Return the event of a block that the pipeline has just heard.

        Parameters
        ----------
        samples : Samples [shape=(n,), dtype=int16]
        pipeline : Pipeline
        latency_s : float
            From the newest sample to the decision about it.
        picture : bool
            Somebody wishes to see the spectrogram.
        """
        level_dbfs = _level_dbfs(samples)
        gate = pipeline.activity
        return Live(
            level_dbfs=round(level_dbfs, 1),
            floor_dbfs=round(self._floor.push(level_dbfs), 1),
            is_open=gate is None or gate.is_open,
            scores={word: round(score, 3) for word, score in pipeline.scores.items()},
            latency_ms=round(1000.0 * latency_s, 2),
            mel=base64.b64encode(self._picture(samples)).decode() if picture else "",
            n_mels=self.spec.n_mels,
        )

    def _picture(self, samples: Samples) -> bytes:
        """Return the log-mel frames as bytes: 0 is -100 dB, 255 a sine of full scale in its band.

        Its power is (sum of the window / 2)^2, and a Hann window's sum is half its length.
        """
        frames_dbfs = self._frontend.push(samples) - self._full_scale_db
        scaled = (frames_dbfs - QUIETEST_DBFS) * (255.0 / -QUIETEST_DBFS)
        return bytes(np.clip(scaled, 0.0, 255.0).astype(np.uint8))


def _level_dbfs(samples: Samples) -> float:
    """Return the root mean square, in dB below a full-scale square wave."""
    if not len(samples):
        return QUIETEST_DBFS
    power = float(np.mean(np.square(samples / 32768.0, dtype=np.float64)))
    return max(QUIETEST_DBFS, 10.0 * math.log10(power)) if power else QUIETEST_DBFS
