"""What is read off an ONNX file without the package onnx, on files made with it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from edge_daemon.model.file import resolve
from edge_daemon.replacement.model_file import is_quantized
from tests.tiny_models import write_model


def write_nodes(path: Path, *nodes: onnx.NodeProto) -> Path:
    """Write a file of these nodes, sound or not."""
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, [1]) for n in "xy")
    onnx.save(helper.make_model(helper.make_graph(list(nodes), "g", [x], [y])), path)
    return path


def test_a_float_model_is_not_quantized(tmp_path: Path) -> None:
    """Weights and computation in float32."""
    assert not is_quantized(write_model(tmp_path / "m.onnx"))


@pytest.mark.parametrize("name", ["builtin:commands", "builtin:commands-large"])
def test_the_models_that_ship_are_quantized(name: str) -> None:
    """They hold QuantizeLinear and DequantizeLinear."""
    assert is_quantized(resolve(name))


@pytest.mark.parametrize("kind", ["DequantizeLinear", "DynamicQuantizeLinear", "ConvInteger"])
def test_one_operator_on_integers_is_enough(tmp_path: Path, kind: str) -> None:
    """Static and dynamic quantization, and weights alone."""
    nodes = helper.make_node("Relu", ["x"], ["a"]), helper.make_node(kind, ["a"], ["y"])
    assert is_quantized(write_nodes(tmp_path / "m.onnx", *nodes))


def test_names_are_not_taken_for_operators(tmp_path: Path) -> None:
    """A node, a tensor, or a domain may be called as it likes."""
    node = helper.make_node(
        "Relu", ["x"], ["DequantizeLinear"], name="QuantizeLinear", domain="MatMulInteger"
    )
    assert not is_quantized(write_nodes(tmp_path / "m.onnx", node))


@pytest.mark.parametrize("content", [b"", b"not a model"])
def test_any_file_can_be_looked_at(tmp_path: Path, content: bytes) -> None:
    """To refuse what is no model is for others."""
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    assert not is_quantized(path)


def test_the_daemon_has_neither_onnx_nor_the_quantizer() -> None:
    """With the feature on, nothing of what quantizes is imported."""
    program = (
        "import sys, edge_daemon.daemon, edge_daemon.replacement\n"
        "print([m for m in sys.modules if m == 'onnx' or m.startswith('edge_daemon.quantize')"
        " or m.startswith('onnxruntime.quantization')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b"[]\n"


def test_without_it_nothing_of_it_is_imported() -> None:
    """The daemon of old pays nothing for it."""
    program = "import sys, edge_daemon.daemon; print('edge_daemon.replacement' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b"False\n"
