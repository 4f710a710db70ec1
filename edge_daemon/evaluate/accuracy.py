"""Accuracy on single clips: one label a clip, no smoothing, no thresholds."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_daemon.audio.files import read_clip
from edge_daemon.errors import AudioError, EdgeDaemonError
from edge_daemon.evaluate.clips import label_of
from edge_daemon.evaluate.files import AudioFile
from edge_daemon.evaluate.window import ClipWindow
from edge_daemon.model import KeywordModel
from edge_daemon.types import UNKNOWN, ModelSpec, Samples


@dataclass
class Evaluation:
    """What came out.

    confusion : counts [shape=(n_labels, n_labels), dtype=int64], rows what was said
    """

    labels: tuple[str, ...]
    confusion: npt.NDArray[np.int64]
    seconds: float
    unreadable: list[str] = field(default_factory=list)
    as_unknown: tuple[str, ...] = ()
    """Labels that counted as ``unknown``."""

    @property
    def n_clips(self) -> int:
        """Clips that were scored."""
        return int(self.confusion.sum())

    @property
    def accuracy(self) -> float:
        """Share of clips whose best label is right, 0 to 1."""
        return float(self.confusion.trace() / max(1, self.n_clips))

    def per_class(self) -> dict[str, dict[str, float | int | None]]:
        """Return recall, precision and number of clips by label; None where undefined."""
        said, heard = self.confusion.sum(axis=1), self.confusion.sum(axis=0)
        return {
            label: {
                "recall": _share(self.confusion[i, i], said[i]),
                "precision": _share(self.confusion[i, i], heard[i]),
                "clips": int(said[i]),
            }
            for i, label in enumerate(self.labels)
        }

    def as_json(self) -> dict[str, Any]:
        """Return the documented JSON object."""
        return {
            "accuracy": self.accuracy,
            "clips": self.n_clips,
            "clips_per_s": round(self.n_clips / max(self.seconds, 1e-9), 1),
            "labels": list(self.labels),
            "as_unknown": list(self.as_unknown),
            "per_class": self.per_class(),
            "confusion_matrix": self.confusion.tolist(),
            "unreadable": self.unreadable,
        }


def _share(part: np.int64, whole: np.int64) -> float | None:
    return float(part / whole) if whole else None


class ClipScorer:
    """Scores single clips, a `ClipWindow` of each; no smoothing."""

    def __init__(self, model: KeywordModel) -> None:
        frontend, n_frames = model.spec.frontend, model.spec.n_frames
        self._model = model
        if model.spec.kind == "stream":  # a streaming model has no window: one second
            per_second = frontend.sample_rate_hz // frontend.hop_length
            n_frames = per_second // n_frames * n_frames
        self._window = ClipWindow(frontend, n_frames)

    def scores(self, samples: Samples) -> npt.NDArray[np.float32]:
        """Return the scores of one clip [shape=(n_labels,), dtype=float32]."""
        self._model.reset()
        return self._model.scores(self._window.features(samples))


def labels_as_unknown(
    spec: ModelSpec, words: Iterable[str], also: Collection[str] = ()
) -> tuple[str, ...]:
    """Return the labels that count as ``unknown`` when they are heard.

    These are the wake words of which the data has no clip: to 12-class data they are words like
    any other that the task does not know. A command without clips stays what it is, or else a
    false accept of it would count as right.

    Parameters
    ----------
    words : iterable of str
        The names of the folders in the data.
    also : collection of str
        Labels that shall count as unknown besides.

    Raises
    ------
    EdgeDaemonError
        When the model has no such label, or no ``unknown``.
    """
    strangers = [label for label in also if label not in spec.labels]
    if strangers:
        raise EdgeDaemonError(
            f"as unknown: the model has no label {strangers[0]!r}; it has {', '.join(spec.labels)}"
        )
    if UNKNOWN not in spec.labels:
        if also:
            raise EdgeDaemonError(f"as unknown: the model has no label {UNKNOWN!r}")
        return ()
    said = {label_of(word, spec.labels) for word in words}
    extra = {w for w in spec.wake_words if w not in said} | set(also)
    return tuple(label for label in spec.labels if label in extra)


def evaluate(
    model: KeywordModel, clips: Iterable[AudioFile], as_unknown: tuple[str, ...] = ()
) -> Evaluation:
    """Score clips and count what was heard for what was said.

    Parameters
    ----------
    as_unknown : tuple of str
        Labels that count as ``unknown``: see `labels_as_unknown`.
    """
    labels = model.spec.labels
    result = Evaluation(
        labels, np.zeros((len(labels), len(labels)), np.int64), 0.0, as_unknown=as_unknown
    )
    counts_as = [
        labels.index(UNKNOWN) if label in as_unknown else i for i, label in enumerate(labels)
    ]
    scorer = ClipScorer(model)
    started = time.perf_counter()
    for clip in clips:
        said = counts_as[labels.index(label_of(clip.folder, labels))]
        try:
            samples = read_clip(clip.file, model.spec.frontend.sample_rate_hz)
        except AudioError as error:
            result.unreadable.append(str(error))
            continue
        heard = counts_as[int(scorer.scores(samples).argmax())]
        result.confusion[said, heard] += 1
    result.seconds = time.perf_counter() - started
    return result
