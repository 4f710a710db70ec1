"""Reads what a model is calibrated with and judged on: a folder or tar of clips, or arrays."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from edge_daemon.errors import EdgeDaemonError
from edge_daemon.quantize.array_inputs import read_arrays
from edge_daemon.quantize.clip_inputs import read_clips
from edge_daemon.quantize.inputs import Inputs, Material, ModelInput, split
from edge_daemon.types import FrontendSpec

__all__ = ["Inputs", "Material", "load_material"]


def load_material(  # noqa: PLR0913
    path: Path,
    shape: tuple[int, ...],
    labels: tuple[str, ...] = (),
    frontend: FrontendSpec | None = None,
    *,
    share: float = 0.3,
    seed: int = 1,
    limit: int | None = None,
) -> Material:
    """Read inputs and part them by speaker into those for calibration and those for evaluation.

    Parameters
    ----------
    path : Path
        A folder or tar of ``word/clip.ext`` as in Speech Commands, or an ``.npz`` with ``x`` and
        ``y`` (optional: ``speakers``, ``labels``, ``calibration_x``).
    shape : tuple of int
        Of one input of the model, without the batch.
    labels : tuple of str
        What the model's scores mean, in order; needed for clips.
    frontend : FrontendSpec, optional
        Makes inputs of clips; needed for them.
    share : float
        Of the speakers, for the calibration.
    limit : int, optional
        Inputs to take at most, chosen by a hash of their names or places.

    Raises
    ------
    EdgeDaemonError
        When it cannot be read, does not fit the model, or could prove nothing.
    """
    if not 0.0 < share < 1.0:
        raise EdgeDaemonError(f"share of the calibration: {share}; between 0 and 1 is needed")
    if limit is not None and limit < 2:
        raise EdgeDaemonError(f"limit of the inputs: {limit}; two or more are needed")
    model = ModelInput(shape, labels, frontend)
    calibration: Inputs | None = None
    unreadable: tuple[str, ...] = ()
    if path.suffix.lower() == ".npz" and not os.path.isdir(path):
        inputs, calibration = read_arrays(path, model, seed=seed, limit=limit)
    else:
        inputs, unreadable = read_clips(path, model, seed=seed, limit=limit)
    if calibration is None:
        calibration, inputs = _split(inputs, share, seed, path)
    _check_evaluation(inputs, path)
    return Material(calibration, inputs, unreadable)


def _split(inputs: Inputs, share: float, seed: int, path: Path) -> tuple[Inputs, Inputs]:
    try:
        return split(inputs, share, seed)
    except EdgeDaemonError as error:
        raise EdgeDaemonError(f"{path}: {error}") from None


def _check_evaluation(inputs: Inputs, path: Path) -> None:
    """Refuse to judge on one class: a model that always says it would be perfect."""
    present = np.unique(inputs.y)
    if len(present) < 2:
        raise EdgeDaemonError(
            f"{path}: the {len(inputs)} inputs for the evaluation are all of one class, "
            f"{inputs.labels[int(present[0])]!r}; two or more are needed to judge a model"
        )
