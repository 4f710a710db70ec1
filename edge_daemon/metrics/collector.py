"""All that Prometheus is told, put together at the moment it asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args

from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from edge_daemon.events import Condition
from edge_daemon.metrics import durations
from edge_daemon.metrics.families import counter_by, counters, facts, gauge_by, gauges
from edge_daemon.metrics.newest import Newest
from edge_daemon.telemetry import Snapshot, Telemetry
from edge_daemon.telemetry.sensors.figures import SensorFigures
from edge_daemon.telemetry.snapshot import GateFigures, Totals

_RESPONDS = ("responsive", "1: the main loop has told its state; 0: it hangs.", "responds")
_STATE = (
    ("muted", "1: muted by somebody, or by an action.", "muted"),
    (
        "audio_age_seconds",
        "How old the newest audio is, in seconds; by no clock that may be set.",
        "last_audio_s",
    ),
    ("audio_only_zeros", "1: nothing but zeros for audio.muted_after_s.", "zeros"),
)
_OF_AUDIO = (
    ("audio_captured_samples", "Samples that came in.", "captured_samples"),
    ("audio_processed_samples", "Of these worked on.", "processed_samples"),
    ("audio_overflows", "Overflows that the audio system reported.", "overflows"),
)
_COUNTS = (
    ("triggers", "Words triggered from outside, as if they had been heard.", "n_triggered"),
    ("false_alarms", "Detections that somebody said were none.", "n_false_alarms"),
    ("unanswered_wake_words", "Wake words that no command followed.", "n_unanswered"),
    ("errors", "Errors that were survived, such as a lost microphone.", "errors"),
)
_SENSORS = (
    ("power_watts", "Mean power over the newest interval, in watts.", "watts_mean"),
    ("power_peak_watts", "Highest power in the newest interval, in watts.", "watts_max"),
    ("temperature_celsius", "Temperature of the processor, in degrees Celsius.", "temperature_c"),
    ("clock_hertz", "Clock of the processor, in hertz.", "clock_hz"),
    ("throttled", "1: something held the processor back in the newest interval.", "is_throttled"),
)
_ENERGY = (
    ("energy_joules", "Energy over the seconds that were measured, in joules.", "joules"),
    ("energy_measured_seconds", "Time that the energy is of, in seconds.", "measured_s"),
)


class DaemonCollector(Collector):
    """Reads the counts and histograms, and asks the daemon for its state.

    Parameters
    ----------
    telemetry : Telemetry
    newest : Newest
    """

    def __init__(self, telemetry: Telemetry, newest: Newest) -> None:
        self._telemetry = telemetry
        self._newest = newest

    def collect(self) -> Iterator[Metric]:
        """Yield all that is known; without an answer of the daemon the counts that it told last."""
        status = self._newest.status()
        totals, summary = self._telemetry.totals(), self._newest.summary
        yield from gauges([_RESPONDS], {"responds": int(status is not None)})
        if status is not None:
            yield from _state(status, totals)
        yield from _counts(totals, status["words"] if status else ())
        yield durations.latency(self._telemetry.latency)
        yield durations.stages(dict(self._telemetry.timer.stages))
        if summary is not None:
            yield from _of_interval(summary)


def _state(status: Mapping[str, Any], totals: Totals) -> Iterator[Metric]:
    yield facts("build_info", "The version that runs.", {"version": status["version"]})
    labels = {"model": status["model"], "provider": totals["provider"], "source": status["source"]}
    yield facts("listening_info", "What listens, and to what.", labels)
    is_in = {name: int(name == status["condition"]) for name in get_args(Condition)}
    yield gauge_by("condition", "1 for the condition that it is in.", "condition", is_in)
    values = {
        "muted": int(status["muted"]),
        "last_audio_s": status["last_audio_s"],
        "zeros": int(status["hears_only_zeros"]),
    }
    yield from gauges(_STATE, values)
    about = "Score from which a word fires, 0 to 1."
    yield gauge_by("word_threshold_ratio", about, "word", status["thresholds"])


def _counts(totals: Totals, words: Iterable[str]) -> Iterator[Metric]:
    yield from counters([*_OF_AUDIO, *_COUNTS], totals)
    cut = totals["cut_samples"]
    lost = {"too_slow": totals["dropped_samples"] - cut, "cut": cut}
    about = "Samples never worked on: the machine was too slow, or their stream ended."
    yield counter_by("audio_lost_samples", about, "reason", lost)
    # A counter that begins with its first word hides that word from Prometheus' increase().
    heard = {**dict.fromkeys(words, 0), **totals["detections"]}
    yield counter_by("detections", "Words heard.", "word", heard)
    yield counter_by(
        "actions", "Actions by what became of them.", "result", dict(totals["actions"])
    )


def _of_interval(summary: Snapshot) -> Iterator[Metric]:
    """Yield what is only brought up to date with each summary."""
    factor = {"factor": summary["interval"]["realtime_factor"]}
    about = "Time that the stages took by the length of the audio, over the newest interval."
    yield from gauges([("realtime_ratio", about, "factor")], factor)
    if "sensors" in summary:
        yield from _sensors(summary["sensors"])
    if "confirm" in summary:
        about = "What the larger model said when it was asked about a word."
        yield counter_by("confirmations", about, "result", summary["confirm"])
    if "activity" in summary:
        yield from _gate(summary["activity"])
    if "records" in summary:
        about = "Records for telemetry.log by what became of them."
        yield counter_by("records", about, "result", summary["records"])


def _sensors(figures: SensorFigures) -> Iterator[Metric]:
    throttled = figures["throttled"]
    is_throttled = None if throttled is None else int(bool(throttled))
    yield from gauges(_SENSORS, {**figures, "is_throttled": is_throttled})
    if figures["joules"] is not None:
        yield from counters(_ENERGY, figures)


def _gate(figures: GateFigures) -> Iterator[Metric]:
    skipped = figures["skipped"]
    hops = {"scored": figures["hops"] - skipped, "skipped": skipped}
    yield counter_by("hops", "Steps of the audio, with or without an inference.", "result", hops)
    rows = [("gate_openings", "Times that the gate before the model opened.", "openings")]
    yield from counters(rows, figures)
    rows = [
        (
            "noise_floor_dbfs",
            "Level that the room falls back to, in dB of full scale.",
            "floor_dbfs",
        )
    ]
    yield from gauges(rows, figures)
