"""The verdicts on models, kept in the state directory from one start to the next.

    quantized/KEY/verdict.json    and, where a smaller model was found, model.onnx; its reports
    quantized/KEY.work/           what is being made; one daemon at a time has it
    quantized/KEY.attempts        how often that has come to no end

A verdict comes into being by one rename, so that there is never half of one.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Collection
from pathlib import Path

import msgspec

from edge_daemon.errors import EdgeDaemonError
from edge_daemon.model.digest import sha256_of
from edge_daemon.replacement.question import Question

KEPT = 8
"""Verdicts; the oldest give way."""
MAX_ATTEMPTS = 3
_MODEL = "model.onnx"
_VERDICT = "verdict.json"
_REPORTS = ("model.report.json", "model.report.html")


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What came out for one model."""

    question: Question
    because: str
    """What was gained, or which rule failed."""
    model: str | None
    """SHA-256 of the smaller model; None where the original stays."""


class Workplace:
    """A folder in which a verdict is made; nobody else works in it."""

    def __init__(self, folder: Path, lock: int) -> None:
        self.folder = folder
        self.model = folder / _MODEL
        """Where the smaller model is to be written."""
        self.report = folder / _REPORTS[0]
        self.log = folder / "log.txt"
        self._lock = lock

    def close(self) -> None:
        """Remove it, unless it has become a verdict, and let others work."""
        if _is_open_as(self.folder, self._lock):
            shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self._lock)


class Store:
    """The verdicts in a state directory, which is made when the first one is."""

    def __init__(self, state_directory: Path) -> None:
        self.folder = state_directory / "quantized"

    def verdict(self, question: Question) -> Verdict | None:
        """Return the verdict that answers this question, if there is one.

        Raises
        ------
        OSError, EdgeDaemonError
            When it cannot be read, or has been changed.
        """
        try:
            content = self._file(question, _VERDICT).read_bytes()
        except FileNotFoundError:
            return None
        try:
            verdict = msgspec.json.decode(content, type=Verdict)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise EdgeDaemonError(f"{self._file(question, _VERDICT)}: {error}") from None
        if not question.is_answered_by(verdict.question):
            return None
        model = self.model(question)
        if verdict.model is not None and sha256_of(model) != verdict.model:
            raise EdgeDaemonError(f"{model}: it is not the file that was stored")
        return verdict

    def model(self, question: Question) -> Path:
        """Return where the smaller model of an accepting verdict is."""
        return self._file(question, _MODEL)

    def report(self, question: Question) -> Path:
        """Return where the report for people is, if one was made."""
        return self._file(question, _REPORTS[1])

    def begin(self, question: Question) -> Workplace:
        """Open an empty workplace.

        Raises
        ------
        OSError
            When there can be none.
        EdgeDaemonError
            When another daemon works there, or too many attempts have come to no end.
        """
        folder = self.folder / f"{question.key}.work"
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            _lock(lock, folder)
        except BaseException:
            os.close(lock)
            raise
        work = Workplace(folder, lock)
        try:
            self._count_attempt(question)
            _empty(folder)  # of a daemon that was killed
        except BaseException:
            work.close()
            raise
        self._clear_away(but=question)
        return work

    def publish(self, work: Workplace, verdict: Verdict) -> None:
        """Store a verdict with what belongs to it, in place of an older one.

        Raises
        ------
        OSError
            When it cannot be stored; nothing is, then.
        """
        (work.folder / _VERDICT).write_bytes(msgspec.json.encode(verdict))
        model = () if verdict.model is None else (_MODEL,)
        _empty(work.folder, but={_VERDICT, *_REPORTS, *model})
        final = self.folder / verdict.question.key
        if final.exists():
            shutil.rmtree(final)
        work.folder.rename(final)
        self._forget_the_oldest(but=final)

    def came_to_an_end(self, question: Question) -> None:
        """Note that an attempt was not cut short, whatever came out."""
        self._attempts(question).unlink(missing_ok=True)

    def _file(self, question: Question, name: str) -> Path:
        return self.folder / question.key / name

    def _attempts(self, question: Question) -> Path:
        return self.folder / f"{question.key}.attempts"

    def _count_attempt(self, question: Question) -> None:
        path = self._attempts(question)
        n_before = path.stat().st_size if path.exists() else 0
        if n_before >= MAX_ATTEMPTS:
            raise EdgeDaemonError(
                f"{n_before} attempts were cut short, by a lack of memory or of power perhaps; "
                f"remove {path} to try again"
            )
        with path.open("a") as file:
            file.write("x")

    def _forget_the_oldest(self, but: Path) -> None:
        """Keep the newest; where the clock was set back, that just stored looks older than it is."""
        with contextlib.suppress(OSError):  # of no consequence
            verdicts = [v for v in self.folder.glob(f"*/{_VERDICT}") if v.parent != but]
            for verdict in sorted(verdicts, key=_newest_first)[KEPT - 1 :]:
                shutil.rmtree(verdict.parent, ignore_errors=True)

    def _clear_away(self, but: Question) -> None:
        """Remove what daemons left that were killed while they asked other questions."""
        with contextlib.suppress(OSError, EdgeDaemonError):
            counts = [p for p in self.folder.glob("*.attempts") if p != self._attempts(but)]
            for path in sorted(counts, key=_newest_first)[KEPT - 1 :]:
                path.unlink()
        for folder in self.folder.glob("*.work"):
            if folder.name.partition(".")[0] != but.key:
                _remove_if_idle(folder)


def _newest_first(path: Path) -> float:
    return -path.stat().st_mtime


def _remove_if_idle(folder: Path) -> None:
    with contextlib.suppress(OSError, EdgeDaemonError):
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            _lock(lock, folder)
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(lock)


def _lock(lock: int, folder: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise EdgeDaemonError(f"another daemon is at it, in {folder}") from None
    if not _is_open_as(folder, lock):
        raise EdgeDaemonError(f"another daemon was at it just now, in {folder}")


def _is_open_as(folder: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(folder.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _empty(folder: Path, but: Collection[str] = ()) -> None:
    for entry in folder.iterdir():
        if entry.name in but:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
