"""Where TensorRT keeps the engines that it builds, which takes minutes."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

import msgspec

from edge_daemon.board import read_board
from edge_daemon.config import TensorrtConfig
from edge_daemon.errors import EdgeDaemonError
from edge_daemon.model.digest import sha256_of
from edge_daemon.model.library import onnxruntime
from edge_daemon.outputs import write_whole
from edge_daemon.state import state_directory

_LOG = logging.getLogger(__name__)

KEPT = 8
"""Folders; those that were not used for the longest time give way."""
_ENGINES = "*.engine"
_CHECKSUMS = "checksums.json"
_PROBE = b"\0" * 65536
_KEY_LENGTH = 16
_OURS = re.compile(f"[0-9a-f]{{{_KEY_LENGTH}}}")
_PACKAGES = ("tensorrt", "tensorrt-cu12", "tensorrt-cu13")


def engine_folder(config: TensorrtConfig, model: Path) -> Path | None:
    """Return the folder for the engines of this model on this machine; None where there is none.

    An engine is good for one model, onnxruntime, TensorRT, driver and GPU: the folder is named
    after them all, because TensorRT itself does not look at the weights.
    """
    try:
        kept = Path(config.cache) if config.cache else state_directory() / "tensorrt"
        folder = kept / _key(model)
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)  # used now; a file without a name, as below, leaves no trace of it
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(_PROBE)
            file.flush()
        _forget_the_damaged(folder)
        _forget_the_oldest(kept, folder)
    except (OSError, EdgeDaemonError) as error:
        _LOG.warning("engines of TensorRT are not kept, each start builds them anew: %s", error)
        return None
    return folder


def _forget_the_oldest(kept: Path, in_use: Path) -> None:
    """Keep the newest; where the clock was set back, that in use looks older than it is."""
    folders = [path for path in kept.iterdir() if _OURS.fullmatch(path.name) and path.is_dir()]
    folders.remove(in_use)
    for folder in sorted(folders, key=lambda path: -path.stat().st_mtime)[KEPT - 1 :]:
        shutil.rmtree(folder, ignore_errors=True)


def _forget_the_damaged(folder: Path) -> None:
    """Remove engines that are not as they were proven: TensorRT takes them on trust, and may crash.

    A kill or a power cut in the middle of a build, too, leaves what nothing vouches for.
    """
    proven = _proven(folder)
    for engine in folder.glob(_ENGINES):
        if proven.get(engine.name) != _sha256(engine):
            _LOG.warning("%s: not as it was built, or not finished; it is built anew", engine)
            engine.unlink()


def _proven(folder: Path) -> dict[str, str]:
    """Return the checksums that were noted, by name of the engine."""
    try:
        return msgspec.json.decode((folder / _CHECKSUMS).read_bytes(), type=dict[str, str])
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return {}


def _note_as_proven(folder: Path) -> None:
    found = {engine.name: _sha256(engine) for engine in folder.glob(_ENGINES)}
    if found != _proven(folder):
        write_whole(folder / _CHECKSUMS, msgspec.json.encode(found).decode())


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@contextmanager
def announced(folder: Path | None, model: Path) -> Iterator[None]:
    """Say in the log that an engine is built, and how long that took.

    That is when the session is opened, or at its first inference where sizes are left open.
    """
    if folder is not None and any(folder.glob(_ENGINES)):
        _LOG.info("the engine of TensorRT for %s was built before: %s", model.name, folder)
        with _proving(folder):
            yield
        return
    _LOG.info("TensorRT is asked for an engine for %s; to build one can take minutes", model.name)
    began_s = time.monotonic()
    with _proving(folder):
        yield
    _LOG.info("the engine for %s is there after %.0f s", model.name, time.monotonic() - began_s)


@contextmanager
def _proving(folder: Path | None) -> Iterator[None]:
    """Note what has served well; what has not is built anew at the next start."""
    if folder is None:
        yield
        return
    try:
        yield
    except Exception:
        (folder / _CHECKSUMS).unlink(missing_ok=True)
        raise
    try:
        _note_as_proven(folder)
    except (OSError, EdgeDaemonError) as error:
        _LOG.warning("the next start builds the engines of TensorRT anew: %s", error)


def _key(model: Path) -> str:
    digest = hashlib.sha256(sha256_of(model).encode())
    for part in (onnxruntime.__version__, read_board().model, *_versions(Path("/"))):
        digest.update(b"\0" + part.encode())
    return digest.hexdigest()[:_KEY_LENGTH]


def _versions(root: Path) -> list[str]:
    """Return what tells one TensorRT, driver and GPU from another."""
    found = [path.name for path in root.glob("usr/lib/*/libnvinfer.so.*")]
    for package in _PACKAGES:
        try:
            found.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            continue
    for pattern in ("proc/driver/nvidia/version", "proc/driver/nvidia/gpus/*/information"):
        found += [path.read_text(errors="replace") for path in root.glob(pattern)]
    return sorted(found)
