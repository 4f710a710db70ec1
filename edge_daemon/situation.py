"""How the daemon is: asked for, or told to those who follow it whenever it changes."""

from __future__ import annotations

from typing import Any

from msgspec import structs

from edge_daemon import __version__
from edge_daemon.events import Condition, Events, State
from edge_daemon.hearing import Hearing
from edge_daemon.reporter import Reporter


class Situation:
    """Puts together what several parts know.

    Parameters
    ----------
    hearing : Hearing
    reporter : Reporter
    events : Events
    """

    def __init__(self, hearing: Hearing, reporter: Reporter, events: Events) -> None:
        self._hearing = hearing
        self._reporter = reporter
        self._events = events
        self._told: tuple[object, ...] = ()

    @property
    def wake_words(self) -> list[str]:
        """The words after one of which others fire."""
        return list(dict.fromkeys(s.after for s in self._hearing.pipeline.sequences))

    def status(self) -> dict[str, Any]:
        """Return the state at this moment, ready for JSON."""
        reporter = self._reporter
        return {
            "version": __version__,
            "state": reporter.health.state,
            **self._shared(),
            "wake_words": self.wake_words,
            "last_audio_s": reporter.last_audio_s,
            "hears_only_zeros": self._hearing.hears_only_zeros,
            **reporter.telemetry.totals(),
            "heard": [detection.as_json() for detection in reporter.newest],
        }

    def tell_changes(self) -> None:
        """Tell the state where it is another than before, or somebody new follows."""
        if not self._events.are_followed:
            return
        state = self._state()
        without_time = structs.replace(state, at=0.0, muted_left_s=None)
        now = (self._events.n_subscribed, self._hearing.mute.n_asked, without_time)
        if now != self._told:
            self._told = now
            self._events.publish(state)

    def _state(self) -> State:
        reporter = self._reporter
        newest = reporter.newest[-1:]
        return State(
            text=reporter.health.state,
            last=newest[0].as_json() if newest else None,
            **self._shared(),
        )

    def _shared(self) -> dict[str, Any]:
        """Return what both tell, by the names that `State` has for it."""
        reporter, pipeline, mute = self._reporter, self._hearing.pipeline, self._hearing.mute
        return {
            "condition": self._condition,
            "source": reporter.source,
            "model": reporter.model,
            "words": list(pipeline.spec.words),
            "muted": mute.is_on,
            "muted_left_s": mute.left_s,
            "thresholds": {word: round(x, 4) for word, x in pipeline.thresholds.items()},
        }

    @property
    def _condition(self) -> Condition:
        condition = self._reporter.health.condition
        return "muted" if condition == "listening" and self._hearing.mute.is_on else condition
