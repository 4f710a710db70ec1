"""Measures words in running audio: recall, and false accepts an hour, over decision settings.

    python scripts/running_audio.py --speech ../shared/speech --model builtin:commands

Clips of single words are laid into a long stream with pauses, over a quiet room; sentences and
words that the model does not know make the false accepts. The model runs once; the decision
then runs over its scores with each setting. Thresholds are chosen on the validation part; the
part `testing` is for the figures that are published.
"""

from __future__ import annotations

import argparse
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from msgspec.structs import replace

from edge_daemon.audio.files import read_clip
from edge_daemon.config import Config, DecisionConfig, ModelConfig, parse_config
from edge_daemon.decision import Decision
from edge_daemon.frontend import MfccFrontend, level_projection
from edge_daemon.model import hop_frames, load_model
from edge_daemon.pipeline import Pipeline
from edge_daemon.types import Detection, ModelSpec, Samples, Scores
from training.data import other_part, tar_members

RATE_HZ = 16000
GRID = (0.84, 0.82, 0.8, 0.78, 0.76, 0.74, 0.72, 0.7)
"""Thresholds to choose from: above them recall falls faster than false accepts do."""
N_PAIRS = 100
LATE_S = 1.0
"""A detection up to so long after the end of its clip is a hit; isolation is added to it."""


@dataclass(frozen=True)
class Stream:
    """Audio with what is said in it."""

    samples: Samples
    said: list[tuple[float, float, str]]
    """(start_s, end_s, word)."""


@dataclass(frozen=True)
class Scored:
    """A stream's scores and levels, a hop a row."""

    scores: Scores
    levels: Scores
    said: list[tuple[float, float, str]]
    hours: float


@dataclass
class Outcome:
    """What a setting of the decision made of a stream."""

    hits: Counter[str]
    said: Counter[str]
    false_accepts: Counter[str]
    hours: float

    @property
    def recall(self) -> float:
        """Share of the words that were heard."""
        return sum(self.hits.values()) / max(1, sum(self.said.values()))

    @property
    def false_accepts_per_hour(self) -> float:
        """Detections of words that were not said."""
        return sum(self.false_accepts.values()) / self.hours


def clips_of(path: Path) -> Iterator[tuple[str, Samples]]:
    """Yield (name, samples) of a tar of clips."""
    for name, data in tar_members(path):
        yield name, read_clip(io.BytesIO(data), RATE_HZ)


def laid_out(clips: list[tuple[str, Samples]], seed: int) -> Stream:
    """Lay clips into one stream with pauses of 0.7 to 1.7 s over a quiet room."""
    rng = np.random.default_rng(seed)
    parts: list[Samples] = []
    said = []
    position = 0
    for i in rng.permutation(len(clips)):
        name, clip = clips[i]
        pause = np.zeros(int(rng.uniform(0.7, 1.7) * RATE_HZ), np.int16)
        start = position + len(pause)
        position = start + len(clip)
        parts += [pause, clip]
        said.append((start / RATE_HZ, position / RATE_HZ, PurePosixPath(name).parts[0]))
    audio = np.concatenate(parts).astype(np.float32)
    audio += rng.normal(0.0, 8.0, len(audio)).astype(np.float32)
    return Stream(audio.clip(-32768, 32767).astype(np.int16), said)


