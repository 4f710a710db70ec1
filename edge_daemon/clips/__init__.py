"""Audio of what was heard, kept where the configuration asks for it: for a review, and training.

`keeper` is what the daemon has of it; `labels` is what it shares with ``edge-daemon review``.
"""

from edge_daemon.clips.keeper import ClipKeeper
from edge_daemon.clips.labels import LABELS_FILE, ClipLabel, Labels, Verdict

__all__ = ["LABELS_FILE", "ClipKeeper", "ClipLabel", "Labels", "Verdict"]
