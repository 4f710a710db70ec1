"""What is right, from which fuzzing starts."""

from __future__ import annotations

import base64
import io
import json
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile

from edge_daemon.model.checksum import sealed
from edge_daemon.model.file import spec_to_json
from edge_daemon.types import FrontendSpec
from tests.tiny_models import LARGER_SPEC, PITCH_SPEC, STREAM_SPEC, WINDOW_SPEC, write_model

ROOT = Path(__file__).parents[2]
CASES = Path(__file__).with_name("cases")
_ODD_YAML = """\
shared: &shared {say: "on", webhook: {url: "http://user:word@h:1/p?q=1", headers: {A: b}}}
actions: [*shared, {<<: *shared, say: off}, {say: go, after: up, log: -, within_ms: 500}]
decision: {words: {on: {threshold: 0.9, after: [go]}}, confirm: x.onnx}
security: {strict_permissions: true}
"""
_FORMATS = (
    ("WAV", "PCM_16"), ("WAV", "FLOAT"), ("WAV", "IMA_ADPCM"), ("WAV", "ULAW"), ("FLAC", "PCM_16"),
    ("OGG", "VORBIS"), ("OGG", "OPUS"), ("AIFF", "PCM_24"), ("CAF", "ALAC_16"), ("W64", "PCM_U8"),
    ("MP3", "MPEG_LAYER_III"), ("AU", "PCM_16"),
)  # fmt: skip


def seeds(target: str) -> list[bytes]:
    """Return valid inputs of a target, with the cases that were found before."""
    return [*_SEEDS[target](), *(path.read_bytes() for path in cases(target))]


def cases(target: str) -> list[Path]:
    """Return the inputs of a target that once went wrong."""
    return sorted((CASES / target).glob("*"))


def _configs() -> Iterator[bytes]:
    yield from (ROOT.joinpath("config", f"{x}.yaml").read_bytes() for x in ("demo", "jetson"))
    yield _ODD_YAML.encode()


def _specs() -> Iterator[bytes]:
    for spec in (WINDOW_SPEC, STREAM_SPEC, PITCH_SPEC, LARGER_SPEC):
        yield spec_to_json(spec).encode()
    frontend = FrontendSpec(
        n_mels=10, n_mfcc=3, mel_scale="slaney", mel_norm="slaney", log="db",
        mean=(0.5, 1.0, -1.0), std=(1.0, 2.0, 3.0),
    )  # fmt: skip
    spec = replace(WINDOW_SPEC, wake_words=("loud",), thresholds_after={"loud": 0.5})
    yield spec_to_json(replace(spec, frontend=frontend)).encode()


def _self_tests() -> Iterator[bytes]:
    steps = np.ones(WINDOW_SPEC.n_frames * 10, np.int8).tobytes()
    features = base64.b64encode(zlib.compress(steps)).decode()
    yield json.dumps({"scale": 0.4, "features": features, "scores": [0.9, 0.1, 0.0]}).encode()


def _models() -> Iterator[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        for spec in (WINDOW_SPEC, STREAM_SPEC):
            data = write_model(Path(folder, "m.onnx"), spec).read_bytes()
            yield data
    yield sealed(data)


def _audio() -> Iterator[bytes]:
    samples = (np.sin(np.arange(3000) / 9) * 9000).astype(np.int16)
    for form, subtype in _FORMATS:
        for rate_hz, n_channels in ((16000, 1), (48000, 2)):
            file = io.BytesIO()
            frames = np.repeat(samples[:, None], n_channels, axis=1)
            soundfile.write(file, frames, rate_hz, format=form, subtype=subtype)
            yield file.getvalue()


def _requests() -> Iterator[bytes]:
    yield b'{"do": "status"}\n{"do": "reload"}\n'
    yield b'{"do": "reload"}\n{"ok": false, "problems": ["x"]}\n{"ok": true, "data": {"a": 1}}\n'
    yield b'{"do": "mute", "for_s": 60}\n{"do": "trigger", "label": "on", "after": "jarvis"}\n'
    yield b'{"do": "threshold", "word": "stop", "value": 0.5}\n{"do": "follow", "live": true}\n'


def _samples() -> Iterator[bytes]:
    yield bytes(range(256)) * 40


_SEEDS = {
    "config": _configs,
    "metadata": _specs,
    "self_test": _self_tests,
    "onnx": _models,
    "model": _models,
    "audio": _audio,
    "pcm": _samples,
    "control": _requests,
}