class Scorer:
    """Runs front end and model over a stream, once."""

    def __init__(self, model: str) -> None:
        self._model = load_model(ModelConfig(path=model), Config().runtime)
        self.spec: ModelSpec = self._model.spec
        self._frontend = MfccFrontend(self.spec.frontend)
        self._weights, self._bias = level_projection(self.spec.frontend)

    def score(self, stream: Stream) -> Scored:
        """Return the scores of every hop."""
        n = hop_frames(ModelConfig(), self.spec)
        frontend = self.spec.frontend
        lead = np.zeros(frontend.win_length - frontend.hop_length, np.int16)
        features = self._frontend.push(np.concatenate([lead, stream.samples]))
        features = features[: len(features) // n * n]
        hops = features.reshape(-1, n, features.shape[1])
        scores = np.stack([self._model.scores(hop) for hop in hops])
        levels = (features @ self._weights + self._bias).reshape(-1, n)
        return Scored(scores, levels, stream.said, len(stream.samples) / RATE_HZ / 3600)


def decide(config: DecisionConfig, spec: ModelSpec, scored: Scored) -> list[Detection]:
    """Run the decision over the scores of a stream."""
    decision = Decision(config, spec, (), spec.hop_ms)
    return [
        d
        for i, (scores, levels) in enumerate(zip(scored.scores, scored.levels, strict=True))
        for d in decision.update(scores, levels, float((i + 1) * spec.hop_ms))
    ]


def outcome(config: DecisionConfig, spec: ModelSpec, scored: Scored) -> Outcome:
    """Match detections with what was said."""
    late_s = LATE_S + config.isolate_ms / 1000
    left = decide(config, spec, scored)
    hits: Counter[str] = Counter()
    said: Counter[str] = Counter()
    for start, end, word in scored.said:
        if word not in spec.words:
            continue
        said[word] += 1
        mine = [d for d in left if d.label == word and start <= d.time_s <= end + late_s]
        if mine:
            hits[word] += 1
            left.remove(mine[0])
    return Outcome(hits, said, Counter(d.label for d in left), scored.hours)


def word_thresholds(
    config: DecisionConfig, spec: ModelSpec, negatives: list[Scored], per_hour: float
) -> dict[str, float]:
    """Return for each word the least threshold of the grid with ``per_hour`` false accepts.

    A word that has more at every threshold gets the highest.
    """
    hours = sum(n.hours for n in negatives)
    open_words = set(spec.words)
    found = dict.fromkeys(spec.words, GRID[0])
    for threshold in GRID:
        trial = replace(config, threshold=threshold)
        wrong = Counter(d.label for n in negatives for d in decide(trial, spec, n))
        open_words -= {word for word in open_words if wrong[word] / hours > per_hour}
        found |= dict.fromkeys(open_words, threshold)
    return found


def row(setting: str, streams: dict[str, Scored], config: DecisionConfig, spec: ModelSpec) -> str:
    """Return the recall of the words and the false accepts of everything else."""
    found = {name: outcome(config, spec, stream) for name, stream in streams.items()}
    rates = "".join(
        f"{found[name].false_accepts_per_hour:14.1f}" for name in streams if name != "words"
    )
    return f"{setting:28}{found['words'].recall:8.3f}{rates}"


def streams_of(
    clips: list[tuple[str, Samples]], sentences: list[tuple[str, Samples]], scorer: Scorer
) -> dict[str, Scored]:
    """Return the known words, other words, and sentences, scored."""
    known = set(scorer.spec.words)
    return {
        "words": scorer.score(laid_out([c for c in clips if c[0].split("/")[0] in known], 1)),
        "other words": scorer.score(
            laid_out([c for c in clips if c[0].split("/")[0] not in known], 2)
        ),
        "sentences": scorer.score(laid_out(sentences, 3)),
    }


def spoken_part(clip: Samples) -> Samples:
    """Cut the silence off a clip of one word: what is below a tenth of its loudest 25 ms."""
    level = np.convolve(np.abs(clip.astype(np.float32)), np.full(400, 1 / 400), "same")
    loud = np.flatnonzero(level > level.max() / 10)
    return clip[max(0, loud[0] - 400) : loud[-1] + 800]


def print_pairs(
    model: str, clips: list[tuple[str, Samples]], wake: str, commands: list[str]
) -> None:
    """Print how often a wake word and the command right after it are heard, by the gap."""
    sequences = [{"after": wake, "say": word, "log": {}} for word in commands]
    pipeline = Pipeline.load(model, parse_config({"actions": sequences}))
    spoken = {
        w: [spoken_part(c) for n, c in clips if n.split("/")[0] == w] for w in (wake, *commands)
    }
    rng = np.random.default_rng(4)
    for gap_s in (0.0, 0.1, 0.3, 0.6):
        both = 0
        for i in range(N_PAIRS):
            word = commands[i % len(commands)]
            parts = [spoken[wake][i % len(spoken[wake])], np.zeros(int(gap_s * RATE_HZ), np.int16),
                     spoken[word][i % len(spoken[word])]]  # fmt: skip
            audio = np.pad(np.concatenate(parts), RATE_HZ).astype(np.float32)
            audio += rng.normal(0.0, 8.0, len(audio)).astype(np.float32)
            pipeline.reset()
            found = pipeline.process(audio.clip(-32768, 32767).astype(np.int16)) + pipeline.flush()
            both += any(d.label == word and d.after == wake for d in found)
        print(f"{wake!r} and a command {gap_s} s after it: both heard in {both} of {N_PAIRS}")


def main() -> None:
    """Print a row a setting, and the thresholds of an operating point."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--speech", type=Path, default=Path("../shared/speech"))
    parser.add_argument("--model", default="builtin:commands")
    parser.add_argument("--part", choices=("validation", "testing"), default="validation")
    parser.add_argument("--per-hour", type=float, default=1.5, help="false accepts of each word")
    args = parser.parse_args()
    scorer = Scorer(args.model)
    spec = scorer.spec
    clips = [
        c for c in clips_of(args.speech / f"speech_commands_{args.part}.tar") if c[0][0] != "_"
    ]
    sentences = [
        c for c in clips_of(args.speech / "command_sentences.tar") if other_part(c[0]) == args.part
    ]
    streams = streams_of(clips, sentences, scorer)
    print(", ".join(f"{k}: {v.hours:.2f} h, {len(v.said)} clips" for k, v in streams.items()))
    names = "".join(f"{name + '/h':>14}" for name in streams if name != "words")
    print(f"{'isolate smooth threshold':28}{'recall':>8}{names}")
    for isolate_ms in (0, 300):
        config = DecisionConfig(isolate_ms=isolate_ms)
        print(row(f"{isolate_ms:7}  model's own", streams, config, spec))
        for smooth_ms in (200, 300, 400):
            for threshold in (0.6, 0.7, 0.8, 0.85, 0.9):
                trial = replace(config, smooth_ms=smooth_ms, threshold=threshold)
                print(row(f"{isolate_ms:7} {smooth_ms:6} {threshold:9}", streams, trial, spec))
    negatives = [streams["other words"], streams["sentences"]]
    found = word_thresholds(DecisionConfig(), spec, negatives, args.per_hour)
    print_pairs(args.model, clips, "go", ["left", "right", "stop", "down"])
    print(f"thresholds for {args.per_hour:g} false accepts an hour of each word: {found}")


if __name__ == "__main__":
    main()
