"""PyTorch models to ONNX: a program of `torch.export`, or a factory with its weights.

``python -m edge_daemon.quantize.convert.torch REQUEST`` is the process that does it.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np

from edge_daemon.errors import EdgeDaemonError, MissingDependency, ModelError
from edge_daemon.quantize.convert.agreement import Array, largest_difference
from edge_daemon.quantize.convert.child import answer, imported, named
from edge_daemon.quantize.convert.kinds import is_factory
from edge_daemon.quantize.convert.messages import Conversion, Request
from edge_daemon.quantize.convert.written import INPUT, OUTPUT, write

Program: TypeAlias = Any
Module: TypeAlias = Any

_OPSET = 18
"""The lowest that this exporter writes by itself."""
_NESTED = "state_dict"
"""Under which many checkpoints keep the weights."""


def convert(request: Request) -> Conversion:
    """Write a PyTorch model as ONNX.

    Raises
    ------
    ModelError
        When it cannot be read or converted, or the result answers otherwise.
    MissingDependency
        When PyTorch or its ONNX exporter is not installed.
    """
    try:
        import onnxscript  # noqa: F401
        import torch
    except ImportError as error:
        raise MissingDependency(
            f"{request.model}: PyTorch models are converted by PyTorch and onnxscript, which "
            f"cannot be loaded ({error}); run: pip install 'edge-daemon[torch]'"
        ) from None
    warnings.simplefilter("ignore")
    program = _of_factory(request) if is_factory(request.model) else _of_file(request.model)
    with named(f"{request.model}: PyTorch {torch.__version__} cannot convert it"):
        exported = torch.onnx.export(
            program,
            dynamo=True,
            opset_version=_OPSET,
            input_names=[INPUT],
            output_names=[OUTPUT],
            verbose=False,
        )
    write(exported.model_proto, request)
    run = program.module()

    def original(x: Array) -> Array:
        with torch.no_grad():
            scores: Array = np.asarray(run(torch.from_numpy(x)))
        return scores

    return Conversion(
        converter=f"torch {torch.__version__}",
        largest_difference=largest_difference(request, original),
    )


def _of_file(path: str) -> Program:
    import torch

    with named(f"{path}: PyTorch {torch.__version__} cannot read it"):
        return torch.export.load(path)


def _of_factory(request: Request) -> Program:
    """Return the program of a module, for batches of any size where it can have that."""
    import torch

    module = _module(request)
    if request.input_shape is None:
        raise EdgeDaemonError(
            f"{request.model}: what one input looks like is not known; give --input-shape, "
            "or save the model with torch.export.save as .pt2"
        )
    shape = request.input_shape
    try:
        any_number = {0: torch.export.Dim("n")}
        return torch.export.export(
            module, (torch.zeros(2, *shape),), dynamic_shapes=(any_number,)
        )  # fmt: skip
    except Exception:  # it may hold one input at a time only: the second attempt says why not
        with named(f"{request.model}: torch.export cannot follow it with an input of {shape}"):
            return torch.export.export(module, (torch.zeros(1, *shape),))


def _module(request: Request) -> Module:
    import torch

    factory = imported(request.model, "the model")
    with named(f"{request.model}: the factory fails"):
        module = factory if isinstance(factory, torch.nn.Module) else factory()
    if not isinstance(module, torch.nn.Module):
        raise ModelError(f"{request.model}: gives {type(module).__name__}, no torch.nn.Module")
    if request.state_dict is not None:
        with named(f"{request.state_dict}: are no weights of {request.model}"):
            module.load_state_dict(_weights(request.state_dict))
    return module.eval()


def _weights(path: str) -> Mapping[str, Any]:
    import torch

    found = torch.load(path, map_location="cpu", weights_only=True)
    if isinstance(found, Mapping) and isinstance(found.get(_NESTED), Mapping):
        found = found[_NESTED]
    if not isinstance(found, Mapping):
        raise ModelError(f"{path}: holds {type(found).__name__}, no state dict")
    return found


if __name__ == "__main__":
    answer(convert)
