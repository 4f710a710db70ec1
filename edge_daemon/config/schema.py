"""The schema of the configuration: every key with its type, default, bounds and unit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta, Struct, field
from msgspec.structs import fields

from edge_daemon.config.masking import SECRET, is_secret, masked

BUILTIN = "builtin:"
ANY_WORD = "*"
ADDRESS = r"^https?://[^\s/]\S*$"

Name = Annotated[str, Meta(min_length=1)]
Threshold = Annotated[float, Meta(gt=0, le=1)]
RefractoryMs = Annotated[int, Meta(ge=0, le=60000)]
PauseMs = Annotated[int, Meta(ge=0, le=2000)]
SmoothMs = Annotated[int, Meta(ge=0, le=2000)]
WithinMs = Annotated[int, Meta(ge=200, le=60000)]
HopMs = Annotated[int, Meta(ge=10, le=1000)]
MutedS = Annotated[float, Meta(ge=1, le=86400)]
GiveUpS = Annotated[float, Meta(ge=1, le=86400)]
Watts = Annotated[float, Meta(gt=0, le=1000)]
ChannelNumber = Annotated[int, Meta(ge=0, le=63)]
ProviderName = Literal["cpu", "xnnpack", "cuda", "tensorrt"]
Address = Annotated[str, Meta(pattern=ADDRESS)]
SecretSource = Annotated[str, Meta(min_length=1)]
"""A file, or ``credential:NAME``; see `edge_daemon.config.secret`."""


class Section(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the configuration."""

    shorthand: ClassVar[tuple[type, str] | None] = None
    """A plain value of this type stands for the key named."""
    expected: ClassVar[str] = "`key: value` lines"
    """What to say when something else is found."""

    def __repr__(self) -> str:
        """Show the section as it may be shown."""
        values = (f"{name}={value!r}" for name, value in self.as_shown().items())
        return f"{type(self).__name__}({', '.join(values)})"

    def as_shown(self) -> dict[str, Any]:
        """Return the values by their keys, those that are secrets masked."""
        values = ((f.name, f.type, getattr(self, f.name)) for f in fields(self))
        return {name: masked(x) if is_secret(kind) else x for name, kind, x in values}


class AudioConfig(Section, frozen=True, kw_only=True):
    """Where the audio comes from."""

    source: Annotated[
        str,
        Meta(
            pattern=r"^(mic(:.+)?|wav:.+|pcm:.+)$",
            description="mic, mic:NAME (a name or a part of one), wav:FILE (also FLAC, Opus), "
            "pcm:- or pcm:FIFO (raw 16-bit mono)",
        ),
    ] = "mic"
    pace: Annotated[
        Literal["realtime", "fast"],
        Meta(description="speed of a file: as a microphone would deliver it, or at once"),
    ] = "realtime"
    channel: Annotated[
        Literal["mean"] | ChannelNumber,
        Meta(description="channel of a multi-channel source to listen to, from 0, or mean"),
    ] = "mean"
    pcm_rate_hz: Annotated[
        int, Meta(ge=4000, le=384000, description="sample rate of a pcm: source (mono, s16le)")
    ] = 16000
    block_ms: Annotated[int, Meta(ge=10, le=1000, description="audio handed on at a time")] = 100
    buffer_s: Annotated[
        float,
        Meta(ge=0.5, le=120, description="ring buffer; when full the oldest audio is dropped"),
    ] = 5.0
    lost_after_s: Annotated[
        float,
        Meta(ge=0.5, le=60, description="a microphone without samples for so long is reopened"),
    ] = 3.0
    muted_after_s: Annotated[
        MutedS | None,
        Meta(
            description="nothing but zeros for so long is reported as a muted microphone; null: never"
        ),
    ] = 60.0
    give_up_after_s: Annotated[
        GiveUpS | None,
        Meta(
            description="a service that has lost its audio and could not open it again for so long "
            "ends with exit code 75, and the service manager starts it afresh; null: never"
        ),
    ] = 15.0


