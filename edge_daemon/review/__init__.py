"""A look at the clips that the daemon has kept: judged one by one, and exported for training."""

from edge_daemon.review.export import Exported, export
from edge_daemon.review.judging import Judging
from edge_daemon.review.walk import Walk

__all__ = ["Exported", "Judging", "Walk", "export"]
