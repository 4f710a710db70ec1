"""Words of the speech archives as features, of speakers who are in one part only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge_daemon.quantize.clip_inputs import read_clips
from edge_daemon.quantize.inputs import Inputs, ModelInput
from edge_daemon.types import UNKNOWN, FrontendSpec
from headline.network import SHAPE

WORDS = ("yes", "no", "up", "down", "left", "right", "stop", "go", "cat", "happy")
"""Those with more than 500 clips to train with, so that little training will do."""
LABELS = (*WORDS, UNKNOWN)
_ARCHIVES = {
    "training": "speech_commands_training.tar",
    "testing": "speech_commands_testing.tar",
}


@dataclass(frozen=True)
class Corpus:
    """What the network is trained with, and what all forms of it are judged on."""

    training: Inputs
    testing: Inputs


def read(speech: Path, cache: Path, limit: int | None, seed: int) -> Corpus:
    """Read both parts, normalised by the training part, and keep them in a folder for next time."""
    training, testing = (_part(speech, cache, name, limit, seed) for name in _ARCHIVES)
    both = set(training.speakers) & set(testing.speakers)
    if both:
        raise SystemExit(f"{speech}: {len(both)} speakers are in both parts: {sorted(both)[:3]}")
    mean, std = training.x.mean(axis=(0, 1)), training.x.std(axis=(0, 1))
    return Corpus(*(replace(part, x=(part.x - mean) / std) for part in (training, testing)))


def _part(speech: Path, cache: Path, name: str, limit: int | None, seed: int) -> Inputs:
    kept = cache / f"{name}-{limit or 'all'}-{seed}.npz"
    if not kept.exists():
        print(f"reading {speech / _ARCHIVES[name]}")
        wanted = ModelInput(SHAPE, LABELS, FrontendSpec())
        inputs, unreadable = read_clips(speech / _ARCHIVES[name], wanted, seed=seed, limit=limit)
        for line in unreadable:
            print(line)
        np.savez(kept, x=inputs.x, y=inputs.y, speakers=np.array(inputs.speakers))
    with np.load(kept) as file:
        return Inputs(file["x"], file["y"], tuple(file["speakers"].tolist()), LABELS)


def some(inputs: Inputs, n: int, seed: int) -> npt.NDArray[np.float32]:
    """Return so many of the inputs at most, drawn by lot."""
    chosen = np.random.default_rng(seed).permutation(len(inputs))[:n]
    return inputs.x[np.sort(chosen)]