class QuantizeConfig(Section, frozen=True, kw_only=True):
    """A smaller model in place of a float one, where it is proven to be better."""

    shorthand: ClassVar[tuple[type, str] | None] = (str, "mode")
    expected: ClassVar[str] = "auto, or `key: value` lines"

    mode: Annotated[
        Literal["auto"] | None,
        Meta(
            description="auto: a child process quantizes it, judges it on the data, and keeps the "
            "result for the next start; null: the model is served as it is"
        ),
    ] = None
    data: Annotated[
        Name | None,
        Meta(
            description="clips in the layout of Speech Commands (a folder or a tar), or an .npz, to "
            "calibrate and judge with; null takes the folder `clips` of the state directory"
        ),
    ] = None
    max_accuracy_loss: Annotated[
        float, Meta(ge=0, le=100, description="points of accuracy that it may lose at most")
    ] = 1.0
    min_compression: Annotated[
        float, Meta(ge=0, le=1000, description="its file is smaller by this factor at least")
    ] = 2.0
    min_speedup: Annotated[
        float, Meta(ge=0, le=1000, description="it is faster by this factor at least")
    ] = 1.0

    def __post_init__(self) -> None:
        """Hold the keys to each other."""
        if self.data is not None and self.mode is None:
            raise ValueError("data is for mode: auto, which is not set")


class ModelConfig(Section, frozen=True, kw_only=True):
    """Which model listens."""

    path: Annotated[str, Meta(min_length=1, description="builtin:NAME, or an .onnx file")] = (
        "builtin:commands"
    )
    hop_ms: Annotated[
        HopMs | None, Meta(description="time between two scores; null takes the model's")
    ] = None
    variant: Annotated[
        Literal["auto", "default", "float32", "fp16", "symmetric"],
        Meta(
            description="auto: the file beside it that suits the provider best, such as "
            "NAME.fp16.onnx on cuda; default: NAME.onnx itself; or float32, fp16, symmetric"
        ),
    ] = "auto"
    quantize: Annotated[
        QuantizeConfig,
        Meta(description="a float model is served at once, and a smaller one when it is proven"),
    ] = QuantizeConfig()

    def __post_init__(self) -> None:
        """Hold the keys to each other."""
        if self.quantize.mode is not None and self.variant not in ("auto", "default"):
            raise ValueError(
                f"variant: {self.variant} beside quantize.mode: auto, which finds the file itself"
            )


class CpuConfig(Section, frozen=True, kw_only=True):
    """Provider cpu, and what the others leave to it."""

    spinning: Annotated[
        bool, Meta(description="threads that wait burn CPU for a shorter latency")
    ] = False
    arena: Annotated[bool, Meta(description="keep freed memory for the next inference")] = False
    denormals_as_zero: Annotated[
        bool,
        Meta(
            description="for float models whose states decay to next to nothing; it holds for all "
            "arithmetic of the process, and for the first model that is opened"
        ),
    ] = False


class CudaConfig(Section, frozen=True, kw_only=True):
    """Provider cuda; the names are those of onnxruntime."""

    gpu_mem_limit_mib: Annotated[
        int, Meta(ge=16, le=1_048_576, description="memory of the GPU for the model, in MiB")
    ] = 512
    arena_extend_strategy: Annotated[
        Literal["kSameAsRequested", "kNextPowerOfTwo"],
        Meta(description="how that memory grows: by what is needed, or by doubling"),
    ] = "kSameAsRequested"
    cudnn_conv_algo_search: Annotated[
        Literal["HEURISTIC", "EXHAUSTIVE", "DEFAULT"],
        Meta(
            description="how convolutions are chosen; EXHAUSTIVE tries all at the first inference"
        ),
    ] = "HEURISTIC"
    cudnn_conv_use_max_workspace: Annotated[
        bool, Meta(description="let convolutions take as much memory as they like")
    ] = False


