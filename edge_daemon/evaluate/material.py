"""What an evaluation in running audio, or a tuning, is made from: clips, noise, negatives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_daemon.errors import EdgeDaemonError
from edge_daemon.evaluate.clips import ClipFolder
from edge_daemon.evaluate.files import AudioFiles
from edge_daemon.evaluate.noise import NoiseBed
from edge_daemon.evaluate.passages import Layout, Passage
from edge_daemon.evaluate.recordings import read_recordings, recordings
from edge_daemon.evaluate.utterances import Utterance, Utterances, read_utterances
from edge_daemon.types import ModelSpec

CLEAN = None
"""Stands for a ratio of speech to noise without noise."""
OTHER_WORDS = "other words"
NOISE = "noise"


@dataclass(frozen=True, slots=True)
class Stream:
    """Passages to hear, and what to call them."""

    name: str
    passages: Iterable[Passage]
    n_passages: int


class Material:
    """Clips, noise and negatives, and the streams that they are laid out in.

    Parameters
    ----------
    clips : sequence of ClipFolder
        Words, wake words, and other words.
    negatives : sequence of Path
        Folders or tars of recordings; each is a stream.
    noise : Path, optional
        Folder or tar of recordings; noise is laid under the words, and is a stream of its own.
    spec : ModelSpec
    seed : int

    Raises
    ------
    EdgeDaemonError
        When one of the places holds nothing that can be used.
    """

    def __init__(
        self,
        clips: Sequence[ClipFolder],
        negatives: Sequence[Path],
        noise: Path | None,
        spec: ModelSpec,
        seed: int,
    ) -> None:
        rate_hz = spec.frontend.sample_rate_hz
        self._spec = spec
        self._layout = Layout(rate_hz, seed)
        self._negatives = _named(negatives)
        self._noise = recordings(noise) if noise else None
        self.unusable: list[str] = []
        """A line for each file that cannot be read, or only in part."""
        damaged: list[str] = []  # told of when it is heard as a stream
        noises = read_recordings(self._noise, rate_hz, damaged) if self._noise else []
        self._bed = NoiseBed(noises, rate_hz, seed)
        if noise and not len(self._bed):
            raise EdgeDaemonError(f"{noise}: no sound in any of its recordings")
        self.utterances: Utterances = read_utterances((c for f in clips for c in f), spec)
        self.unusable += self.utterances.unusable

    def words(self, words: Iterable[str], snr_db: float | None) -> Stream:
        """Return a stream of words said alone."""
        said = self.utterances.of(words)
        return self._noisy(Stream("words", self._layout.words(said), len(said)), snr_db)

    def sequences(self, wake_words: Mapping[str, Sequence[str]], snr_db: float | None) -> Stream:
        """Return a stream of words, each after one of its wake words, which take turns."""
        turns = {word: self._in_turn(wakes) for word, wakes in wake_words.items()}
        said = [u for u in self.utterances.of(wake_words) if turns[u.label]]
        passages = self._layout.sequences(said, [turns[u.label] for u in said])
        return self._noisy(Stream("words after wake words", passages, len(said)), snr_db)

    def negatives(self) -> Iterator[Stream]:
        """Yield the streams in which nothing shall be heard."""
        others = self.utterances.others
        if others:
            yield Stream(OTHER_WORDS, self._layout.words(others), len(others))
        named = {**self._negatives, **({NOISE: self._noise} if self._noise else {})}
        for name, files in named.items():
            yield Stream(name, self._layout.recordings(files, self.unusable), 2 * len(files))

    def _noisy(self, stream: Stream, snr_db: float | None) -> Stream:
        if snr_db is CLEAN:
            return stream
        return Stream(
            f"{stream.name}, {snr_db:g} dB", self._bed.under(stream.passages, snr_db),
            stream.n_passages,
        )  # fmt: skip

    def _in_turn(self, wake_words: Sequence[str]) -> list[Utterance]:
        """Return the clips of wake words, one of each word after the other, as often as all."""
        clips = [c for c in (self.utterances.of([w]) for w in wake_words) if c]
        longest = max(map(len, clips), default=0)
        return [c[i % len(c)] for i in range(longest) for c in clips]


def _named(paths: Sequence[Path]) -> dict[str, AudioFiles]:
    """Name each folder or tar by its own name, by its whole path where another has that one."""
    taken = [OTHER_WORDS, NOISE, "", *(p.name for p in paths)]
    return {
        (p.name if taken.count(p.name) == 1 else str(p.absolute())): recordings(p) for p in paths
    }
