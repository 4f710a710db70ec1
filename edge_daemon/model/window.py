"""A model that scores a whole window of frames at every hop."""

from __future__ import annotations

import numpy as np

from edge_daemon.model.keyword import KeywordModel
from edge_daemon.model.providers.obtained import Obtained
from edge_daemon.model.session import FEATURES, SCORES, Session
from edge_daemon.types import Features, ModelSpec, Scores


class WindowModel:
    """Keeps the newest ``spec.n_frames`` frames and scores them all, hop by hop."""

    def __init__(self, session: Session, spec: ModelSpec, obtained: Obtained) -> None:
        self.spec = spec
        self.obtained = obtained
        self._session = session
        self._window = np.zeros((1, spec.n_frames, spec.frontend.n_features), np.float32)

    def scores(self, features: Features) -> Scores:
        """Move the window on by these frames, of a hop or of several, and score it."""
        window = self._window[0]
        newest = features[-len(window) :]
        kept = len(window) - len(newest)
        window[:kept] = window[len(newest) :]
        window[kept:] = newest
        scores: Scores = self._session.run([SCORES], {FEATURES: self._window})[0][0]
        return scores

    def reset(self) -> None:
        """Empty the window."""
        self._window[:] = 0

    def another(self) -> WindowModel:
        """Return one with the same session that has heard nothing."""
        return WindowModel(self._session, self.spec, self.obtained)

    def go_on_from(self, other: KeywordModel) -> None:
        """Take over the frames of another window; start anew where it has another shape."""
        self.reset()
        if isinstance(other, WindowModel) and other._window.shape == self._window.shape:
            self._window[:] = other._window
