#!/usr/bin/env python3
"""Lets openWakeWord hear a recording, and prints what that cost as a line of JSON.

    python3.11 -m venv build/openwakeword  # its tflite-runtime has no build for a newer Python
    build/openwakeword/bin/pip install openwakeword==0.6.0 'numpy<2'
    build/openwakeword/bin/python -c \
        'import openwakeword.utils as u; u.download_models(["hey_jarvis_v0.1"])'
    edge-daemon benchmark --against "build/openwakeword/bin/python scripts/peers/open_wakeword.py"

The package has no models in it: the third line fetches them from its releases. Others, or those
that came another way, are named with `--models FOLDER`, which has `melspectrogram.tflite`,
`embedding_model.tflite` and `WORD.tflite`.
"""

from __future__ import annotations

import argparse
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

THRESHOLD = 0.5
"""That of its documentation."""


class OpenWakeWord:
    """Three TensorFlow Lite models one after the other, every 80 ms."""

    hop = 1280
    """Samples that its documentation recommends to give it at a time."""

    def __init__(self, words: list[str], models: Path | None) -> None:
        self._words = words
        self._folder = models

    def describe(self) -> dict[str, Any]:
        """Return what this is."""
        return {"name": "openWakeWord", "version": version("openwakeword"), "words": self._words}

    def load(self) -> None:
        """Load the models."""
        paths = [self._path(word) for word in self._words]
        shared = self._path("melspectrogram"), self._path("embedding_model")
        from openwakeword.model import Model  # type: ignore[import-not-found,unused-ignore]

        self._model = Model(
            wakeword_models=[str(path) for path in paths],
            inference_framework="tflite",
            melspec_model_path=str(shared[0]),
            embedding_model_path=str(shared[1]),
        )

    def hear(self, samples: bytes) -> set[str]:
        """Return the words whose score is over the threshold."""
        import numpy as np

        scores = self._model.predict(np.frombuffer(samples, np.int16))
        return {word for word, score in scores.items() if score >= THRESHOLD}

    def _path(self, model: str) -> Path:
        folder = self._folder or _downloaded()
        path = next(iter(sorted(folder.glob(f"{model}*.tflite"))), None)
        if path is None:
            raise SystemExit(
                f"{folder} has no {model}.tflite: fetch openWakeWord's models as the head of "
                f"{__file__} says, or name a folder that has them with --models"
            )
        return path


def _downloaded() -> Path:
    """Return where openWakeWord puts the models that it fetches."""
    package = find_spec("openwakeword")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("No module named 'openwakeword'")
    return Path(package.origin).parent / "resources" / "models"


if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from peers.listening import main

    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--words", nargs="+", default=["hey_jarvis"], metavar="WORD")
    options.add_argument("--models", type=Path, metavar="FOLDER", help="where its models are")
    main(lambda args: OpenWakeWord(args.words, args.models), options)
