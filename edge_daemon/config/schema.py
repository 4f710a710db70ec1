"""The schema of the configuration: every key with its type, default, bounds and unit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta, Struct, field
from msgspec.structs import fields

from edge_daemon.config.address import parse_listen
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
MuteMs = Annotated[int, Meta(ge=0, le=600_000)]
StaleS = Annotated[float, Meta(ge=1, le=86400)]
PinNumber = Annotated[int, Meta(ge=0, le=1023)]
PortNumber = Annotated[int, Meta(ge=1, le=65535)]
Topic = Annotated[str, Meta(pattern=r"^[^+#\x00]+$", max_length=1024)]
TopicRoot = Annotated[str, Meta(pattern=r"^[^+#/\x00]+(/[^+#/\x00]+)*$", max_length=256)]
Listen = Annotated[str, Meta(pattern=r"^(\[[0-9a-fA-F:.]+\]|[^\s:/\[\]]+):[0-9]{1,5}$")]
"""HOST:PORT, or [IPv6]:PORT."""
Host = Annotated[str, Meta(pattern=r"^([^\s:/\[\]]+|[0-9a-fA-F]*:[0-9a-fA-F.]*:[^\s/\[\]]*)$")]
"""A name, or an address, an IPv6 one without brackets."""


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


class PlayConfig(Section, frozen=True, kw_only=True):
    """Play a sound, and hear nothing of it."""

    shorthand: ClassVar[tuple[type, str] | None] = (str, "file")

    file: Annotated[str, Meta(min_length=1, description="builtin:NAME, or a WAV file")] = (
        "builtin:chime"
    )
    player: Annotated[
        list[Name],
        Meta(min_length=1, description="the program that plays it; the file is its last argument"),
    ] = field(default_factory=lambda: ["aplay", "-q"])


class MqttActionConfig(Section, frozen=True, kw_only=True):
    """Publish a message by the broker of the section mqtt."""

    topic: Annotated[Topic, Meta(description="where it goes, as it is written here: no + and no #")]
    payload: Annotated[
        str | None, Meta(description="what is sent; null: the detection as JSON")
    ] = None
    retain: Annotated[bool, Meta(description="the broker keeps it for who comes later")] = False
    qos: Annotated[
        Literal[0, 1, 2] | None, Meta(description="null takes that of the section mqtt")
    ] = None


class GpioActionConfig(Section, frozen=True, kw_only=True):
    """Switch a pin, such as that of an LED or a relay."""

    pin: Annotated[PinNumber, Meta(description="number of the GPIO (BCM on a Raspberry Pi)")]
    do: Annotated[
        Literal["on", "off", "toggle", "pulse"],
        Meta(description="pulse: on for `ms`, then off again"),
    ] = "pulse"
    ms: Annotated[int, Meta(ge=1, le=600_000, description="length of a pulse")] = 500
    active_high: Annotated[
        bool, Meta(description="false: on is a low level, as many relays want it")
    ] = True


ACTION_KINDS = ("command", "webhook", "log", "play", "mqtt", "gpio")
"""An action has exactly one of these."""


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
    play: Annotated[
        PlayConfig | None,
        Meta(description="play a sound: builtin:chime, a WAV file, or settings with file"),
    ] = None
    mqtt: Annotated[
        MqttActionConfig | None, Meta(description="publish a message: settings with topic")
    ] = None
    gpio: Annotated[
        GpioActionConfig | None, Meta(description="switch a pin: settings with pin and do")
    ] = None
    mute_ms: Annotated[
        MuteMs | None,
        Meta(
            description="hear nothing for so long from the word on, as while a sound plays; null: "
            "0, and with play as long as the sound and half a second"
        ),
    ] = None

    @property
    def kind(self) -> str:
        """Which of `ACTION_KINDS` it is."""
        return next(k for k in ACTION_KINDS if getattr(self, k) is not None)

    def __post_init__(self) -> None:
        """Hold the keys to each other."""
        kinds = [k for k in ACTION_KINDS if getattr(self, k) is not None]
        if len(kinds) != 1:
            found = " and ".join(kinds) or "none of them"
            raise ValueError(f"needs exactly one of {', '.join(ACTION_KINDS)}; has {found}")
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
    group: Annotated[
        Name | None,
        Meta(
            description="members of this group may use it, as the daemon's user may; null: those "
            "of the daemon's own group"
        ),
    ] = None


class MqttTlsConfig(Section, frozen=True, kw_only=True):
    """An encrypted connection to the broker."""

    enabled: Annotated[
        bool, Meta(description="true: TLS, with the broker's certificate checked")
    ] = False
    ca: Annotated[
        Name | None, Meta(description="file of the authorities to trust; null: the system's")
    ] = None
    certificate: Annotated[
        Name | None, Meta(description="file of our own certificate, where the broker asks for one")
    ] = None
    key: Annotated[Name | None, Meta(description="file of the key of our own certificate")] = None

    def __post_init__(self) -> None:
        """Hold the keys to each other."""
        given = [k for k in ("ca", "certificate", "key") if getattr(self, k) is not None]
        if given and not self.enabled:
            raise ValueError(f"{given[0]} is for enabled: true, which is not set")
        if self.key is not None and self.certificate is None:
            raise ValueError("key needs certificate")


class MqttConfig(Section, frozen=True, kw_only=True):
    """A broker that is told what is heard, and Home Assistant's way in; needs the extra mqtt."""

    host: Annotated[
        Host | None, Meta(description="name or address of the broker, without a port; null: none")
    ] = None
    port: Annotated[PortNumber | None, Meta(description="null: 1883, with TLS 8883")] = None
    username: Annotated[Name | None, Meta(description="null: none is sent")] = None
    password_from: Annotated[
        SecretSource | None,
        Meta(description="a file that holds the password, or credential:NAME of systemd"),
    ] = None
    tls: Annotated[
        MqttTlsConfig, Meta(description="an encrypted connection, with the certificate checked")
    ] = MqttTlsConfig()
    name: Annotated[
        Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$")] | None,
        Meta(
            description="this device among others: letters, digits, - and _; null: the host's name"
        ),
    ] = None
    topic: Annotated[
        TopicRoot, Meta(description="all topics begin with this and the device's name")
    ] = "edge-daemon"
    discovery: Annotated[
        TopicRoot | None,
        Meta(description="Home Assistant's discovery prefix; null: it is told nothing"),
    ] = "homeassistant"
    commands: Annotated[
        bool, Meta(description="false: nobody can mute, trigger, or set a threshold through it")
    ] = True
    qos: Annotated[
        Literal[0, 1, 2], Meta(description="1: a message arrives at least once; 0: at most")
    ] = 1
    keepalive_s: Annotated[
        int, Meta(ge=5, le=3600, description="a connection that is silent for longer is tried")
    ] = 30
    queue: Annotated[
        int,
        Meta(ge=1, le=65535, description="messages that wait for the broker; more are dropped"),
    ] = 256
    stale_after_s: Annotated[
        StaleS | None,
        Meta(
            description="a word or an action's message that waited for longer is dropped: nobody "
            "wants the light switched an hour later; null: never"
        ),
    ] = 60.0

    def __post_init__(self) -> None:
        """Hold the keys to each other."""
        if self.password_from is not None and self.username is None:
            raise ValueError("password_from needs username")


