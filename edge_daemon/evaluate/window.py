"""One model input of a clip."""

from __future__ import annotations

import numpy as np

from edge_daemon.evaluate.loudest import loudest
from edge_daemon.frontend import MfccFrontend
from edge_daemon.types import Features, FrontendSpec, Samples


class ClipWindow:
    """Makes the features of a window of one clip.

    A clip shorter than the window is padded with zeros; of a longer one the window with the most
    energy is taken, the word being somewhere in it.
    """

    def __init__(self, frontend: FrontendSpec, n_frames: int) -> None:
        self._n_samples = frontend.win_length + (n_frames - 1) * frontend.hop_length
        self._frontend = MfccFrontend(frontend)

    def features(self, samples: Samples) -> Features:
        """Return the features of a clip [shape=(n_frames, n_features), dtype=float32]."""
        clip = loudest(samples, self._n_samples)
        self._frontend.reset()
        return self._frontend.push(np.pad(clip, (0, self._n_samples - len(clip))))
