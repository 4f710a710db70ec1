"""The providers by the names of the configuration, and where an onnxruntime with them is had."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge_daemon.board import Board

ORT_NAMES = {
    "cpu": "CPUExecutionProvider",
    "xnnpack": "XnnpackExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
}
_JETSON_INDEX = "https://pypi.jetson-ai-lab.io"


def short_name(ort_name: str) -> str:
    """Return the name of the configuration for onnxruntime's, or that itself."""
    return next((name for name, known in ORT_NAMES.items() if known == ort_name), ort_name)


def install_line(provider: str, board: Board) -> str:
    """Say how this board gets an onnxruntime with the provider."""
    if provider == "cpu":
        return "run: pip install onnxruntime"
    if provider == "xnnpack":
        return (
            "the wheels of PyPI are built without it: build onnxruntime with --use_xnnpack, or "
            "take provider cpu, whose kernels for Arm are in every wheel"
        )
    if board.kind == "jetson":
        return _jetson_line(board)
    if board.kind == "raspberry-pi":
        return "a Raspberry Pi has no NVIDIA GPU: take provider cpu, which PyPI's onnxruntime has"
    line = "run: pip uninstall onnxruntime; pip install onnxruntime-gpu"
    return f"{line} tensorrt" if provider == "tensorrt" else line


def _jetson_line(board: Board) -> str:
    """Name NVIDIA's index for the JetPack; the wheel of PyPI does not know the GPU of a Jetson."""
    if board.jetpack and "JetPack 6" in board.jetpack:
        place = f"--index-url {_JETSON_INDEX}/jp6/cu126"
        return f"run: pip uninstall onnxruntime; pip install onnxruntime-gpu {place}"
    return (
        f"install the onnxruntime-gpu that {_JETSON_INDEX} has for "
        f"{board.jetpack or 'this JetPack'}; PyPI's has no code for the GPU of a Jetson"
    )
