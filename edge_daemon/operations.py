"""What the running daemon can be asked from outside: one implementation for every way in."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from edge_daemon.adjustments import Adjustments, kept_in
from edge_daemon.control import Answer, Reply, Request, tell
from edge_daemon.control.messages import (
    FalseAlarm,
    Mute,
    Reload,
    ShowConfig,
    Status,
    Threshold,
    Trigger,
    Unmute,
)
from edge_daemon.events import Events
from edge_daemon.hearing import Hearing
from edge_daemon.pipeline import Pipeline
from edge_daemon.reload import Reloads
from edge_daemon.reporter import Reporter
from edge_daemon.situation import Situation
from edge_daemon.types import Detection

_LOG = logging.getLogger(__name__)

_DONE = Answer(ok=True)


class Operations:
    """Does what is asked, in the main loop between two blocks.

    What is set holds over a reload, and where a service manager gives the daemon a place of its own
    over a restart too.

    Parameters
    ----------
    hearing : Hearing
    reporter : Reporter
    reloads : Reloads
    events : Events
        Who follows the daemon is told its state, whenever that changes.
    take_over_counts : callable
        Brings the counts up to date.
    """

    def __init__(
        self,
        hearing: Hearing,
        reporter: Reporter,
        reloads: Reloads,
        events: Events,
        take_over_counts: Callable[[], None],
    ) -> None:
        self._hearing = hearing
        self._reporter = reporter
        self._reloads = reloads
        self._take_over_counts = take_over_counts
        self._situation = Situation(hearing, reporter, events)
        self._adjustments = Adjustments(kept_in())
        self._by_request: dict[type, Callable[[Any], Answer]] = {
            Status: self._status,
            ShowConfig: self._show_config,
            Mute: self._mute,
            Unmute: self._unmute,
            Trigger: self._trigger,
            Threshold: self._set_threshold,
            FalseAlarm: self._false_alarm,
        }
        self.adjust(hearing.pipeline)

    def begin(self) -> None:
        """Be muted, where somebody has muted it before a restart and the time is not over."""
        if self._adjustments.is_muted:
            self._mute_for(self._adjustments.muted_left_s)

    def adjust(self, pipeline: Pipeline) -> None:
        """Let the thresholds that were set be in force in a pipeline, as far as it has the words."""
        for word, value in self._adjustments.thresholds.items():
            if word in pipeline.thresholds:
                pipeline.set_threshold(word, value)

    def do(self, request: Request, reply: Reply) -> None:
        """Do what is asked; ``reply`` is told what came of it, now or, of a reload, later."""
        if isinstance(request, Reload):
            self._reloads.wish(reply)
            return
        tell(reply, self._answer(request))

    def follow_up(self) -> None:
        """See to what time has brought about, and tell those who follow what is new."""
        if self._adjustments.was_muted and not self._hearing.mute.is_on:
            self._unmute()
        self._adjustments.save_what_changed()
        self._situation.tell_changes()

    def stop(self, timeout_s: float) -> None:
        """Write down what was set last, but wait no longer than this."""
        self._adjustments.stop(timeout_s)

    def _answer(self, request: Request) -> Answer:
        do = self._by_request.get(type(request))
        if do is None:
            return _refused("this can be asked over the control socket only")
        try:
            return do(request)
        except Exception as error:  # a mistake in here must not make the daemon deaf
            _LOG.exception("%s: an error that is not foreseen", type(request).__name__)
            return _refused(f"{type(error).__name__}: {error}")

    def _status(self, _request: Status) -> Answer:
        self._take_over_counts()
        return Answer(ok=True, data=self._situation.status())

    def _show_config(self, _request: ShowConfig) -> Answer:
        from edge_daemon.config.document import config_as_yaml

        return Answer(ok=True, data={"yaml": config_as_yaml(self._hearing.config)})

    def _mute(self, request: Mute) -> Answer:
        was_muted = self._adjustments.was_muted
        self._adjustments.set_muted(True, request.for_s)
        if was_muted:  # only for another time: nothing that a flood could fill the log with
            self._hearing.mute.ask(request.for_s)
        else:
            self._mute_for(request.for_s)
        return _DONE

    def _mute_for(self, seconds: float | None) -> None:
        self._hearing.mute.ask(seconds)
        self._reporter.muted_by_hand(seconds)

    def _unmute(self, _request: Unmute | None = None) -> Answer:
        if self._adjustments.was_muted:
            self._adjustments.set_muted(False)
            self._hearing.mute.end()
            self._reporter.heard_again_by_hand()
        return _DONE

    def _trigger(self, request: Trigger) -> Answer:
        pipeline, wake_words = self._hearing.pipeline, self._situation.wake_words
        if request.label not in pipeline.spec.words:
            return _refused(_no_such_word(request.label, pipeline.spec.words))
        if request.after is not None and request.after not in wake_words:
            there_is = ", ".join(wake_words) or "none"
            return _refused(f"no wake word {request.after!r}; there is {there_is}")
        detection = Detection(request.label, 1.0, pipeline.position_s, request.after)
        self._reporter.triggered(detection)
        self._hearing.act_on(detection)
        return _DONE

    def _set_threshold(self, request: Threshold) -> Answer:
        pipeline = self._hearing.pipeline
        if request.word not in pipeline.thresholds:
            return _refused(_no_such_word(request.word, pipeline.spec.words))
        pipeline.set_threshold(request.word, request.value)
        self._adjustments.set_threshold(request.word, request.value)
        in_force = pipeline.thresholds[request.word]
        self._reporter.threshold(request.word, in_force, is_configured=request.value is None)
        return Answer(ok=True, data={"word": request.word, "threshold": in_force})

    def _false_alarm(self, _request: FalseAlarm) -> Answer:
        detection = self._reporter.false_alarm()
        if detection is None:
            return _refused("no word was heard since the last false alarm")
        self._hearing.mark_false()
        return Answer(ok=True, data=detection.as_json())


def _no_such_word(word: str, words: tuple[str, ...]) -> str:
    return f"the model has no word {word!r}; it has {', '.join(words)}"


def _refused(problem: str) -> Answer:
    return Answer(ok=False, problems=[problem])
