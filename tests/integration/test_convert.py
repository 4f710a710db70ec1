"""Real models of Keras and PyTorch turned into ONNX; skipped where these are not installed."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from edge_daemon.errors import EdgeDaemonError, ModelError
from edge_daemon.quantize.convert import Conversion, to_onnx

needs_keras = pytest.mark.skipif(
    not all(map(find_spec, ("keras", "tensorflow", "tf2onnx"))), reason="needs the extra `keras`"
)
needs_torch = pytest.mark.skipif(
    not all(map(find_spec, ("torch", "onnxscript"))), reason="needs the extra `torch`"
)

LAYERS = """
import keras, tensorflow

class Scale(keras.layers.Layer):
    def __init__(self, by=1.0, **more):
        super().__init__(**more)
        self.by = by
    def call(self, x):
        return x * self.by
    def get_config(self):
        return {**super().get_config(), "by": self.by}

class Digamma(keras.layers.Layer):
    def call(self, x):
        return tensorflow.math.digamma(x)

class Roots(keras.layers.Layer):
    def call(self, x):
        return keras.ops.sqrt(x - 100.0)
"""
MODELS = """
import json, h5py, keras, numpy
from keras import layers
from own_layers import Digamma, Roots, Scale

def network(*more, shape=(12, 6, 1), n=3):
    features = keras.Input(shape)
    x = layers.Conv2D(4, 3, padding="same", use_bias=False)(features)
    x = layers.Flatten()(layers.MaxPooling2D(2)(layers.ReLU()(layers.BatchNormalization()(x))))
    for layer in more:
        x = layer(x)
    return keras.Model(features, layers.Dense(n, activation="softmax")(x))

keras.utils.set_random_seed(1)
plain = network()
plain.compile("adam", "sparse_categorical_crossentropy")
plain.fit(numpy.random.rand(8, 12, 6, 1), numpy.arange(8) % 3, verbose=0)
for name in ("plain.keras", "plain.h5", "weights.weights.h5"):
    plain.save_weights(name) if "weights" in name else plain.save(name)
plain.export("saved", verbose=False)
x = numpy.random.rand(2, 12, 6, 1).astype("float32")
numpy.savez("answers.npz", x=x, y=plain.predict(x, verbose=0))

with h5py.File("plain.h5", "r+") as file:  # as Keras 2 wrote it
    config = json.loads(file.attrs["model_config"])
    for layer in config["config"]["layers"]:
        settings = layer["config"]
        if "batch_shape" in settings:
            settings["batch_input_shape"] = settings.pop("batch_shape")
        settings["dtype"] = "float32"
    file.attrs["model_config"] = json.dumps(config)
    file.attrs["keras_version"] = "2.15.0"

with h5py.File("plain.h5") as old, h5py.File("old.h5", "w") as file:  # with what Keras 3 dropped
    file.attrs.update(old.attrs)
    file.attrs["model_config"] = old.attrs["model_config"].replace('"filters"', '"gone": 1, "filters"')

