"""From scores to detections: smoothing, thresholds, confirmation, pauses, sequences."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypeAlias

from edge_daemon.config import DecisionConfig, Sequence, WordConfig
from edge_daemon.decision.isolation import Isolation
from edge_daemon.decision.sequences import Sequences
from edge_daemon.decision.thresholds import Thresholds, word_thresholds
from edge_daemon.decision.trigger import Hit, Trigger, WordRule
from edge_daemon.types import Detection, ModelSpec, Scores

__all__ = ["LATEST_HIT_MS", "Confirmation", "Decision", "Thresholds", "word_thresholds"]

Confirmation: TypeAlias = Callable[[str], bool]
"""Tells whether a second opinion hears this word in the newest audio, too."""

LATEST_HIT_MS = 500
"""By then after its end a word has crossed its threshold, or it does not."""
_SAME_WORD_MS = 1000
"""Two that hear the same word differ by less about when."""


class Decision:
    """Decides at every hop whether a word was said.

    Parameters
    ----------
    config : DecisionConfig
    spec : ModelSpec
        Gives the labels, and the thresholds and the smoothing where the configuration does not.
    sequences : iterable of Sequence
        Wake words, each with a word that may follow it: `config.sequences`; none lets every word
        fire alone.
    hop_ms : float
        Time between two updates.
    confirm : Confirmation, optional
        Asked about every word that would fire; without it each does.
    """

    def __init__(
        self,
        config: DecisionConfig,
        spec: ModelSpec,
        sequences: Iterable[Sequence],
        hop_ms: float,
        confirm: Confirmation | None = None,
    ) -> None:
        sequences = tuple(sequences)
        only_after = {s.say for s in sequences if s.is_needed}
        may_follow = {s.say for s in sequences}
        self._isolate_ms = {
            w: _either(config.words.get(w, WordConfig()).isolate_ms, config.isolate_ms)
            for w in spec.words
            if w not in only_after
        }
        smooth_ms = _either(config.smooth_ms, spec.smooth_ms)
        self.n_smooth = max(1, round(smooth_ms / hop_ms))
        """Scores that one decision rests on."""
        self._configured = {
            w: _rule(config, spec, w, w not in only_after, w in may_follow) for w in spec.words
        }
        self._may_follow = may_follow
        self._rearm_ratio = config.rearm_ratio
        self._trigger = Trigger(spec.labels, self._configured, self.n_smooth)
        self._sequences = Sequences(sequences)
        self._confirm = confirm or _unasked
        self._told_ms: dict[str, float] = {}  # of each word the last time
        frame_ms = 1000.0 * spec.frontend.hop_length / spec.frontend.sample_rate_hz
        longest_pause_ms = max(self._isolate_ms.values(), default=0)
        self._isolation = Isolation(
            frame_ms, config.pause_margin_db, config.max_word_ms, longest_pause_ms
        )
        self._listens_for_pauses = longest_pause_ms > 0
        self.memory_ms = self._isolation.memory_ms if self._listens_for_pauses else 0.0
        """Audio whose levels one decision rests on, in milliseconds."""
        self.settle_ms = LATEST_HIT_MS + longest_pause_ms
        """Time after the end of a word by which its detection has come, in milliseconds."""

    def update(self, scores: Scores, levels: Scores, now_ms: float) -> list[Detection]:
        """Take the scores of one hop.

        Parameters
        ----------
        scores : Scores [shape=(n_labels,), dtype=float32]
        levels : ndarray [shape=(n_frames,), dtype=float32]
            Level of each new frame, in nepers of power; see `frontend.level_projection`.
        now_ms : float
            Position in the stream, in milliseconds of audio.

        Returns
        -------
        list of Detection
            Mostly empty.
        """
        if self._listens_for_pauses:
            self._isolation.push(levels)
        found = []
        hit = self._trigger.update(scores, now_ms, self._sequences.expected(now_ms))
        # A word that is not confirmed stays armed and keeps its wake word: the hop may have come
        # before its end, and at the next one, if it is still heard, the whole word is there.
        if hit is not None and self._confirm(hit.label):
            self._trigger.fire(hit.label, now_ms)
            detection = self._judge(hit, now_ms)
            found = [detection] if detection else []
        found += [
            Detection(h.label, h.score, now_ms / 1000.0) for h in self._isolation.said_alone()
        ]
        self._told_ms.update((detection.label, now_ms) for detection in found)
        return found

    def recall(self, levels: Scores) -> None:
        """Take the levels of a hop in the past that was not scored; nothing is decided."""
        if self._listens_for_pauses:
            self._isolation.push(levels)

    def go_on_from(self, before: Decision) -> None:
        """Take over what another one has detected in the stream, so that no word is told by both."""
        for label, fired_ms in self._trigger.fired_ms.items():
            if before.has_told(label, fired_ms):
                self._isolation.drop(label)
        self._sequences.go_on_from(before._sequences, before._trigger.fired_ms, _SAME_WORD_MS)
        self._trigger.go_on_from(before._told_ms)
        self._told_ms |= before._told_ms

    def has_told(self, label: str, at_ms: float) -> bool:
        """Tell whether a word that another one decides at this time was detected here."""
        return self._told_ms.get(label, -math.inf) > at_ms - _SAME_WORD_MS

    def awaits(self, now_ms: float) -> bool:
        """Tell whether something said is decided by what comes next: a pause, or a command."""
        return self._isolation.is_holding or bool(self._sequences.expected(now_ms))

    @property
    def smoothed(self) -> dict[str, float]:
        """The newest smoothed score of each word."""
        return self._trigger.smoothed

    @property
    def thresholds(self) -> dict[str, float]:
        """The score from which each word fires: alone, or, where it never does, after a wake word."""
        rules = self._trigger.rules.items()
        return {
            word: rule.threshold if math.isfinite(rule.threshold) else rule.threshold_after
            for word, rule in rules
        }

    def set_threshold(self, word: str, value: float | None) -> None:
        """Let a word fire from this smoothed score on; None: from the configured one.

        A word that fires alone and after a wake word keeps the lower threshold that it has there.

        Raises
        ------
        KeyError
            It is none of the words.
        """
        configured = self._configured[word]
        self._trigger.set_rule(
            word, configured if value is None else self._with_threshold(word, configured, value)
        )

    def _with_threshold(self, word: str, rule: WordRule, value: float) -> WordRule:
        fires_alone = math.isfinite(rule.threshold)
        is_lower = fires_alone and word in self._may_follow
        after = min(rule.threshold_after, value) if is_lower else value
        return replace(
            rule,
            threshold=value if fires_alone else math.inf,
            threshold_after=after,
            rearm_below=after * self._rearm_ratio,
        )

    def _judge(self, hit: Hit, now_ms: float) -> Detection | None:
        """Let a hit through at once, or hold it until the pause after it."""
        wake = self._sequences.wake_before(hit.label, now_ms)
        self._sequences.note(hit.label, now_ms)
        if wake is not None:
            self._isolation.drop(wake)  # a word that follows shows that it was not said alone
        elif isolate_ms := self._isolate_ms[hit.label]:
            self._isolation.hold(hit, isolate_ms)
            return None
        return Detection(hit.label, hit.score, now_ms / 1000.0, wake)

    def reset(self) -> None:
        """Forget what was heard."""
        self._told_ms.clear()
        self._trigger.reset()
        self._sequences.reset()
        self._isolation.reset()


def _either(value: int | None, otherwise: int) -> int:
    return otherwise if value is None else value


def _unasked(_label: str) -> bool:
    return True


def _rule(
    config: DecisionConfig, spec: ModelSpec, word: str, fires_alone: bool, may_follow: bool
) -> WordRule:
    alone, after = word_thresholds(config, spec, word)
    threshold = alone if fires_alone else math.inf
    # a wake word before it never makes a word that fires alone harder to hear
    threshold_after = min(after, threshold) if may_follow else threshold
    own_refractory_ms = config.words.get(word, WordConfig()).refractory_ms
    return WordRule(
        threshold=threshold,
        threshold_after=threshold_after,
        rearm_below=threshold_after * config.rearm_ratio,
        refractory_ms=_either(own_refractory_ms, config.refractory_ms),
    )
