"""Float models of Keras, TensorFlow and PyTorch, turned into ONNX by a process of its own.

    kinds -> process  ~ ~ >  keras | torch -> written -> agreement
    (here)                   (child)

The libraries that a model was made with are large, and may print and spin threads as they like:
they are loaded by the child alone. What it writes has answered random inputs as the original did.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edge_daemon.errors import EdgeDaemonError
from edge_daemon.quantize.convert.kinds import kind_of
from edge_daemon.quantize.convert.messages import Conversion, Request
from edge_daemon.quantize.convert.process import run

__all__ = ["Conversion", "to_onnx"]


def to_onnx(
    model: Path | str,
    out: Path,
    *,
    custom_objects: Sequence[str] = (),
    input_shape: tuple[int, ...] | None = None,
    state_dict: Path | None = None,
) -> Conversion:
    """Write a float model as one ONNX file, its input ``features`` and its output ``scores``.

    A model that is ONNX already keeps its names and metadata.

    Parameters
    ----------
    model : Path or str
        ``.keras``, ``.h5``, a SavedModel folder, ``.pt2`` of `torch.export`, ``.onnx``, or
        ``module:factory`` of what returns a PyTorch module; the module may lie in the current
        folder.
    custom_objects : sequence of str
        ``module:Name`` of the layers and functions that a Keras file needs besides Keras.
    input_shape : tuple of int, optional
        Of one input without the batch, where the model does not say it.
    state_dict : Path, optional
        Weights of ``module:factory``.

    Raises
    ------
    ModelError
        When it is no model that can be converted, or the result answers otherwise.
    MissingDependency
        When what it was made with is not installed.
    EdgeDaemonError
        When an option does not fit the model, or names what cannot be imported.
    """
    kind = kind_of(model)
    _check_options(str(model), kind, custom_objects, state_dict)
    request = Request(
        model=str(model), out=str(out), custom_objects=tuple(custom_objects),
        input_shape=input_shape, state_dict=None if state_dict is None else str(state_dict),
    )  # fmt: skip
    try:
        if kind == "onnx":
            from edge_daemon.quantize.convert.written import in_one_file

            return in_one_file(request)
        return run(kind, request)
    except BaseException:
        out.unlink(missing_ok=True)
        raise


def _check_options(
    model: str, kind: str, custom_objects: Sequence[str], state_dict: Path | None
) -> None:
    if custom_objects and kind != "keras":
        raise EdgeDaemonError(
            f"--custom-objects {custom_objects[0]}: for Keras models only, and {model} is none"
        )
    if state_dict is not None and (kind != "torch" or ":" not in model):
        raise EdgeDaemonError(
            f"--state-dict {state_dict}: goes with a model that is given as module:factory, "
            f"and {model} is none"
        )
