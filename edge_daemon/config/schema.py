"""The schema of the configuration: every key with its type, default, bounds and unit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from edge_daemon.config.guess import did_you_mean
from edge_daemon.types import SILENCE, UNKNOWN

BUILTIN = "builtin:"
ANY_WORD = "*"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AudioConfig(_Section):
    """Where the audio comes from."""

    source: str = Field(
        "mic",
        pattern=r"^(mic(:.+)?|wav:.+|pcm:.+)$",
        description="mic, mic:NAME (a name or a part of one), wav:FILE (also FLAC, Opus), "
        "pcm:- or pcm:FIFO (raw 16-bit mono)",
    )
    pace: Literal["realtime", "fast"] = Field(
        "realtime", description="speed of a file: as a microphone would deliver it, or at once"
    )
    channel: Literal["mean"] | Annotated[int, Field(ge=0, le=63)] = Field(
        "mean", description="channel of a multi-channel source to listen to, from 0, or mean"
    )
    pcm_rate_hz: int = Field(
        16000, ge=4000, le=384000, description="sample rate of a pcm: source (mono, s16le)"
    )
    block_ms: int = Field(100, ge=10, le=1000, description="audio handed on at a time")
    buffer_s: float = Field(
        5.0, ge=0.5, le=120, description="ring buffer; when it is full the oldest audio is dropped"
    )
    lost_after_s: float = Field(
        3.0, ge=0.5, le=60, description="a microphone without samples for this long is reopened"
    )


class ModelConfig(_Section):
    """Which model listens."""

    path: str = Field(
        "builtin:commands", min_length=1, description="builtin:NAME, or an .onnx file"
    )
    hop_ms: Annotated[int, Field(ge=10, le=1000)] | None = Field(
        None, description="time between two scores; null takes the model's"
    )


class RuntimeConfig(_Section):
    """How onnxruntime runs it."""

    threads: int = Field(1, ge=1, le=16, description="threads of one inference; 1 costs least")


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


Words = Annotated[list[str], BeforeValidator(_as_list)]
Threshold = Annotated[float, Field(gt=0, le=1)]


class WordConfig(_Section):
    """What differs for one word; null takes the value of the decision section."""

    threshold: Threshold | None = Field(None, description="smoothed score from which it fires")
    refractory_ms: Annotated[int, Field(ge=0, le=60000)] | None = Field(
        None, description="time after it fired in which it does not fire again"
    )
    isolate_ms: Annotated[int, Field(ge=0, le=2000)] | None = Field(
        None, description="pause needed before and after it; 0 needs none"
    )
    after: Words = Field(
        default_factory=list, description="it fires only after one of these words"
    )


class DecisionConfig(_Section):
    """When a score becomes a detection."""

    threshold: Threshold | None = Field(
        None, description="for every word; null takes the thresholds found in training"
    )
    smooth_ms: Annotated[int, Field(ge=0, le=2000)] | None = Field(
        None, description="span of the mean over scores; null takes the model's"
    )
    rearm_ratio: float = Field(
        0.6, gt=0, le=1, description="a word fires again once its score fell below ratio x threshold"
    )
    refractory_ms: int = Field(
        1000, ge=0, le=60000, description="time after a word fired in which it does not fire again"
    )
    isolate_ms: int = Field(
        0, ge=0, le=2000, description="pause needed before and after a word said alone; 0: none"
    )
    max_word_ms: int = Field(
        1200, ge=200, le=5000, description="with isolate_ms: longer speech than this is no word"
    )
    pause_margin_db: float = Field(
        6.0, ge=1, le=40, description="with isolate_ms: speech is this much above the noise floor"
    )
    within_ms: int = Field(
        3000, ge=200, le=60000, description="longest time from a wake word to the word after it"
    )
    words: dict[str, WordConfig] = Field(
        default_factory=dict, description="what differs for single words, by label"
    )


class CommandConfig(_Section):
    """Run a program; never through a shell."""

    argv: list[Annotated[str, Field(min_length=1)]] = Field(
        min_length=1, description="the program and its arguments"
    )
    timeout_s: float = Field(10.0, gt=0, le=3600, description="then it is killed")
    concurrency: int = Field(1, ge=1, le=16, description="more runs at a time are dropped")


class WebhookConfig(_Section):
    """POST the detection as JSON."""

    url: str = Field(pattern=r"^https?://[^\s/]+\S*$", description="http:// or https:// address")
    timeout_s: float = Field(5.0, gt=0, le=60, description="for one attempt")
    retries: int = Field(3, ge=0, le=10, description="attempts after the first")
    backoff_s: float = Field(
        1.0, gt=0, le=60, description="wait before the first retry; doubles each time"
    )
    headers: dict[str, str] = Field(default_factory=dict, description="sent with the request")


class LogConfig(_Section):
    """Write the detection as a JSON line."""

    path: str = Field("-", min_length=1, description="a file to append to, or - for stdout")


class ActionConfig(_Section):
    """What to do when a word, or a sequence of two, is heard."""

    say: str = Field(min_length=1, description='the word, or "*" for every word')
    after: str | None = Field(None, description="only when this word was heard just before")
    within_ms: Annotated[int, Field(ge=200, le=60000)] | None = Field(
        None, description="longest time from `after` to `say`; null takes decision.within_ms"
    )
    command: Annotated[
        CommandConfig | None,
        BeforeValidator(lambda v: {"argv": v} if isinstance(v, list) else v),
    ] = Field(None, description="run a program: a list of arguments, or settings with argv")
    webhook: Annotated[
        WebhookConfig | None,
        BeforeValidator(lambda v: {"url": v} if isinstance(v, str) else v),
    ] = Field(None, description="POST JSON: an address, or settings with url")
    log: LogConfig | None = Field(None, description="write a JSON line: settings, {} for stdout")

    @model_validator(mode="after")
    def _one_kind(self) -> ActionConfig:
        kinds = [k for k in ("command", "webhook", "log") if getattr(self, k) is not None]
        if len(kinds) != 1:
            found = " and ".join(kinds) or "none of them"
            raise ValueError(f"needs exactly one of command, webhook, log; has {found}")
        if self.say == ANY_WORD and self.after is not None:
            raise ValueError('say: "*" cannot be combined with after; name the words')
        return self


class ActionsQueueConfig(_Section):
    """The worker that runs the actions."""

    queue: int = Field(32, ge=1, le=1024, description="actions that wait; more are dropped")


class TelemetryConfig(_Section):
    """What the daemon says of itself."""

    interval_s: float = Field(
        60.0, ge=0, le=86400, description="time between two summaries; 0: only at the end"
    )
    format: Literal["text", "json"] = Field("text", description="form of the summary")


class LoggingConfig(_Section):
    """The log; to the journal under systemd, else to stderr."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="least level")


