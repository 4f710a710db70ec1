"""A model of one input and one row of scores, run as the daemon runs it, whatever its names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge_daemon.errors import ModelError
from edge_daemon.model.session import first_line, session_of

Array = npt.NDArray[np.float32]
_DTYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16}


class Served:
    """One session on the CPU, one thread, with the daemon's own settings.

    Unlike the daemon it needs neither metadata nor names: any model will do that has one input
    and whose first output has one score a label.

    Raises
    ------
    ModelError
        When the file cannot be loaded, or has several inputs or one of unknown size.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._session = session_of(path, threads=1)
        inputs = self._session.get_inputs()
        if len(inputs) != 1 or inputs[0].type not in _DTYPES:
            has = ", ".join(f"{i.name} {i.type}" for i in inputs)
            raise ModelError(f"{path}: needs one input of float numbers; has {has or 'none'}")
        self._name = inputs[0].name
        self._dtype = _DTYPES[inputs[0].type]
        self._scores = self._session.get_outputs()[0].name
        sizes = inputs[0].shape[1:]
        if not sizes or not all(isinstance(d, int) for d in sizes):
            raise ModelError(
                f"{path}: input {self._name!r} is {inputs[0].shape}; all but the first, "
                "the batch, must be numbers: export it with fixed sizes"
            )
        self.shape: tuple[int, ...] = tuple(sizes)

    def run(self, features: Array) -> Array:
        """Run the model once [shape=(1, *self.shape)] and return its scores [shape=(1, n)]."""
        fed = features.astype(self._dtype, copy=False)
        scores: Array = self._session.run([self._scores], {self._name: fed})[0]
        return scores

    def answers(self, x: Array) -> Array:
        """Return the scores of inputs, run one by one as the daemon would [shape=(n, n_labels)].

        Raises
        ------
        ModelError
            When an inference fails, or its scores are no row of finite numbers.
        """
        if x.shape[1:] != self.shape:
            raise ModelError(f"{self.path}: takes {self.shape}, the data is {x.shape[1:]}")
        try:
            rows = [self.run(x[i : i + 1]) for i in range(len(x))]
        except Exception as error:  # onnxruntime's own classes have no common root
            raise ModelError(f"{self.path}: an inference failed: {first_line(error)}") from None
        if rows[0].ndim != 2 or rows[0].shape[0] != 1 or rows[0].shape[1] < 2:
            raise ModelError(
                f"{self.path}: output {self._scores!r} is {rows[0].shape} for one input; "
                "a row of two scores or more is needed"
            )
        scores = np.concatenate(rows).astype(np.float32)
        odd = np.flatnonzero(~np.isfinite(scores).all(axis=1))
        if len(odd):
            raise ModelError(
                f"{self.path}: {len(odd)} of {len(x)} answers are not finite numbers, "
                f"the first that to input {odd[0]}: {scores[odd[0]].tolist()[:5]}"
            )
        return scores
