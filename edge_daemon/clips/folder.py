"""The folder of the clips: FLAC files, bounded in their size and age, for their owner alone."""

from __future__ import annotations

import io
import os
import re
from dataclasses import dataclass
from pathlib import Path

from edge_daemon.clips.labels import ClipLabel, Labels
from edge_daemon.clips.names import is_clip_name
from edge_daemon.config import ClipsConfig
from edge_daemon.errors import EdgeDaemonError, MissingDependency
from edge_daemon.types import Samples

ROOM_SHARE = 0.1
"""Where it is full so much is freed at once: each time the whole label file is written anew."""
_PARTIAL = re.compile(r"\.(.+)\.partial")
_S_A_DAY = 86400.0


@dataclass(frozen=True, slots=True)
class _File:
    changed_s: float
    name: str
    n_bytes: int


class ClipFolder:
    """Takes clips, and removes the oldest ones; nothing else in the folder is touched.

    Parameters
    ----------
    config : ClipsConfig
    folder : Path
        Made where it is missing, in a folder that is there.
    rate_hz : int
    """

    def __init__(self, config: ClipsConfig, folder: Path, rate_hz: int) -> None:
        self.labels = Labels(folder)
        self._config = config
        self._folder = folder
        self._rate_hz = rate_hz

    def keep(self, samples: Samples, label: ClipLabel, now_s: float) -> None:
        """Write a clip and its label; ``now_s`` is Unix time.

        Raises
        ------
        OSError, EdgeDaemonError
            It could not be written, as on a full disk.
        """
        self._make()
        data = _flac(samples, self._rate_hz)
        if len(data) > self._config.max_bytes:
            raise EdgeDaemonError(f"a clip takes {len(data)} bytes; raise clips.max_bytes")
        self.bound(now_s, room_bytes=len(data))
        self._write(label.file, data)
        try:
            self.labels.add(label)
        except OSError:
            (self._folder / label.file).unlink(missing_ok=True)
            raise

    def bound(self, now_s: float, room_bytes: int = 0) -> None:
        """Remove what is too old, and of the rest the oldest until there is room.

        Raises
        ------
        OSError, EdgeDaemonError
        """
        files = sorted(self._files(), key=lambda file: (file.changed_s, file.name))
        removed = {file.name for file in self._surplus(files, now_s, room_bytes)}
        for name in removed:
            (self._folder / name).unlink(missing_ok=True)
        if removed:
            self.labels.change(lambda label: None if label.file in removed else label)

    def begin(self, now_s: float) -> None:
        """Make the folder, remove what a kill left half written, and bound the rest.

        Raises
        ------
        OSError, EdgeDaemonError
        """
        self._make()
        for name in os.listdir(self._folder):
            found = _PARTIAL.fullmatch(name)
            if found and is_clip_name(found[1]):
                (self._folder / name).unlink(missing_ok=True)
        self.bound(now_s)
        there = {file.name for file in self._files()}
        self.labels.change(lambda label: label if label.file in there else None)

    def _make(self) -> None:
        if not self._folder.is_dir():
            self._folder.mkdir(mode=0o700)

    def _files(self) -> list[_File]:
        with os.scandir(self._folder) as entries:
            stats = [
                (entry.name, entry.stat(follow_symlinks=False))
                for entry in entries
                if is_clip_name(entry.name)
            ]
        return [_File(stat.st_mtime, name, stat.st_size) for name, stat in stats]

    def _surplus(self, files: list[_File], now_s: float, room_bytes: int) -> list[_File]:
        """Return those of the files, the oldest first, that have to go."""
        oldest_s = now_s - self._config.max_age_days * _S_A_DAY
        n_bytes = sum(file.n_bytes for file in files)
        limit = self._config.max_bytes
        if n_bytes + room_bytes > limit:
            limit = max(room_bytes, int(limit * (1 - ROOM_SHARE)))
        surplus = []
        for file in files:
            if file.changed_s >= oldest_s and n_bytes + room_bytes <= limit:
                break
            surplus.append(file)
            n_bytes -= file.n_bytes
        return surplus

    def _write(self, name: str, data: bytes) -> None:
        partial = self._folder / f".{name}.partial"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            with os.fdopen(os.open(partial, flags, 0o600), "wb") as file:
                file.write(data)
            partial.replace(self._folder / name)
        except OSError:
            partial.unlink(missing_ok=True)
            raise


def _flac(samples: Samples, rate_hz: int) -> bytes:
    try:
        import soundfile
    except OSError as error:
        raise MissingDependency(
            f"libsndfile, which writes clips, cannot be loaded ({error}); "
            "run: sudo apt install libsndfile1"
        ) from None
    data = io.BytesIO()
    soundfile.write(data, samples, rate_hz, format="FLAC", subtype="PCM_16")
    return data.getvalue()