class Sequence(_Section):
    """The word ``say`` counts as said after the wake word ``after`` within ``within_ms``."""

    after: str
    say: str
    within_ms: int


class Config(_Section):
    """The whole configuration; every section may be left out or empty."""

    audio: AudioConfig = Field(default_factory=lambda: AudioConfig())
    model: ModelConfig = Field(default_factory=lambda: ModelConfig())
    runtime: RuntimeConfig = Field(default_factory=lambda: RuntimeConfig())
    decision: DecisionConfig = Field(default_factory=lambda: DecisionConfig())
    actions: list[ActionConfig] = Field(
        default_factory=list, description="what to do when a word is heard"
    )
    action_worker: ActionsQueueConfig = Field(default_factory=lambda: ActionsQueueConfig())
    telemetry: TelemetryConfig = Field(default_factory=lambda: TelemetryConfig())
    logging: LoggingConfig = Field(default_factory=lambda: LoggingConfig())

    def sequences(self) -> tuple[Sequence, ...]:
        """Return every pair of wake word and word that the words and the actions name."""
        default = self.decision.within_ms
        found = [
            Sequence(after=wake, say=word, within_ms=default)
            for word, settings in self.decision.words.items()
            for wake in settings.after
        ]
        found += [
            Sequence(after=a.after, say=a.say, within_ms=a.within_ms or default)
            for a in self.actions
            if a.after is not None
        ]
        return tuple(found)

    def problems_with_labels(self, labels: Iterable[str]) -> list[str]:
        """Return a line for each place that names a word which a model with ``labels`` lacks."""
        words = [x for x in labels if x not in (UNKNOWN, SILENCE)]
        named: list[tuple[str, str]] = []
        for word, settings in self.decision.words.items():
            named.append((f"decision.words.{word}", word))
            named += [(f"decision.words.{word}.after", wake) for wake in settings.after]
        for i, action in enumerate(self.actions):
            if action.say != ANY_WORD:
                named.append((f"actions[{i}].say", action.say))
            if action.after is not None:
                named.append((f"actions[{i}].after", action.after))
        return [
            f"{where}: the model has no word {word!r}{did_you_mean(word, words)}; "
            f"it has {', '.join(words)}"
            for where, word in named
            if word not in words
        ]
