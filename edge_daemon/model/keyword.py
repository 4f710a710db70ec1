"""What every keyword model offers to the pipeline."""

from __future__ import annotations

from typing import Protocol

from edge_daemon.types import Features, ModelSpec, Scores


class KeywordModel(Protocol):
    """Scores a stream of features, a hop at a time."""

    @property
    def spec(self) -> ModelSpec:
        """What the model file says of itself."""

    def scores(self, features: Features) -> Scores:
        """Take the newest frames and return the scores at their end.

        Parameters
        ----------
        features : Features [shape=(n_frames, n_features), dtype=float32]

        Returns
        -------
        Scores [shape=(n_labels,), dtype=float32]
        """

    def reset(self) -> None:
        """Forget the audio heard so far."""
