"""Providers as a user meets them: in the log, in exit codes, and with other builds of onnxruntime.

Two builds from PyPI can be had on any x86-64 machine, each in a virtual environment of its own
with numpy, msgspec, pyyaml, soxr, soundfile, sounddevice and rich; they are used where these name
their Python:

    EDGE_DAEMON_GPU_PYTHON        onnxruntime-gpu, on a machine without CUDA's libraries
    EDGE_DAEMON_OPENVINO_PYTHON   onnxruntime-openvino: a provider that does compute
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.integration.command_line import (
    DEFAULTS,
    DEMO,
    GIVE_UP_S,
    ROOT,
    edge_daemon,
)

_OBTAIN = """
import json, logging, sys
logging.basicConfig(level="DEBUG", stream=sys.stderr)
from edge_daemon.config import ModelConfig, RuntimeConfig
from edge_daemon.errors import ModelError
from edge_daemon.model import load_model
from edge_daemon.model.providers import ladder, names, settings
wanted = json.loads(sys.argv[1])
if wanted.pop("openvino", False):
    names.ORT_NAMES["xnnpack"] = "OpenVINOExecutionProvider"
    settings_for = settings.settings_for
    def without_options(provider, runtime, *more):
        found = settings_for(provider, runtime, *more)
        own = ((names.ORT_NAMES[provider], {}),)
        return settings.Settings(found.threads, found.arena, found.entries, own)
    ladder.settings_for = without_options
try:
    obtained = load_model(ModelConfig(), RuntimeConfig(**wanted)).obtained
    print(json.dumps([obtained.provider, obtained.refused, obtained.elsewhere]))
except ModelError as error:
    print(json.dumps(["refused", [str(error)], []]))
"""


def obtained(variable: str, **wanted: Any) -> tuple[str, list[str], list[str], str]:
    """Open the model with another build; return provider, refusals, nodes elsewhere and log."""
    python = os.environ.get(variable)
    if not python:
        pytest.skip(f"{variable} names no Python; see the head of this module")
    done = subprocess.run(
        [python, "-c", _OBTAIN, json.dumps(wanted)], capture_output=True, text=True, cwd=ROOT,
        timeout=GIVE_UP_S, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    provider, refused, elsewhere = json.loads(done.stdout)
    return provider, refused, elsewhere, done.stderr


def config(folder: Path, text: str) -> Path:
    """Write a configuration that listens to the demo clip as fast as it goes."""
    path = folder / "config.yaml"
    path.write_text(f"audio: {{source: 'wav:{DEMO}', pace: fast}}\n{text}")
    return path


def test_requested_and_obtained_are_in_the_log(tmp_path: Path) -> None:
    """A provider that is not there gives way in the open, and the words are heard."""
    done = edge_daemon("run", "--config", config(tmp_path, "runtime: {provider: xnnpack}\n"))
    assert done.returncode == 0
    assert "WARNING not served by xnnpack, commands.onnx: onnxruntime" in done.stderr
    assert "provider: requested xnnpack, obtained cpu; model file" in done.stderr
    assert "heard 'computer stop'" in done.stderr


def test_strict_ends_the_start(tmp_path: Path) -> None:
    """With the exit code for which systemd does not try again."""
    path = config(tmp_path, "runtime: {provider: xnnpack, strict: true}\n")
    done = edge_daemon("run", "--config", path)
    assert done.returncode == 78
    assert "\nedge-daemon: runtime.provider: xnnpack: nothing that was tried" in "\n" + done.stderr
    assert "Traceback" not in done.stderr


def test_check_names_what_steps_in(tmp_path: Path) -> None:
    """It is the machine that lacks something; the daemon would run."""
    done = edge_daemon("check", "--config", config(tmp_path, "runtime: {provider: xnnpack}\n"))
    assert done.returncode == 1
    assert done.stdout.startswith("runtime: served by cpu, not by xnnpack, commands.onnx: onnx")


def test_the_larger_model_is_served_by_the_same_provider(tmp_path: Path) -> None:
    """The second opinion goes the same way, its refusals named apart."""
    text = "runtime: {provider: xnnpack}\ndecision: {confirm: 'builtin:commands-large'}\n"
    done = edge_daemon("run", "--config", config(tmp_path, text))
    assert "not served by xnnpack, commands-large.onnx" in done.stderr
    assert "confirmed by commands-large" in done.stderr


def test_replay_says_what_gave_way(tmp_path: Path) -> None:
    """Commands without a log of their own tell it, too."""
    path = config(tmp_path, "runtime: {provider: xnnpack}\n")
    done = edge_daemon("replay", "--config", path, DEMO)
    assert "not served by xnnpack" in done.stderr
    assert "computer stop" in done.stdout
    assert edge_daemon("replay", "--config", DEFAULTS, DEMO).stderr == ""


@pytest.mark.parametrize("provider", ["cuda", "tensorrt"])
def test_a_library_that_does_not_load(provider: str) -> None:
    """Onnxruntime lists it, fails to load it, and would go on with the CPU in silence."""
    served, refused, _, log = obtained("EDGE_DAEMON_GPU_PYTHON", provider=provider)
    assert served == "cpu"
    assert f"onnxruntime could not load {provider}" in refused[0]
    assert "cannot open shared object file" in refused[0]
    assert "[E:onnxruntime" not in log  # what we tell, it need not tell again in its own way


def test_a_library_that_does_not_load_is_an_error_when_strict() -> None:
    """The reason is the missing library, not the CPU that was forbidden."""
    served, refused, _, _ = obtained("EDGE_DAEMON_GPU_PYTHON", provider="cuda", strict=True)
    assert served == "refused"
    assert "cannot open shared object file" in refused[0]


@pytest.mark.parametrize("strict", [False, True])
def test_another_provider_is_proven(strict: bool) -> None:
    """OpenVINO, in the place of XNNPACK, opens, runs all nodes, and gives the stored scores."""
    served, refused, elsewhere, log = obtained(
        "EDGE_DAEMON_OPENVINO_PYTHON", openvino=True, provider="xnnpack", strict=strict
    )
    assert (served, refused, elsewhere) == ("xnnpack", [], [])
    assert "requested xnnpack, obtained xnnpack" in log