class TensorrtConfig(Section, frozen=True, kw_only=True):
    """Provider tensorrt, which builds an engine before the daemon is ready."""

    fp16: Annotated[bool, Meta(description="allow arithmetic in half precision")] = True
    int8: Annotated[
        bool | None,
        Meta(description="allow INT8; null: where the file is the variant symmetric"),
    ] = None
    auxiliary_streams: Annotated[
        int, Meta(ge=0, le=8, description="more streams at a time; 0 takes the least memory")
    ] = 0
    cache: Annotated[
        Name | None,
        Meta(
            description="folder in which engines and timings are kept; null: `tensorrt` of the "
            "state directory"
        ),
    ] = None


class RuntimeConfig(Section, frozen=True, kw_only=True):
    """How onnxruntime runs it."""

    provider: Annotated[
        Literal["auto", "cpu", "xnnpack", "cuda", "tensorrt"],
        Meta(
            description="what computes: cpu, xnnpack, cuda, tensorrt; auto: the CPU, and another "
            "only where its scores are wrong"
        ),
    ] = "auto"
    fallback: Annotated[
        list[ProviderName] | None,
        Meta(
            description="tried in this order where the provider cannot serve the model: cpu, "
            "xnnpack, cuda, tensorrt; [] has none; null: [cpu]"
        ),
    ] = None
    strict: Annotated[
        bool,
        Meta(
            description="the provider serves the whole model, or nothing starts (exit code 78); "
            "false: other providers step in, which the log says"
        ),
    ] = False
    threads: Annotated[
        int, Meta(ge=1, le=16, description="threads of one inference; 1 costs least")
    ] = 1
    cpu: Annotated[
        CpuConfig, Meta(description="provider cpu, and what the others leave to it.")
    ] = CpuConfig()
    cuda: Annotated[
        CudaConfig, Meta(description="provider cuda; the names are those of onnxruntime")
    ] = CudaConfig()
    tensorrt: Annotated[
        TensorrtConfig,
        Meta(description="provider tensorrt, which builds an engine before the daemon is ready"),
    ] = TensorrtConfig()

    def __post_init__(self) -> None:
        """Hold the keys to each other."""
        if self.fallback and self.strict:
            raise ValueError("strict beside fallback: a strict provider has none")
        if self.fallback and self.provider == "auto":
            raise ValueError("fallback is for a provider that is named; auto finds its own")
        tried = [self.provider, *(self.fallback or ())]
        twice = [name for name in tried if tried.count(name) > 1]
        if twice:
            raise ValueError(f"fallback: {twice[0]} would be tried twice")


class ActivityConfig(Section, frozen=True, kw_only=True):
    """What is left undone while there is nothing to hear."""

    gate: Annotated[
        bool,
        Meta(
            description="false: front end and model run in silence too. When it opens it looks back "
            "on what it skipped; a streaming model has no gate"
        ),
    ] = True
    margin_db: Annotated[
        float,
        Meta(ge=3, le=30, description="it opens so far above the noise floor; less hears more"),
    ] = 6.0


class WordConfig(Section, frozen=True, kw_only=True):
    """What differs for one word; null takes the value of the decision section."""

    threshold: Annotated[
        Threshold | None, Meta(description="smoothed score from which it fires when said alone")
    ] = None
    threshold_after: Annotated[
        Threshold | None, Meta(description="the same when it follows its wake word")
    ] = None
    refractory_ms: Annotated[
        RefractoryMs | None,
        Meta(description="time after it fired in which it does not fire again"),
    ] = None
    isolate_ms: Annotated[
        PauseMs | None, Meta(description="pause needed before and after it; 0 needs none")
    ] = None
    after: Annotated[
        Name | list[Name] | None,
        Meta(
            description="it fires only after this word, or one of these; [] lets it fire alone "
            "too; null goes by decision.wake_words"
        ),
    ] = None

    def __post_init__(self) -> None:
        """Hold the keys to each other."""
        if self.isolate_ms and self.after:
            raise ValueError("isolate_ms beside after: isolation is for words alone")

    @property
    def wake_words(self) -> list[str] | None:
        """The words of which one has to come before; None leaves it to the decision section."""
        return [self.after] if isinstance(self.after, str) else self.after


