"""From a float model and data to the smaller model, or the original, with its report."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from edge_daemon.config import BUILTIN
from edge_daemon.errors import EdgeDaemonError, MissingDependency
from edge_daemon.quantize.gate import Gate
from edge_daemon.quantize.result import QuantizationResult
from edge_daemon.quantize.settings import Settings

if TYPE_CHECKING:
    from edge_daemon.quantize.output import Output


def quantize(
    model: Path | str,
    data: Path | str,
    *,
    output: Path | str | None = None,
    gate: Gate | None = None,
    settings: Settings | None = None,
) -> QuantizationResult:
    """Make a model smaller, prove it on data, and keep the original where it is not better.

    Parameters
    ----------
    model : Path or str
        Of Keras, PyTorch (also ``module:factory``) or ONNX.
    data : Path or str
        Clips (a folder or a tar), or an ``.npz``; see `load_material`.
    output : Path or str, optional
        The ONNX file to write; its reports are written beside it. By default ``NAME.quantized.onnx``
        beside the model.

    Raises
    ------
    EdgeDaemonError
        When anything goes wrong; then nothing is written. A gate that fails is no error: see
        `QuantizationResult.accepted`.
    """
    _need_onnx()
    from edge_daemon.quantize.job import Job
    from edge_daemon.quantize.output import Output

    source = _source(model)
    place = _place(source, output)
    with Output(place) as held, tempfile.TemporaryDirectory(prefix="edge-daemon-") as folder:
        job = Job(source, Path(data), gate or Gate(), settings or Settings(), Path(folder))
        with _no_room_in(folder):
            result = job.run(place)
            _write(result, job.file_of(result), held)
    return result


def _need_onnx() -> None:
    try:
        import onnx  # noqa: F401
    except ImportError as error:
        raise MissingDependency(
            f"onnx, which reads and writes models, cannot be loaded ({error}); "
            "run: pip install 'edge-daemon[quantize]'"
        ) from None


def _source(model: Path | str) -> Path | str:
    """Return the file of a builtin, a path, or ``module:factory`` as it is."""
    from edge_daemon.model.file import resolve

    if isinstance(model, str) and model.startswith(BUILTIN):
        return resolve(model)
    return model


def _place(source: Path | str, output: Path | str | None) -> Path:
    if output is None and not os.path.exists(source):
        raise EdgeDaemonError(f"{source}: no such model file, and no output is given")
    place = Path(source).with_suffix(".quantized.onnx") if output is None else Path(output)
    if os.path.exists(place) and os.path.exists(source) and os.path.samefile(place, source):
        raise EdgeDaemonError(f"{place}: is the model itself; give another output")
    return place


@contextmanager
def _no_room_in(folder: str) -> Iterator[None]:
    """Name the temporary folder where the disk that it is on is full."""
    try:
        yield
    except EdgeDaemonError:
        raise
    except OSError as error:
        raise EdgeDaemonError(
            f"{folder}: no model can be made there: {error.strerror or error}; TMPDIR names "
            "another place for temporary files"
        ) from None


def _write(result: QuantizationResult, model: Path, held: Output) -> None:
    from edge_daemon.quantize.report import write_report

    with held.named():
        shutil.copyfile(model, held.staged)
        write_report(result, held.staged_json, held.staged_html)
    held.publish()
