"""Model files: where they are, and the metadata that they carry.

The metadata is one JSON object, a `ModelSpec`, under the key ``edge_daemon`` of the ONNX file's
``metadata_props``.
"""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from pathlib import Path

import msgspec

from edge_daemon.config import BUILTIN
from edge_daemon.errors import ModelError
from edge_daemon.types import ModelSpec

METADATA_KEY = "edge_daemon"
_BUILTIN_FOLDER = Path(__file__).parents[1] / "models"


def resolve(name: str) -> Path:
    """Return the file of ``builtin:NAME`` or of a path.

    Raises
    ------
    ModelError
        When there is no such file.
    """
    if not name.startswith(BUILTIN):
        path = Path(name)
        if not path.is_file():
            raise ModelError(f"{path}: no such model file; give an .onnx file or {BUILTIN}NAME")
        return path
    path = _BUILTIN_FOLDER / f"{name.removeprefix(BUILTIN)}.onnx"
    if path.parent != _BUILTIN_FOLDER or not path.is_file():
        known = ", ".join(sorted(BUILTIN + p.stem for p in _BUILTIN_FOLDER.glob("*.onnx")))
        raise ModelError(f"{name}: no such model; there are {known}")
    return path


def spec_to_json(spec: ModelSpec) -> str:
    """Return the metadata of a model."""
    return json.dumps(dataclasses.asdict(spec))


def spec_from_json(text: str, where: str) -> ModelSpec:
    """Read the metadata of a model and check that it is consistent.

    Raises
    ------
    ModelError
        With every problem found.
    """
    try:
        spec = msgspec.json.decode(text, type=ModelSpec)
    except msgspec.DecodeError as error:
        problems = [str(error)]
    else:
        problems = _inconsistencies(spec)
        if not problems:
            return spec
    raise ModelError(f"{where}: bad metadata: " + "; ".join(problems))


def _inconsistencies(spec: ModelSpec) -> list[str]:
    frontend = spec.frontend
    twice = [label for label, n in Counter(spec.labels).items() if n > 1]
    strangers = sorted(set(spec.thresholds) - set(spec.labels))
    lengths = {len(frontend.mean), len(frontend.std)} - {0, frontend.n_features}
    sizes = (
        frontend.sample_rate_hz, frontend.win_length, frontend.hop_length, frontend.n_mels,
        spec.n_frames, spec.hop_ms,
    )  # fmt: skip
    rules = {
        "labels: at least two are needed": len(spec.labels) < 2,
        f"labels: {', '.join(twice)} stands twice": bool(twice),
        f"thresholds: no such label: {', '.join(strangers)}": bool(strangers),
        "thresholds: outside 0 to 1": any(not 0 < t <= 1 for t in spec.thresholds.values()),
        "sizes and rates must be above 0": min(sizes) < 1,
        "frontend.win_length: longer than n_fft": frontend.win_length > frontend.n_fft,
        "frontend.hop_length: longer than win_length": frontend.hop_length > frontend.win_length,
        "frontend.n_mfcc: outside 0 to n_mels": not 0 <= frontend.n_mfcc <= frontend.n_mels,
        "frontend.f_max_hz: outside f_min_hz to half the sample rate": not (
            0 <= frontend.f_min_hz < frontend.f_max_hz <= frontend.sample_rate_hz / 2
        ),
        "frontend.log_floor: must be above 0": frontend.log_floor <= 0,
        f"frontend.mean, std: {frontend.n_features} values each, or none": bool(lengths),
        "frontend.std: must be above 0": any(s <= 0 for s in frontend.std),
    }
    return [text for text, broken in rules.items() if broken]
