"""What every keyword model offers to the pipeline."""

from __future__ import annotations

from dataclasses import fields
from typing import Protocol

from edge_daemon.model.providers.obtained import Obtained
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


class LoadedModel(KeywordModel, Protocol):
    """A model out of a file, which can go on where another one stopped."""

    @property
    def obtained(self) -> Obtained:
        """What serves it."""

    def another(self) -> LoadedModel:
        """Return one for another stream: the weights are shared, what was heard is not."""

    def go_on_from(self, other: KeywordModel) -> None:
        """Take over what another model of the same interface remembers of the audio.

        Where it remembers something else, such as states of other shapes, this one starts anew.
        """


def differences(spec: ModelSpec, other: ModelSpec) -> list[str]:
    """Return the fields that keep one model from taking the place of another in a stream."""
    return [f.name for f in fields(spec) if f.name not in _ABOUT and _differs(spec, other, f.name)]


_ABOUT = ("name", "version", "training_data", "licence")
"""What is shown, and changes nothing that is heard."""


def _differs(spec: ModelSpec, other: ModelSpec, name: str) -> bool:
    found: bool = getattr(spec, name) != getattr(other, name)
    return found
