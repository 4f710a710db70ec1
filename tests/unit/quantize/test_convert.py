"""Models turned into ONNX: what is done without the libraries that they were made with."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from edge_daemon.errors import EdgeDaemonError, MissingDependency, ModelError
from edge_daemon.quantize.convert import to_onnx
from edge_daemon.quantize.convert.agreement import MOST, largest_difference
from edge_daemon.quantize.convert.child import imported, named, said
from edge_daemon.quantize.convert.kinds import is_factory, kind_of
from edge_daemon.quantize.convert.messages import Request
from edge_daemon.quantize.convert.written import batch_of, write

Array = npt.NDArray[np.float32]
WEIGHTS = np.linspace(-1.0, 1.0, 12, dtype=np.float32).reshape(4, 3)


def dense(batch: int | str = "n", operator: str = "MatMul") -> onnx.ModelProto:
    """Return a model of one product, 4 features to 3 scores."""
    graph = helper.make_graph(
        [helper.make_node(operator, ["features", "weights"], ["scores"], doc_string="made here")],
        "net",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [batch, 4])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [batch, 3])],
        [numpy_helper.from_array(WEIGHTS, "weights")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def written(folder: Path, batch: int | str = "n") -> Request:
    """Write that model, and return the request that asked for it."""
    request = Request(model="net.keras", out=str(folder / "net.onnx"))
    write(dense(batch), request)
    return request


@pytest.mark.parametrize(
    ("name", "first", "kind"),
    [
        ("net.onnx", b"", "onnx"),
        ("net.keras", b"PK\x03\x04", "keras"),
        ("net.H5", b"\x89HDF\r\n\x1a\n", "keras"),
        ("net.hdf5", b"\x89HDF\r\n\x1a\n", "keras"),
        ("net.pt2", b"PK\x03\x04", "torch"),
    ],
)
def test_files_are_told_by_their_ending(name: str, first: bytes, kind: str, tmp_path: Path) -> None:
    """Each ending has its library."""
    path = tmp_path / name
    path.write_bytes(first + b"more")
    assert kind_of(path) == kind


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("net.keras", b"no zip", "is no Keras 3 file, which is a zip (6 bytes, begins with b'no z"),
        ("net.h5", b"PK\x03\x04", "is no HDF5 file"),
        ("net.pt2", b"", "is no torch.export program"),
        ("net.pt", b"PK\x03\x04", "hold no graph; save it with torch.export.save as .pt2, or give"),
        ("net.tflite", b"", "give the Keras model"),
        ("net.pb", b"", "give the SavedModel folder"),
        ("net.txt", b"", ".txt is none of .onnx, .keras"),
        ("net", b"", "a name without an ending is none of"),
    ],
)
def test_files_that_are_none(name: str, content: bytes, told: str, tmp_path: Path) -> None:
    """They are refused by their names and first bytes, before a library is loaded."""
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ModelError) as refused:
        kind_of(path)
    assert f"{path}: " in str(refused.value)
    assert told in str(refused.value)


def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    """What could be given is named."""
    with pytest.raises(ModelError, match=r"net\.keras: no such model; give an \.onnx, \.keras"):
        to_onnx(tmp_path / "net.keras", tmp_path / "out.onnx")


def test_folders(tmp_path: Path) -> None:
    """A SavedModel is told by the file that every one has."""
    with pytest.raises(ModelError, match=r"a folder without saved_model\.pb"):
        kind_of(tmp_path)
    (tmp_path / "saved_model.pb").touch()
    assert kind_of(tmp_path) == "keras"


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("nets:make", True),
        ("my.nets:Net_2", True),
        ("nets:", False),
        (":make", False),
        ("2nets:make", False),
        ("folder/nets:make", False),
        ("nets:make.keras", False),
    ],
)
def test_factories_are_told_from_files(name: str, is_one: bool) -> None:
    """``module:factory`` is no path."""
    assert is_factory(name) is is_one


def test_a_file_that_is_called_like_a_factory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies there is meant."""
    monkeypatch.chdir(tmp_path)
    Path("nets:make").touch()
    assert not is_factory("nets:make")


