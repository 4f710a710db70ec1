r"""Measures a model: accuracy on clips, and in running audio recall, false accepts and delay.

    clips, recordings -> utterances, noise -> passages -> listening -> matching -> tallies
                                                             \_ candidates -> sweeps -> DET

Offline: the daemon imports nothing of it.
"""

from __future__ import annotations

from edge_daemon.evaluate.accuracy import ClipScorer, Evaluation, evaluate, labels_as_unknown
from edge_daemon.evaluate.clips import ClipFolder, label_of, read_list
from edge_daemon.evaluate.files import AudioFile

__all__ = [
    "AudioFile",
    "ClipFolder",
    "ClipScorer",
    "Evaluation",
    "evaluate",
    "label_of",
    "labels_as_unknown",
    "read_list",
]
