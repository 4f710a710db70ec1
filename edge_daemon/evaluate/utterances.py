"""Clips read into memory, by the word that is said in them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from edge_daemon.audio.files import read_clip
from edge_daemon.errors import AudioError
from edge_daemon.evaluate.clips import label_of
from edge_daemon.evaluate.files import AudioFile
from edge_daemon.evaluate.spoken import Spoken, spoken_part
from edge_daemon.types import SILENCE, UNKNOWN, ModelSpec, Samples


@dataclass(frozen=True, slots=True)
class Utterance:
    """A clip of one word.

    samples : Samples [shape=(n,), dtype=int16], at the model's rate
    """

    label: str
    samples: Samples
    spoken: Spoken


@dataclass
class Utterances:
    """All clips, read: those of the model's words, and those of other words."""

    by_word: dict[str, list[Utterance]] = field(default_factory=dict)
    """By label; only words that have clips."""
    others: list[Utterance] = field(default_factory=list)
    """Words that are no labels of the model; their own label is ``unknown``."""
    unusable: list[str] = field(default_factory=list)
    """A line for each clip that cannot be read or holds no sound."""

    def of(self, words: Iterable[str]) -> list[Utterance]:
        """Return the clips of these words, word by word."""
        return [u for word in words for u in self.by_word.get(word, [])]


def read_utterances(clips: Iterable[AudioFile], spec: ModelSpec) -> Utterances:
    """Read clips of words; those of ``silence`` are left out.

    About 115 MB an hour of clips are kept in memory.
    """
    found = Utterances()
    rate_hz = spec.frontend.sample_rate_hz
    labels = (*spec.labels, SILENCE, UNKNOWN)  # also where the model has no such labels
    for clip in clips:
        label = label_of(clip.folder, labels)
        if label == SILENCE:
            continue
        try:
            samples = read_clip(clip.file, rate_hz)
        except AudioError as error:
            found.unusable.append(str(error))
            continue
        spoken = spoken_part(samples, rate_hz)
        if spoken is None:
            found.unusable.append(f"{clip.name}: no sound in it")
            continue
        kept = found.others if label == UNKNOWN else found.by_word.setdefault(label, [])
        kept.append(Utterance(label, samples, spoken))
    return found