class ConfirmConfig(Section, frozen=True, kw_only=True):
    """A larger model that has to hear the word too."""

    shorthand: ClassVar[tuple[type, str] | None] = (str, "model")

    model: Annotated[
        Name | None,
        Meta(
            description="builtin:NAME, or an .onnx file of kind window; null: none. A word that "
            "it does not know needs no confirmation"
        ),
    ] = None
    threshold: Annotated[
        float, Meta(gt=0, le=1, description="the word goes on from this score of the larger model")
    ] = 0.5


class DecisionConfig(Section, frozen=True, kw_only=True):
    """When a score becomes a detection."""

    wake_words: Annotated[
        list[Name] | None,
        Meta(
            description="each other word fires only within within_ms after one of these; null "
            "takes the model's own, [] lets every word fire alone. A word that is named by an "
            "`after`, of an action or below, is a wake word too: it needs none before it, unless "
            "its own `after` says so"
        ),
    ] = None
    threshold: Annotated[
        Threshold | None,
        Meta(
            description="for every word that is said alone, as wake words are; null takes the "
            "thresholds found in training"
        ),
    ] = None
    threshold_after: Annotated[
        Threshold | None,
        Meta(
            description="for every word that follows its wake word; null takes those found in "
            "training, else the one for alone"
        ),
    ] = None
    smooth_ms: Annotated[
        SmoothMs | None, Meta(description="span of the mean over scores; null takes the model's")
    ] = None
    rearm_ratio: Annotated[
        float,
        Meta(gt=0, le=1, description="a word is armed again below this share of its threshold"),
    ] = 0.6
    refractory_ms: Annotated[
        int,
        Meta(ge=0, le=60000, description="time after a word fired in which it does not again"),
    ] = 1000
    isolate_ms: Annotated[
        int, Meta(ge=0, le=2000, description="pause needed around a word said alone; 0: none")
    ] = 0
    max_word_ms: Annotated[
        int, Meta(ge=200, le=5000, description="with isolate_ms: longer speech is no single word")
    ] = 1200
    pause_margin_db: Annotated[
        float,
        Meta(ge=1, le=40, description="with isolate_ms: speech is so far above the noise floor"),
    ] = 6.0
    within_ms: Annotated[
        int, Meta(ge=200, le=60000, description="longest time from a wake word to its command")
    ] = 3000
    confirm: Annotated[
        ConfirmConfig,
        Meta(
            description="a larger model that is asked about each word that the listening one "
            "hears, and sleeps otherwise; what it does not hear as well is dropped"
        ),
    ] = ConfirmConfig()
    words: Annotated[
        dict[str, WordConfig], Meta(description="what differs for single words, by label")
    ] = field(default_factory=dict)


class CommandConfig(Section, frozen=True, kw_only=True):
    """Run a program; never through a shell."""

    shorthand: ClassVar[tuple[type, str] | None] = (list, "argv")
    expected: ClassVar[str] = "a list of arguments, e.g. [ls, -l]; there is no shell"

    argv: Annotated[
        list[Name], Meta(min_length=1, description="the program and its arguments, all as texts")
    ]
    timeout_s: Annotated[float, Meta(gt=0, le=3600, description="then it is killed")] = 10.0
    concurrency: Annotated[
        int, Meta(ge=1, le=16, description="more runs at a time are dropped")
    ] = 1


