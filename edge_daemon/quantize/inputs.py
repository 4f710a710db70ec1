"""Ready inputs of a model with what was said in each, and by whom."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_daemon.errors import EdgeDaemonError
from edge_daemon.evaluate.clips import place
from edge_daemon.types import FrontendSpec


@dataclass(frozen=True, slots=True)
class Inputs:
    """Inputs of a model.

    x : [shape=(n, *input_shape), dtype=float32]
    y : number of the label of each [shape=(n,), dtype=int64]
    speakers : who said it; what has the same name is never split
    labels : what the numbers mean
    """

    x: npt.NDArray[np.float32]
    y: npt.NDArray[np.int64]
    speakers: tuple[str, ...]
    labels: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.y)

    def only(self, is_taken: npt.NDArray[np.bool_]) -> Inputs:
        """Return some of them."""
        speakers = tuple(s for s, taken in zip(self.speakers, is_taken, strict=True) if taken)
        return Inputs(self.x[is_taken], self.y[is_taken], speakers, self.labels)


@dataclass(frozen=True, slots=True)
class ModelInput:
    """What the inputs are for."""

    shape: tuple[int, ...]
    """Of one input, without the batch."""
    labels: tuple[str, ...] = ()
    """What the model's scores mean, in order; needed for clips."""
    frontend: FrontendSpec | None = None
    """Makes inputs of clips; needed for them."""


@dataclass(frozen=True, slots=True)
class Material:
    """What a quantization sees, and what it is judged on; no speaker is in both."""

    calibration: Inputs
    evaluation: Inputs
    unreadable: tuple[str, ...] = ()
    """A line for each clip that could not be read."""


def split(inputs: Inputs, share: float, seed: int) -> tuple[Inputs, Inputs]:
    """Return inputs for the calibration and the others, parted by speaker.

    Which part a speaker is in follows from a hash of the name and the seed alone: it is the same
    at each run, on any machine, and stays so when others join. Only where all would be in one
    part does the speaker nearest to the border change sides.

    Parameters
    ----------
    share : float
        Of the speakers for the calibration, 0 to 1.

    Raises
    ------
    EdgeDaemonError
        When there is one speaker only.
    """
    places = {speaker: place(speaker, seed) for speaker in set(inputs.speakers)}
    if len(places) < 2:
        raise EdgeDaemonError(
            f"all {len(inputs)} inputs are of one speaker, {inputs.speakers[0]!r}: they cannot be "
            "parted into calibration and evaluation; two speakers are needed"
        )
    order = sorted(places, key=lambda s: (places[s], s))
    n = sum(places[speaker] < share for speaker in order)
    chosen = set(order[: min(max(n, 1), len(order) - 1)])
    is_calibration = np.array([speaker in chosen for speaker in inputs.speakers])
    return inputs.only(is_calibration), inputs.only(~is_calibration)


def rows_of(shape: Sequence[int], frontend: FrontendSpec, where: str) -> int:
    """Return how many frames of the front end's features one input of this shape holds.

    Raises
    ------
    EdgeDaemonError
        When it is no whole number of them.
    """
    n_frames, left = divmod(math.prod(shape), frontend.n_features)
    if left:
        raise EdgeDaemonError(
            f"{where}: the model takes {tuple(shape)}, which are no rows of the "
            f"{frontend.n_features} features that its front end gives"
        )
    return n_frames


def fit_shape(
    x: npt.NDArray[np.float32], shape: Sequence[int], where: str
) -> npt.NDArray[np.float32]:  # fmt: skip
    """Return inputs in the model's shape; an axis of length 1 more or less is no difference.

    Raises
    ------
    EdgeDaemonError
        When they are of another shape.
    """
    if _long_axes(x.shape[1:]) != _long_axes(shape):
        raise EdgeDaemonError(
            f"{where}: inputs are {tuple(x.shape[1:])}, the model takes {tuple(shape)}"
        )
    return np.ascontiguousarray(x.reshape(len(x), *shape), np.float32)


def _long_axes(shape: Sequence[int]) -> list[int]:
    return [n for n in shape if n != 1]
