"""Measures a model and a smaller form of it side by side, on the same inputs, in one run."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge_daemon.errors import ModelError
from edge_daemon.evaluate.accuracy import Evaluation
from edge_daemon.quantize.contents import file_bytes, float_operators, weight_bytes
from edge_daemon.quantize.gate import Stats
from edge_daemon.quantize.inputs import Inputs
from edge_daemon.quantize.latency import summary
from edge_daemon.quantize.memory import peak_rss_bytes
from edge_daemon.quantize.paired import lost_share
from edge_daemon.quantize.served import Served
from edge_daemon.timing import USUAL, Timing, in_turns, per_second

Labels = npt.NDArray[np.int64]


class Judge:
    """Measures candidates against one original, whose own answers are found once.

    Raises
    ------
    ModelError
        When the original cannot answer the inputs.
    """

    def __init__(
        self, original: Path, inputs: Inputs, timing: Timing = USUAL, seed: int = 1
    ) -> None:  # fmt: skip
        self._inputs = inputs
        self._timing = timing
        self._seed = seed
        self._served = Served(original)
        self._scores = self._served.answers(inputs.x)
        n_labels = self._scores.shape[1]
        if inputs.y.max() >= n_labels:
            raise ModelError(
                f"{original}: gives {n_labels} scores, but the data has the label "
                f"{inputs.y.max()}; is it of another model?"
            )
        self._labels = inputs.labels[:n_labels] + tuple(
            str(i) for i in range(len(inputs.labels), n_labels)
        )

    def of(self, candidate: Path) -> Stats:
        """Measure a candidate.

        Raises
        ------
        ModelError
            When it cannot be served, or its answers are no numbers.
        """
        served = Served(candidate)
        scores = served.answers(self._inputs.x)
        if scores.shape != self._scores.shape:
            raise ModelError(
                f"{candidate}: gives {scores.shape[1]} scores, the original {self._scores.shape[1]}"
            )
        before, after = self._heard(self._scores), self._heard(scores)
        first, second = self._timed(served)
        return Stats(
            original_bytes=file_bytes(self._served.path),
            quantized_bytes=file_bytes(candidate),
            original_weight_bytes=weight_bytes(self._served.path),
            quantized_weight_bytes=weight_bytes(candidate),
            original_accuracy=before.accuracy,
            quantized_accuracy=after.accuracy,
            accuracy_interval=self._interval(scores),
            recall=_recall(before, after),
            agreement=float((scores.argmax(axis=1) == self._scores.argmax(axis=1)).mean()),
            largest_error=float(np.abs(scores - self._scores).max()),
            original_latency_ms=summary(first),
            quantized_latency_ms=summary(second),
            original_per_second=per_second(first),
            quantized_per_second=per_second(second),
            original_rss_bytes=self._rss_bytes,
            quantized_rss_bytes=peak_rss_bytes(candidate),
            float_operators=float_operators(candidate),
            n_evaluated=len(self._inputs.y),
        )

    @cached_property
    def _rss_bytes(self) -> int:
        return peak_rss_bytes(self._served.path)

    def _timed(self, candidate: Served) -> list[npt.NDArray[np.float64]]:
        x = self._inputs.x
        calls = [lambda i, s=served: s.run(x[i : i + 1]) for served in (self._served, candidate)]
        return in_turns(calls, len(x), self._timing, self._seed)

    def _heard(self, scores: npt.NDArray[np.float32]) -> Evaluation:
        confusion = np.zeros((len(self._labels), len(self._labels)), np.int64)
        np.add.at(confusion, (self._inputs.y, scores.argmax(axis=1)), 1)
        return Evaluation(self._labels, confusion, 0.0)

    def _interval(self, scores: npt.NDArray[np.float32]) -> tuple[float, float]:
        before = self._scores.argmax(axis=1) == self._inputs.y
        after = scores.argmax(axis=1) == self._inputs.y
        counts = (before & after, before & ~after, ~before & after, ~before & ~after)
        low, high = lost_share(*(int(c.sum()) for c in counts))
        return 100.0 * low, 100.0 * high


def judge(
    original: Path, candidate: Path, inputs: Inputs, timing: Timing = USUAL, seed: int = 1
) -> Stats:
    """Measure one candidate: see `Judge`."""
    return Judge(original, inputs, timing, seed).of(candidate)


def _recall(before: Evaluation, after: Evaluation) -> dict[str, tuple[float, float]]:
    """Return the recall of the labels that the inputs have."""
    found = {}
    for (label, first), second in zip(
        before.per_class().items(), after.per_class().values(), strict=True
    ):
        if first["recall"] is not None and second["recall"] is not None:
            found[label] = (float(first["recall"]), float(second["recall"]))
    return found
