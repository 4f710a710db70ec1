"""What was measured before, so that a second run goes on where the first one stopped."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec
import numpy as np

from edge_daemon import __version__
from edge_daemon.errors import EdgeDaemonError
from edge_daemon.quantize.inputs import Inputs, Material
from edge_daemon.quantize.trial import Trial

_DECIDES = ("onnx", "onnxruntime", "numpy")
"""Packages whose versions change what is measured."""


class Cache:
    """The trials of one question in one file, a line of JSON each, added as they are made.

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
        try:
            trial = msgspec.json.decode(line, type=Trial)
        except msgspec.DecodeError:
            return  # cut off when a run was killed, or of another version: it is made anew
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
            with self._path.open("ab") as file:
                file.write(b"\n" * (not _ends_a_line(self._path)) + msgspec.json.encode(trial))
                file.write(b"\n")
        except OSError as error:
            raise self._unusable(error) from None

    def _unusable(self, error: OSError) -> EdgeDaemonError:
        return EdgeDaemonError(
            f"{self._path}: results cannot be kept there: {error.strerror or error}; "
            "name another folder with --cache"
        )


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - 1, 0))
        return file.read(1) in (b"", b"\n")


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
    digest = hashlib.sha256(model.read_bytes())
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
