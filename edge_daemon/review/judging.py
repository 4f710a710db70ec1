"""The clips of a folder with what is known of them, and the verdicts on them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

from edge_daemon.audio.decode import read_clip
from edge_daemon.clips import LABELS_FILE, ClipLabel, Labels, Verdict
from edge_daemon.errors import EdgeDaemonError
from edge_daemon.types import Samples

RATE_HZ = 16000
"""What clips are played and exported at."""


class Judging:
    """Reads the label file of a folder and writes verdicts into it, while a daemon adds to it.

    Raises
    ------
    EdgeDaemonError
        There are no clips.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._labels = Labels(folder)
        if not self.labels():
            raise EdgeDaemonError(
                f"{folder}: no clips: {LABELS_FILE} is not there or empty; the daemon keeps clips "
                "where clips.path is set"
            )

    def labels(self) -> list[ClipLabel]:
        """Return the labels of all clips, in order of time.

        Raises
        ------
        EdgeDaemonError
            They cannot be read.
        """
        try:
            labels = self._labels.read()
        except OSError as error:
            raise self._cannot("read", error) from None
        return sorted(labels, key=lambda label: label.file)

    def samples(self, label: ClipLabel) -> Samples:
        """Return the audio of a clip, at `RATE_HZ`.

        Raises
        ------
        AudioError
            It is damaged, or was removed meanwhile.
        """
        return read_clip(self.folder / label.file, RATE_HZ)

    def judge(self, label: ClipLabel, verdict: Verdict, said: str | None = None) -> None:
        """Write a verdict; nothing happens where the daemon has removed the clip.

        Parameters
        ----------
        label : ClipLabel
        verdict : Verdict
        said : str, optional
            The word that was said, where it is not the one that was heard.

        Raises
        ------
        EdgeDaemonError
            It cannot be written.
        """

        def judged(x: ClipLabel) -> ClipLabel:
            return replace(x, verdict=verdict, said=said) if x.file == label.file else x

        try:
            with _as_owner_of(self.folder):
                self._labels.change(judged)
        except OSError as error:
            raise self._cannot("written", error) from None

    def _cannot(self, do: str, error: OSError) -> EdgeDaemonError:
        hint = (
            "; they are closed to other users: sudo edge-daemon review"
            if isinstance(error, PermissionError)
            else ""
        )
        reason = error.strerror or error
        return EdgeDaemonError(f"{self.folder / LABELS_FILE}: cannot be {do}: {reason}{hint}")


@contextlib.contextmanager
def _as_owner_of(folder: Path) -> Iterator[None]:
    """Let root be the folder's owner for a moment: the daemon could not write to files of root's."""
    if os.geteuid() != 0:
        yield
        return
    owner = os.stat(folder)
    group = os.getegid()
    os.setegid(owner.st_gid)
    os.seteuid(owner.st_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)
