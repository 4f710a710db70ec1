"""The questions, in order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.progress import BarColumn, Progress, TextColumn

from edge_daemon.audio.devices import InputDevice
from edge_daemon.config import ANY_WORD, AudioConfig, parse_config
from edge_daemon.errors import ConfigError, EdgeDaemonError
from edge_daemon.init.answers import Answers, absolute_file
from edge_daemon.init.microphones import inputs_that_open, source_of
from edge_daemon.init.offers import OFFERS, Offer, broker
from edge_daemon.init.questions import Questions
from edge_daemon.init.trial import IsEnough, Trial, listen, play_back
from edge_daemon.pipeline import Pipeline
from edge_daemon.types import ModelSpec

_ALL, _NONE = "all", "none"
_TEST_S = 3.0
_WORD_S = 10.0
_LOUDEST_DB = 80.0


class Interview:
    """Asks what a configuration needs, and tries it out.

    Parameters
    ----------
    questions : Questions
    model : str
        ``builtin:NAME``, or an .onnx file.
    """

    def __init__(self, questions: Questions, model: str) -> None:
        self._questions = questions
        self._answers = Answers(model=absolute_file(model))
        self._pipeline = Pipeline.load(model)
        self.lacking: list[str] = []
        """Lines that install what the answers need."""

    def hold(self) -> Answers:
        """Ask everything, and return what it came to.

        Raises
        ------
        EdgeDaemonError
        """
        opens = self._choose_source()
        if opens:
            self._try_the_microphone()
        self._choose_wake_words()
        self._choose_actions()
        if opens:
            self._try_a_word()
        return self._answers

    @property
    def _spec(self) -> ModelSpec:
        return self._pipeline.spec

    def _choose_source(self) -> bool:
        """Ask for the microphone; tell whether there is one to be tried."""
        inputs, why_none = inputs_that_open(self._pipeline.sample_rate_hz)
        if not inputs:
            self._questions.say(f"No microphone that opens: {why_none}")
            self._answers.source = self._questions.ask(
                "What shall it listen to (mic, mic:NAME, wav:FILE, pcm:-)?", "mic", _source
            )
            return self._answers.source.startswith("wav:")
        self._questions.say("Microphones that open:")
        for i, device in enumerate(inputs, 1):
            self._questions.say(f"  {i}  {device.name}, {device.host_api}")
        self._answers.source = self._questions.ask(
            "Which one (its number, or another source)?", "1", lambda x: _chosen(x, inputs)
        )
        return not self._answers.source.startswith("pcm:")

    def _try_the_microphone(self) -> None:
        if self._is_asked(f"Test it: say something for {_TEST_S:g} seconds?", default=True):
            trial = self._listen(_TEST_S, self._pipeline)
            if trial and self._is_asked("Play it back?", default=False):
                problem = play_back(trial)
                self._questions.say(f"  it cannot be played: {problem}" if problem else "  played")

    def _choose_wake_words(self) -> None:
        words = ", ".join(self._spec.words)
        self._questions.say(f"The words of {self._spec.name}: {words}")
        self._answers.wake_words = self._questions.ask(
            "Wake words, one of which comes before every other word (or none)?",
            ", ".join(self._spec.wake_words) or _NONE,
            lambda x: [] if x == _NONE else self._words(x),
        )

    def _choose_actions(self) -> None:
        said = self._questions.ask(
            "Which words shall do something (or all)?", _ALL,
            lambda x: [ANY_WORD] if x == _ALL else self._words(x),
        )  # fmt: skip
        self._questions.say("What can be done:")
        for offer in OFFERS.values():
            self._questions.say(f"  {offer.kind:<8} {offer.what}")
        self._choose_action("What shall be done?", said)
        while other := self._questions.ask(
            "Another thing for one word (the word, or none)?", _NONE,
            lambda x: [] if x == _NONE else self._words(x),
        ):  # fmt: skip
            self._choose_action(f"What shall be done at {', '.join(other)}?", other)

    def _choose_action(self, question: str, words: list[str]) -> None:
        offer = self._questions.ask(question, next(iter(OFFERS)), _offer)
        settings: Any = offer.understood(offer.default)
        if offer.question:
            settings = self._questions.ask(offer.question, offer.default, offer.understood)
        if offer.kind == "mqtt" and self._answers.broker is None:
            self._answers.broker = self._questions.ask(
                "  On which host is the broker?", "localhost", broker
            )
        if offer.missing:
            self.lacking.append(offer.missing)
        self._answers.actions += [{"say": word, offer.kind: settings} for word in words]

    def _try_a_word(self) -> None:
        config = self._answers.config()
        pipeline = Pipeline.load(None, config)
        wake = pipeline.sequences[0].after if pipeline.sequences else None
        first = f"{wake}, then " if wake else ""
        question = f"Test it: say {first}a word, within {_WORD_S:g} seconds?"
        if not self._is_asked(question, default=True):
            return
        trial = self._listen(_WORD_S, pipeline, lambda x: wake is None or x.after is not None)
        if trial is None:
            return
        said = ", then ".join(f"{x.label} ({x.score:.2f})" for x in trial.heard)
        self._questions.say(f"  heard {said or 'no word'}")
        if not trial.heard:
            look = f"edge-daemon monitor --source '{self._answers.source}'"
            self._questions.say(f"  the scores of all words are shown by: {look}")

    def _listen(
        self, seconds: float, pipeline: Pipeline, is_enough: IsEnough = lambda _: False
    ) -> Trial | None:
        audio = AudioConfig(source=self._answers.source)
        try:
            with _meter(self._questions) as show:
                trial = listen(audio, pipeline, seconds, show, is_enough)
        except EdgeDaemonError as error:
            self._questions.say(f"  it cannot be tried: {error}")
            return None
        self._questions.say(
            f"  level up to {trial.loudest_dbfs:.0f} dBFS, room {trial.floor_dbfs:.0f} dBFS: "
            f"{trial.verdict}"
        )
        return trial

    def _is_asked(self, question: str, *, default: bool) -> bool:
        """Ask whether something is to be tried, which takes somebody to be there."""
        return not self._questions.takes_defaults and self._questions.yes(question, default)

    def _words(self, answer: str) -> list[str]:
        words = [word.strip() for word in answer.split(",") if word.strip()]
        unknown = [word for word in words if word not in self._spec.words]
        if unknown or not words:
            raise ValueError(
                f"the model has no word {', '.join(unknown)}" if unknown else "a word, please"
            )
        return list(dict.fromkeys(words))


def _source(answer: str) -> str:
    kind, _, name = answer.partition(":")
    if kind in ("wav", "pcm") and name:
        answer = f"{kind}:{absolute_file(name)}"
    try:
        return parse_config({"audio": {"source": answer}}).audio.source
    except ConfigError as error:
        raise ValueError("; ".join(error.problems)) from None


def _chosen(answer: str, inputs: list[InputDevice]) -> str:
    if not answer.isdecimal():
        return _source(answer)
    if not 1 <= int(answer) <= len(inputs):
        raise ValueError(f"a number from 1 to {len(inputs)}, or a source such as mic:NAME")
    return source_of(inputs[int(answer) - 1], inputs)


def _offer(answer: str) -> Offer:
    if answer not in OFFERS:
        raise ValueError(f"one of {', '.join(OFFERS)}, please")
    return OFFERS[answer]


@contextmanager
def _meter(questions: Questions) -> Iterator[Any]:
    """Show the level while it listens, on a terminal."""
    columns = (TextColumn("  listening"), BarColumn(), TextColumn("{task.fields[dbfs]:.0f} dBFS"))
    is_shown = questions.console.is_terminal
    with Progress(*columns, console=questions.console, transient=True, disable=not is_shown) as bar:
        task = bar.add_task("level", total=_LOUDEST_DB, dbfs=-_LOUDEST_DB)
        yield lambda dbfs: bar.update(task, completed=max(0.0, _LOUDEST_DB + dbfs), dbfs=dbfs)
