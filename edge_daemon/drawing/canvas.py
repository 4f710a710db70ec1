"""Where pictures are drawn and written: matplotlib without a display, in one style."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from edge_daemon.errors import EdgeDaemonError, MissingDependency

Axes: TypeAlias = Any  # the types of matplotlib are not there where it is not installed

INK, MUTED, PALE = "#1f2933", "#616e7c", "#e4e7eb"
COLOURS = (
    "#0b7285", "#e8590c", "#5f3dc4", "#2b8a3e", "#c2255c", "#1864ab", "#f08c00", "#846358",
    "#74b816", "#9c36b5", "#15aabf", "#495057",
)  # fmt: skip
LINES = ("-", "--", "-.", ":")
_DPI = 130
_STYLE = {
    "font.size": 10, "axes.titlesize": 11, "axes.titlelocation": "left", "axes.titlepad": 10,
    "figure.titlesize": 13, "figure.titleweight": "bold",
    "axes.edgecolor": MUTED, "axes.labelcolor": INK, "text.color": INK,
    "xtick.color": INK, "ytick.color": INK, "axes.spines.top": False, "axes.spines.right": False,
    "axes.grid": True, "grid.color": PALE, "axes.axisbelow": True, "legend.edgecolor": "white",
    "lines.solid_capstyle": "round", "figure.constrained_layout.use": True,
}  # fmt: skip


class Canvas:
    """Makes figures with a title and writes them as PNG."""

    def __init__(self, pyplot: Any) -> None:
        self._pyplot = pyplot

    @contextmanager
    def figure(
        self,
        path: Path,
        title: str,
        size: tuple[float, float],
        n_columns: int = 1,
        same_y: bool = False,
    ) -> Iterator[list[Axes]]:
        """Yield axes beside each other; what was drawn on them is written to ``path``.

        Parameters
        ----------
        size : width and height in inches

        Raises
        ------
        EdgeDaemonError
            When the file cannot be written.
        """
        with self._pyplot.rc_context(_STYLE):
            figure, axes = self._pyplot.subplots(
                1, n_columns, figsize=size, squeeze=False, sharey=same_y
            )
            figure.suptitle(title, x=0.01, ha="left")
            try:
                yield list(axes[0])
                figure.savefig(path, dpi=_DPI, format="png", bbox_inches="tight", pad_inches=0.15)
            except OSError as error:
                raise EdgeDaemonError(f"{path}: cannot be written: {error.strerror}") from None
            finally:
                self._pyplot.close(figure)


def open_canvas() -> Canvas:
    """Return a canvas; loads matplotlib.

    Raises
    ------
    MissingDependency
        When it is not installed.
    """
    try:
        import matplotlib as mpl

        mpl.use("Agg")
        from matplotlib import pyplot
    except ImportError as error:
        raise MissingDependency(
            f"matplotlib, which draws the plots, cannot be loaded ({error}); "
            "run: pip install 'edge-daemon[plots]'"
        ) from None
    return Canvas(pyplot)


Draw = Callable[[Canvas, Path], None]
"""Draws one picture into a file."""


def as_png(canvas: Canvas, draw: Draw) -> str:
    """Return a picture as base64, to be put into a page."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plot.png"
        draw(canvas, path)
        return base64.b64encode(path.read_bytes()).decode()


def plain_ticks(axes: Axes) -> None:
    """Write plain figures at 1, 2 and 5 of each decade of a logarithmic x axis."""
    low, high = axes.get_xlim()
    ticks = [m * 10.0**k for k in range(-5, 6) for m in (1, 2, 5) if low <= m * 10.0**k <= high]
    axes.set_xlim(low, high)
    axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axes.minorticks_off()