class WebConfig(Section, frozen=True, kw_only=True):
    """A page to look at, served by the daemon itself; needs the extra web."""

    shorthand: ClassVar[tuple[type, str] | None] = (str, "listen")

    listen: Annotated[
        Listen | None,
        Meta(
            description="HOST:PORT, such as 127.0.0.1:8080; null: no page. Any address but this "
            "machine's own needs a token"
        ),
    ] = None
    token_from: Annotated[
        SecretSource | None,
        Meta(
            description="who has it may look and change: a file that holds it, or credential:NAME "
            "of systemd"
        ),
    ] = None

    def __post_init__(self) -> None:
        """Hold the keys to each other."""
        if self.listen is None:
            return
        address = parse_listen(self.listen)
        if self.token_from is None and not address.is_loopback:
            raise ValueError(
                f"{address} is open to other machines, which needs a token: name a file "
                "that holds one in web.token_from (`openssl rand -hex 16` makes one), or listen "
                f"at 127.0.0.1:{address.port}"
            )


class PrometheusConfig(Section, frozen=True, kw_only=True):
    """Figures for Prometheus to fetch; needs the extra prometheus."""

    shorthand: ClassVar[tuple[type, str] | None] = (str, "listen")

    listen: Annotated[
        Listen | None,
        Meta(description="HOST:PORT, such as 127.0.0.1:9740; null: none"),
    ] = None

    def __post_init__(self) -> None:
        """Look at the address."""
        if self.listen is not None:
            parse_listen(self.listen)


