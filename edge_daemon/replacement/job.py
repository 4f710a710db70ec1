"""One run of the quantizer over a model, from its start to a verdict."""

from __future__ import annotations

import platform
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from edge_daemon.errors import EdgeDaemonError
from edge_daemon.model import LoadedModel
from edge_daemon.model.digest import sha256_of
from edge_daemon.replacement.child import Child
from edge_daemon.replacement.question import Question
from edge_daemon.replacement.store import Store, Verdict, Workplace

_ACCEPTED = 0
_REFUSED = 3
"""Exit code of `edge-daemon quantize` when the gate failed."""


@dataclass(frozen=True, slots=True)
class Task:
    """A model for which a smaller one may be found."""

    original: Path
    data: Path
    question: Question
    store: Store

    def verdict(self) -> Verdict | None:
        """Return the verdict of an earlier run; see `Store.verdict`."""
        return self.store.verdict(self.question)

    @property
    def smaller(self) -> Path:
        """Where the smaller model is, if the verdict is in its favour."""
        return self.store.model(self.question)

    @property
    def report(self) -> Path:
        """Where the report for people is."""
        return self.store.report(self.question)


class Outcome(NamedTuple):
    """A verdict that has been stored."""

    verdict: Verdict
    model: LoadedModel | None
    """The smaller model, ready to score; None where the original stays."""


class Job:
    """Has a child quantize a model in a workplace of the store.

    Parameters
    ----------
    task : Task
    quantizer : sequence of str
        The program and its first arguments; its last ones are those of `edge-daemon quantize`.

    Raises
    ------
    OSError, EdgeDaemonError
        When it cannot begin.
    """

    def __init__(self, task: Task, quantizer: Sequence[str]) -> None:
        self._task = task
        self._before = _version(task.original)
        self._work = task.store.begin(task.question)
        try:
            argv = [*quantizer, *_arguments(task, self._work)]
            self._child = Child(argv, self._work.folder, self._work.log)
        except BaseException:
            self._work.close()
            raise

    def outcome(self, load: Callable[[Path], LoadedModel]) -> Outcome | None:
        """Return what came out, once it is stored; None while the child works.

        Raises
        ------
        OSError, EdgeDaemonError
            When there is no verdict, or it cannot be stored, or ``load`` refuses the model.
        """
        code = self._child.exit_code()
        if code is None:
            return None
        self._hold_to(code)
        model = load(self._work.model) if code == _ACCEPTED else None
        verdict = Verdict(
            question=self._task.question,
            because=_because(self._work.report) or self._child.last_words(),
            model=sha256_of(self._work.model) if model else None,
        )
        self._task.store.publish(self._work, verdict)
        return Outcome(verdict, model)

    def end(self) -> None:
        """End the child, if it still runs, and remove what it has left."""
        code = self._child.exit_code()
        self._child.end()
        if code is None or code >= 0 or code == -signal.SIGTERM:
            self._task.store.came_to_an_end(self._task.question)
        self._work.close()

    def _hold_to(self, code: int) -> None:
        """Go on only where the child has judged the model as it is now."""
        if code < 0:
            raise EdgeDaemonError(f"the child was ended by {signal.Signals(-code).name}")
        if code not in (_ACCEPTED, _REFUSED):
            raise EdgeDaemonError(f"{self._child.last_words()} (exit code {code})")
        if _version(self._task.original) != self._before:
            raise EdgeDaemonError(f"{self._task.original} has changed; the next start looks again")


def _arguments(task: Task, work: Workplace) -> list[str]:
    question = task.question
    return [
        str(task.original),
        *("--data", str(task.data)),
        *("-o", str(work.model)),
        *("--target", "arm64" if platform.machine() == "aarch64" else "cpu"),
        *("--max-accuracy-loss", f"{question.max_accuracy_loss:g}"),
        *("--min-compression", f"{question.min_compression:g}"),
        *("--min-speedup", f"{question.min_speedup:g}"),
        *("--cache", str(work.folder / "cache")),
    ]


def _version(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def _because(report: Path) -> str:
    """Put what the report says into one line; empty where it says nothing of the kind."""
    try:
        content: dict[str, Any] = msgspec.json.decode(report.read_bytes(), type=dict)
        reasons, stats = content.get("reasons"), content.get("stats")
        if reasons:
            return "; ".join(map(str, reasons))
        return _gains(stats) if stats else ""
    except (OSError, msgspec.DecodeError, KeyError, TypeError, ValueError):
        return ""


def _gains(stats: dict[str, Any]) -> str:
    return (
        f"{stats['compression_ratio']:.1f} times smaller, {stats['speedup']:.1f} times as fast, "
        f"{stats['accuracy_loss']:.2f} points of accuracy lost"
    )
