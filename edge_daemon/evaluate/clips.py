"""Labelled clips in the layout of Speech Commands: ``word/clip.wav|flac|opus``."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from edge_daemon.errors import EdgeDaemonError
from edge_daemon.evaluate.files import AudioFile, AudioFiles
from edge_daemon.types import SILENCE, UNKNOWN

CLIP_SUFFIXES = frozenset({".wav", ".flac", ".opus", ".ogg"})
_SPOKEN_NAMES = {"_unknown_": UNKNOWN, "_silence_": SILENCE}
_NOT_CLIPS = "_background_noise_"


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
        wanted = None if names is None else {_without_suffix(n) for n in names}
        self._files = AudioFiles(
            path, lambda n: is_clip(n) and (wanted is None or _without_suffix(n) in wanted)
        )
        if wanted is not None:
            missing = sorted(wanted - {_without_suffix(n) for n in self._files.names})
            if missing:
                raise EdgeDaemonError(
                    f"{path}: {len(missing)} of the {len(wanted)} listed clips are missing: "
                    f"{', '.join(missing[:3])}{', …' if len(missing) > 3 else ''}"
                )
        if not len(self._files):
            raise EdgeDaemonError(
                f"{path}: no clips; expected word/clip{'|'.join(sorted(CLIP_SUFFIXES))}"
            )

    def __len__(self) -> int:
        return len(self._files)

    def __iter__(self) -> Iterator[AudioFile]:
        return iter(self._files)

    @property
    def words(self) -> set[str]:
        """The names of the folders that hold clips."""
        return {PurePosixPath(name).parent.name for name in self._files.names}


def some_clips(path: Path, seed: int, limit: int | None) -> ClipFolder:
    """Return all clips, or at most so many, chosen by a hash of their names."""
    if limit is None:
        return ClipFolder(path)
    names = sorted(AudioFiles(path, is_clip).names, key=lambda name: (place(name, seed), name))
    return ClipFolder(path, names[:limit] or None)


def place(name: str, seed: int) -> float:
    """Return where a name falls between 0 and 1, by its hash."""
    digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def is_clip(name: str) -> bool:
    """Say whether a file is a clip of a word, by its name."""
    path = PurePosixPath(name)
    is_audio = path.suffix.lower() in CLIP_SUFFIXES
    return is_audio and len(path.parts) > 1 and _NOT_CLIPS not in path.parts


def _without_suffix(name: str) -> str:
    path = PurePosixPath(name.strip())
    kept = path.with_suffix("") if path.suffix.lower() in CLIP_SUFFIXES else path
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


def label_of(word: str, labels: tuple[str, ...]) -> str:
    """Return the class that a folder's name counts as; ``smart_mirror`` holds "smart mirror".

    Raises
    ------
    EdgeDaemonError
        When the model has neither the word nor ``unknown``.
    """
    for label in (word, _SPOKEN_NAMES.get(word, word), word.replace("_", " ")):
        if label in labels:
            return label
    if UNKNOWN in labels:
        return UNKNOWN
    raise EdgeDaemonError(f"the model has no label for {word!r}, and no {UNKNOWN!r}")
