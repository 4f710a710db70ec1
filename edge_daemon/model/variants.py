"""Files of the same model beside it, each for other providers: NAME.fp16.onnx by NAME.onnx."""

from __future__ import annotations

from pathlib import Path

from edge_daemon.errors import ModelError

VARIANTS = ("float32", "fp16", "symmetric")
_PREFERRED = {
    "cpu": ("default", "float32"),
    "xnnpack": ("default", "float32"),
    "cuda": ("fp16", "float32", "default"),  # it has no kernels for INT8
    "tensorrt": ("symmetric", "fp16", "float32", "default"),
}
_QUANTIZE = "edge-daemon quantize FLOAT.onnx --data CLIPS --min-speedup 0"
"""Faster it is on the GPU, and hardly here."""
_HOW = {
    "float32": "it is the model that an INT8 one was made from",
    "fp16": f"{_QUANTIZE} --min-compression 1.5 --target cuda --method fp16 -o",
    "symmetric": f"{_QUANTIZE} --target tensorrt --method static -o",
}
"""How to come by one."""


def files_for(provider: str, model: Path, variant: str) -> list[Path]:
    """Return the files that the provider may serve, the best first; those that are there.

    Raises
    ------
    ModelError
        When a variant is named that is not there.
    """
    if variant != "auto":
        return [_named(model, variant)]
    files = [variant_file(model, name) for name in _PREFERRED[provider]]
    return [path for path in files if path == model or path.is_file()]


def variant_file(model: Path, variant: str) -> Path:
    """Return where a variant of a model belongs."""
    return model if variant == "default" else model.with_name(f"{model.stem}.{variant}.onnx")


def is_variant(path: Path) -> bool:
    """Tell whether a file stands beside a model as its variant."""
    base, _, variant = path.stem.rpartition(".")
    return variant in VARIANTS and path.with_name(f"{base}.onnx").is_file()


def is_symmetric(path: Path) -> bool:
    """Tell whether a file is INT8 of the kind that TensorRT takes."""
    return path.stem.endswith(".symmetric")


def _named(model: Path, variant: str) -> Path:
    path = variant_file(model, variant)
    if not path.is_file():
        how = _HOW[variant] if variant == "float32" else f"{_HOW[variant]} {path.name}"
        raise ModelError(f"model.variant: {variant}: there is no {path}; {how}")
    return path
