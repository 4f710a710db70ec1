"""How a float model is made smaller: dynamic INT8, static INT8 (QDQ), FP16."""

from __future__ import annotations

import contextlib
import hashlib
import io
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from msgspec import Struct

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Array: TypeAlias = "npt.NDArray[np.float32]"


_MARK = "onnx."
"""What the tools note of their steps in the metadata of a model begins so."""


class Method(Struct, frozen=True, kw_only=True):
    """One way to quantize; what a field is for says which kinds take notice of it."""

    kind: Literal["dynamic", "static", "fp16"]
    calibration: Literal["minmax", "percentile", "entropy"] = "percentile"
    """static: how the range of an activation is found."""
    percentile: float = 99.995
    """static, percentile: share of the values that are inside of the range."""
    per_channel: bool = True
    """dynamic, static: each output channel of the weights has its own scale."""
    signed_weights: bool = True
    """dynamic: S8 instead of U8, for which onnxruntime has other kernels."""
    signed_activations: bool = False
    """static: S8 instead of U8."""
    symmetric: bool = False
    """static: the form that TensorRT reads, zero points 0 and weights between Q and DQ."""
    reduce_range: bool = False
    """dynamic, static: weights of 7 bits; 8 overflow on x86 without VNNI."""
    keep_float: tuple[str, ...] = ()
    """Nodes that are left as they are."""

    @property
    def name(self) -> str:
        """Short, unlike any other, and fit for the name of a file."""
        parts = {
            "dynamic": (_s_or_u(self.signed_weights), *self._grain),
            "static": (self._range, _s_or_u(self.signed_activations) + "s8", *self._grain),
            "fp16": (),
        }[self.kind]
        return "-".join((self.kind, *parts, *self._kept))

    @property
    def _range(self) -> str:
        precise = f"{self.percentile:g}" if self.calibration == "percentile" else ""
        return self.calibration + precise

    @property
    def _grain(self) -> Iterator[str]:
        yield "channel" if self.per_channel else "tensor"
        if self.symmetric:
            yield "symmetric"
        if self.reduce_range:
            yield "7bit"

    @property
    def _kept(self) -> Iterator[str]:
        if self.keep_float:
            digest = hashlib.sha256("\n".join(self.keep_float).encode()).hexdigest()
            yield f"float{len(self.keep_float)}-{digest[:6]}"


def _s_or_u(signed: bool) -> str:
    return "s8" if signed else "u8"


def apply(
    method: Method, prepared: Path, calibration: Array, out: Path, only: tuple[str, ...] = ()
) -> None:
    """Write a smaller form of a model, with the same metadata, inputs and outputs.

    Parameters
    ----------
    prepared : Path
        What `prepare` has written.
    calibration : ndarray
        Inputs [shape=(n, *input_shape), dtype=float32]; dynamic and fp16 need none.
    only : tuple of str
        Quantize these nodes and no others; all by default.
    """
    from edge_daemon.quantize.finish import finish, metadata_of, renew_self_test

    with _quiet():
        if method.kind == "fp16":
            _fp16(method, prepared, out)
        elif method.kind == "dynamic":
            _dynamic(method, prepared, out, only)
        else:
            _static(method, prepared, calibration, out, only)
    marks_apart = {k: v for k, v in metadata_of(prepared).items() if not k.startswith(_MARK)}
    finish(out, marks_apart)
    renew_self_test(out)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep stdout for what the command has to say: the calibration prints to it."""
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _fp16(method: Method, prepared: Path, out: Path) -> None:
    import onnx
    from onnxruntime.quantization.onnx_model import ONNXModel
    from onnxruntime.transformers.float16 import convert_float_to_float16

    convert: Any = convert_float_to_float16
    model = convert(
        onnx.load(prepared), keep_io_types=True, node_block_list=list(method.keep_float)
    )
    ordered: Any = ONNXModel(model)
    ordered.topological_sort()  # the casts stand at the end
    onnx.save(ordered.model, out)


def _dynamic(method: Method, prepared: Path, out: Path, only: tuple[str, ...]) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(
        prepared, out, per_channel=method.per_channel, reduce_range=method.reduce_range,
        weight_type=QuantType.QInt8 if method.signed_weights else QuantType.QUInt8,
        nodes_to_quantize=list(only), nodes_to_exclude=list(method.keep_float),
    )  # fmt: skip


def _static(
    method: Method, prepared: Path, calibration: Array, out: Path, only: tuple[str, ...]
) -> None:
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static

    from edge_daemon.quantize.calibration import Feed

    ranges = {
        "minmax": CalibrationMethod.MinMax,
        "percentile": CalibrationMethod.Percentile,
        "entropy": CalibrationMethod.Entropy,
    }
    feed: Any = Feed(prepared, calibration)  # its base class is known by its methods
    quantize_static(
        prepared, out, feed, quant_format=QuantFormat.QDQ,
        activation_type=QuantType.QInt8 if method.signed_activations else QuantType.QUInt8,
        weight_type=QuantType.QInt8, per_channel=method.per_channel,
        reduce_range=method.reduce_range, calibrate_method=ranges[method.calibration],
        nodes_to_quantize=list(only), nodes_to_exclude=[*feed.softmax, *method.keep_float],
        extra_options=_options(method, feed.stride),
    )  # fmt: skip


def _options(method: Method, stride: int) -> dict[str, Any]:
    options: dict[str, Any] = {"CalibStridedMinMax": stride}
    if method.calibration == "percentile":
        options["CalibPercentile"] = method.percentile
    if method.symmetric:
        options |= {
            "ActivationSymmetric": True, "WeightSymmetric": True, "AddQDQPairToWeight": True,
            "DedicatedQDQPair": True, "QuantizeBias": False,
        }  # fmt: skip
    return options