network(Scale(2.0)).save("own.keras")
network(layers.Lambda(lambda x: x * 2)).save("lambda.keras")
network(Digamma()).save("digamma.keras")
network(Roots()).save("nan.keras")
sequence = keras.Input((None, 6))
keras.Model(sequence, layers.Dense(3)(layers.GRU(4)(sequence))).save("open.keras")
a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
keras.Model([a, b], layers.Dense(3)(layers.Add()([a, b]))).save("two.keras")
"""


@pytest.fixture(scope="module")
def keras_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small Keras models, saved in every way by a process of its own."""
    folder = tmp_path_factory.mktemp("keras")
    (folder / "own_layers.py").write_text(LAYERS)
    (folder / "models.py").write_text(MODELS)
    done = subprocess.run(
        [sys.executable, "models.py"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Where the ONNX file goes."""
    return tmp_path / "out.onnx"


def answers(path: Path, x: np.ndarray) -> np.ndarray:
    """Return what an ONNX file answers."""
    session = onnxruntime.InferenceSession(path)
    return np.asarray(session.run(["scores"], {"features": x})[0])


@needs_keras
@pytest.mark.parametrize("name", ["plain.keras", "plain.h5", "saved"])
def test_keras_files_and_saved_models(name: str, keras_models: Path, out: Path) -> None:
    """However it was saved, with the optimizer's state or without, it answers as in Keras."""
    done = to_onnx(keras_models / name, out)
    assert isinstance(done, Conversion)
    assert done.converter.startswith("tf2onnx ")
    assert done.largest_difference < 1e-5
    with np.load(keras_models / "answers.npz") as kept:
        np.testing.assert_allclose(answers(out, kept["x"]), kept["y"], atol=1e-6)


@needs_keras
def test_layers_of_ones_own(keras_models: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without them they are named with the option to give; with it the model is converted."""
    monkeypatch.chdir(keras_models)
    with pytest.raises(ModelError, match=r"own\.keras: has 'Scale'.* --custom-objects module:Sca"):
        to_onnx("own.keras", out)
    assert to_onnx("own.keras", out, custom_objects=["own_layers:Scale"]).largest_difference < 1e-5


@needs_keras
@pytest.mark.parametrize(
    ("name", "own", "told"),
    [
        ("weights.weights.h5", [], "holds weights only; save the whole model"),
        ("lambda.keras", [], "has a Lambda layer with Python code in it, which is not run"),
        ("digamma.keras", ["own_layers:Digamma"], "operators for which ONNX has none: Digamma"),
        ("nan.keras", ["own_layers:Roots"], "outputs are not finite numbers on random input"),
        ("two.keras", [], r"has 2 inputs \(a, b\); needed is one"),
        ("open.keras", [], "must be numbers: give --input-shape, or save it with fixed sizes"),
        ("old.h5", [], r"is of Keras 2\.15\.0, and this .*'gone'.* save it as a SavedModel"),
        ("broken.keras", [], r"broken\.keras: Keras .* cannot read it: "),
    ],
)
def test_keras_models_that_cannot_be_used(
    name: str, own: list[str], told: str, keras_models: Path, out: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Each is refused with what to do about it, and nothing is written."""
    monkeypatch.chdir(keras_models)
    with zipfile.ZipFile("broken.keras", "w") as file:
        file.writestr("config.json", "{}")
    with pytest.raises(ModelError, match=told):
        to_onnx(name, out, custom_objects=own)
    assert not out.exists()


@needs_keras
def test_sizes_that_a_model_leaves_open(keras_models: Path, out: Path) -> None:
    """They are those that are given."""
    to_onnx(keras_models / "open.keras", out, input_shape=(20, 6))
    sizes = onnx.load(out).graph.input[0].type.tensor_type.shape.dim
    assert [d.dim_value for d in sizes[1:]] == [20, 6]


# ---- PyTorch -----------------------------------------------------------------------------------

NETS = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, n=3):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv1d(6, 4, 3, padding=1), nn.BatchNorm1d(4), nn.ReLU(), nn.Dropout(0.5),
            nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(4, n), nn.Softmax(1),
        )
    def forward(self, x):
        return self.layers(x.transpose(1, 2))

class Branching(nn.Module):
    def forward(self, x):
        return x.sum(1) if x.sum() > 0 else x.mean(1)

class OneByOne(Net):
    def forward(self, x):
        return super().forward(x.reshape(1, 12, 6))

def no_net():
    return 3

def broken():
    raise KeyError("weights.bin")
"""


@pytest.fixture(scope="module")
def torch_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A module with factories, weights in two forms, and exported programs."""
    import torch

    folder = tmp_path_factory.mktemp("torch")
    (folder / "own_nets.py").write_text(NETS)
    spaces: dict[str, type[torch.nn.Module]] = {}
    exec(NETS, spaces)  # noqa: S102
    torch.manual_seed(1)
    net = spaces["Net"]().eval()
    torch.save(net.state_dict(), folder / "weights.pt")
    torch.save({"epoch": 3, "state_dict": net.state_dict()}, folder / "checkpoint.pt")
    any_number = ({0: torch.export.Dim("n")},)
    for name, n, shapes in (("any.pt2", 2, any_number), ("one.pt2", 1, None), ("8.pt2", 8, None)):
        x = torch.zeros(n, 12, 6)
        torch.export.save(torch.export.export(net, (x,), dynamic_shapes=shapes), folder / name)
    x = torch.randn(1, 12, 6)
    with torch.no_grad():
        np.savez(folder / "answers.npz", x=x.numpy(), y=net(x).numpy())
    return folder


def assert_answers(out: Path, folder: Path) -> None:
    """Hold an ONNX file to what the network answered."""
    with np.load(folder / "answers.npz") as kept:
        np.testing.assert_allclose(answers(out, kept["x"]), kept["y"], atol=1e-6)


@needs_torch
@pytest.mark.parametrize("name", ["any.pt2", "one.pt2"])
def test_exported_programs(name: str, torch_models: Path, out: Path) -> None:
    """With a batch of any size or of one."""
    assert to_onnx(torch_models / name, out).largest_difference < 1e-5
    assert_answers(out, torch_models)
    assert out.stat().st_size < 20_000  # no stack traces of the exporter
    assert [p.name for p in out.parent.iterdir()] == ["out.onnx"]


@needs_torch
@pytest.mark.parametrize("weights", ["weights.pt", "checkpoint.pt"])
def test_a_factory_with_weights(
    weights: str, torch_models: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The weights alone, or a checkpoint that holds them; a batch of any size comes out."""
    monkeypatch.chdir(torch_models)
    to_onnx("own_nets:Net", out, input_shape=(12, 6), state_dict=Path(weights))
    assert_answers(out, torch_models)
    assert answers(out, np.zeros((5, 12, 6), np.float32)).shape == (5, 3)


@needs_torch
def test_a_module_that_takes_one_input_at_a_time(
    torch_models: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is exported for one."""
    monkeypatch.chdir(torch_models)
    to_onnx("own_nets:OneByOne", out, input_shape=(12, 6), state_dict=Path("weights.pt"))
    assert_answers(out, torch_models)


@needs_torch
@pytest.mark.parametrize(
    ("model", "told"),
    [
        ("8.pt2", "takes batches of 8 only; export it with a batch of any size, or of 1"),
        ("broken.pt2", r"broken\.pt2: PyTorch .* cannot read it: "),
        ("own_nets:no_net", "gives int, no torch.nn.Module"),
        ("own_nets:broken", "the factory fails: KeyError: 'weights.bin'"),
        ("own_nets:Branching", r"torch\.export cannot follow it with an input of \(12, 6\)"),
    ],
)
def test_torch_models_that_cannot_be_used(
    model: str, told: str, torch_models: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is refused in one line, and nothing is written."""
    monkeypatch.chdir(torch_models)
    with zipfile.ZipFile("broken.pt2", "w") as file:
        file.writestr("data", "none")
    with pytest.raises(ModelError, match=told) as refused:
        to_onnx(model, out, input_shape=(12, 6))
    assert "\n" not in str(refused.value)
    assert not out.exists()


@needs_torch
def test_weights_of_another_network(
    torch_models: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file of weights and the factory are both named."""
    monkeypatch.chdir(torch_models)
    with pytest.raises(
        ModelError, match=r"weights\.pt: are no weights of own_nets:Branching: .* Unexp"
    ):
        to_onnx("own_nets:Branching", out, input_shape=(12, 6), state_dict=Path("weights.pt"))


@needs_torch
def test_a_factory_without_the_shape_of_its_input(
    torch_models: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A PyTorch module does not say what it takes: the option is named."""
    monkeypatch.chdir(torch_models)
    with pytest.raises(EdgeDaemonError, match="give --input-shape"):
        to_onnx("own_nets:Net", out)
