"""Long audio, laid out passage by passage, with what is said in it.

A passage is some seconds of a stream: a pause and a word, a pause with a wake word and a word,
or a stretch of a recording. Streams are generators of passages, so that their length costs no
memory. All of it lies over a quiet room.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_daemon.audio.convert import Converter
from edge_daemon.audio.decode import Decoder
from edge_daemon.errors import AudioError
from edge_daemon.evaluate.files import AudioFile
from edge_daemon.evaluate.spoken import Spoken
from edge_daemon.evaluate.utterances import Utterance
from edge_daemon.types import Samples

PAUSE_S = (0.7, 1.7)
"""Bounds of the pauses, whose lengths are random."""
GAP_S = (0.1, 1.0)
"""Bounds of the gap between a wake word and its command."""
ROOM_LEVEL = 8.0
"""Root mean square of the quiet room's noise, in steps of 16 bits."""
_FADE_S = 0.01
_BLOCK_S = 10


@dataclass(frozen=True, slots=True)
class Said:
    """A word that is said in a passage, in samples from the passage's beginning."""

    label: str
    start: int
    """A detection from here on may be of this word."""
    end: int
    """End of its clip."""
    word_end: int
    """Where its voice ends: delays are counted from here."""
    after: str | None = None
    """The wake word said right before it, without which it is not heard."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a stream.

    samples : Samples [shape=(n,), dtype=int16]
    counted : samples that count when a rate is given by the hour
    speech : what noise is measured against, where the passage is an utterance
    """

    samples: Samples
    said: tuple[Said, ...] = ()
    counted: int = 0
    speech: Spoken | None = None


class Layout:
    """Lays out utterances and recordings at one sample rate; the same seed, the same stream."""

    def __init__(self, rate_hz: int, seed: int) -> None:
        self._rate_hz = rate_hz
        self._seed = seed

    def words(self, utterances: Sequence[Utterance]) -> Iterator[Passage]:
        """Lay words out alone, in random order, each after a pause of 0.7 to 1.7 s."""
        rng = np.random.default_rng(self._seed)
        for i in rng.permutation(len(utterances)):
            said = utterances[i]
            pause = self._pause(rng)
            n = len(pause) + len(said.samples)
            spoken = said.spoken.moved(len(pause))
            word = Said(said.label, len(pause), n, spoken.end)
            yield Passage(over_room(np.concatenate([pause, said.samples]), rng), (word,), n, spoken)

    def sequences(
        self, utterances: Sequence[Utterance], wake_words: Sequence[Sequence[Utterance]]
    ) -> Iterator[Passage]:
        """Lay words out, in random order, each after a pause, a wake word and a gap.

        The wake word is cut to its spoken part and brought to the level of the word, as if one
        person said both; the gap of 0.1 to 1 s goes from its end to where the word's voice
        begins.

        Parameters
        ----------
        utterances : sequence of Utterance
        wake_words : sequence of sequence of Utterance
            For each of the utterances, clips of wake words to take turns with.
        """
        rng = np.random.default_rng(self._seed)
        for turn, i in enumerate(rng.permutation(len(utterances))):
            wakes = wake_words[i]
            yield self._sequence(wakes[turn % len(wakes)], utterances[i], rng)

    def _sequence(
        self, wake: Utterance, word: Utterance, rng: np.random.Generator
    ) -> Passage:  # fmt: skip
        pause, gap = self._pause(rng), self._silence(rng.uniform(*GAP_S))
        as_loud = np.float32(word.spoken.level / wake.spoken.level)
        called = to_int16(
            as_loud * self._faded(wake.samples[wake.spoken.start : wake.spoken.end])
        )  # fmt: skip
        answered = to_int16(self._faded(word.samples[word.spoken.start :]))
        audio = np.concatenate([pause, called, gap, answered])
        wake_end = len(pause) + len(called)
        start = wake_end + len(gap)
        word_end = start + word.spoken.end - word.spoken.start
        said = (
            Said(wake.label, len(pause), wake_end, wake_end),
            Said(word.label, start, len(audio), word_end, after=wake.label),
        )
        speech = Spoken(len(pause), word_end, word.spoken.level)
        return Passage(over_room(audio, rng), said, len(audio), speech)

    def recordings(self, files: Iterable[AudioFile], damaged: list[str]) -> Iterator[Passage]:
        """Lay recordings out one after the other, each after a pause that does not count.

        What cannot be read is left out from there on, and noted in ``damaged``.
        """
        rng = np.random.default_rng(self._seed)
        for recording in files:
            yield Passage(over_room(self._pause(rng), rng))
            try:
                for block in blocks_of(recording, self._rate_hz):
                    yield Passage(over_room(block, rng), (), len(block))
            except AudioError as error:
                damaged.append(str(error))

    def _pause(self, rng: np.random.Generator) -> Samples:
        return self._silence(rng.uniform(*PAUSE_S))

    def _silence(self, seconds: float) -> Samples:
        return np.zeros(int(seconds * self._rate_hz), np.int16)

    def _faded(self, cut: Samples) -> npt.NDArray[np.float32]:
        """Soften both ends, so that a cut does not click."""
        n = min(int(_FADE_S * self._rate_hz), len(cut) // 2)
        ramp = np.linspace(0.0, 1.0, n, dtype=np.float32)
        shape = np.concatenate([ramp, np.ones(len(cut) - 2 * n, np.float32), ramp[::-1]])
        faded: npt.NDArray[np.float32] = cut * shape
        return faded


def blocks_of(recording: AudioFile, rate_hz: int) -> Iterator[Samples]:
    """Decode a recording of any length, rate and channels, some seconds at a time.

    Raises
    ------
    AudioError
        When it cannot be read, or is damaged from here on.
    """
    with Decoder(recording.file) as decoder:
        converter = Converter(decoder.rate_hz, decoder.n_channels, "mean", rate_hz)
        while len(frames := decoder.read(decoder.rate_hz * _BLOCK_S)):
            yield converter.push(frames)
        yield converter.flush()


def over_room(samples: Samples, rng: np.random.Generator) -> Samples:
    """Add the noise of a quiet room, 72 dB below full scale."""
    room = rng.standard_normal(len(samples), np.float32) * np.float32(ROOM_LEVEL)
    return to_int16(samples + room)


def to_int16(audio: npt.NDArray[np.float32]) -> Samples:
    """Round to 16 bits and clip at full scale."""
    rounded: Samples = np.rint(audio.clip(-32768, 32767)).astype(np.int16)
    return rounded
