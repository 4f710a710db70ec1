"""Makes a smaller model by one method and measures it."""

from __future__ import annotations

from pathlib import Path

from edge_daemon.errors import EdgeDaemonError
from edge_daemon.quantize.cache import Cache
from edge_daemon.quantize.gate import Gate, Stats
from edge_daemon.quantize.measure import Judge
from edge_daemon.quantize.methods import Array, Method, apply
from edge_daemon.quantize.trial import Trial

_N_CALIBRATION = 300
"""Inputs that ranges are found with: more change little, and each is run with every method."""


class Attempts:
    """Tries methods on one model, each once.

    Parameters
    ----------
    prepared : Path
        What `prepare` has written; smaller models are made beside it.
    calibration : ndarray [shape=(n, *input_shape), dtype=float32]
    """

    def __init__(
        self, prepared: Path, calibration: Array, judge: Judge, gate: Gate, cache: Cache
    ) -> None:  # fmt: skip
        self.prepared = prepared
        step = max(1, len(calibration) // _N_CALIBRATION)
        self.calibration = calibration[::step][:_N_CALIBRATION]  # of all words, which are sorted
        self.gate = gate
        self._judge = judge
        self._cache = cache

    def known(self, method: Method) -> Trial | None:
        """Return what came of a method before, held to the gate."""
        trial = self._cache.get(method.name)
        return None if trial is None else trial.judged(self.gate)

    def learn(self, trial: Trial) -> None:
        """Take over what another machine has found."""
        if self._cache.get(trial.method.name) is None:
            self._cache.remember(trial)

    def attempt(self, method: Method) -> Trial:
        """Return what comes of a method, or came of it before.

        Raises
        ------
        EdgeDaemonError, OSError
            When there is no room for the file, or for the result.
        """
        trial = self.known(method)
        if trial is None:
            trial = self.measure(method, self.path_of(method)).judged(self.gate)
            self.path_of(method).unlink(missing_ok=True)
            self._cache.put(trial)
        return trial

    def path_of(self, method: Method) -> Path:
        """Return where the model of a method is made."""
        return self.prepared.with_name(f"{method.name}.onnx")

    def measure(self, method: Method, path: Path) -> Trial:
        """Make the model of a method there and measure it, whatever is known."""
        try:
            return Trial(method=method, stats=self._measured(method, path))
        except OSError:
            raise  # a disk that is full says nothing about a method
        except Exception as error:  # the quantizers raise whatever they happen to run into
            return Trial(method=method, error=self._said(error))

    def _measured(self, method: Method, path: Path) -> Stats:
        apply(method, self.prepared, self.calibration, path)
        return self._judge.of(path)

    def _said(self, error: Exception) -> str:
        """Return one line, without the folder in which nobody will find anything."""
        lines = str(error).strip().splitlines() or [""]
        text = lines[0].replace(f"{self.prepared.parent}/", "")
        return text if isinstance(error, EdgeDaemonError) else f"{type(error).__name__}: {text}"