class WebhookConfig(Section, frozen=True, kw_only=True):
    """POST the detection as JSON."""

    shorthand: ClassVar[tuple[type, str] | None] = (str, "url")

    url: Annotated[
        Address | None,
        Meta(description="an http:// or https:// address; shown without its path", extra=SECRET),
    ] = None
    url_from: Annotated[
        SecretSource | None,
        Meta(
            description="the address, where it is a secret: a file that holds it, or "
            "credential:NAME of systemd"
        ),
    ] = None
    timeout_s: Annotated[float, Meta(gt=0, le=60, description="for one attempt")] = 5.0
    retries: Annotated[int, Meta(ge=0, le=10, description="attempts after the first")] = 3
    backoff_s: Annotated[
        float, Meta(gt=0, le=60, description="wait before the first retry; doubles each time")
    ] = 1.0
    headers: Annotated[
        dict[str, str], Meta(description="sent with the request; never shown", extra=SECRET)
    ] = field(default_factory=dict)
    headers_from: Annotated[
        dict[str, SecretSource],
        Meta(
            description="the same with secrets, such as Authorization: a file that holds the "
            "value, or credential:NAME of systemd"
        ),
    ] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Hold the keys to each other."""
        if (self.url is None) == (self.url_from is None):
            raise ValueError("needs one of url, url_from")
        given = {name.lower() for name in self.headers}
        twice = [name for name in self.headers_from if name.lower() in given]
        if twice:
            raise ValueError(f"headers_from: {twice[0]} stands in headers too")


class LogConfig(Section, frozen=True, kw_only=True):
    """Write the detection as a JSON line."""

    shorthand: ClassVar[tuple[type, str] | None] = (str, "path")

    path: Annotated[str, Meta(min_length=1, description="a file to append to, or - for stdout")] = (
        "-"
    )


class ActionConfig(Section, frozen=True, kw_only=True):
    """What to do when a word, or a sequence of two, is heard."""

    say: Annotated[str, Meta(min_length=1, description='the word, or "*" for every word')]
    after: Annotated[Name | None, Meta(description="only when this word was heard just before")] = (
        None
    )
    within_ms: Annotated[
        WithinMs | None,
        Meta(description="longest time from `after` to `say`; null takes decision.within_ms"),
    ] = None
    command: Annotated[
        CommandConfig | None,
        Meta(description="run a program: a list of arguments, or settings with argv"),
    ] = None
    webhook: Annotated[
        WebhookConfig | None, Meta(description="POST JSON: an address, or settings with url")
    ] = None
    log: Annotated[
        LogConfig | None, Meta(description="write a JSON line: a file, or {} for stdout")
    ] = None

    def __post_init__(self) -> None:
        """Hold the keys to each other."""
        kinds = [k for k in ("command", "webhook", "log") if getattr(self, k) is not None]
        if len(kinds) != 1:
            found = " and ".join(kinds) or "none of them"
            raise ValueError(f"needs exactly one of command, webhook, log; has {found}")
        if self.say == ANY_WORD and self.after is not None:
            raise ValueError('say: "*" cannot be combined with after; name the words')
        if self.within_ms is not None and self.after is None:
            raise ValueError("within_ms is for an action with after; elsewhere decision.within_ms")


class ActionWorkerConfig(Section, frozen=True, kw_only=True):
    """The worker that runs the actions."""

    queue: Annotated[
        int, Meta(ge=1, le=1024, description="actions that wait; more are dropped")
    ] = 32


class RecordLogConfig(Section, frozen=True, kw_only=True):
    """A file of records: summaries, words heard, audio lost; `edge-daemon report` draws it."""

    shorthand: ClassVar[tuple[type, str] | None] = (str, "path")

    path: Annotated[
        Name | None, Meta(description="a file in a folder that is there; null: no such log")
    ] = None
    format: Annotated[
        Literal["jsonl", "csv"], Meta(description="a JSON object a line, or a table")
    ] = "jsonl"
    max_bytes: Annotated[
        int,
        Meta(
            ge=10_000, le=1_000_000_000, description="larger it is put aside, as PATH.1, PATH.2 …"
        ),
    ] = 5_000_000
    keep: Annotated[
        int, Meta(ge=0, le=100, description="files put aside that are kept beside the newest")
    ] = 3


class TelemetryConfig(Section, frozen=True, kw_only=True):
    """What the daemon says of itself."""

    interval_s: Annotated[
        float, Meta(ge=0, le=86400, description="time between summaries; 0: only at the end")
    ] = 60.0
    format: Annotated[
        Literal["text", "json"], Meta(description="form of the summary in the log")
    ] = "text"
    sensors_s: Annotated[
        float,
        Meta(
            ge=0,
            le=60,
            description="time between readings of power, temperature and clock; 0: none is read",
        ),
    ] = 1.0
    idle_w: Annotated[
        Watts | None,
        Meta(
            description="power of this board when nothing listens, from which the energy of an "
            "inference is counted; null: unknown"
        ),
    ] = None
    log: Annotated[
        RecordLogConfig,
        Meta(description="the same as records in a file, bounded on disk, for a page of a day"),
    ] = RecordLogConfig()


class ControlConfig(Section, frozen=True, kw_only=True):
    """Commands to the running daemon, such as `edge-daemon reload`, through a Unix socket."""

    enabled: Annotated[bool, Meta(description="false: there is no socket")] = True
    path: Annotated[
        Name | None,
        Meta(
            description="the socket, readable and writable for its user and group; null: "
            "`control.sock` in the service's runtime directory, or in `edge-daemon` of the user's"
        ),
    ] = None


class SecurityConfig(Section, frozen=True, kw_only=True):
    """What others on this machine may do."""

    strict_permissions: Annotated[
        bool,
        Meta(
            description="true: nothing starts (exit code 78) while somebody else than root and the "
            "daemon's user may change this file, the models or the programs that actions name, or "
            "everybody may read a secret; false: the log warns"
        ),
    ] = False


class LoggingConfig(Section, frozen=True, kw_only=True):
    """The log; to the journal under systemd, else to stderr."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="least level")
    ] = "info"


