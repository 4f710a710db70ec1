#!/usr/bin/env python3
"""Lets pymicro-wakeword hear a recording, and prints what that cost as a line of JSON.

    python3 -m venv build/pymicro
    build/pymicro/bin/pip install pymicro-wakeword==2.5.0
    edge-daemon benchmark --against "build/pymicro/bin/python scripts/peers/pymicro_wakeword.py"

Its models are in the package: alexa, hey_jarvis, hey_mycroft, okay_nabu.
"""

from __future__ import annotations

import argparse
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any


class PymicroWakeword:
    """A front end in C and a TensorFlow Lite model of each word, every 30 ms."""

    hop = 1024
    """Samples that its own command line takes from a microphone at a time."""

    def __init__(self, words: list[str]) -> None:
        self._words = words

    def describe(self) -> dict[str, Any]:
        """Return what this is."""
        name = "pymicro-wakeword"
        return {"name": name, "version": version(name), "words": self._words}

    def load(self) -> None:
        """Load the models."""
        import pymicro_wakeword as package  # type: ignore[import-not-found,unused-ignore]

        self._features = package.MicroWakeWordFeatures()
        models = [(word, package.Model(word)) for word in self._words]
        self._detectors = [(w, package.MicroWakeWord.from_builtin(model)) for w, model in models]

    def hear(self, samples: bytes) -> set[str]:
        """Return the words whose mean is over the model's own threshold."""
        over = set()
        for features in self._features.process_streaming(samples):
            for word, detector in self._detectors:
                if detector.process_streaming(features):
                    over.add(word)
        return over


if __name__ == "__main__":
    # In place of this folder, where the package's name would be that of this file.
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from peers.listening import main

    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--words", nargs="+", default=["hey_jarvis"], metavar="WORD")
    main(lambda args: PymicroWakeword(args.words), options)
