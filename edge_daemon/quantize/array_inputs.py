"""Ready inputs and labels out of an ``.npz``."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from edge_daemon.errors import EdgeDaemonError
from edge_daemon.evaluate.clips import label_of, place
from edge_daemon.quantize.inputs import Inputs, ModelInput, fit_shape

Arrays: TypeAlias = dict[str, npt.NDArray[Any]]

_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    ValueError,
    OSError,
    RuntimeError,
    MemoryError,
)
_NAMES = ("x", "y", "speakers", "labels", "calibration_x")
_UNUSED = -1


def read_arrays(
    path: Path, model: ModelInput, *, seed: int, limit: int | None
) -> tuple[Inputs, Inputs | None]:
    """Return the inputs of an ``.npz``, and those that it has for the calibration.

    The file's own ``labels`` are found among the model's by name.

    Raises
    ------
    EdgeDaemonError
        With what is wrong of which array.
    """
    arrays = _load(path)
    x = _numbers(arrays, "x", model.shape, path)
    y, labels = _named(arrays, _classes(arrays, len(x), path), model.labels, path)
    inputs = Inputs(x, y, _speakers(arrays, len(x), path), labels)
    if limit is not None and limit < len(x):
        order = sorted(range(len(x)), key=lambda i: place(str(i), seed))
        inputs = inputs.only(np.isin(np.arange(len(x)), order[:limit]))
    if "calibration_x" not in arrays:
        return inputs, None
    own = _numbers(arrays, "calibration_x", model.shape, path)
    return inputs, _calibration(own, inputs, path)


def _load(path: Path) -> Arrays:
    try:
        file = np.load(path, allow_pickle=False)
        if not isinstance(file, np.lib.npyio.NpzFile):
            raise ValueError("one array without a name, an .npy")
        with file:
            found = {name: file[name] for name in _NAMES if name in file.files}
            others = sorted(set(file.files) - set(_NAMES))
    except _DAMAGED as error:
        raise EdgeDaemonError(f"{path}: not an .npz that can be read: {error}") from None
    for name in ("x", "y"):
        if name not in found:
            has = ", ".join([*found, *others]) or "nothing"
            raise EdgeDaemonError(f"{path}: has no array {name!r}; it has {has}")
    return found


def _numbers(
    arrays: Arrays, name: str, shape: tuple[int, ...], path: Path
) -> npt.NDArray[np.float32]:  # fmt: skip
    x = arrays[name]
    where = f"{path}: {name}"
    if x.dtype.kind not in "fiu" or x.ndim < 2:
        raise EdgeDaemonError(f"{where} is {x.dtype} {x.shape}; rows of numbers are needed")
    if not len(x):
        raise EdgeDaemonError(f"{where} is empty {x.shape}")
    with np.errstate(over="ignore"):
        fitted = fit_shape(x.astype(np.float32), shape, where)
    odd = np.flatnonzero(~np.isfinite(fitted).reshape(len(fitted), -1).all(axis=1))
    if len(odd):
        raise EdgeDaemonError(
            f"{where}: {len(odd)} of {len(x)} inputs are not finite numbers, the first {odd[0]}"
        )
    return fitted


def _classes(arrays: Arrays, n: int, path: Path) -> npt.NDArray[np.int64]:
    y = arrays["y"]
    if y.dtype.kind not in "iu" or y.shape != (n,):
        raise EdgeDaemonError(
            f"{path}: y is {y.dtype} {y.shape}; the number of a label for each of {n} inputs, "
            f"({n},), is needed"
        )
    if y.min() < 0:
        raise EdgeDaemonError(f"{path}: y has {y.min()}; labels are counted from 0")
    return y.astype(np.int64)


def _named(
    arrays: Arrays, y: npt.NDArray[np.int64], labels: tuple[str, ...], path: Path
) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    """Return the model's numbers of the labels, and their names."""
    own = tuple(str(x) for x in arrays["labels"].tolist()) if "labels" in arrays else ()
    known = own or labels or tuple(str(i) for i in range(int(y.max()) + 1))
    if y.max() >= len(known):
        raise EdgeDaemonError(
            f"{path}: y has the label {y.max()}, but there are {len(known)}: {', '.join(known)}"
        )
    if not own or not labels:
        return y, known
    try:
        numbers = {i: labels.index(label_of(own[i], labels)) for i in np.unique(y).tolist()}
    except EdgeDaemonError as error:
        raise EdgeDaemonError(f"{path}: {error}; it has {', '.join(labels)}") from None
    return np.array([numbers[i] for i in y.tolist()], np.int64), labels


def _speakers(arrays: Arrays, n: int, path: Path) -> tuple[str, ...]:
    """Return who says each input; each is its own speaker where the file names none."""
    if "speakers" not in arrays:
        return tuple(str(i) for i in range(n))
    if arrays["speakers"].shape != (n,):
        raise EdgeDaemonError(
            f"{path}: speakers is {arrays['speakers'].shape}; one for each of {n} inputs is needed"
        )
    return tuple(str(s) for s in arrays["speakers"].tolist())


def _calibration(x: npt.NDArray[np.float32], judged: Inputs, path: Path) -> Inputs:
    """Return the file's own inputs for the calibration.

    Raises
    ------
    EdgeDaemonError
        When one of them is also among those that the model is judged on.
    """
    seen = {row.tobytes() for row in judged.x}
    n_both = sum(row.tobytes() in seen for row in x)
    if n_both:
        raise EdgeDaemonError(
            f"{path}: {n_both} of {len(x)} inputs of calibration_x are also in x; "
            "what calibrates a model cannot judge it"
        )
    speakers = tuple(f"calibration {i}" for i in range(len(x)))
    return Inputs(x, np.full(len(x), _UNUSED, np.int64), speakers, judged.labels)
