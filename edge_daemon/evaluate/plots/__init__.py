"""Pictures of an evaluation, as PNG files. They need matplotlib, which nothing else does."""

from __future__ import annotations

from edge_daemon.drawing.canvas import Canvas, open_canvas
from edge_daemon.evaluate.plots.confusion import draw_confusion
from edge_daemon.evaluate.plots.delay import draw_delay
from edge_daemon.evaluate.plots.det import draw_det
from edge_daemon.evaluate.plots.recall import draw_recall

__all__ = [
    "Canvas",
    "draw_confusion",
    "draw_delay",
    "draw_det",
    "draw_recall",
    "open_canvas",
]
