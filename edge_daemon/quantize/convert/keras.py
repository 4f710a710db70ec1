"""Keras files and SavedModels to ONNX: TensorFlow reads them, tf2onnx writes them.

``python -m edge_daemon.quantize.convert.keras REQUEST`` is the process that does it.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import zipfile
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from edge_daemon.errors import MissingDependency, ModelError
from edge_daemon.quantize.convert.agreement import largest_difference
from edge_daemon.quantize.convert.child import answer, imported, named, said
from edge_daemon.quantize.convert.messages import Conversion, Request
from edge_daemon.quantize.convert.written import INPUT, OPSET, OUTPUT, write

Tensor: TypeAlias = Any
Function: TypeAlias = Callable[[Tensor], Tensor]

_UNKNOWN = re.compile(r"(?:Could not locate|Unknown) [\w ]+?:? '(?:[^']*>)?([^'>]+)'")
_ONLY_WEIGHTS = "No model config found"
_FLOAT32 = "float32"


def convert(request: Request) -> Conversion:
    """Write a Keras file or a SavedModel as ONNX.

    Raises
    ------
    ModelError
        When it cannot be read or converted, or the result answers otherwise.
    MissingDependency
        When TensorFlow or tf2onnx is not installed.
    """
    try:
        import keras  # noqa: F401
        import tensorflow as tf
        import tf2onnx
    except ImportError as error:
        raise MissingDependency(
            f"{request.model}: Keras models are read by TensorFlow and tf2onnx, which cannot be "
            f"loaded ({error}); run: pip install 'edge-daemon[keras]'"
        ) from None
    read = _saved_model if os.path.isdir(request.model) else _keras_model
    call, shape = read(request)
    spec = tf.TensorSpec(shape, tf.float32, name=INPUT)
    function = tf.function(lambda x: {OUTPUT: call(x)}, input_signature=[spec], autograph=False)
    with named(f"{request.model}: tf2onnx {tf2onnx.__version__} cannot convert it"):
        model, _ = tf2onnx.convert.from_function(function, [spec], opset=OPSET)
    write(model, request)
    return Conversion(
        converter=f"tf2onnx {tf2onnx.__version__}",
        largest_difference=largest_difference(request, lambda x: function(x)[OUTPUT].numpy()),
    )


def _keras_model(request: Request) -> tuple[Function, list[int | None]]:
    import keras

    own = {
        name.rpartition(":")[2]: imported(name, "--custom-objects")
        for name in request.custom_objects
    }
    with named(f"{request.model}: Keras {keras.__version__} cannot read it"):
        try:
            model = keras.models.load_model(request.model, custom_objects=own, compile=False)
        except Exception as error:
            raise _explained(error, request.model) from None
    _check_outputs(request.model, [x.name for x in _declared(model, "outputs")])
    inputs = [(x.name, x.shape, x.dtype) for x in _declared(model, "inputs")]
    shape = _input_shape(request, inputs)
    return lambda x: model(x, training=False), shape


def _declared(model: Any, which: str) -> Sequence[Any]:
    """Return its inputs or outputs; a subclass of Model may declare none."""
    return getattr(model, which, None) or ()


def _explained(error: Exception, name: str) -> Exception:
    """Return what to do about an error of Keras, where that is known."""
    unknown = _UNKNOWN.search(str(error))
    if unknown:
        return ModelError(
            f"{name}: has {unknown[1]!r}, which is no part of Keras; give --custom-objects "
            f"module:{unknown[1]}, with the Python module that defines it in the current folder"
        )
    if _ONLY_WEIGHTS in str(error):
        return ModelError(f"{name}: holds weights only; save the whole model with model.save")
    if "safe_mode=False" in str(error):
        return ModelError(
            f"{name}: has a Lambda layer with Python code in it, which is not run; write it as a "
            "layer of your own and give --custom-objects module:Name"
        )
    version = _written_by(name)
    if version.startswith("2."):
        return ModelError(
            f"{name}: is of Keras {version}, and this Keras cannot read it ({said(error)}); with "
            "TensorFlow 2.15 or older save it as a SavedModel (model.save('folder')), which is "
            "read whatever wrote it"
        )
    return error


def _written_by(path: str) -> str:
    """Return the version of Keras that a file was written by, or nothing."""
    import h5py

    with contextlib.suppress(OSError, KeyError, ValueError):
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as file:
                return str(json.loads(file.read("metadata.json"))["keras_version"])
        with h5py.File(path) as file:
            return str(file.attrs["keras_version"])
    return ""


def _saved_model(request: Request) -> tuple[Function, list[int | None]]:
    import tensorflow as tf

    with named(f"{request.model}: TensorFlow {tf.__version__} cannot read it"):
        loaded = tf.saved_model.load(request.model)
        signatures = loaded.signatures
    if not signatures:
        raise ModelError(f"{request.model}: a SavedModel without signatures; nothing can be called")
    serve = signatures[_usual(list(signatures))]
    inputs = serve.structured_input_signature[1]
    shape = _input_shape(
        request, [(name, x.shape.as_list(), x.dtype.name) for name, x in inputs.items()]
    )
    outputs = sorted(serve.structured_outputs)
    _check_outputs(request.model, outputs)

    def call(x: Tensor, _held: Any = loaded) -> Tensor:  # its variables go when it goes
        return serve(**{next(iter(inputs)): x})[outputs[0]]

    return call, shape


def _usual(signatures: list[str]) -> str:
    return "serving_default" if "serving_default" in signatures else signatures[0]


def _check_outputs(model: str, names: Sequence[str]) -> None:
    if len(names) > 1:
        raise ModelError(f"{model}: has {len(names)} outputs ({', '.join(names)}); needed is one")


def _input_shape(
    request: Request, inputs: Sequence[tuple[str, Sequence[int | None], str]]
) -> list[int | None]:
    """Return the shape of the one input, with the batch; sizes left open are the request's."""
    wanted = request.input_shape
    if not inputs:
        if wanted is None:
            raise ModelError(f"{request.model}: does not say what it takes; give --input-shape")
        return [None, *wanted]
    if len(inputs) != 1:
        names = ", ".join(name for name, _, _ in inputs)
        raise ModelError(f"{request.model}: has {len(inputs)} inputs ({names}); needed is one")
    name, shape, dtype = inputs[0]
    if dtype != _FLOAT32:
        raise ModelError(f"{request.model}: input {name!r} is {dtype}; {_FLOAT32} is needed")
    batch, *sizes = shape
    if None in sizes and wanted is not None and len(wanted) == len(sizes):
        sizes = [
            own if own is not None else given for own, given in zip(sizes, wanted, strict=True)
        ]
    if None in sizes:
        raise ModelError(
            f"{request.model}: input {name!r} is {list(shape)}; all but the first, the batch, must "
            "be numbers: give --input-shape, or save it with fixed sizes"
        )
    return [batch, *sizes]


if __name__ == "__main__":
    answer(convert)
