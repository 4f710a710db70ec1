"""The same streams heard with the gate and without."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edge_daemon.config import ActivityConfig, Config, DecisionConfig
from edge_daemon.evaluate import ClipFolder
from edge_daemon.evaluate.listening import Listened, Listener
from edge_daemon.evaluate.matching import match
from edge_daemon.evaluate.material import CLEAN, Material, Stream
from edge_daemon.evaluate.modes import Modes
from edge_daemon.evaluate.passages import Passage, to_int16
from edge_daemon.evaluate.progress import watched
from edge_daemon.model import load_model
from gate.rooms import FULL_SCALE, pink

QUIET_SPEECH_DBFS, QUIET_ROOM_DBFS = -40.0, -65.0


@dataclass
class Compared:
    """What one stream gave, without the gate and with it."""

    name: str
    hours: float
    n_said: int
    """Words whose recall is stated: those after a wake word, or all where there are none."""
    n_heard: tuple[int, int]
    n_detections: tuple[int, int]
    n_lost: int
    """Detections that only the pipeline without the gate made."""
    n_new: int
    """Detections that only the pipeline with the gate made."""
    skipped_share: float

    @property
    def lost_points(self) -> float:
        """Recall lost, in points."""
        without, with_gate = self.n_heard
        return 100.0 * (without - with_gate) / self.n_said if self.n_said else 0.0


def compare(
    part: Path, snrs_db: Iterable[float], decision: DecisionConfig, margin_db: float
) -> Iterator[Compared]:
    """Hear each stream of a part of the data twice.

    Parameters
    ----------
    part : Path
        As `held_out.py` lays it out.
    snrs_db : iterable of float
        Besides clean audio.
    decision : DecisionConfig
    margin_db : float
        Of the gate.
    """
    plain = Config(decision=decision, activity=ActivityConfig(gate=False))
    gated = Config(decision=decision, activity=ActivityConfig(margin_db=margin_db))
    listeners = [Listener(load_model(c.model, c.runtime), c) for c in (plain, gated)]
    modes = Modes.in_force(plain, listeners[0].spec)
    negatives = [f for x in ("sentences", "synthetic", "music") if (f := part / x).is_dir()]
    material = Material(
        [ClipFolder(part / "words.tar"), ClipFolder(part / "wake_words")],
        negatives, part / "noise", listeners[0].spec, seed=0,
    )  # fmt: skip
    for stream in _streams(material, modes, [CLEAN, *snrs_db]):
        yield _compare(stream, listeners, modes)


def _streams(material: Material, modes: Modes, snrs_db: Iterable[float | None]) -> Iterator[Stream]:
    for snr_db in snrs_db:
        for laid_out in (
            material.words(modes.alone, snr_db),
            material.sequences(modes.after, snr_db),
            material.words(modes.wake_words, snr_db),
        ):
            if laid_out.n_passages:
                yield laid_out
    clean = (
        material.sequences(modes.after, CLEAN)
        if modes.after
        else material.words(modes.alone, CLEAN)
    )
    name = f"{clean.name}, {QUIET_SPEECH_DBFS:g} dBFS in a room at {QUIET_ROOM_DBFS:g} dBFS"
    yield Stream(name, _quietly(clean.passages), clean.n_passages)
    yield from material.negatives()


def _quietly(passages: Iterable[Passage]) -> Iterator[Passage]:
    """Say what is said softly, in a room with pink noise."""
    rng = np.random.default_rng(1)
    for passage in passages:
        level = passage.speech.level if passage.speech else FULL_SCALE
        speech = passage.samples * np.float32(FULL_SCALE * 10 ** (QUIET_SPEECH_DBFS / 20) / level)
        yield replace(passage, samples=to_int16(speech + pink(len(speech), QUIET_ROOM_DBFS, rng)))


def _compare(stream: Stream, listeners: Iterable[Listener], modes: Modes) -> Compared:
    passages = list(watched(stream))
    heard, shares = [], []
    for listener in listeners:
        before = listener.pipeline.activity
        heard.append(listener.listen(passages))
        after = listener.pipeline.activity
        if before and after:
            shares.append((after.skipped - before.skipped) / (after.hops - before.hops))
    without, with_gate = (
        Counter((d.label, d.after, d.time_s) for d in h.detections) for h in heard
    )
    counted = [_recall(h, modes.late_s) for h in heard]
    return Compared(
        stream.name, heard[0].hours, counted[0][1], (counted[0][0], counted[1][0]),
        (without.total(), with_gate.total()), (without - with_gate).total(),
        (with_gate - without).total(), shares[0],
    )  # fmt: skip


def _recall(heard: Listened, late_s: float) -> tuple[int, int]:
    """Return words heard and words said: of sequences the words after a wake word."""
    of_sequences = any(word.after for word in heard.said)
    matched = match(heard.said, heard.detections, late_s)
    hits = [word for word, _ in matched.heard if word.after or not of_sequences]
    said = [word for word in heard.said if word.after or not of_sequences]
    return len(hits), len(said)
