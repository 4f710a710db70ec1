"""How many clips of a set are recognised."""

from __future__ import annotations

import math
from pathlib import Path

from edge_daemon.benchmark.document import Accuracy
from edge_daemon.benchmark.measured import Measured
from edge_daemon.evaluate import evaluate, labels_as_unknown
from edge_daemon.evaluate.clips import some_clips
from edge_daemon.model import KeywordModel

_Z = 1.959964
"""Standard deviations to each side of 95 % of a normal distribution."""


def accuracy(model: KeywordModel, data: Path, limit: int | None, seed: int) -> Accuracy:
    """Score the clips of a folder or a tar, all or so many.

    Raises
    ------
    EdgeDaemonError
        When there are none, or they are no clips of the model's words.
    """
    clips = some_clips(data, seed, limit)
    found = evaluate(model, clips, labels_as_unknown(model.spec, clips.words))
    return Accuracy(
        share=share_of(int(found.confusion.trace()), found.n_clips),
        n_clips=found.n_clips, unreadable=found.unreadable,
    )  # fmt: skip


def share_of(hits: int, n: int) -> Measured:
    """Return a share with its 95 % interval.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference"
    (1927).
    """
    if n == 0:
        return Measured(value=0.0, n=0)
    share, weight = hits / n, _Z**2 / n
    middle = (share + weight / 2) / (1 + weight)
    reach = _Z * math.sqrt(share * (1 - share) / n + weight / (4 * n)) / (1 + weight)
    return Measured(value=share, low=max(0.0, min(share, middle - reach)),
                    high=min(1.0, max(share, middle + reach)), interval="95 %", n=n)  # fmt: skip