class ButtonConfig(Section, frozen=True, kw_only=True):
    """A button at a pin."""

    pin: Annotated[PinNumber, Meta(description="number of the GPIO (BCM on a Raspberry Pi)")]
    do: Annotated[
        Literal["mute", "push_to_talk"],
        Meta(
            description="mute: each press turns muting on or off; push_to_talk: muted but while it "
            "is held"
        ),
    ]
    pull_up: Annotated[
        bool, Meta(description="true: it connects the pin to ground; false: to 3.3 V")
    ] = True
    bounce_ms: Annotated[
        int, Meta(ge=0, le=1000, description="changes that follow faster are one")
    ] = 50


class GpioConfig(Section, frozen=True, kw_only=True):
    """Buttons; needs the extra gpio, as does an action `gpio`."""

    buttons: Annotated[list[ButtonConfig], Meta(description="what they do when pressed")] = field(
        default_factory=list
    )
    mute_led: Annotated[
        PinNumber | None, Meta(description="a pin that is on while the daemon is muted")
    ] = None


class ClipsConfig(Section, frozen=True, kw_only=True):
    """Audio of what was heard, kept for `edge-daemon review` and later training."""

    shorthand: ClassVar[tuple[type, str] | None] = (str, "path")

    path: Annotated[
        Name | None,
        Meta(description="a folder, made where it is missing; null: no audio is ever kept"),
    ] = None
    before_s: Annotated[
        float, Meta(ge=0.5, le=5, description="audio kept from before the decision")
    ] = 2.0
    after_s: Annotated[float, Meta(ge=0, le=5, description="and from after it")] = 0.5
    max_bytes: Annotated[
        int, Meta(ge=100_000, description="all clips together; the oldest go first")
    ] = 100_000_000
    max_age_days: Annotated[float, Meta(gt=0, le=3650, description="older ones are removed")] = 30.0


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
    mqtt: MqttConfig = MqttConfig()
    web: WebConfig = WebConfig()
    prometheus: PrometheusConfig = PrometheusConfig()
    gpio: GpioConfig = GpioConfig()
    clips: ClipsConfig = ClipsConfig()
    security: SecurityConfig = SecurityConfig()
    logging: LoggingConfig = LoggingConfig()

    def contradictions(self) -> list[str]:
        """Return a line for each pair of sections that cannot both be meant."""
        return [
            *self._quantized_for_a_gpu(),
            *self._differing_within_ms(),
            *self._pins_of_two_uses(),
            *self._messages_without_broker(),
        ]

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

    def _messages_without_broker(self) -> list[str]:
        """Return a line for each action that publishes, where there is no broker."""
        if self.mqtt.host is not None:
            return []
        without = (i for i, action in enumerate(self.actions) if action.mqtt is not None)
        return [f"actions[{i}].mqtt: needs a broker: set mqtt.host" for i in without]

    def _pins_of_two_uses(self) -> list[str]:
        """Return a line for each pin that is used in another way than before; actions may share one."""
        first: dict[int, tuple[str, str]] = {}
        problems = []
        for where, pin, use in self.pins():
            earlier, expected = first.setdefault(pin, (where, use))
            if earlier != where and not (use == expected and use.startswith("an action")):
                problems.append(f"{where}: {pin} is {use}, but {earlier} has it as {expected}")
        return problems

    def pins(self) -> Iterator[tuple[str, int, str]]:
        """Yield (key, pin, use) of each pin."""
        for i, action in enumerate(self.actions):
            if action.gpio is not None:
                level = "true" if action.gpio.active_high else "false"
                use = f"an action's with active_high: {level}"
                yield f"actions[{i}].gpio.pin", action.gpio.pin, use
        for i, button in enumerate(self.gpio.buttons):
            yield f"gpio.buttons[{i}].pin", button.pin, "a button's"
        if self.gpio.mute_led is not None:
            yield "gpio.mute_led", self.gpio.mute_led, "an LED's"

    def explicit_within_ms(self) -> Iterator[tuple[int, tuple[str, str], int]]:
        """Yield (index, (after, say), within_ms) of each action that has a time of its own."""
        for i, action in enumerate(self.actions):
            if action.after is not None and action.within_ms is not None:
                yield i, (action.after, action.say), action.within_ms