class Config(Section, frozen=True, kw_only=True):
    """The whole configuration; every section may be left out or empty."""

    audio: AudioConfig = AudioConfig()
    model: ModelConfig = ModelConfig()
    runtime: RuntimeConfig = RuntimeConfig()
    activity: ActivityConfig = ActivityConfig()
    decision: DecisionConfig = DecisionConfig()
    actions: Annotated[list[ActionConfig], Meta(description="What to do when a word is heard.")] = (
        field(default_factory=list)
    )
    action_worker: ActionWorkerConfig = ActionWorkerConfig()
    telemetry: TelemetryConfig = TelemetryConfig()
    control: ControlConfig = ControlConfig()
    security: SecurityConfig = SecurityConfig()
    logging: LoggingConfig = LoggingConfig()

    def contradictions(self) -> list[str]:
        """Return a line for each pair of sections that cannot both be meant."""
        return [*self._quantized_for_a_gpu(), *self._differing_within_ms()]

    def _quantized_for_a_gpu(self) -> list[str]:
        """Find a search for an INT8 model of the CPU's kind, which a GPU is slower with."""
        provider = self.runtime.provider
        if self.model.quantize.mode is None or provider in ("auto", "cpu", "xnnpack"):
            return []
        return [
            f"model.quantize.mode: auto makes INT8 for a CPU, but runtime.provider is {provider}; "
            "make a variant for it with `edge-daemon quantize`"
        ]

    def _differing_within_ms(self) -> list[str]:
        """Return a line for each ``within_ms`` that differs from another one for the same pair."""
        first: dict[tuple[str, str], tuple[int, int]] = {}
        problems = []
        for i, pair, within_ms in self.explicit_within_ms():
            earlier, expected = first.setdefault(pair, (i, within_ms))
            if within_ms != expected:
                problems.append(
                    f"actions[{i}].within_ms: {within_ms}, but actions[{earlier}] has {expected} "
                    f"for the same {' … '.join(pair)!r}"
                )
        return problems

    def explicit_within_ms(self) -> Iterator[tuple[int, tuple[str, str], int]]:
        """Yield (index, (after, say), within_ms) of each action that has a time of its own."""
        for i, action in enumerate(self.actions):
            if action.after is not None and action.within_ms is not None:
                yield i, (action.after, action.say), action.within_ms
