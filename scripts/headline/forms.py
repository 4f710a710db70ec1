"""The forms that the one trained network takes, and what each costs and gets right."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from edge_daemon.quantize.convert import to_onnx
from edge_daemon.quantize.gate import Latency
from edge_daemon.quantize.inputs import Inputs
from edge_daemon.quantize.latency import summary
from edge_daemon.quantize.memory import peak_rss_bytes
from edge_daemon.quantize.methods import Method, apply
from edge_daemon.quantize.prepare import prepare
from edge_daemon.quantize.served import Served
from edge_daemon.timing import Timing, in_turns, per_second

Array = npt.NDArray[np.float32]

DYNAMIC = Method(kind="dynamic", per_channel=False)
STATIC = Method(kind="static", per_channel=False)
_TIMING = Timing(n_rounds=40, n_calls=5, n_warm_up=5, most_s=180.0)
_SERVING = Path(__file__).with_name("serving.py")


class Row(Struct, frozen=True, kw_only=True):
    """What was measured of one form."""

    name: str
    file_bytes: int
    accuracy: float
    """Share of the test clips whose best label is right."""
    latency_ms: Latency
    per_second: float
    rss_bytes: int
    """Peak memory of a process that only serves it."""


@dataclass(frozen=True)
class _Form:
    name: str
    path: Path
    one: Callable[[Array], Any]
    """Answers one input, as a program that serves it would."""
    scores: Callable[[Array], Array]
    """Answers all inputs."""
    rss_bytes: Callable[[], int]


def write_onnx(keras_path: Path, folder: Path, calibration: Array) -> dict[str, Path]:
    """Convert the model, quantize it in two ways, and return the files by what they are."""
    plain, prepared = folder / "float32.onnx", folder / "prepared.onnx"
    print(to_onnx(keras_path, plain))
    prepare(plain, prepared)
    files = {"ONNX float32": plain}
    for name, method in (("ONNX dynamic INT8", DYNAMIC), ("ONNX static INT8", STATIC)):
        files[name] = folder / f"{method.name}.onnx"
        apply(method, prepared, calibration, files[name])
    return files


def measure(keras_path: Path, onnx: dict[str, Path], test: Inputs, seed: int) -> list[Row]:
    """Measure all forms in one run, in turns, on the same inputs."""
    forms = [*_keras_forms(keras_path), *(_onnx_form(name, path) for name, path in onnx.items())]
    calls = [lambda i, form=form: form.one(test.x[i : i + 1]) for form in forms]
    times_ms = in_turns(calls, len(test), _TIMING, seed)
    return [
        Row(
            name=form.name,
            file_bytes=form.path.stat().st_size,
            accuracy=float((form.scores(test.x).argmax(axis=1) == test.y).mean()),
            latency_ms=summary(times),
            per_second=per_second(times),
            rss_bytes=form.rss_bytes(),
        )
        for form, times in zip(forms, times_ms, strict=True)
    ]


def _keras_forms(path: Path) -> list[_Form]:
    import keras

    model = keras.models.load_model(path)

    def call(x: Array) -> Array:
        return np.asarray(model(x, training=False))

    def scores(x: Array) -> Array:
        return np.concatenate([call(x[i : i + 64]) for i in range(0, len(x), 64)])

    return [
        _Form("Keras predict", path, lambda x: model.predict(x, verbose=0),
              lambda x: np.asarray(model.predict(x, verbose=0)), lambda: _keras_rss(path, "predict")),
        _Form("Keras called directly", path, call, scores, lambda: _keras_rss(path, "call")),
    ]  # fmt: skip


def _keras_rss(path: Path, way: str) -> int:
    done = subprocess.run(
        [sys.executable, str(_SERVING), str(path), way],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True,
    )  # fmt: skip
    return int(done.stdout.split()[-1])


def _onnx_form(name: str, path: Path) -> _Form:
    served = Served(path)
    return _Form(name, path, served.run, served.answers, lambda: peak_rss_bytes(path))


def bytes_without_optimizer(keras_path: Path, folder: Path) -> int:
    """Return the size of the same Keras file without the optimizer's state."""
    import keras

    path = folder / "without-optimizer.keras"
    keras.models.load_model(keras_path, compile=False).save(path)
    return path.stat().st_size
