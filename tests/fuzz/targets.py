"""What is fuzzed: each takes bytes, and raises nothing, however wrong they are."""

from __future__ import annotations

import contextlib
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeAlias

import numpy as np

from edge_daemon.audio.files import FileSource, read_clip
from edge_daemon.audio.pcm import PcmSource
from edge_daemon.config import (
    ModelConfig,
    RuntimeConfig,
    load_sound_sections,
    parse_config,
    parse_yaml,
    permission_problems,
)
from edge_daemon.config.document import config_as_yaml
from edge_daemon.control.messages import Answer, parse_answer
from edge_daemon.control.server import ControlServer
from edge_daemon.errors import AudioError, ConfigError, ControlError, ModelError
from edge_daemon.frontend import MfccFrontend
from edge_daemon.model.checksum import checksum_of, sealed, stored_checksum
from edge_daemon.model.contents import read_model
from edge_daemon.model.file import spec_from_json
from edge_daemon.model.onnx_bytes import DamagedError
from edge_daemon.model.self_test import SELF_TEST_KEY, read
from edge_daemon.types import ModelSpec, Samples
from tests.tiny_models import WINDOW_SPEC

Target: TypeAlias = Callable[[bytes], None]

RATE_HZ = 16000
LONGEST_PROBLEM = 1500
"""Characters of one line about a mistake, whatever the mistake."""
MOST_SAMPLES = 1 << 27
MOST_SENT = 1 << 17
"""Bytes: what a socket holds that nobody reads yet."""
_HERE = Path(__file__)


def config(data: bytes) -> None:
    """A configuration is taken or refused; every problem is one short line."""
    try:
        found = parse_config(parse_yaml(data))
    except ConfigError as error:
        for line in error.problems:
            assert line.isprintable(), line
            assert len(line) < LONGEST_PROBLEM, line
        with _as_file(data, "c.yaml") as path:
            found = load_sound_sections(path)
    try:
        parse_config(parse_yaml(config_as_yaml(found)))
    except ConfigError as refused:
        assert all("was masked when it was printed" in problem for problem in refused.problems)
    permission_problems(found, _HERE)


def metadata(data: bytes) -> None:
    """What a model says of itself is refused, or a front end can be made of it that gives numbers."""
    text = data.decode("utf-8", "replace")
    try:
        spec = spec_from_json(text, "here")
    except ModelError as error:
        assert str(error).isprintable(), error
        return
    frontend = MfccFrontend(spec.frontend)
    longest = spec.frontend.n_fft + 3 * spec.frontend.hop_length
    features = frontend.push(np.arange(longest).astype(np.int16))
    assert np.isfinite(features).all(), features


def self_test(data: bytes) -> None:
    """A stored self-test is refused, or it holds as many features as the model takes."""
    text = data.decode("utf-8", "replace")
    meta = SimpleNamespace(custom_metadata_map={SELF_TEST_KEY: text})
    session: Any = SimpleNamespace(get_modelmeta=lambda: meta)
    try:
        test = read(session, WINDOW_SPEC, _HERE)
    except ModelError:
        return
    assert test is not None
    assert len(test.features) % WINDOW_SPEC.n_frames == 0


def onnx(data: bytes) -> None:
    """The bytes of a model are refused, or they can be sealed, and are then found to be whole."""
    try:
        with _as_file(data, "m.onnx") as path:
            read_model(path)
    except ModelError:
        return
    try:
        whole = sealed(data)
    except DamagedError:
        raise AssertionError("it was read, and cannot be sealed") from None
    assert stored_checksum(whole) == checksum_of(whole)
    assert sealed(whole) == whole


def model(data: bytes) -> None:
    """A whole file is refused as a model, or onnxruntime can score with it."""
    from edge_daemon.model import open_model

    with _as_file(data, "m.onnx") as path:
        try:
            opened = open_model(ModelConfig(path=str(path)), RuntimeConfig())
        except ModelError as error:
            assert len(str(error)) < 3 * LONGEST_PROBLEM, error
            return
    spec: ModelSpec = opened.spec
    opened.scores(np.zeros((spec.n_frames, spec.frontend.n_features), np.float32))


def audio(data: bytes) -> None:
    """A file of audio is refused, or it is samples, as many in one go as block by block."""
    with _as_file(data, "a.wav") as path:
        try:
            whole = read_clip(path, RATE_HZ)
        except AudioError:
            return
        assert len(whole) <= MOST_SAMPLES, len(whole)
        n_samples = 0
        with FileSource(path, RATE_HZ) as source:
            while (block := source.read()) is not None:
                n_samples += len(block.samples)
    assert n_samples == len(whole)  # not each sample: a damaged MP3 is a matter of where one reads


def pcm(data: bytes) -> None:
    """Raw samples come out as they went in; half a sample at the end does not."""
    rate_hz = (4000, RATE_HZ, 44100)[data[0] % 3] if data else RATE_HZ
    parts: list[Samples] = []
    with _as_file(data, "a.pcm") as path, PcmSource(str(path), rate_hz, RATE_HZ) as source:
        while (block := source.read()) is not None:
            parts.append(block.samples)
    if rate_hz == RATE_HZ:
        whole = np.frombuffer(data[: len(data) // 2 * 2], "<i2")
        assert np.array_equal(np.concatenate([*parts, np.empty(0, np.int16)]), whole)


def control(data: bytes) -> None:
    """Whatever a client sends is answered, or it is cut off; an answer is understood or refused."""
    with tempfile.TemporaryDirectory(prefix="fuzz") as folder:
        path = Path(folder, "c.sock")
        server = ControlServer(path)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            with contextlib.suppress(OSError):  # cut off before the end
                client.sendall(data[:MOST_SENT])
                client.shutdown(socket.SHUT_WR)
            for _ in range(data.count(b"\n") + len(data) // 4096 + 4):
                for asker, request in server.requests():
                    asker.answer(Answer(ok=True, problems=[type(request).__name__]))
            client.setblocking(False)
            with contextlib.suppress(ConnectionError):
                while client.recv(MOST_SENT):  # to its end: a connection left open would block
                    pass
        server.close()
    for line in data.split(b"\n"):
        with contextlib.suppress(ControlError):
            parse_answer(line)


TARGETS: dict[str, Target] = {
    target.__name__: target
    for target in (config, metadata, self_test, onnx, model, audio, pcm, control)
}


@contextlib.contextmanager
def _as_file(data: bytes, name: str) -> Iterator[Path]:
    """Yield the bytes in a file that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="fuzz") as folder:
        path = Path(folder, name)
        path.write_bytes(data)
        yield path
