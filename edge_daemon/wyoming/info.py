"""What the service says of itself."""

from __future__ import annotations

from collections.abc import Iterable

from wyoming.info import Attribution, Info, WakeModel, WakeProgram

from edge_daemon import __version__
from edge_daemon.types import ModelSpec

PROGRAM = "edge-daemon"
"""How Home Assistant calls the service."""


def info_of(spec: ModelSpec, words: Iterable[str], languages: Iterable[str]) -> Info:
    """Describe each word as a wake-word model.

    To the protocol a model is a word; ours are all out of one file, whose training data is
    attributed, as its licences ask.
    """
    attribution = Attribution(name=spec.training_data, url="")
    models = [
        WakeModel(
            name=word,
            attribution=attribution,
            installed=True,
            description=word,
            version=f"{spec.name} {spec.version}",
            languages=list(languages),
            phrase=word,
        )
        for word in words
    ]
    program = WakeProgram(
        name=PROGRAM,
        attribution=Attribution(name=PROGRAM, url=""),
        installed=True,
        description="Spoken words, recognised offline",
        version=__version__,
        models=models,
    )
    return Info(wake=[program])
