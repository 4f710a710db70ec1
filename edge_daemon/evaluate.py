"""Accuracy on clips in the layout of Speech Commands: ``word/clip.wav|flac|opus``."""

from __future__ import annotations

import io
import lzma
import os
import tarfile
import time
import zlib
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from edge_daemon.audio.files import read_clip
from edge_daemon.errors import AudioError, EdgeDaemonError
from edge_daemon.frontend import MfccFrontend
from edge_daemon.model import KeywordModel
from edge_daemon.types import SILENCE, UNKNOWN, Samples

AUDIO_SUFFIXES = frozenset({".wav", ".flac", ".opus", ".ogg"})
_SPOKEN_NAMES = {"_unknown_": UNKNOWN, "_silence_": SILENCE}
_NOT_CLIPS = "_background_noise_"
_DAMAGED = (tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError)


@dataclass(frozen=True, slots=True)
class Clip:
    """One recording: its name ``word/clip.ext`` and where its bytes are."""

    name: str
    file: Path | BinaryIO

    @property
    def word(self) -> str:
        """The folder, which says what is spoken."""
        return PurePosixPath(self.name).parent.name


class ClipFolder:
    """The clips of a folder or a tar, all or those named in a list.

    Parameters
    ----------
    path : Path
        A folder, or a tar (compressed or not), of ``word/clip.ext``.
    names : iterable of str, optional
        ``word/clip`` to keep, with or without the ending.

    Raises
    ------
    EdgeDaemonError
        When there is nothing to evaluate, or a named clip is missing.
    """

    def __init__(self, path: Path, names: Iterable[str] | None = None) -> None:
        self._path = path
        self._is_tar = os.path.isfile(path)  # False for a path that cannot be
        wanted = None if names is None else {_without_suffix(n) for n in names}
        found = {n for n in self._all_names() if wanted is None or _without_suffix(n) in wanted}
        self._names = found
        if wanted is not None:
            missing = sorted(wanted - {_without_suffix(n) for n in found})
            if missing:
                raise EdgeDaemonError(
                    f"{path}: {len(missing)} of the {len(wanted)} listed clips are missing: "
                    f"{', '.join(missing[:3])}{', …' if len(missing) > 3 else ''}"
                )
        if not found:
            raise EdgeDaemonError(
                f"{path}: no clips; expected word/clip{'|'.join(sorted(AUDIO_SUFFIXES))}"
            )

    def __len__(self) -> int:
        return len(self._names)

    def __iter__(self) -> Iterator[Clip]:
        if self._is_tar:
            yield from (Clip(f.name, f) for f in self._packed(self._names) if f.name in self._names)
            return
        for name in sorted(self._names):
            yield Clip(name, self._path / name)

    def _all_names(self) -> Iterator[str]:
        if self._is_tar:
            names: Iterable[str] = (f.name for f in self._packed(wanted=()))
        elif os.path.isdir(self._path):
            files = filter(os.path.isfile, self._path.rglob("*.*"))
            names = (p.relative_to(self._path).as_posix() for p in files)
        else:
            raise EdgeDaemonError(f"{self._path}: no such folder or tar")
        yield from filter(_is_clip, names)

    def _packed(self, wanted: Container[str]) -> Iterator[_PackedFile]:
        """Yield every file of the tar, with its bytes only where its name is wanted."""
        try:
            with tarfile.open(self._path) as tar:
                for member in tar:
                    if member.isfile():
                        stream = tar.extractfile(member) if member.name in wanted else None
                        yield _PackedFile(member.name, stream.read() if stream else b"")
                while tar.fileobj and tar.fileobj.read(1 << 20):
                    pass  # to the end, where gzip keeps its checksum
        except _DAMAGED as error:
            reason = str(error).partition(":\n")[0]
            raise EdgeDaemonError(f"{self._path}: not a tar that can be read: {reason}") from None


class _PackedFile(io.BytesIO):
    """A file of a tar, held in memory; its name is what messages about it say."""

    def __init__(self, name: str, data: bytes) -> None:
        super().__init__(data)
        self.name = name


def _is_clip(name: str) -> bool:
    path = PurePosixPath(name)
    is_audio = path.suffix.lower() in AUDIO_SUFFIXES
    return is_audio and len(path.parts) > 1 and _NOT_CLIPS not in path.parts


def _without_suffix(name: str) -> str:
    path = PurePosixPath(name.strip())
    kept = path.with_suffix("") if path.suffix.lower() in AUDIO_SUFFIXES else path
    return "/".join(kept.parts[-2:])


def read_list(path: Path) -> list[str]:
    """Return the lines of a list of clips.

    Raises
    ------
    EdgeDaemonError
        When it cannot be read or holds nothing.
    """
    try:
        lines = [line.strip() for line in path.read_text().splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise EdgeDaemonError(f"{path}: the list cannot be read: {error}") from None
    if not lines:
        raise EdgeDaemonError(f"{path}: the list is empty; expected word/clip, one a line")
    return lines


@dataclass
class Evaluation:
    """What came out.

    confusion : counts [shape=(n_labels, n_labels), dtype=int64], rows what was said
    """

    labels: tuple[str, ...]
    confusion: npt.NDArray[np.int64]
    seconds: float
    unreadable: list[str] = field(default_factory=list)

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
            "per_class": self.per_class(),
            "confusion_matrix": self.confusion.tolist(),
            "unreadable": self.unreadable,
        }


def _share(part: np.int64, whole: np.int64) -> float | None:
    return float(part / whole) if whole else None


class ClipScorer:
    """Scores single clips, padded with zeros or cut to the model's window; no smoothing."""

    def __init__(self, model: KeywordModel) -> None:
        frontend, n_frames = model.spec.frontend, model.spec.n_frames
        self._model = model
        self._frontend = MfccFrontend(frontend)
        if model.spec.kind == "stream":  # a streaming model has no window: one second
            per_second = frontend.sample_rate_hz // frontend.hop_length
            n_frames = per_second // n_frames * n_frames
        self._n_samples = frontend.win_length + (n_frames - 1) * frontend.hop_length

    def scores(self, samples: Samples) -> npt.NDArray[np.float32]:
        """Return the scores of one clip [shape=(n_labels,), dtype=float32]."""
        clip = samples[: self._n_samples]
        self._frontend.reset()
        self._model.reset()
        padded = np.pad(clip, (0, self._n_samples - len(clip)))
        return self._model.scores(self._frontend.push(padded))


def label_of(word: str, labels: tuple[str, ...]) -> str:
    """Return the class that a folder's name counts as.

    Raises
    ------
    EdgeDaemonError
        When the model has neither the word nor ``unknown``.
    """
    label = _SPOKEN_NAMES.get(word, word)
    if label in labels:
        return label
    if UNKNOWN in labels:
        return UNKNOWN
    raise EdgeDaemonError(f"the model has no label for {word!r}, and no {UNKNOWN!r}")


def evaluate(model: KeywordModel, clips: Iterable[Clip]) -> Evaluation:
    """Score clips and count what was heard for what was said."""
    labels = model.spec.labels
    result = Evaluation(labels, np.zeros((len(labels), len(labels)), np.int64), 0.0)
    scorer = ClipScorer(model)
    started = time.perf_counter()
    for clip in clips:
        said = labels.index(label_of(clip.word, labels))
        try:
            samples = read_clip(clip.file, model.spec.frontend.sample_rate_hz)
        except AudioError as error:
            result.unreadable.append(str(error))
            continue
        result.confusion[said, int(scorer.scores(samples).argmax())] += 1
    result.seconds = time.perf_counter() - started
    return result
