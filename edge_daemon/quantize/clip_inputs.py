"""Clips through the front end of the model that is to be quantized."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import numpy as np

from edge_daemon.audio.files import read_clip
from edge_daemon.errors import AudioError, EdgeDaemonError
from edge_daemon.evaluate.clips import label_of, some_clips
from edge_daemon.evaluate.window import ClipWindow
from edge_daemon.quantize.inputs import Inputs, ModelInput, fit_shape, rows_of

_NO_HASH = "_nohash_"


def speaker_of(name: str) -> str:
    """Return who speaks in a clip: ``speaker`` of ``speaker_nohash_n``, else its whole name."""
    stem = PurePosixPath(name).stem
    speaker, found, _ = stem.partition(_NO_HASH)
    return speaker if found else PurePosixPath(name).with_suffix("").as_posix()


def read_clips(
    path: Path, model: ModelInput, *, seed: int, limit: int | None
) -> tuple[Inputs, tuple[str, ...]]:
    """Return the features of clips, and a line for each clip that cannot be read.

    Raises
    ------
    EdgeDaemonError
        When there are no clips, none that can be read, or they do not fit the model.
    """
    labels, frontend = model.labels, model.frontend
    if frontend is None or not labels:
        missing = "labels" if frontend else "front end"
        raise EdgeDaemonError(
            f"{path}: clips need the model's {missing}, and the model has no metadata; give "
            "--labels and --frontend, or an .npz of ready inputs"
        )
    window = ClipWindow(frontend, rows_of(model.shape, frontend, str(path)))
    features, y, speakers, unreadable = [], [], [], []
    for clip in some_clips(path, seed, limit):
        try:
            samples = read_clip(clip.file, frontend.sample_rate_hz)
        except AudioError as error:
            unreadable.append(str(error))
            continue
        features.append(window.features(samples))
        y.append(labels.index(label_of(clip.folder, labels)))
        speakers.append(speaker_of(clip.name))
    if not features:
        raise EdgeDaemonError(
            f"{path}: none of {len(unreadable)} clips can be read: {unreadable[0]}"
        )
    x = fit_shape(np.stack(features), model.shape, str(path))
    return Inputs(x, np.array(y, np.int64), tuple(speakers), labels), tuple(unreadable)