def test_onnx_keeps_its_names_and_metadata(tmp_path: Path) -> None:
    """Its weights may lie beside it; they are in the one file afterwards."""
    model = dense()
    helper.set_model_props(model, {"edge_daemon": "{}"})
    onnx.save(
        model, tmp_path / "net.onnx", save_as_external_data=True, location="weights.bin",
        size_threshold=0,
    )  # fmt: skip
    out = tmp_path / "new" / "out.onnx"
    out.parent.mkdir()
    assert to_onnx(tmp_path / "net.onnx", out).largest_difference == 0.0
    copied = onnx.load(out)
    assert [p.name for p in out.parent.iterdir()] == ["out.onnx"]
    assert [entry.key for entry in copied.metadata_props] == ["edge_daemon"]
    np.testing.assert_array_equal(numpy_helper.to_array(copied.graph.initializer[0]), WEIGHTS)


def test_bytes_that_are_no_onnx(tmp_path: Path) -> None:
    """The size is told, and nothing is written."""
    path, out = tmp_path / "net.onnx", tmp_path / "out.onnx"
    path.write_bytes(b"certainly no model")
    with pytest.raises(ModelError, match=r"net\.onnx: not an ONNX model"):
        to_onnx(path, out)
    assert not out.exists()


def test_options_that_do_not_fit_the_model(tmp_path: Path) -> None:
    """Weights or layers that nothing would read are a mistake."""
    path, out = tmp_path / "net.onnx", tmp_path / "out.onnx"
    onnx.save(dense(), path)
    with pytest.raises(EdgeDaemonError, match=r"--custom-objects a:B: for Keras models only"):
        to_onnx(path, out, custom_objects=["a:B"])
    with pytest.raises(EdgeDaemonError, match=r"--state-dict w\.pt: goes with .* module:factory"):
        to_onnx(path, out, state_dict=Path("w.pt"))


# ---- what is written ---------------------------------------------------------------------------


def test_a_written_model_has_no_notes(tmp_path: Path) -> None:
    """Names, weights and a batch of any size stay."""
    model = onnx.load(written(tmp_path).out)
    assert [v.name for v in (*model.graph.input, *model.graph.output)] == ["features", "scores"]
    assert batch_of(model) is None
    assert model.graph.node[0].doc_string == ""


def test_long_names_of_values_are_shortened(tmp_path: Path) -> None:
    """Not those of the input, the output and the nodes, by which layers are told."""
    model = dense()
    model.graph.initializer[0].name = model.graph.node[0].input[1] = "net/" * 50 + "weights:0"
    model.graph.node[0].name = "net/dense/MatMul"
    request = Request(model="net.keras", out=str(tmp_path / "net.onnx"))
    write(model, request)
    node = onnx.load(request.out).graph.node[0]
    assert (node.name, node.input[0], node.output[0]) == ("net/dense/MatMul", "features", "scores")
    assert len(node.input[1]) < 5
    assert largest_difference(request, lambda x: x @ WEIGHTS) < 1e-5


@pytest.mark.parametrize(("batch", "told"), [(8, "takes batches of 8 only"), (0, "of 0 only")])
def test_fixed_batches(batch: int, told: str, tmp_path: Path) -> None:
    """A model that takes eight at once cannot be asked about one."""
    with pytest.raises(ModelError, match=told):
        written(tmp_path, batch)


def test_operators_that_onnx_lacks(tmp_path: Path) -> None:
    """They are named; converters take over what they don't know as it is."""
    request = Request(model="net.keras", out=str(tmp_path / "net.onnx"))
    with pytest.raises(ModelError, match=r"net\.keras: has operators .* none: RaggedFlip"):
        write(dense(operator="RaggedFlip"), request)


def test_several_outputs(tmp_path: Path) -> None:
    """One is needed; all are named."""
    model = dense()
    model.graph.output.append(model.graph.output[0])
    model.graph.output[1].name = "more"
    with pytest.raises(ModelError, match=r"has 2 outputs \(scores, more\)"):
        write(model, Request(model="net.keras", out=str(tmp_path / "net.onnx")))


def test_a_full_folder(tmp_path: Path) -> None:
    """It is the folder's fault and not the model's."""
    with pytest.raises(EdgeDaemonError, match="cannot be written") as refused:
        write(dense(), Request(model="net.keras", out=str(tmp_path / "nowhere" / "net.onnx")))
    assert not isinstance(refused.value, ModelError)


# ---- whether both answer the same --------------------------------------------------------------


@pytest.mark.parametrize("batch", ["n", 1])
def test_a_model_that_answers_as_before(batch: int | str, tmp_path: Path) -> None:
    """What is left is rounding; with a fixed batch it is asked one by one."""
    sizes = set()

    def original(x: Array) -> Array:
        sizes.add(len(x))
        return x @ WEIGHTS

    assert largest_difference(written(tmp_path, batch), original) < 1e-5
    assert sizes == ({1} if batch == 1 else {1, 3})


