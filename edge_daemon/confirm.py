"""A second opinion: a larger model that is asked about what the listening one has heard."""

from __future__ import annotations

from collections import deque

import numpy as np

from edge_daemon.config import Config, ModelConfig
from edge_daemon.errors import ConfigError, ModelError
from edge_daemon.frontend import MfccFrontend
from edge_daemon.model import KeywordModel, load_model
from edge_daemon.types import ModelSpec, Samples

WHERE = "decision.confirm.model"


class Confirmer:
    """Scores the newest window of audio with a larger model, and only when it is asked.

    Until then it keeps the samples that the model would need, and computes nothing.

    Parameters
    ----------
    model : KeywordModel
        Of kind ``window``; its front end and its labels may differ from the listening model's.
    threshold : float
        Score from which a word is confirmed, 0 to 1.
    """

    def __init__(self, model: KeywordModel, threshold: float) -> None:
        self.spec: ModelSpec = model.spec
        self.confirmed = 0
        """Words that went on."""
        self.rejected = 0
        """Times that the answer was no; a word may be asked about at several hops."""
        self._model = model
        self._threshold = threshold
        frontend = model.spec.frontend
        self._frontend = MfccFrontend(frontend)
        self.n_samples = frontend.win_length + (model.spec.n_frames - 1) * frontend.hop_length
        """Audio that it looks at, in samples."""
        self.reset()

    def reset(self) -> None:
        """Start a new stream, preceded by silence; the counts stay."""
        self._newest = deque([np.zeros(self.n_samples, np.int16)])
        self._n_kept = self.n_samples

    def count_on_from(self, before: Confirmer) -> None:
        """Take over the counts of another one, in whose place this one comes."""
        self.confirmed, self.rejected = before.confirmed, before.rejected

    def push(self, samples: Samples) -> None:
        """Keep new samples [shape=(n,), dtype=int16] for as long as the window is."""
        self._newest.append(samples.copy())  # else it would keep the whole block it is cut from
        self._n_kept += len(samples)
        while self._n_kept - len(self._newest[0]) >= self.n_samples:
            self._n_kept -= len(self._newest.popleft())

    def knows(self, label: str) -> bool:
        """Tell whether this word can be asked about."""
        return label in self.spec.words

    def confirms(self, label: str) -> bool:
        """Score the window that ends now and tell whether it holds the word."""
        window = np.concatenate(self._newest)[-self.n_samples :]
        self._frontend.reset()
        scores = self._model.scores(self._frontend.push(window))
        is_heard = bool(scores[self.spec.labels.index(label)] >= self._threshold)
        self.confirmed += is_heard
        self.rejected += not is_heard
        return is_heard


def load_confirmer(config: Config, listening: ModelSpec) -> Confirmer | None:
    """Open the larger model of the configuration; None where there is none.

    Raises
    ------
    ModelError
        When its file cannot be served.
    ConfigError
        When it cannot confirm what the listening model hears.
    """
    model = load_larger_model(config)
    if model is None:
        return None
    problems = mismatches(model.spec, listening)
    if problems:
        raise ConfigError(problems)
    return Confirmer(model, config.decision.confirm.threshold)


def load_larger_model(config: Config) -> KeywordModel | None:
    """Open the file of ``decision.confirm.model``; None where it names none.

    Raises
    ------
    ModelError
        When the file cannot be served.
    """
    name = config.decision.confirm.model
    if name is None:
        return None
    try:
        return load_model(ModelConfig(path=name), config.runtime)
    except ModelError as error:
        raise ModelError(f"{WHERE}: {error}") from None


def mismatches(larger: ModelSpec, listening: ModelSpec) -> list[str]:
    """Return a line for each reason why one model cannot confirm what the other hears."""
    rates_hz = larger.frontend.sample_rate_hz, listening.frontend.sample_rate_hz
    reasons = {
        f"{larger.name} is of kind stream; a whole clip is scored, which takes kind window": (
            larger.kind == "stream"
        ),
        f"{larger.name} takes {rates_hz[0]} Hz, but {listening.name} listens at {rates_hz[1]} Hz": (
            rates_hz[0] != rates_hz[1]
        ),
        f"{larger.name} has none of the words of {listening.name}; "
        f"it has {', '.join(larger.words)}": not set(larger.words) & set(listening.words),
    }
    return [f"{WHERE}: {reason}" for reason, is_so in reasons.items() if is_so]
