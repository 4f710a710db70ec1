"""What was measured before, so that a second run goes on where the first one stopped."""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec
import numpy as np

from edge_daemon import __version__
from edge_daemon.errors import EdgeDaemonError
from edge_daemon.model.digest import sha256_of
from edge_daemon.outputs import append_line
from edge_daemon.quantize.inputs import Inputs, Material
from edge_daemon.quantize.trial import Trial

_DECIDES = ("onnx", "onnxruntime", "numpy")
"""Packages whose versions change what is measured."""


class Cache:
    """The trials of one question in one file, a line each, added as they are made.

    Parameters
    ----------
    folder : Path, optional
        Is made; without it nothing is kept.
    key : str
        Stands for everything that the figures depend on.

    Raises
    ------
    EdgeDaemonError
        When the folder cannot be made or the file not be read.
    """

    def __init__(self, folder: Path | None, key: str) -> None:
        self._path = None if folder is None else folder / f"{key}.jsonl"
        self._trials: dict[str, Trial] = {}
        if self._path is None:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            lines = self._path.read_bytes().splitlines() if self._path.exists() else []
        except OSError as error:
            raise self._unusable(error) from None
        for line in lines:
            self._read(line)

    def _read(self, line: bytes) -> None:
        _, _, content = line.partition(b" ")
        if line != _with_checksum(content):
            return  # cut off when a run was killed, or damaged: it is made anew
        try:
            trial = msgspec.json.decode(content, type=Trial)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return  # of another version
        self._trials[trial.method.name] = trial

    def get(self, name: str) -> Trial | None:
        """Return an earlier trial of the method of this name."""
        return self._trials.get(name)

    def remember(self, trial: Trial) -> None:
        """Know a trial for the rest of this run."""
        self._trials[trial.method.name] = trial

    def put(self, trial: Trial) -> None:
        """Keep a trial.

        Raises
        ------
        EdgeDaemonError
            When it cannot be written.
        """
        self.remember(trial)
        if self._path is None:
            return
        try:
            append_line(self._path, _with_checksum(msgspec.json.encode(trial)) + b"\n")
        except OSError as error:
            raise self._unusable(error) from None

    def _unusable(self, error: OSError) -> EdgeDaemonError:
        return EdgeDaemonError(
            f"{self._path}: results cannot be kept there: {error.strerror or error}; "
            "name another folder with --cache"
        )


def _with_checksum(trial: bytes) -> bytes:
    """Put a checksum before a trial: a digit that the disk has changed is still JSON."""
    return b"%08x " % zlib.crc32(trial) + trial


def default_folder() -> Path | None:
    """Return where results are kept unless told otherwise; None for a user who may write nowhere."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    try:
        base = Path(given) if os.path.isabs(given) else Path.home() / ".cache"
    except RuntimeError:  # no home
        return None
    folder = base / "edge-daemon" / "quantize"
    there = next(path for path in (folder, *folder.parents) if path.exists())
    return folder if os.access(there, os.W_OK) else None


def question(model: Path, material: Material, settings: Iterable[object]) -> str:
    """Return a key for a model, its data and what else is set; it is the same on any machine."""
    digest = hashlib.sha256(sha256_of(model).encode())
    for inputs in (material.calibration, material.evaluation):
        _add(digest, inputs)
    versions = [f"{name} {_version(name)}" for name in _DECIDES]
    for part in (__version__, *versions, *settings):
        digest.update(f"\n{part}".encode())
    return digest.hexdigest()[:24]


def on_this_machine(key: str, cpu: str) -> str:
    """Return the key of what also depends on the processor: every latency."""
    return hashlib.sha256(f"{key} {cpu}".encode()).hexdigest()[:24]


def _add(digest: hashlib._Hash, inputs: Inputs) -> None:
    digest.update(f"{inputs.x.shape} {inputs.labels}".encode())
    digest.update(np.ascontiguousarray(inputs.x).tobytes())
    digest.update(np.ascontiguousarray(inputs.y).tobytes())


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "?"  # onnxruntime has other names where it is built for a GPU
