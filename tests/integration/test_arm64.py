"""An emulated Raspberry Pi: the locked wheels run, and hear and compute what x86 does."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import soundfile

from edge_daemon import Pipeline
from edge_daemon.frontend import MfccFrontend
from edge_daemon.types import Features, Samples
from tests.integration.arm64_root import (
    LOCKED,
    REPOSITORY,
    Machine,
    arm64,
    arm64_root,
    raspberry_pi,
)

__all__ = ["arm64_root", "raspberry_pi"]

pytestmark = pytest.mark.heavy

DEMO = REPOSITORY / "config" / "demo.flac"
_COMPUTE = """
import sys
import numpy as np
import onnxruntime
model, windows, results = sys.argv[1:]
session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
found = [session.run(None, {"features": window}) for window in np.load(windows)]
np.savez(results, **{output.name: np.concatenate(values)
                     for output, values in zip(session.get_outputs(), zip(*found))})
"""
"""Writes all outputs of a model for each window of features in a file."""

Run = Callable[[list[str]], str]


@pytest.fixture(scope="module", autouse=True)
def on_x86() -> None:
    """Skip where nothing is there to compare with."""
    if platform.machine() != "x86_64":
        pytest.skip(f"this machine is no x86-64 but {platform.machine()}: nothing to compare with")


def here(program: list[str]) -> str:
    """Run a Python program on this machine, and return what it printed."""
    done = subprocess.run(
        [sys.executable, *program], env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    return done.stdout


def replayed(run: Run) -> list[dict[str, Any]]:
    """Return what is heard in the demo clip: all but what time it took."""
    config = REPOSITORY / "config" / "demo.yaml"
    command = ["-m", "edge_daemon", "replay", "--json", "--config", str(config), str(DEMO)]
    found = [json.loads(line) for line in run(command).splitlines()]
    return [{k: v for k, v in one.items() if k != "latency_ms"} for one in found]


def test_a_clip_gives_the_same_words_times_and_scores(raspberry_pi: Machine) -> None:
    """What `edge-daemon replay` prints of the demo clip is the same to the last digit."""
    expected = replayed(here)
    assert len(expected) > 10
    assert replayed(raspberry_pi.run) == expected


def test_int8_gives_the_same_in_every_bit(raspberry_pi: Machine, tmp_path: Path) -> None:
    """What the quantized layers give is equal; softmax, in floating point, differs in last bits."""
    if "vnni" not in Path("/proc/cpuinfo").read_text():
        pytest.skip("this x86 has no VNNI: its sums of products saturate, and give other results")
    model, windows = tmp_path / "model.onnx", tmp_path / "windows.npy"
    onnx.save(with_logits(), model)
    np.save(windows, windows_of(DEMO))
    for run, name in ((here, "x86.npz"), (raspberry_pi.run, "arm.npz")):
        run(["-c", _COMPUTE, str(model), str(windows), str(tmp_path / name)])
    x86, arm = np.load(tmp_path / "x86.npz"), np.load(tmp_path / "arm.npz")
    assert len(np.unique(x86["logits"], axis=0)) > 200
    np.testing.assert_array_equal(arm["logits"], x86["logits"])
    np.testing.assert_array_max_ulp(arm["scores"], x86["scores"], maxulp=32)


def with_logits() -> onnx.ModelProto:
    """Return the model that ships, which also gives what goes into its softmax."""
    model = onnx.load(REPOSITORY / "edge_daemon" / "models" / "commands.onnx")
    (softmax,) = (node for node in model.graph.node if node.op_type == "Softmax")
    model.graph.node.add(op_type="Identity", input=softmax.input, output=["logits"])
    model.graph.output.add(name="logits").type.tensor_type.elem_type = onnx.TensorProto.FLOAT
    return model


def windows_of(recording: Path) -> Features:
    """Return windows of the features of a recording, 100 ms apart [shape=(n, 1, frames, mfcc)]."""
    spec = Pipeline.load().spec
    samples: Samples = soundfile.read(recording, dtype="int16")[0].astype(np.int16)
    frames = MfccFrontend(spec.frontend).push(samples)
    starts = range(0, len(frames) - spec.n_frames, 10)
    return np.stack([frames[None, at : at + spec.n_frames] for at in starts])


def test_what_runs_is_what_is_locked(arm64_root: Path) -> None:
    """The wheels of the emulated machine are those of deploy/requirements.txt, in their versions."""
    locked = {line.split()[0] for line in LOCKED.read_text().splitlines() if "==" in line}
    installed = {f"{n}=={v}".lower() for n, v in arm64.versions(arm64_root).items()}
    installed = {one.replace("_", "-") for one in installed if not one.startswith("python==")}
    assert installed <= locked
    assert {one.partition("==")[0] for one in installed} >= {"numpy", "onnxruntime", "sounddevice"}