@given(factor=st.floats(0.5, 1.5))
def test_differences_are_relative_to_the_largest_answer(
    factor: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """All outputs larger by a share: that share is found, or the model is refused."""
    request = written(tmp_path_factory.mktemp("net"))
    expected = abs(1.0 / factor - 1.0)
    if expected > 1.01 * MOST:
        with pytest.raises(ModelError, match="differ by up to"):
            largest_difference(request, lambda x: factor * (x @ WEIGHTS))
    elif expected < 0.99 * MOST:
        found = largest_difference(request, lambda x: factor * (x @ WEIGHTS))
        assert found == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("original", "told"),
    [
        (lambda x: np.full((len(x), 3), np.nan), "outputs are not finite numbers on random"),
        (lambda x: x @ WEIGHTS[:, :2], r"answers with \(1, 2\), converted to ONNX with \(1, 3\)"),
        (lambda x: x @ WEIGHTS.T, "it cannot answer an input of"),
    ],
)
def test_originals_that_do_not_answer(
    original: Callable[[Array], Array], told: str, tmp_path: Path
) -> None:
    """Each is a model that cannot be trusted."""
    with pytest.raises(ModelError, match=told):
        largest_difference(written(tmp_path), original)


# ---- the process that converts -----------------------------------------------------------------


def test_messages_of_libraries_are_cut_to_a_line() -> None:
    """The cause that Keras quotes after a whole configuration is what counts."""
    with pytest.raises(ModelError, match=r"^net: ValueError: no such size$"), named("net"):
        raise ValueError("config={'a': 1}\n\nException encountered: no such size\nmore")
    assert said(ValueError("x" * 1000)) == "x" * 300 + " …"
    assert said(ValueError("Errors:\n\tno weights\n\tmore")) == "Errors: no weights"
    assert said(ValueError()) == ""


def test_objects_of_a_module_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is imported from there."""
    (tmp_path / "layers_of_test.py").write_text("class Scale: pass\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    assert imported("layers_of_test:Scale", "--custom-objects").__name__ == "Scale"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Scale", "module:Name is needed$"),
        ("no_such_module:Scale", "no_such_module cannot be imported from .* No module named"),
        ("json:Scale", "module 'json' has no attribute 'Scale'"),
        ("broken_of_test:Scale", "broken_of_test cannot be imported .* ZeroDivisionError"),
    ],
)
def test_objects_that_are_not_there(
    name: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The option and the name that was given are in the message."""
    (tmp_path / "broken_of_test.py").write_text("1 / 0\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    with pytest.raises(EdgeDaemonError, match=f"^--custom-objects {name}: .*{told}"):
        imported(name, "--custom-objects")


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> Path:
    """Put libraries that do this at their import before any real ones; return a model."""
    for library in ("keras", "onnxscript"):
        (folder / f"{library}.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    path = folder / "net.keras"
    path.write_bytes(b"PK\x03\x04")
    return path


@pytest.mark.parametrize(("model", "extra"), [("net.keras", "keras"), ("nets:make", "torch")])
def test_a_library_that_is_missing(
    model: str, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line that installs it is named."""
    stand_in(tmp_path, monkeypatch, "raise ImportError('it is not here')")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MissingDependency) as missing:
        to_onnx(model, tmp_path / "out.onnx")
    assert "(it is not here)" in str(missing.value)
    assert f"pip install 'edge-daemon[{extra}]'" in str(missing.value)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import os; os.kill(os.getpid(), 9)", "was killed by SIGKILL, perhaps for want of memory"),
        ("import sys; print('out of\\nfuel', file=sys.stderr); sys.exit(3)", "status 3: fuel"),
        ("raise RuntimeError('not this one')", "status 1: RuntimeError: not this one"),
    ],
)
def test_a_process_that_dies(
    code: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its end and its last words are told, and what it has begun to write is gone."""
    path, out = stand_in(tmp_path, monkeypatch, code), tmp_path / "out.onnx"
    out.write_bytes(b"half a model")
    with pytest.raises(EdgeDaemonError, match=f"net.keras: the process .* {told}") as failed:
        to_onnx(path, out)
    assert not isinstance(failed.value, ModelError)
    assert not out.exists()


def test_what_a_library_prints_is_no_reply(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Libraries print what they like, also past Python's own stdout."""
    code = "import os; print('{}'); os.write(1, b'{}'); raise ImportError('gone')"
    with pytest.raises(MissingDependency, match="gone"):
        to_onnx(stand_in(tmp_path, monkeypatch, code), tmp_path / "out.onnx")
