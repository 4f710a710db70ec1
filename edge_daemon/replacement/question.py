"""What was judged, and where: a verdict holds for this and for nothing else."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from edge_daemon import __version__
from edge_daemon.config import QuantizeConfig
from edge_daemon.model import runtime_version
from edge_daemon.model.digest import sha256_of
from edge_daemon.processor import cpu_model


class Question(Struct, frozen=True, kw_only=True):
    """Whether there is a smaller model for this one, on this machine, within these limits."""

    model: str
    """SHA-256 of the file, and of those beside it that hold weights."""
    runtime: str
    cpu: str
    version: str
    """Of edge_daemon, which quantizes and judges."""
    max_accuracy_loss: float
    min_compression: float
    min_speedup: float
    data: str | None
    """A fingerprint; None where there is no data."""

    @property
    def key(self) -> str:
        """A short name for a file; the same for the same model, runtime and CPU."""
        text = "\n".join((self.model, self.runtime, self.cpu))
        return hashlib.sha256(text.encode()).hexdigest()[:24]

    def is_answered_by(self, earlier: Question) -> bool:
        """Tell whether a verdict on the other one holds; data that is gone makes none invalid."""
        return self == (earlier if self.data else replace(earlier, data=None))


def question_about(model: Path, config: QuantizeConfig, data: Path) -> Question:
    """Look at the model, the machine, and the data.

    Raises
    ------
    ModelError
        When the model cannot be read.
    """
    return Question(
        model=sha256_of(model),
        runtime=f"onnxruntime {runtime_version()}",
        cpu=cpu_model(),
        version=__version__,
        max_accuracy_loss=config.max_accuracy_loss,
        min_compression=config.min_compression,
        min_speedup=config.min_speedup,
        data=fingerprint(data),
    )


def fingerprint(data: Path) -> str | None:
    """Return what changes when files are added or replaced; None where there is no data.

    Of a folder its subfolders are looked at, whose times tell of new files. To look at each of
    a hundred thousand clips would take longer than the start of the daemon.
    """
    try:
        entries = [(str(data), data.stat())]
        if data.is_dir():
            entries += [(e.name, e.stat()) for e in os.scandir(data) if e.is_dir() or e.is_file()]
    except OSError:
        return None
    seen = sorted((name, s.st_size, s.st_mtime_ns) for name, s in entries)
    return hashlib.sha256(repr(seen).encode("utf-8", "surrogateescape")).hexdigest()[:24]
