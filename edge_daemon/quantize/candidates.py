"""Which methods suit which target."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from edge_daemon.quantize.methods import Method
from edge_daemon.quantize.settings import MethodName, Target

_PERCENTILES = (99.9, 99.99, 99.995, 99.999)
_N_FLOAT = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
"""So many of the most sensitive layers may stay float."""


class Candidates(Struct, frozen=True):
    """Methods to try."""

    first: tuple[Method, ...]
    """Tried in any case, in this order."""
    others: tuple[Method, ...] = ()
    """Among which a search looks on."""

    def __len__(self) -> int:
        return len(self.first) + len(self.others)


def candidates(method: MethodName, target: Target) -> Candidates:
    """Return what is tried of a model before any layer is kept in float32.

    There are none where the target has no use for the method: CUDA has no kernels for INT8, and
    TensorRT none for activations that are quantized on the fly.
    """
    static = () if target == "cuda" else tuple(_static(target))
    dynamic = () if target in ("cuda", "tensorrt") else tuple(_dynamic(target))
    fp16 = (Method(kind="fp16"),)
    if method == "mixed":
        return Candidates(())
    if method != "auto":
        every = {"dynamic": dynamic, "static": static, "fp16": fp16}[method]
        return Candidates(every[:2], every[2:])
    halved = fp16 if target != "cpu" else ()  # no x86 computes it, the report would only say so
    first = (*static[:2], *dynamic[:2], *halved)
    return Candidates(first, tuple(m for m in (*static, *dynamic) if m not in first))


def is_of_use(method: MethodName, target: Target) -> bool:
    """Say whether there is anything to try."""
    layers = ("one", "another")
    return len(mixed(target, layers) if method == "mixed" else candidates(method, target)) > 0


def mixed(target: Target, sensitive: tuple[str, ...]) -> Candidates:
    """Return static methods that keep some layers in float32, the most sensitive first.

    sensitive : the layers, in that order; one at least is quantized
    """
    if target == "cuda":
        return Candidates(())
    forms = (usual(target), usual(target, calibration="minmax"))
    numbers = [n for n in _N_FLOAT if n < len(sensitive)]
    return Candidates(
        (),
        tuple(
            replace(method, keep_float=sensitive[:n]) for n in numbers for method in forms
        ),
    )  # fmt: skip


def coordinates(method: Method) -> dict[str, str | int]:
    """Return where a method lies on the axes that a search knows."""
    exact = f" {method.percentile:g}" if method.calibration == "percentile" else ""
    kept = len(method.keep_float)
    if method.kind == "dynamic":
        return {"kind": "dynamic", "weights": _sign(method.signed_weights), "grain": _grain(method)}
    return {
        "kind": method.kind, "range": method.calibration + exact, "grain": _grain(method),
        "activations": _sign(method.signed_activations), "kept float": kept,
    }  # fmt: skip


def _sign(is_signed: bool) -> str:
    return "signed" if is_signed else "unsigned"


def _grain(method: Method) -> str:
    return "channel" if method.per_channel else "tensor"


def usual(target: Target, **differs: Any) -> Method:
    """Return the static method that does best most of the time."""
    if target == "tensorrt":
        return Method(kind="static", signed_activations=True, symmetric=True, **differs)
    return Method(kind="static", reduce_range=_overflows(target), **differs)


def _static(target: Target) -> Iterator[Method]:
    """Yield the usual one, that with the widest range, and then all the others."""
    first = [usual(target), usual(target, calibration="minmax")]
    yield from first
    ranges: list[dict[str, Any]] = [
        *({"percentile": p} for p in _PERCENTILES), {"calibration": "minmax"},
        {"calibration": "entropy"},
    ]  # fmt: skip
    signs = (True,) if target == "tensorrt" else (False, True)
    for found, per_channel, signed in product(ranges, (True, False), signs):
        method = replace(usual(target), per_channel=per_channel, signed_activations=signed, **found)
        if method not in first:
            yield method


def _dynamic(target: Target) -> Iterator[Method]:
    """Yield U8 weights first: onnxruntime 1.23 has no convolution for S8."""
    for signed, per_channel in ((False, False), (True, False), (False, True), (True, True)):
        yield Method(
            kind="dynamic", signed_weights=signed, per_channel=per_channel,
            reduce_range=_overflows(target),
        )  # fmt: skip


def _overflows(target: Target) -> bool:
    """Say whether this is an x86 that adds products of 8 bits in 16 bits, without VNNI."""
    if target != "cpu" or platform.machine() not in ("x86_64", "AMD64"):
        return False
    flags = cpu_flags()
    return "avx2" in flags and not {"avx512_vnni", "avx_vnni"} & flags


def cpu_flags(cpuinfo: Path = Path("/proc/cpuinfo")) -> set[str]:
    """Return what the processor of an x86 machine can do; nothing where that is not said."""
    try:
        lines = cpuinfo.read_text(errors="replace").splitlines()
    except OSError:
        return set()
    return {flag for line in lines if line.startswith("flags") for flag in line.split()[2:]}
